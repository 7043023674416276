//! What links show of themselves.

use api::native::wire::Link;

use super::{Row, rate, shorten};

fn limit(link: &Link) -> String {
    link.limit_bytes_per_sec.map_or_else(|| "none".to_owned(), rate)
}

/// Whether it carries copies; a window's pause with its end.
fn state(link: &Link) -> String {
    match &link.until {
        Some(until) if link.pause == "paused" => format!("paused until {}", short(until)),
        Some(_) | None => link.pause.clone(),
    }
}

/// What a window changes next.
fn next(link: &Link) -> String {
    match (&link.until, &link.next) {
        (Some(until), Some(next)) => format!("{next} from {until}"),
        (_, _) => String::new(),
    }
}

/// `2026-11-22T06:30:00Z` without year and seconds.
fn short(instant: &str) -> String {
    instant.get(5..16).map_or_else(|| instant.to_owned(), |text| text.replace('T', " "))
}

fn at_once(link: &Link) -> String {
    link.copies_at_once.map_or_else(|| "any".to_owned(), |copies| copies.to_string())
}

fn of_late(link: &Link) -> String {
    link.measured_bytes_per_sec.map_or_else(|| "unknown".to_owned(), rate)
}

impl Row for Link {
    const HEADINGS: &'static [&'static str] =
        &["FROM", "TO", "STATE", "RUNNING", "WAITING", "AT ONCE", "LIMIT", "OF LATE"];

    fn cells(&self) -> Vec<String> {
        vec![
            shorten(&self.source, 16),
            shorten(&self.target, 16),
            state(self),
            self.running.to_string(),
            self.waiting.to_string(),
            at_once(self),
            limit(self),
            of_late(self),
        ]
    }

    fn id(&self) -> &str {
        &self.source
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        vec![
            ("from", self.source.clone()),
            ("to", self.target.clone()),
            ("state", state(self)),
            ("running", self.running.to_string()),
            ("waiting", self.waiting.to_string()),
            ("copies at once", at_once(self)),
            ("limit", limit(self)),
            ("usual limit", self.usual_limit_bytes_per_sec.map_or_else(|| "none".to_owned(), rate)),
            ("windows (UTC)", self.schedule.join("; ")),
            ("next", next(self)),
            ("of late", of_late(self)),
            ("changed", self.changed.clone().unwrap_or_default()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_fits_100_columns_and_says_what_is_set() {
        let link = Link {
            source: "ap-southeast-1-very-far".to_owned(),
            target: "cn-zhangjiakou-north".to_owned(),
            running: 20,
            waiting: 12_345,
            limit_bytes_per_sec: Some(1_023_900_000),
            copies_at_once: None,
            pause: "running".to_owned(),
            measured_bytes_per_sec: None,
            changed: None,
            ..Link::default()
        };
        let by_window = Link {
            pause: "paused".to_owned(),
            until: Some("2026-11-22T06:30:00Z".to_owned()),
            ..link.clone()
        };
        assert_eq!(state(&by_window), "paused until 11-22 06:30");
        let text = super::super::table(Link::HEADINGS, [link.cells()].into_iter());
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        for word in ["running", "any", "976.5 MiB/s", "unknown"] {
            assert!(text.contains(word), "{word} is not in {text}");
        }
    }
}
