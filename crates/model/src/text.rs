//! Texts that people give: names, descriptions, tokens. Parsed once, then trusted.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use crate::field::{Field, FieldRefusal};
use crate::rejection::Rejection;

/// Controls, direction overrides and invisible characters make two names look alike; none is allowed (api-10).
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

fn check(
    field: Field,
    text: &str,
    range: std::ops::RangeInclusive<usize>,
) -> Result<String, Rejection> {
    let text: String = text.nfc().collect();
    let length = text.chars().count();
    if !range.contains(&length) {
        let refusal = FieldRefusal::Length { length, min: *range.start(), max: *range.end() };
        return Err(Rejection::field(field, refusal));
    }
    if let Some(character) = text.chars().find(|c| is_deceptive(*c)) {
        return Err(Rejection::field(field, FieldRefusal::Character { character }));
    }
    Ok(text)
}

fn check_no_scheme(field: Field, text: &str) -> Result<(), Rejection> {
    if text.starts_with("http://") || text.starts_with("https://") {
        return Err(Rejection::field(field, FieldRefusal::StartsWithUrl));
    }
    Ok(())
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_type!(
    /// The name of an image or instance: 2 to 128 characters, a letter first, then letters, digits, `.`, `:`, `_`
    /// and `-` (R004-6; the dot as the cloud allows it today). Stored in Unicode normal form C.
    Name
);

impl Name {
    /// Checks and normalises a name.
    pub fn new(text: &str) -> Result<Self, Rejection> {
        let text = check(Field::Name, text, 2..=128)?;
        check_no_scheme(Field::Name, &text)?;
        if !text.chars().next().is_some_and(char::is_alphabetic) {
            return Err(Rejection::field(Field::Name, FieldRefusal::FirstNotLetter));
        }
        let legal = |c: &char| c.is_alphanumeric() || matches!(c, '.' | ':' | '_' | '-');
        match text.chars().find(|c| !legal(c)) {
            Some(character) => {
                Err(Rejection::field(Field::Name, FieldRefusal::Character { character }))
            }
            None => Ok(Name(text)),
        }
    }
}

text_type!(
    /// What an image is, in its owner's words: at most 256 characters, not beginning with a URL scheme (R004-7).
    /// Empty means none.
    Description
);

impl Description {
    /// The longest description, in characters (R004-7).
    pub const MAX: usize = 256;

    /// Checks and normalises a description.
    pub fn new(text: &str) -> Result<Self, Rejection> {
        let text = check(Field::Description, text, 0..=Self::MAX)?;
        check_no_scheme(Field::Description, &text)?;
        Ok(Description(text))
    }
}

text_type!(
    /// The operating system's name, as `Ubuntu` or `Debian 12`: at most 64 characters. Empty means unknown.
    Platform
);

impl Platform {
    /// Checks and normalises a platform.
    pub fn new(text: &str) -> Result<Self, Rejection> {
        check(Field::Platform, text, 0..=64).map(Platform)
    }
}

text_type!(
    /// A caller's own token for one request: 1 to 64 printable ASCII characters (api-17). One request, one image.
    ClientToken
);

impl ClientToken {
    /// Checks a token.
    pub fn new(text: &str) -> Result<Self, Rejection> {
        let text = check(Field::Token, text, 1..=64)?;
        match text.chars().find(|c| !c.is_ascii_graphic()) {
            Some(character) => {
                Err(Rejection::field(Field::Token, FieldRefusal::Character { character }))
            }
            None => Ok(ClientToken(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r004_6_names_keep_the_seeds_bounds() {
        let long = "a".repeat(128);
        for good in ["ab", "web-1", "镜像", "a:b_c-d.e", "É1", long.as_str()] {
            assert!(Name::new(good).is_ok(), "{good}");
        }
        let too_long = "a".repeat(129);
        for wrong in [
            "",
            "a",
            "1a",
            "-ab",
            "http://a",
            "https://a",
            "a/b",
            "a b",
            "a\u{202e}b",
            "ab\0",
            "a\u{200b}b",
            "😀a",
            &too_long,
        ] {
            assert!(Name::new(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn names_that_look_alike_are_stored_alike() {
        assert_eq!(Name::new("Cafe\u{301}").unwrap(), Name::new("Café").unwrap());
    }

    #[test]
    fn r004_7_descriptions_keep_the_seeds_bounds() {
        assert!(Description::new("").is_ok());
        assert!(Description::new(&"x".repeat(256)).is_ok());
        for wrong in ["x".repeat(257), "http://x".into(), "https://x".into(), "a\u{202e}".into()] {
            assert!(Description::new(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn api_17_tokens_have_bounds() {
        assert!(ClientToken::new(&"t".repeat(64)).is_ok());
        for wrong in ["".to_owned(), "t".repeat(65), "é".into(), "a b".into()] {
            assert!(ClientToken::new(&wrong).is_err(), "{wrong}");
        }
    }
}
