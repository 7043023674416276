//! Tags in JSON: an object whose keys are each given once (api-09).

use std::collections::BTreeMap;
use std::fmt;

use model::{Particulars, Rejection, Tags};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// The tags of an image or an instance, by key: at most 20; keys 1 to 128 characters, values at most 128.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TagMap(pub BTreeMap<String, String>);

impl TagMap {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tags, checked.
    ///
    /// # Errors
    /// The rejection of the first key or value that breaks a rule.
    pub fn into_tags(self) -> Result<Tags, Rejection> {
        Tags::new(self.0)
    }
}

impl From<&Tags> for TagMap {
    fn from(tags: &Tags) -> Self {
        TagMap(tags.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }
}

impl From<&Particulars> for TagMap {
    fn from(particulars: &Particulars) -> Self {
        let pair = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        TagMap(particulars.iter().map(pair).collect())
    }
}

impl<'de> Deserialize<'de> for TagMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EachKeyOnce)
    }
}

struct EachKeyOnce;

impl<'de> Visitor<'de> for EachKeyOnce {
    type Value = TagMap;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tags")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TagMap, A::Error> {
        let mut tags = BTreeMap::new();
        while let Some((key, value)) = map.next_entry::<String, String>()? {
            if tags.contains_key(&key) {
                return Err(A::Error::custom("a tag is given twice"));
            }
            tags.insert(key, value);
        }
        Ok(TagMap(tags))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_09_a_tag_given_twice_is_refused_and_the_last_one_never_wins() {
        assert!(serde_json::from_str::<TagMap>(r#"{"a":"1","a":"2"}"#).is_err());
        assert!(serde_json::from_str::<TagMap>(r#"{"a":"1","\u0061":"2"}"#).is_err());
        assert_eq!(serde_json::from_str::<TagMap>(r#"{"a":"1","b":"2"}"#).unwrap().0.len(), 2);
    }
}
