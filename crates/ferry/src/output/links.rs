//! What links show of themselves.

use api::native::wire::Link;

use super::{Row, rate, shorten};

fn limit(link: &Link) -> String {
    link.limit_bytes_per_sec.map_or_else(|| "none".to_owned(), rate)
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
            self.pause.clone(),
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
            ("state", self.pause.clone()),
            ("running", self.running.to_string()),
            ("waiting", self.waiting.to_string()),
            ("copies at once", at_once(self)),
            ("limit", limit(self)),
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
        };
        let text = super::super::table(Link::HEADINGS, [link.cells()].into_iter());
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        for word in ["running", "any", "976.5 MiB/s", "unknown"] {
            assert!(text.contains(word), "{word} is not in {text}");
        }
    }
}
