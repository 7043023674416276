//! How searches ask for names, tags, uses, shares and copies.

use unicode_normalization::UnicodeNormalization;

use crate::field::Field;
use crate::rejection::Rejection;
use crate::tags::{TagKey, TagValue};
use crate::text::check;

/// Which names are wanted. Names are compared as they are stored, capitals and small letters apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamePattern {
    /// This one.
    Exactly(String),
    /// Those that have this in them.
    Holding(String),
    /// Those of this form, where `*` stands for any characters, also for none.
    Like(String),
}

impl NamePattern {
    /// The same in the form that names are stored in: Unicode normal form C.
    #[must_use]
    pub fn normalised(&self) -> Self {
        let nfc = |text: &String| text.nfc().collect();
        match self {
            NamePattern::Exactly(name) => NamePattern::Exactly(nfc(name)),
            NamePattern::Holding(part) => NamePattern::Holding(nfc(part)),
            NamePattern::Like(form) => NamePattern::Like(nfc(form)),
        }
    }

    /// The same as a pattern of SQLite's `GLOB`: `*` stands for any characters, and `?` and `[` are written so that they
    /// stand for themselves.
    pub fn glob(&self) -> String {
        let literal = |text: &str| text.chars().map(literal).collect::<String>();
        match self {
            NamePattern::Exactly(name) => literal(name),
            NamePattern::Holding(part) => format!("*{}*", literal(part)),
            NamePattern::Like(form) => form.split('*').map(literal).collect::<Vec<_>>().join("*"),
        }
    }
}

fn literal(c: char) -> String {
    match c {
        '*' | '?' | '[' => format!("[{c}]"),
        other => other.to_string(),
    }
}

/// One tag that is wanted. A key that is wanted twice must have both values, so nothing has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagWanted {
    /// With one of these keys; empty for any.
    pub keys: Vec<TagKey>,
    /// With one of these values; empty for any.
    pub values: Vec<TagValue>,
}

impl TagWanted {
    /// This key with this value, or with any.
    pub fn pair(key: impl Into<TagKey>, value: Option<TagValue>) -> Self {
        TagWanted { keys: vec![key.into()], values: value.into_iter().collect() }
    }

    /// The same, checked and in the form that tags are stored in.
    pub fn checked(&self) -> Result<Self, Rejection> {
        let value = |value: &TagValue| check(Field::TagValue, value, 0..=128);
        let values = self.values.iter().map(value).collect::<Result<_, _>>()?;
        let key = |key: &TagKey| check(Field::TagKey, key, 1..=128);
        Ok(TagWanted { keys: self.keys.iter().map(key).collect::<Result<_, _>>()?, values })
    }
}

/// Whether something is wanted that is shared with accounts.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// With none.
    Nobody,
    /// With some.
    Some,
}

/// Whether something is wanted that is being copied just now.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Copying {
    /// Copies of it are being made, here or elsewhere.
    Leaving,
    /// None is.
    Still,
}

/// Whether something is wanted that is in use.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Usage {
    /// It is used.
    Used,
    /// It is not.
    Unused,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_13_names_are_searched_in_any_spelling() {
        let (typed, stored) = ("Cafe\u{301}*".to_owned(), "Café*".to_owned());
        let shapes: [fn(String) -> NamePattern; 3] =
            [NamePattern::Exactly, NamePattern::Holding, NamePattern::Like];
        for shape in shapes {
            assert_eq!(shape(typed.clone()).normalised(), shape(stored.clone()));
        }
    }

    #[test]
    fn api_13_wanted_tags_are_checked_and_normalised_as_tags_are() {
        let wanted = TagWanted::pair("Cafe\u{301}", Some("e\u{301}".into())).checked().unwrap();
        assert_eq!(wanted, TagWanted { keys: vec!["Café".into()], values: vec!["é".into()] });
        let any = TagWanted::default();
        assert_eq!(any.checked().unwrap(), any);
        let long = || "v".repeat(129);
        for wrong in [
            TagWanted::pair("", None),
            TagWanted::pair(long(), None),
            TagWanted::pair("k", Some(long())),
            TagWanted { keys: Vec::new(), values: vec!["v".into(), "\u{202e}".into()] },
        ] {
            assert!(matches!(wrong.checked(), Err(Rejection::InvalidField { .. })), "{wrong:?}");
        }
    }

    #[test]
    fn only_the_star_of_a_form_stands_for_other_characters() {
        let table = [
            (NamePattern::Exactly("a*b?[c]".into()), "a[*]b[?][[]c]"),
            (NamePattern::Holding("a*".into()), "*a[*]*"),
            (NamePattern::Like("web-*?".into()), "web-*[?]"),
            (NamePattern::Like("*".into()), "*"),
            (NamePattern::Like("".into()), ""),
        ];
        for (pattern, wanted) in table {
            assert_eq!(pattern.glob(), wanted, "{pattern:?}");
        }
    }
}
