//! Tags: a few words of the owner's on an image, a snapshot or an instance.

use std::collections::BTreeMap;

use crate::field::{Field, FieldRefusal};
use crate::rejection::Rejection;
use crate::tagged::TagKeys;
use crate::text::check;

/// The most tags on one thing (R004-9).
pub const MAX_TAGS: usize = 20;

/// The key of a tag: 1 to 128 characters, in Unicode normal form C.
pub type TagKey = String;
/// The value of a tag: at most 128 characters in Unicode normal form C, may be empty.
pub type TagValue = String;

/// The tags of one thing: at most 20, each key once.
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

    /// These with others laid over them: a key that both have takes the other's value.
    pub fn with(&self, others: &Tags) -> Result<Tags, Rejection> {
        let mut all = self.0.clone();
        all.extend(others.0.clone());
        if all.len() > MAX_TAGS {
            return Err(Rejection::TooManyTags { limit: MAX_TAGS });
        }
        Ok(Tags(all))
    }

    /// These without those of some keys.
    pub fn without(&self, keys: &TagKeys) -> Result<Tags, Rejection> {
        let mut rest = self.0.clone();
        match keys {
            TagKeys::All => rest.clear(),
            TagKeys::Named(keys) => {
                for key in keys {
                    rest.remove(&check(Field::TagKey, key, 1..=128)?);
                }
            }
        }
        Ok(Tags(rest))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Checks and normalises what a search asks of tags: keys, each with the value that it must have, or any.
pub fn wanted_tags(
    wanted: &[(String, Option<String>)],
) -> Result<Vec<(TagKey, Option<TagValue>)>, Rejection> {
    let checked = wanted.iter().map(|(key, value)| {
        let value = value.as_deref().map(|value| check(Field::TagValue, value, 0..=128));
        Ok((check(Field::TagKey, key, 1..=128)?, value.transpose()?))
    });
    checked.collect()
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

    #[test]
    fn r004_9_tags_are_laid_over_and_taken_away_within_the_limit() {
        let nineteen = Tags::new(numbered(19)).unwrap();
        let one = tag("k0", "new").unwrap();
        assert_eq!(nineteen.with(&one).unwrap().iter().next(), Some(("k0", "new")));
        let other = tag("other", "").unwrap();
        let twenty = nineteen.with(&other).unwrap();
        assert_eq!(twenty.with(&one).unwrap().iter().count(), 20, "it replaces");
        let more = tag("more", "").unwrap();
        assert_eq!(twenty.with(&more), Err(Rejection::TooManyTags { limit: 20 }));
        let named = TagKeys::Named(vec!["other".to_owned(), "absent".to_owned()]);
        assert_eq!(twenty.without(&named), Ok(nineteen.clone()));
        assert!(twenty.without(&TagKeys::All).unwrap().is_empty());
        assert!(twenty.without(&TagKeys::Named(vec![String::new()])).is_err());
    }

    /// api-13: what is stored in one spelling is found and taken away by the other.
    #[test]
    fn api_13_keys_are_taken_away_and_searched_in_any_spelling() {
        let stored = tag("café", "é").unwrap();
        let other = TagKeys::Named(vec!["cafe\u{301}".to_owned()]);
        assert!(stored.without(&other).unwrap().is_empty());
        let wanted =
            [("cafe\u{301}".to_owned(), Some("e\u{301}".to_owned())), ("k".to_owned(), None)];
        let found = wanted_tags(&wanted).unwrap();
        assert_eq!(found, [("café".to_owned(), Some("é".to_owned())), ("k".to_owned(), None)]);
        assert!(wanted_tags(&[("k".repeat(129), None)]).is_err());
    }
}
