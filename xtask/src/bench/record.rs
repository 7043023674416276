//! What one benchmark found, as it is kept: `NAME.json`, every round of every contender.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::meter::Lap;
use super::stats;
use crate::failure::Failure;

/// The outcome of one benchmark.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// As `cargo xtask bench NAME` names it.
    pub bench: String,
    /// Where and with what it ran.
    pub about: About,
    /// How often contenders ran.
    pub rounds: usize,
    /// Same work, several contenders.
    #[serde(default)]
    pub races: Vec<Race>,
    /// Figures that are no race.
    #[serde(default)]
    pub facts: Vec<Fact>,
    /// How something grows.
    #[serde(default)]
    pub curves: Vec<Curve>,
    /// What else a reader must know, as Markdown.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What was left out, and why.
    #[serde(default)]
    pub skipped: Vec<Skipped>,
}

/// Where and with what a benchmark ran.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// UTC, `2026-11-22 21:00`.
    pub date: String,
    /// The commit; `-dirty` behind it where files differed from it.
    pub commit: String,
    /// The processor's name and count.
    pub processor: String,
    /// In GiB.
    pub memory_gib: f64,
    /// The kernel's release.
    pub kernel: String,
    /// The system's name.
    pub system: String,
    /// How TCP behaves here unless it is told otherwise.
    pub congestion: String,
    /// The file system that was written to.
    pub file_system: String,
    /// Each program with what it says of its version.
    pub versions: Vec<(String, String)>,
}

/// Several contenders on the same work.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Race {
    /// One word.
    pub key: String,
    /// For a heading.
    pub title: String,
    /// What is done, in which state of the caches, up to where.
    pub work: String,
    /// In the order in which they are shown.
    pub entrants: Vec<Entrant>,
}

/// One contender in one race.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Entrant {
    /// One word.
    pub key: String,
    /// For a table.
    pub title: String,
    /// One for each split.
    pub finishes: Vec<Finish>,
}

/// All rounds of one contender up to one split.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Finish {
    /// `done`, `flushed`, `durable`.
    pub split: String,
    /// In the order of the rounds.
    pub laps: Vec<Lap>,
}

impl Finish {
    /// All rounds' values of one measure, by the name that [`Lap`] stores it under; `bytes` is both ways together.
    pub fn values(&self, measure: &str) -> Vec<f64> {
        let bytes = |count: Option<u64>| count.map(|count| super::meter::ratio(count, 1));
        let of = |lap: &Lap| match measure {
            "seconds" => Some(lap.seconds),
            "cpu_seconds" => Some(lap.cpu_seconds),
            "peak_mib" => Some(lap.peak_mib),
            "down_bytes" => bytes(lap.down_bytes),
            "arrived_bytes" => bytes(lap.arrived_bytes),
            "up_bytes" => bytes(lap.up_bytes),
            "bytes" => Some(bytes(lap.down_bytes)? + bytes(lap.up_bytes)?),
            "line_seconds" => lap.line_seconds,
            _ => None,
        };
        self.laps.iter().filter_map(of).collect()
    }

    /// The median of one measure.
    pub fn median(&self, measure: &str) -> Option<f64> {
        stats::median(&self.values(measure))
    }
}

/// A figure that is no race.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// One word.
    pub key: String,
    /// What it is.
    pub what: String,
    /// How much.
    pub value: f64,
    /// `bytes`, `MiB`, `s`, `rows/s`.
    pub unit: String,
}

/// How something grows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// One word.
    pub key: String,
    /// For a heading.
    pub title: String,
    /// What is along, and its unit.
    pub across: String,
    /// What is up, and its unit.
    pub up: String,
    /// Each with its points.
    pub lines: Vec<Line>,
}

/// One line of a curve.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// For the legend.
    pub title: String,
    /// Along and up, both above zero.
    pub points: Vec<(f64, f64)>,
}

/// Something that was left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Skipped {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

impl Results {
    /// Of a bench of this name, with nothing in it.
    pub fn of(bench: &str) -> Results {
        Results { bench: bench.to_owned(), ..Results::default() }
    }

    /// Adds a figure that is no race.
    pub fn fact(&mut self, key: &str, what: &str, value: f64, unit: &str) {
        let (key, what, unit) = (key.to_owned(), what.to_owned(), unit.to_owned());
        println!("{what}: {value:.3} {unit}");
        self.facts.push(Fact { key, what, value, unit });
    }

    /// Says what is left out.
    pub fn skip(&mut self, what: &str, why: &str) {
        println!("SKIP {what}: {why}");
        self.skipped.push(Skipped { what: what.to_owned(), why: why.to_owned() });
    }

    /// A figure by its name: `fact/KEY`, or `RACE/CONTENDER/SPLIT/MEASURE` for the median of the rounds.
    pub fn figure(&self, name: &str) -> Option<f64> {
        let parts: Vec<&str> = name.split('/').collect();
        match parts[..] {
            ["fact", key] => self.facts.iter().find(|fact| fact.key == key).map(|fact| fact.value),
            [race, entrant, split, measure] => {
                let race = self.races.iter().find(|known| known.key == race)?;
                let entrant = race.entrants.iter().find(|known| known.key == entrant)?;
                let finish = entrant.finishes.iter().find(|known| known.split == split)?;
                finish.median(measure)
            }
            _ => None,
        }
    }

    /// Reads `NAME.json`.
    pub fn load(file: &Path) -> Result<Results, Failure> {
        let text = fs::read_to_string(file).map_err(Failure::file("read", file))?;
        let command = file.display().to_string();
        serde_json::from_str(&text).map_err(|source| Failure::Json { command, source })
    }

    /// Writes `NAME.json` into `folder`.
    pub fn save(&self, folder: &Path) -> Result<(), Failure> {
        let file = folder.join(format!("{}.json", self.bench));
        let text = serde_json::to_string_pretty(self).expect("names and numbers are always JSON");
        fs::write(&file, text + "\n").map_err(Failure::file("write", &file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Results {
        let lap = |seconds, down: u64| Lap {
            seconds,
            down_bytes: Some(down),
            up_bytes: Some(1),
            ..Lap::default()
        };
        let finish =
            Finish { split: "done".into(), laps: vec![lap(3.0, 10), lap(1.0, 30), lap(2.0, 20)] };
        let entrant =
            Entrant { key: "ferry".into(), title: "ferry".into(), finishes: vec![finish] };
        let race = Race { key: "cold".into(), entrants: vec![entrant], ..Race::default() };
        let mut results = Results { rounds: 3, races: vec![race], ..Results::of("lan") };
        results.fact("held", "held", 5.0, "bytes");
        results.skip("borg", "not here");
        results
    }

    #[test]
    fn figures_are_found_by_name_and_are_medians() {
        let results = some();
        assert_eq!(results.figure("cold/ferry/done/seconds"), Some(2.0));
        assert_eq!(results.figure("cold/ferry/done/down_bytes"), Some(20.0));
        assert_eq!(results.figure("cold/ferry/done/bytes"), Some(21.0));
        assert_eq!(results.figure("fact/held"), Some(5.0));
        for absent in ["cold/ferry/done/line_seconds", "cold/ferry/flushed/seconds", "fact/x", "x"]
        {
            assert_eq!(results.figure(absent), None, "{absent}");
        }
    }

    #[test]
    fn what_is_saved_is_what_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        some().save(folder.path()).unwrap();
        assert_eq!(Results::load(&folder.path().join("lan.json")).unwrap(), some());
        std::fs::write(folder.path().join("bad.json"), "{").unwrap();
        assert!(Results::load(&folder.path().join("bad.json")).is_err());
    }
}
