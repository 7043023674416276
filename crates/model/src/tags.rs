//! Tags: a few words of the owner's on an image.

use std::collections::BTreeMap;

use crate::field::{Field, FieldRefusal};
use crate::rejection::Rejection;
use crate::text::check;

/// The most tags on one image (R004-9).
pub const MAX_TAGS: usize = 20;

/// The key of a tag: 1 to 128 characters, in Unicode normal form C.
pub type TagKey = String;
/// The value of a tag: at most 128 characters in Unicode normal form C, may be empty.
pub type TagValue = String;

/// The tags of one image: at most 20, each key once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags(BTreeMap<TagKey, TagValue>);

impl Tags {
    /// Checks and normalises tags given as pairs; no control, direction or invisible characters (api-10). A key given twice is refused, never the last one taken (api-09, api-13).
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, Rejection> {
        let mut tags = BTreeMap::new();
        for (key, value) in pairs {
            let key = check(Field::TagKey, &key, 1..=128)?;
            let value = check(Field::TagValue, &value, 0..=128)?;
            if tags.insert(key, value).is_some() {
                return Err(Rejection::field(Field::TagKey, FieldRefusal::Twice));
            }
            if tags.len() > MAX_TAGS {
                return Err(Rejection::TooManyTags { limit: MAX_TAGS });
            }
        }
        Ok(Tags(tags))
    }

    /// The tags, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(count: usize) -> Vec<(String, String)> {
        (0..count).map(|i| (format!("k{i}"), "v".to_owned())).collect()
    }

    #[test]
    fn r004_9_twenty_tags_are_taken_and_twenty_one_refused() {
        assert_eq!(Tags::new(numbered(20)).unwrap().iter().count(), 20);
        assert_eq!(Tags::new(numbered(21)), Err(Rejection::TooManyTags { limit: 20 }));
    }

    #[test]
    fn api_13_a_key_given_twice_is_refused() {
        let twice = [("a".to_owned(), "1".to_owned()), ("a".to_owned(), "2".to_owned())];
        assert_eq!(Tags::new(twice), Err(Rejection::field(Field::TagKey, FieldRefusal::Twice)));
    }

    fn tag(key: &str, value: &str) -> Result<Tags, Rejection> {
        Tags::new([(key.to_owned(), value.to_owned())])
    }

    /// R004-9, api-10, api-13: the bounds of keys and values, and the characters that deceive.
    #[test]
    fn r004_9_keys_and_values_keep_their_bounds() {
        let (long, too_long) = ("k".repeat(128), "k".repeat(129));
        for (key, value) in
            [("k", ""), (long.as_str(), long.as_str()), ("团队", "a b/c=d\u{1f680}")]
        {
            assert!(tag(key, value).is_ok(), "{key:?}={value:?}");
        }
        for (key, value) in [
            ("", "v"),
            (too_long.as_str(), "v"),
            ("k", too_long.as_str()),
            ("a\nb", "v"),
            ("k", "a\0"),
            ("k", "a\u{202e}b"),
            ("a\u{2066}b", "v"),
            ("a\u{200b}", "v"),
        ] {
            assert!(tag(key, value).is_err(), "{key:?}={value:?}");
        }
    }

    /// api-13: two spellings of one key are one key.
    #[test]
    fn api_13_keys_that_look_alike_are_the_same_key() {
        assert_eq!(tag("cafe\u{301}", "e\u{301}").unwrap(), tag("café", "é").unwrap());
        let twice =
            [("cafe\u{301}".to_owned(), "1".to_owned()), ("café".to_owned(), "2".to_owned())];
        assert_eq!(Tags::new(twice), Err(Rejection::field(Field::TagKey, FieldRefusal::Twice)));
    }
}
