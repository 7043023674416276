//! Bodies of JSON that have one reading (api-09).

use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};

use crate::refusal::shortened;

/// A body that is not the JSON that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct BadJson {
    /// The parser's words, shortened.
    pub(crate) reason: String,
}

/// Reads one object and nothing behind it. A name given twice in any object is refused, never the last one taken; nesting beyond
/// 128 is refused by the parser.
pub(crate) fn object(bytes: &[u8]) -> Result<Map<String, Value>, BadJson> {
    let read = serde_json::from_slice::<OneReading>(bytes);
    match read.map(|read| read.0) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(BadJson { reason: "it is not an object".to_owned() }),
        Err(error) => Err(BadJson { reason: shortened(&error.to_string()) }),
    }
}

/// A value without names given twice.
struct OneReading(Value);

impl<'de> Deserialize<'de> for OneReading {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneReadingVisitor).map(OneReading)
    }
}

struct OneReadingVisitor;

impl<'de> Visitor<'de> for OneReadingVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        let number = Number::from_f64(number).ok_or_else(|| E::custom("a number has no end"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(OneReading(element)) = elements.next_element()? {
            list.push(element);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!("`{name}` is given more than once")));
            }
            let OneReading(value) = members.next_value()?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_09_an_object_with_one_reading_is_read() {
        let text = r#"{"a": [1, -2, 1.5, true, null, "\u6d4b"], "b": {"a": {}}}"#;
        let read = object(text.as_bytes()).unwrap();
        assert_eq!(Value::Object(read), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn api_09_what_has_two_readings_or_none_is_refused() {
        let deep = "[".repeat(200);
        for (wrong, says) in [
            (r#"{"a":1,"a":2}"#, "`a` is given more than once"),
            (r#"{"x":{"a":1,"\u0061":2}}"#, "`a` is given more than once"),
            (r#"{"x":[{"a":1,"a":1}]}"#, "`a` is given more than once"),
            ("[]", "it is not an object"),
            ("null", "it is not an object"),
            ("{} {}", "trailing characters"),
            ("", "EOF"),
            (r#"{"a":1e999}"#, "number out of range"),
            (r#"{"a":NaN}"#, "expected value"),
            (r#"{"a":"\ud800"}"#, "hex escape"),
            (&format!(r#"{{"a":{deep}"#), "recursion limit"),
        ] {
            let refused = object(wrong.as_bytes()).unwrap_err();
            assert!(refused.reason.contains(says), "{wrong}: {refused}");
        }
        assert!(object(b"{\"a\":\"\xff\"}").is_err());
    }
}
