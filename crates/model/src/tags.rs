//! Tags: a few words of the owner's on an image.

use std::collections::BTreeMap;

use crate::field::{Field, FieldRefusal};
use crate::rejection::Rejection;

/// The most tags on one image (R004-9).
pub const MAX_TAGS: usize = 20;

/// The key of a tag: 1 to 128 characters.
pub type TagKey = String;
/// The value of a tag: at most 128 characters, may be empty.
pub type TagValue = String;

/// The tags of one image: at most 20, each key once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags(BTreeMap<TagKey, TagValue>);

impl Tags {
    /// Checks tags given as pairs. A key given twice is refused, never the last one taken (api-09, api-13).
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, Rejection> {
        let mut tags = BTreeMap::new();
        for (key, value) in pairs {
            check(Field::TagKey, &key, 1)?;
            check(Field::TagValue, &value, 0)?;
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

fn check(field: Field, text: &str, min: usize) -> Result<(), Rejection> {
    let length = text.chars().count();
    if length < min || length > 128 {
        return Err(Rejection::field(field, FieldRefusal::Length { length, min, max: 128 }));
    }
    match text.chars().find(|c| c.is_control()) {
        Some(character) => Err(Rejection::field(field, FieldRefusal::Character { character })),
        None => Ok(()),
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
}
