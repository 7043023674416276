//! Tags as they are typed: one `key=value` a line.

use model::{Rejection, Tags};

/// Tags as they stand in a form.
pub(crate) fn tags_told(tags: &Tags) -> String {
    let lines: Vec<String> = tags.iter().map(|(key, value)| line(key, value)).collect();
    lines.join("\n")
}

fn line(key: &str, value: &str) -> String {
    format!("{key}={value}")
}

/// The tags that were typed over those there were before. A line that tells one of those is that one, so that a key that
/// somebody gave a `=` elsewhere stays whole.
pub(crate) fn tags_typed(text: &str, before: &Tags) -> Result<Tags, Rejection> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let pair = |typed: &str| {
        let kept = before.iter().find(|(key, value)| line(key, value).trim() == typed);
        let (key, value) = kept.unwrap_or_else(|| {
            let (key, value) = typed.split_once('=').unwrap_or((typed, ""));
            (key.trim(), value.trim())
        });
        (key.to_owned(), value.to_owned())
    };
    Tags::new(lines.map(pair))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Tags::new(pairs).unwrap()
    }

    #[test]
    fn tags_read_back_as_they_stand_in_the_form() {
        let before =
            tags(&[("team", "ferry"), ("a=b", "c=d"), ("empty", ""), ("所有者", "运维 组")]);
        assert_eq!(tags_typed(&tags_told(&before), &before), Ok(before));
    }

    #[test]
    fn each_line_is_a_tag_and_nothing_is_taken_twice() {
        let none = Tags::default();
        let typed = tags_typed("  team = ferry \r\n\r\nalone\nx=1=2", &none).unwrap();
        assert_eq!(typed, tags(&[("team", "ferry"), ("alone", ""), ("x", "1=2")]));
        for wrong in ["a=1\na=2", "=value"] {
            assert!(tags_typed(wrong, &none).is_err(), "{wrong}");
        }
    }
}
