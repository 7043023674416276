//! Values on the command line that are not plain words.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use model::{ClientToken, Description, ImageId, Name, Platform, Rejection};

/// Names an image: by its id, or by a name that only one image of the region has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageRef {
    /// By id.
    Id(ImageId),
    /// By exact name.
    Name(Name),
}

impl FromStr for ImageRef {
    type Err = Rejection;

    fn from_str(text: &str) -> Result<Self, Rejection> {
        match text.parse() {
            Ok(id) => Ok(ImageRef::Id(id)),
            Err(_) => Name::new(text).map(ImageRef::Name),
        }
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImageRef::Id(id) => id.fmt(f),
            ImageRef::Name(name) => name.fmt(f),
        }
    }
}

/// One tag, as `KEY=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagArg {
    /// Before the first `=`.
    pub key: String,
    /// Behind it; may be empty.
    pub value: String,
}

/// A tag without `=`.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a tag; write `KEY=VALUE`")]
pub struct InvalidTag(String);

impl FromStr for TagArg {
    type Err = InvalidTag;

    fn from_str(text: &str) -> Result<Self, InvalidTag> {
        let (key, value) = text.split_once('=').ok_or_else(|| InvalidTag(text.to_owned()))?;
        Ok(TagArg { key: key.to_owned(), value: value.to_owned() })
    }
}

/// How long to wait for a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience(pub Duration);

/// A text that is no length of time.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a length of time; write seconds, or a number with `s`, `m` or `h`, as `90s`")]
pub struct InvalidPatience(String);

impl FromStr for Patience {
    type Err = InvalidPatience;

    fn from_str(text: &str) -> Result<Self, InvalidPatience> {
        let invalid = || InvalidPatience(text.to_owned());
        let (number, unit) = match text.strip_suffix(['s', 'm', 'h']) {
            Some(number) => (number, &text[number.len()..]),
            None => (text, "s"),
        };
        let seconds = match unit {
            "h" => 3_600,
            "m" => 60,
            _ => 1,
        };
        let number: u64 = number.parse().map_err(|_| invalid())?;
        number
            .checked_mul(seconds)
            .map(|all| Patience(Duration::from_secs(all)))
            .ok_or_else(invalid)
    }
}

impl fmt::Display for Patience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.0.as_secs())
    }
}

/// A format that is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// The disk's bytes, with holes where they are zeros.
    #[default]
    Raw,
    /// qcow2, version 3.
    Qcow2,
}

/// Parses a name.
pub fn name(text: &str) -> Result<Name, Rejection> {
    Name::new(text)
}

/// Parses a description.
pub fn parse_description(text: &str) -> Result<Description, Rejection> {
    Description::new(text)
}

/// Parses a platform.
pub fn platform(text: &str) -> Result<Platform, Rejection> {
    Platform::new(text)
}

/// Parses a caller's token.
pub fn token(text: &str) -> Result<ClientToken, Rejection> {
    ClientToken::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_named_by_id_or_by_name() {
        let id = "img-aaaaaaaaaaaaaaaaaaaa";
        assert!(matches!(id.parse(), Ok(ImageRef::Id(_))));
        assert!(matches!("web-1".parse(), Ok(ImageRef::Name(_))));
        assert!(matches!("img-short".parse(), Ok(ImageRef::Name(_))));
        assert!(matches!("golden image v2".parse(), Ok(ImageRef::Name(_))));
        assert!("http://web".parse::<ImageRef>().is_err());
    }

    #[test]
    fn lengths_of_time_have_units() {
        let seconds =
            |text: &str| text.parse::<Patience>().map(|patience| patience.0.as_secs()).ok();
        assert_eq!(seconds("90"), Some(90));
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("10m"), Some(600));
        assert_eq!(seconds("2h"), Some(7_200));
        for wrong in ["", "s", "-1", "1d", "1.5h", "99999999999999999999h"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_tag_ends_its_key_at_the_first_equals_sign() {
        let tag: TagArg = "a=b=c".parse().unwrap();
        assert_eq!((tag.key.as_str(), tag.value.as_str()), ("a", "b=c"));
    }
}
