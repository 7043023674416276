//! What a provider asked and what it was answered, as it is kept: ids, times and signatures are named, the rest is as it was.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::wire::Message;
use crate::world::Key;

/// What is a cloud's own about its calls.
pub trait Dialect: Sync {
    /// The ids that an answer may bring.
    fn kinds(&self) -> &'static [Kind];

    /// Whether a text is what this cloud calls a request by.
    fn is_request_id(&self, text: &str) -> bool;

    /// Whether an answer's field is another in each run, whatever it is an answer to.
    fn mark(&self, field: &str, value: &Value) -> Mark;

    /// Whether a value is one that such a mark stands for.
    fn fits(&self, mark: &str, value: &Value) -> bool;

    /// An answer without the ids of its request in the midst of other text.
    fn plain(&self, answer: Value) -> Value {
        answer
    }

    /// Where an answer has what makes it a failure to the provider, whatever its status.
    fn alarms(&self) -> &'static [&'static str];

    /// The action of a kept request, wherever it stands.
    fn action(&self, kept: &Value) -> String;

    /// The action that a request asks for, wherever it stands.
    fn action_of(&self, request: &Message) -> String;

    /// A request without what every call has anew: `method`, `target`, `headers`, and `body` where there is one.
    fn keep(&self, request: &Message, names: &Names) -> Map<String, Value>;

    /// A kept request as bytes, with this service's ids and a signature of now.
    fn again(&self, kept: &Value, key: &Key, names: &Names) -> Vec<u8>;
}

/// A kind of id.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What it begins with.
    pub prefix: &'static str,
    /// What traces call it.
    pub name: &'static str,
    /// How many characters follow the beginning.
    pub characters: usize,
}

impl Kind {
    fn is_of(self, text: &str) -> bool {
        let Some(rest) = text.strip_prefix(self.prefix) else { return false };
        let is_sign = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        rest.len() == self.characters && rest.bytes().all(is_sign)
    }
}

/// What a trace has for a field of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// What was there.
    Itself,
    /// Nothing: it may be there or not.
    Nothing,
    /// This, in place of each of the values that it stands for.
    Sign(&'static str),
}

/// Where a trace is kept: `alibaba/example`.
pub fn path(file: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/terraform_trace");
    folder.join(format!("{file}.json"))
}

/// Names for the values that differ from run to run. A name in a trace is written `{{image 1}}`.
#[derive(Clone)]
pub struct Names {
    dialect: &'static dyn Dialect,
    bound: Vec<(String, String)>,
}

impl Names {
    pub fn of(dialect: &'static dyn Dialect) -> Names {
        Names { dialect, bound: Vec::new() }
    }

    pub fn bind(&mut self, name: &str, value: &str) {
        self.bound.push((name.to_owned(), value.to_owned()));
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.bound.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The text with names for what is known.
    pub fn hide(&self, text: &str) -> String {
        self.bound.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(value.as_str(), &format!("{{{{{name}}}}}"))
        })
    }

    /// The text with the values of the names in it.
    pub fn show(&self, text: &str) -> String {
        self.bound.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{{{name}}}}}"), value)
        })
    }

    /// An answer with names for what differs; ids that are new get one.
    fn hide_answer(&mut self, answer: &Value) -> Value {
        match answer {
            Value::Object(fields) => {
                let mut out = Map::new();
                for (field, value) in fields {
                    let hidden = match self.dialect.mark(field, value) {
                        Mark::Sign(sign) => json!(sign),
                        Mark::Nothing => continue,
                        Mark::Itself => self.hide_answer(value),
                    };
                    out.insert(field.clone(), hidden);
                }
                Value::Object(out)
            }
            Value::Array(list) => list.iter().map(|value| self.hide_answer(value)).collect(),
            Value::String(text) => Value::String(self.hide_string(text)),
            Value::Null | Value::Bool(_) | Value::Number(_) => answer.clone(),
        }
    }

    fn hide_string(&mut self, text: &str) -> String {
        if self.dialect.is_request_id(text) {
            return "{{request id}}".to_owned();
        }
        if is_time(text) {
            return "{{time}}".to_owned();
        }
        let hidden = self.hide(text);
        if hidden != text {
            return hidden;
        }
        let Some(kind) = self.dialect.kinds().iter().find(|kind| kind.is_of(text)) else {
            return hidden;
        };
        let count = self.bound.iter().filter(|(name, _)| name.starts_with(kind.name)).count();
        let name = format!("{} {}", kind.name, count + 1);
        self.bind(&name, text);
        format!("{{{{{name}}}}}")
    }

    /// Compares an answer with a kept one, binding the names that are new. Says where they differ.
    fn compare(&mut self, kept: &Value, answer: &Value, place: &str) -> Result<(), String> {
        match (kept, answer) {
            (Value::Object(fields), Value::Object(found)) => {
                for (field, value) in fields {
                    let place = format!("{place}/{field}");
                    let Some(found) = found.get(field) else {
                        return Err(format!("{place}: is missing"));
                    };
                    self.compare(value, found, &place)?;
                }
                Ok(())
            }
            (Value::Array(list), Value::Array(found)) if list.len() == found.len() => {
                let mut pairs = list.iter().zip(found).enumerate();
                pairs.try_for_each(|(at, (kept, answer))| {
                    self.compare(kept, answer, &format!("{place}/{at}"))
                })
            }
            (Value::String(kept), answer) if self.dialect.fits(kept, answer) => Ok(()),
            (Value::String(kept), Value::String(text)) if self.matches(kept, text) => Ok(()),
            (kept, answer) if kept == answer => Ok(()),
            (_, _) => Err(format!("{place}: `{kept}` became `{answer}`")),
        }
    }

    fn matches(&mut self, kept: &str, text: &str) -> bool {
        match kept {
            "{{request id}}" => return self.dialect.is_request_id(text),
            "{{time}}" => return is_time(text),
            _ => (),
        }
        let name = kept.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
        let Some(name) = name.filter(|name| self.value(name).is_none()) else {
            return self.show(kept) == text;
        };
        let kind = self.dialect.kinds().iter().find(|kind| name.starts_with(kind.name));
        let fits = kind.is_some_and(|kind| kind.is_of(text));
        if fits {
            self.bind(name, text);
        }
        fits
    }
}

/// `2026-11-22T13:45:00Z`, or as disks have it, `2026-11-22 13:45:00`.
fn is_time(text: &str) -> bool {
    let digits = text.replace(|c: char| c.is_ascii_digit(), "h");
    digits == "hhhh-hh-hhThh:hh:hhZ" || digits == "hhhh-hh-hh hh:hh:hh"
}

/// One request and its answer, as they are kept.
pub fn keep(request: &Message, answer: &Message, names: &mut Names) -> Value {
    let dialect = names.dialect;
    let mut kept = dialect.keep(request, names);
    kept.insert("status".to_owned(), json!(answer.status()));
    kept.insert("answer".to_owned(), names.hide_answer(&dialect.plain(answer.json())));
    Value::Object(kept)
}

/// Whether an answer says what the kept one says. Names that are new are bound only where it does.
pub fn check(kept: &Value, answer: &Message, names: &mut Names) -> Result<(), String> {
    let (status, body) = (answer.status(), names.dialect.plain(answer.json()));
    if kept["status"] != status {
        return Err(format!("status: `{}` became `{status}`: `{body}`", kept["status"]));
    }
    let mut trial = names.clone();
    trial.compare(&kept["answer"], &body, "")?;
    for alarm in names.dialect.alarms() {
        if kept["answer"].pointer(alarm).is_none() && body.pointer(alarm).is_some() {
            return Err(format!("{alarm}: is new: `{body}`"));
        }
    }
    *names = trial;
    Ok(())
}

/// A text field of a kept request.
pub fn text<'a>(kept: &'a Value, field: &str) -> &'a str {
    kept[field].as_str().unwrap_or_else(|| panic!("a trace keeps {field}"))
}

/// The kept headers, a line each.
pub fn headers(kept: &Value) -> impl Iterator<Item = &str> {
    let headers = kept["headers"].as_array().expect("a trace keeps headers");
    headers.iter().map(|header| header.as_str().expect("a header is text"))
}
