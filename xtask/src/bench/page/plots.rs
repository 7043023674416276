//! Which pictures there are.

use super::super::record::{Finish, Race, Results};
use super::super::stats;
use super::svg::{self, Bar, Tone};
use super::tables::digits;
use super::targets::{Judged, Verdict};

/// The pictures of one bench, by name.
pub fn of(results: &Results) -> Vec<(String, String)> {
    let mut pictures = Vec::new();
    for race in &results.races {
        let name = |what: &str| format!("{}-{}-{what}", results.bench, race.key);
        for (what, unit, measure) in [("time", "s", "seconds"), ("bytes", "MB", "down_bytes")] {
            let bars = bars(race, measure);
            if bars.len() > 1 {
                let title = match what {
                    "time" => {
                        format!("{}: seconds, medians with the least and the most", race.title)
                    }
                    _ => format!("{}: MB that leave the source", race.title),
                };
                pictures.push((name(what), svg::bars(&title, unit, &bars)));
            }
        }
    }
    for curve in &results.curves {
        pictures.push((format!("{}-{}-curve", results.bench, curve.key), svg::curve(curve)));
    }
    pictures
}

fn bars(race: &Race, measure: &str) -> Vec<Bar> {
    let scale = if measure == "down_bytes" { 1e-6 } else { 1.0 };
    let mut bars = Vec::new();
    for entrant in &race.entrants {
        let bar = |finish: &Finish| {
            let values: Vec<f64> =
                finish.values(measure).iter().map(|value| value * scale).collect();
            let (value, (low, high)) = (stats::median(&values)?, stats::spread(&values)?);
            let label = format!("{}, {}", entrant.title, finish.split);
            let tone = if is_ours(&entrant.key) { Tone::Ours } else { Tone::Theirs };
            Some(Bar { label, value, low, high, tone })
        };
        // The bytes are the same up to every split; the same image again would be an empty bar.
        let finishes = entrant.finishes.iter().filter(|finish| finish.split != "again");
        let count = if measure == "down_bytes" { 1 } else { usize::MAX };
        bars.extend(finishes.take(count).filter_map(bar));
    }
    bars
}

/// Ferry under any of its names: races of Ferry against itself have no peers.
fn is_ours(key: &str) -> bool {
    key.starts_with("ferry") || matches!(key, "0" | "01" | "1" | "one" | "five")
}

/// How far each measured target is from its goal, 1 being the goal; nothing where nothing is measured.
pub fn targets(judged: &[Judged]) -> Option<String> {
    let bar = |one: &Judged| {
        let figure = one.figure?;
        let share = match one.target.sense {
            super::targets::Sense::AtMost => figure / one.target.goal,
            super::targets::Sense::AtLeast => one.target.goal / figure,
        };
        let tone = match one.verdict {
            Verdict::Stretch | Verdict::Met => Tone::Ours,
            Verdict::NotMet | Verdict::NotMeasured => Tone::Bad,
        };
        let label = format!(
            "{} ({}{})",
            one.target.what,
            digits(figure),
            if one.target.unit.is_empty() { "x" } else { "" }
        );
        Some(Bar { label, value: share, low: share, high: share, tone })
    };
    let bars: Vec<Bar> = judged.iter().filter_map(bar).collect();
    let title = "Figure over goal, less is better: 1 is what is asked for";
    (!bars.is_empty()).then(|| svg::bars(title, "", &bars))
}
