//! Values that differ from run to run, by the names that golden files have for them.

use serde_json::{Map, Value, json};

use super::Kind;

/// What is known so far.
#[derive(Default)]
pub struct Names(Vec<(String, String)>);

impl Names {
    /// Gives a value its name.
    pub fn bind(&mut self, name: &str, value: String) {
        assert!(self.value(name).is_none(), "`{name}` is named twice");
        self.0.push((name.to_owned(), value));
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A text with the values of the names in it.
    pub fn fill(&self, text: &str) -> String {
        let known = self.0.iter();
        let filled = known.fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{{{name}}}}}"), value)
        });
        assert!(!filled.contains("{{"), "{filled} has a name that nothing is known by");
        filled
    }

    /// The same in every text of a value.
    pub fn fill_all(&self, value: &Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
            Value::String(text) => json!(self.fill(text)),
            Value::Array(list) => list.iter().map(|value| self.fill_all(value)).collect(),
            Value::Object(fields) => {
                let filled =
                    fields.iter().map(|(name, value)| (name.clone(), self.fill_all(value)));
                Value::Object(filled.collect())
            }
        }
    }

    /// The other way: what is known is named, and an id that is new gets a name.
    pub fn hide(&mut self, value: &Value, kinds: &[Kind]) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(number) => {
                let text = number.to_string();
                match self.0.iter().find(|(_, known)| *known == text) {
                    Some((name, _)) if text.len() > 9 => json!(format!("{{{{{name}}}}}")),
                    _ => value.clone(),
                }
            }
            Value::String(text) => {
                self.learn(text, kinds);
                let mut hidden = text.clone();
                for (name, value) in &self.0 {
                    hidden = hidden.replace(value.as_str(), &format!("{{{{{name}}}}}"));
                }
                json!(hidden)
            }
            Value::Array(list) => list.iter().map(|value| self.hide(value, kinds)).collect(),
            Value::Object(fields) => {
                let fields = fields.iter();
                let hidden = fields.map(|(name, value)| (name.clone(), self.hide(value, kinds)));
                Value::Object(hidden.collect::<Map<_, _>>())
            }
        }
    }

    fn learn(&mut self, text: &str, kinds: &[Kind]) {
        let known = self.0.iter().any(|(_, value)| value == text);
        let kind = kinds.iter().find(|Kind(prefix, length, _)| {
            let rest = text.strip_prefix(prefix).unwrap_or_default();
            let is_legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            rest.len() == *length && rest.bytes().all(is_legal)
        });
        if let (Some(Kind(_, _, kind)), false) = (kind, known) {
            let free = |number: &usize| self.value(&format!("{kind} {number}")).is_none();
            let number = (1..).find(free).expect("numbers do not end");
            self.bind(&format!("{kind} {number}"), text.to_owned());
        }
    }

    /// Whether an answer is what the file says. A name that nothing is known by yet takes the value that stands in its place.
    pub fn matches(&mut self, wanted: &Value, got: &Value) -> bool {
        match (wanted, got) {
            (Value::Object(wanted), Value::Object(got)) => {
                wanted.len() == got.len()
                    && wanted.iter().all(|(name, wanted)| {
                        got.get(name).is_some_and(|got| self.matches(wanted, got))
                    })
            }
            (Value::Array(wanted), Value::Array(got)) => {
                wanted.len() == got.len()
                    && wanted.iter().zip(got).all(|(wanted, got)| self.matches(wanted, got))
            }
            (Value::String(text), Value::String(_) | Value::Number(_)) if text.contains("{{") => {
                let got = got.as_str().map_or_else(|| got.to_string(), str::to_owned);
                let name = text.strip_prefix("{{").and_then(|text| text.strip_suffix("}}"));
                match name.filter(|name| !name.contains("{{") && self.value(name).is_none()) {
                    Some(name) => {
                        self.bind(name, got);
                        true
                    }
                    None => self.fill(text) == got,
                }
            }
            (wanted, got) => wanted == got,
        }
    }
}
