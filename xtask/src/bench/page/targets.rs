//! What this project asks of itself, and whether it is so.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::super::record::Results;
use crate::failure::Failure;

/// All of `targets.toml`. Written by hand: what is asked, by which figures it is judged, and a reason where it is not so.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Targets {
    targets: Vec<Target>,
}

/// One line of the table.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// What is compared with what.
    pub what: String,
    /// The figure that is asked for
    pub goal: f64,
    /// and the one that is hoped for.
    pub stretch: Option<f64>,
    /// Which way is better.
    #[serde(default)]
    pub sense: Sense,
    /// Behind the figures; a ratio where there is none.
    #[serde(default)]
    pub unit: String,
    /// Names of Ferry's figures, `BENCH/RACE/CONTENDER/SPLIT/MEASURE` or `BENCH/fact/KEY`; the most of them counts.
    #[serde(default)]
    pub ours: Vec<String>,
    /// Names of what they are divided by; the least of them counts. None: ours stands for itself.
    #[serde(default)]
    pub theirs: Vec<String>,
    /// Why it is not met, or not measured.
    #[serde(default)]
    pub reason: String,
}

/// Which way is better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sense {
    /// Less.
    #[default]
    AtMost,
    /// More.
    AtLeast,
}

/// How a target stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Even what is hoped for.
    Stretch,
    /// What is asked for.
    Met,
    /// Not so.
    NotMet,
    /// A figure is missing.
    NotMeasured,
}

/// A target with what was measured.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What was asked.
    pub target: Target,
    /// What came out, where all that it needs was measured.
    pub figure: Option<f64>,
    /// What follows.
    pub verdict: Verdict,
}

impl Targets {
    /// Reads `targets.toml`.
    pub fn load(file: &Path) -> Result<Targets, Failure> {
        let text = fs::read_to_string(file).map_err(Failure::file("read", file))?;
        toml::from_str(&text)
            .map_err(|source| Failure::Toml { path: file.to_owned(), source: Box::new(source) })
    }

    /// Each with what these results say.
    pub fn judge(&self, results: &[Results]) -> Vec<Judged> {
        let judged = |target: &Target| {
            let figure = target.figure(results);
            Judged { target: target.clone(), figure, verdict: target.verdict(figure) }
        };
        self.targets.iter().map(judged).collect()
    }

    /// Those that are not met, or not measured, without a reason.
    pub fn without_reason(&self, results: &[Results]) -> Vec<String> {
        let lacks = |judged: &Judged| {
            let is_open = matches!(judged.verdict, Verdict::NotMet | Verdict::NotMeasured);
            is_open && judged.target.reason.is_empty()
        };
        self.judge(results).into_iter().filter(lacks).map(|judged| judged.target.what).collect()
    }

    /// All names of figures.
    #[cfg(test)]
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.targets.iter().flat_map(|target| target.ours.iter().chain(&target.theirs))
    }
}

impl Target {
    fn figure(&self, results: &[Results]) -> Option<f64> {
        let named = |names: &[String]| -> Option<Vec<f64>> {
            names.iter().map(|name| figure(results, name)).collect()
        };
        let (ours, theirs) = (named(&self.ours)?, named(&self.theirs)?);
        let ours = ours.into_iter().max_by(f64::total_cmp)?;
        match theirs.into_iter().min_by(f64::total_cmp) {
            Some(theirs) => Some(ours / theirs),
            None => Some(ours),
        }
    }

    fn verdict(&self, figure: Option<f64>) -> Verdict {
        let Some(figure) = figure else { return Verdict::NotMeasured };
        let reaches = |bound: f64| match self.sense {
            Sense::AtMost => figure <= bound,
            Sense::AtLeast => figure >= bound,
        };
        match self.stretch {
            Some(stretch) if reaches(stretch) => Verdict::Stretch,
            _ if reaches(self.goal) => Verdict::Met,
            _ => Verdict::NotMet,
        }
    }
}

fn figure(results: &[Results], name: &str) -> Option<f64> {
    let (bench, name) = name.split_once('/')?;
    results.iter().find(|results| results.bench == bench)?.figure(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(ours: &[&str], theirs: &[&str], more: &str) -> Judged {
        let list = |names: &[&str]| format!("{names:?}");
        let text = format!(
            "[[targets]]\nwhat = \"w\"\ngoal = 1.0\nours = {}\ntheirs = {}\n{more}\n",
            list(ours),
            list(theirs)
        );
        let targets: Targets = toml::from_str(&text).unwrap();
        let mut results = Results::of("lan");
        for (key, value) in [("one", 1.0), ("two", 2.0), ("four", 4.0)] {
            results.fact(key, key, value, "s");
        }
        targets.judge(&[results]).swap_remove(0)
    }

    #[test]
    fn a_ratio_is_the_worst_of_ours_over_the_best_of_theirs() {
        let found =
            judged(&["lan/fact/one", "lan/fact/two"], &["lan/fact/four", "lan/fact/two"], "");
        assert_eq!((found.figure, found.verdict), (Some(1.0), Verdict::Met));
        let found = judged(&["lan/fact/four"], &["lan/fact/two"], "");
        assert_eq!((found.figure, found.verdict), (Some(2.0), Verdict::NotMet));
        let found = judged(&["lan/fact/one"], &["lan/fact/two"], "stretch = 0.5");
        assert_eq!(found.verdict, Verdict::Stretch);
        let found = judged(&["lan/fact/two"], &[], "sense = \"at_least\"\nstretch = 3.0");
        assert_eq!((found.figure, found.verdict), (Some(2.0), Verdict::Met));
    }

    #[test]
    fn a_missing_figure_is_not_measured_even_where_others_are_there() {
        for (ours, theirs) in [
            (&["lan/fact/none"][..], &["lan/fact/one"][..]),
            (&["lan/fact/one"], &["lan/fact/one", "wan/fact/one"]),
            (&[], &[]),
        ] {
            assert_eq!(judged(ours, theirs, "").verdict, Verdict::NotMeasured, "{ours:?}");
        }
    }
}
