//! Results as Markdown.

use super::super::record::{Finish, Race, Results};
use super::super::stats;
use super::targets::{Judged, Verdict};

/// What each bench is called.
pub fn heading(bench: &str) -> &str {
    match bench {
        "lan" => "LAN, cold",
        "delta" => "LAN, delta",
        "wan" => "WAN",
        "loss" => "WAN with loss",
        "floors" => "Floors in bytes",
        "import" => "Import, export, index",
        "memory" => "Memory",
        "fanout" => "Fan-out",
        "control" => "Control plane",
        other => other,
    }
}

/// All targets with their verdicts.
pub fn targets(judged: &[Judged]) -> String {
    let count = |verdict: Verdict| judged.iter().filter(|one| one.verdict == verdict).count();
    let mut text = format!(
        "{} targets: {} reach the stretch, {} are met, {} are not met, {} are not measured.\n\n\
         | | target | stretch | measured | | why |\n|---|---|---|---|---|---|\n",
        judged.len(),
        count(Verdict::Stretch),
        count(Verdict::Met),
        count(Verdict::NotMet),
        count(Verdict::NotMeasured),
    );
    for Judged { target, figure, verdict } in judged {
        let shown = |value: Option<f64>| match value {
            Some(value) if target.unit.is_empty() => format!("{}x", digits(value)),
            Some(value) => format!("{} {}", digits(value), target.unit),
            None => "-".into(),
        };
        let word = match verdict {
            Verdict::Stretch => "**stretch**",
            Verdict::Met => "met",
            Verdict::NotMet => "**not met**",
            Verdict::NotMeasured => "not measured",
        };
        let is_open = matches!(verdict, Verdict::NotMet | Verdict::NotMeasured);
        let reason = match (is_open, target.reason.as_str()) {
            (true, "") => "no reason told yet",
            (true, reason) => reason,
            (false, _) => "",
        };
        let (goal, stretch) = (shown(Some(target.goal)), shown(target.stretch));
        text += &format!(
            "| {} | {goal} | {stretch} | {} | {word} | {reason} |\n",
            target.what,
            shown(*figure)
        );
    }
    text
}

/// Where and with what each ran.
pub fn about(results: &[Results]) -> String {
    let mut text = String::from(
        "| bench | date (UTC) | commit | processor | memory | kernel | TCP | file system | rounds |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for one in results {
        let about = &one.about;
        text += &format!(
            "| {} | {} | {} | {} | {} GiB | {} | {} | {} | {} |\n",
            one.bench,
            about.date,
            about.commit,
            about.processor,
            about.memory_gib,
            about.kernel,
            about.congestion,
            about.file_system,
            one.rounds,
        );
    }
    let Some(last) = results.iter().max_by(|a, b| a.about.date.cmp(&b.about.date)) else {
        return "Nothing has been kept yet.\n".into();
    };
    let versions = last.about.versions.iter().filter(|(name, _)| name != "made of");
    let versions: Vec<String> = versions.map(|(name, said)| format!("{name}: {said}")).collect();
    text + &format!("\n{}. Programs: {}.\n", last.about.system, versions.join("; "))
}

/// One bench's tables, for the terminal.
pub fn section(results: &Results) -> String {
    with_pictures(results, &[])
}

/// The same with the pictures that belong to its parts, by name.
pub fn with_pictures(results: &Results, pictures: &[(String, String)]) -> String {
    let show = |key: &str| -> String {
        let start = format!("{}-{key}-", results.bench);
        let of_it = pictures.iter().filter(|(name, _)| name.starts_with(&start));
        of_it.map(|(name, _)| format!("\n![{key}](benchmarks/{name}.svg)\n")).collect()
    };
    let mut text = String::new();
    for race in &results.races {
        text += &format!("\n### {}\n\n{}\n\n{}", race.title, race.work, table(race));
        text += &show(&race.key);
    }
    if !results.facts.is_empty() {
        text += "\n| figure | |\n|---|---|\n";
        for fact in &results.facts {
            text += &format!("| {} | {} |\n", fact.what, amount(fact.value, &fact.unit));
        }
    }
    for curve in &results.curves {
        text += &format!("\n### {}\n{}", curve.title, show(&curve.key));
        text += &format!("\n| {} | {} | {} |\n|---|---|---|\n", "line", curve.across, curve.up);
        for line in &curve.lines {
            for (x, y) in &line.points {
                text += &format!("| {} | {} | {} |\n", line.title, digits(*x), digits(*y));
            }
        }
    }
    for note in &results.notes {
        text += &format!("\n{}\n", note.trim());
    }
    if !results.skipped.is_empty() {
        text += "\nLeft out:\n\n";
        for skipped in &results.skipped {
            text += &format!("- {}: {}.\n", skipped.what, skipped.why);
        }
    }
    text
}

fn table(race: &Race) -> String {
    let mut text = String::from(
        "| | up to | seconds, median (least to most) | Ferry takes | CPU s | MB sent | MB arrived | peak MiB | rounds |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    let ours = race.entrants.iter().find(|entrant| entrant.key == "ferry");
    let ours = ours.and_then(|entrant| entrant.finishes.first()?.median("seconds"));
    for entrant in &race.entrants {
        for finish in &entrant.finishes {
            let median = |measure: &str| finish.median(measure);
            let plain = |value: Option<f64>| value.map_or("-".into(), digits);
            let ratio = match (ours, median("seconds")) {
                (Some(ours), Some(theirs)) if entrant.key != "ferry" => {
                    format!("{}x", digits(ours / theirs))
                }
                _ => "-".into(),
            };
            let mb = |measure: &str| plain(median(measure).map(|bytes| bytes / 1e6));
            text += &format!(
                "| {} | {} | {} | {ratio} | {} | {} | {} | {} | {} |\n",
                entrant.title,
                finish.split,
                seconds(finish),
                plain(median("cpu_seconds")),
                mb("down_bytes"),
                mb("arrived_bytes"),
                median("peak_mib").map_or("-".into(), |mib| format!("{mib:.0}")),
                finish.laps.len(),
            );
        }
    }
    text
}

fn seconds(finish: &Finish) -> String {
    let values = finish.values("seconds");
    match (stats::median(&values), stats::spread(&values)) {
        (Some(median), Some((least, most))) if values.len() > 1 => {
            format!("{} ({} to {})", digits(median), digits(least), digits(most))
        }
        (Some(median), _) => digits(median),
        _ => "-".into(),
    }
}

/// A figure with its unit, bytes in MB where they are many.
fn amount(value: f64, unit: &str) -> String {
    if unit == "bytes" && value >= 1e5 {
        return format!("{} MB", digits(value / 1e6));
    }
    format!("{} {unit}", digits(value))
}

/// Three digits that matter, and no more zeros than a reader needs.
pub fn digits(value: f64) -> String {
    let size = value.abs();
    let decimals = match size {
        _ if size >= 100.0 || size == 0.0 => 0,
        _ if size >= 10.0 => 1,
        _ if size >= 1.0 => 2,
        _ if size >= 0.1 => 3,
        _ if size >= 0.01 => 4,
        _ => 6,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        for (value, expected) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.35678, "0.357"),
            (1.2345, "1.23"),
            (23.456, "23.5"),
            (1_234.5, "1234"),
            (0.0004, "0.0004"),
        ] {
            assert_eq!(digits(value), expected);
        }
        assert_eq!(amount(228_500_000.0, "bytes"), "228 MB");
        assert_eq!(amount(1_024.0, "bytes"), "1024 bytes");
    }
}
