//! What a door keeps of an image that Ferry itself has no use for.

use std::collections::BTreeMap;

use crate::field::{Field, FieldRefusal};
use crate::rejection::Rejection;
use crate::text::check;

/// The most particulars of one image.
pub const MAX_PARTICULARS: usize = 32;

/// What a door keeps of an image that Ferry has no use for, as its licence: at most 32 pairs of a key (1 to 64 characters of
/// `a-zA-Z0-9._-`) and a value (1 to 256 characters, in Unicode normal form C). They travel with the image's copies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Particulars(BTreeMap<String, String>);

impl Particulars {
    /// Checks particulars given as pairs. A key given twice is refused. An empty value says nothing, and is not kept.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, Rejection> {
        let mut given = BTreeMap::new();
        for (key, value) in pairs {
            if given.insert(key, value).is_some() {
                return Err(Rejection::field(Field::Particulars, FieldRefusal::Twice));
            }
        }
        Particulars::default().changed(&given)
    }

    /// These with changes laid over them: each pair is set or, where its value is empty, removed.
    pub fn changed(&self, changes: &BTreeMap<String, String>) -> Result<Self, Rejection> {
        let mut changed = self.0.clone();
        for (key, value) in changes {
            let key = checked_key(key)?;
            let value = check(Field::Particulars, value, 0..=256)?;
            if value.is_empty() {
                changed.remove(&key);
            } else {
                changed.insert(key, value);
            }
        }
        if changed.len() > MAX_PARTICULARS {
            let (value, limit) = (changed.len() as u64, MAX_PARTICULARS as u64);
            let refusal = FieldRefusal::TooLarge { value, limit };
            return Err(Rejection::field(Field::Particulars, refusal));
        }
        Ok(Particulars(changed))
    }

    /// These with others laid over them.
    pub fn with(&self, others: &Particulars) -> Result<Self, Rejection> {
        self.changed(&others.0)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The pairs, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn checked_key(key: &str) -> Result<String, Rejection> {
    let key = check(Field::Particulars, key, 1..=64)?;
    let legal = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    match key.chars().find(|c| !legal(c)) {
        Some(character) => {
            Err(Rejection::field(Field::Particulars, FieldRefusal::Character { character }))
        }
        None => Ok(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    fn of(pairs: &[(&str, &str)]) -> Particulars {
        Particulars::new(pairs.iter().map(|(key, value)| pair(key, value))).unwrap()
    }

    #[test]
    fn particulars_keep_their_bounds() {
        let refused = |pairs: Vec<(String, String)>| Particulars::new(pairs).unwrap_err();
        let field = |refusal| Rejection::field(Field::Particulars, refusal);
        let long = |length, max| FieldRefusal::Length { length, min: usize::from(max == 64), max };
        assert_eq!(refused(vec![pair("", "v")]), field(long(0, 64)));
        assert_eq!(refused(vec![pair(&"k".repeat(65), "v")]), field(long(65, 64)));
        assert_eq!(refused(vec![pair("k", &"v".repeat(257))]), field(long(257, 256)));
        for character in [' ', '"', '$', 'é', '/'] {
            let key = format!("a{character}");
            assert_eq!(
                refused(vec![pair(&key, "v")]),
                field(FieldRefusal::Character { character })
            );
        }
        assert_eq!(refused(vec![pair("k", "1"), pair("k", "2")]), field(FieldRefusal::Twice));
        assert!(Particulars::new([pair("k", "a\u{202e}")]).is_err(), "api-10");
        let numbered = |count: usize| (0..count).map(|i| pair(&format!("k{i}"), "v"));
        assert_eq!(Particulars::new(numbered(32)).unwrap().iter().count(), 32);
        let too_many = FieldRefusal::TooLarge { value: 33, limit: 32 };
        assert_eq!(Particulars::new(numbered(33)), Err(field(too_many.clone())));
        let full = Particulars::new(numbered(32)).unwrap();
        assert_eq!(full.with(&of(&[("other", "v")])), Err(field(too_many)));
        assert!(full.with(&of(&[("k0", "new")])).is_ok(), "it replaces");
    }

    #[test]
    fn changes_set_and_an_empty_value_removes() {
        let before = of(&[("Licence", "BYOL"), ("nvme", "supported"), ("empty", "")]);
        assert_eq!(before, of(&[("Licence", "BYOL"), ("nvme", "supported")]));
        let changes = [pair("Licence", ""), pair("nvme", "none"), pair("absent", "")].into();
        let after = before.changed(&changes).unwrap();
        assert_eq!(after, of(&[("nvme", "none")]));
        assert_eq!((after.get("nvme"), after.get("Licence")), (Some("none"), None));
        assert_eq!(before.with(&after).unwrap(), of(&[("Licence", "BYOL"), ("nvme", "none")]));
    }
}
