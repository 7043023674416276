//! What the provider asked and what it was answered, as it is kept: ids, times and signatures are named, the rest is as it was.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::message::Message;
use super::scene::Scenario;
use super::{FRESH, Key, encode, nonce, now, parameters};

/// Where traces are kept.
pub fn file(scenario: Scenario) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/terraform_trace");
    folder.join(format!("{}.json", scenario.name()))
}

/// Names for the values that differ from run to run. A name in a trace is written `{{image 1}}`.
#[derive(Debug, Default)]
pub struct Names(Vec<(String, String)>);

/// What kinds of ids begin with, and what they are called.
const KINDS: [(&str, &str); 3] = [("m-", "image"), ("s-", "snapshot"), ("i-", "instance")];

impl Names {
    pub fn bind(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The text with names for what is known.
    fn hide(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(value.as_str(), &format!("{{{{{name}}}}}"))
        })
    }

    /// The text with the values of the names in it.
    fn show(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{{{name}}}}}"), value)
        })
    }

    /// An answer with names for what differs; ids that are new get one.
    fn hide_answer(&mut self, answer: &Value) -> Value {
        match answer {
            Value::Object(fields) => {
                let mut out = Map::new();
                for (field, value) in fields {
                    let hidden = match (field.as_str(), value) {
                        ("ImageOwnerId", _) => json!("{{number}}"),
                        // An estimate: it is there once there is something to go by.
                        ("RemainTime", _) => continue,
                        ("Progress", Value::String(text)) if is_underway(text) => {
                            json!("{{progress}}")
                        }
                        (_, value) => self.hide_answer(value),
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
        if is_request_id(text) {
            return "{{request id}}".to_owned();
        }
        if is_time(text) {
            return "{{time}}".to_owned();
        }
        let hidden = self.hide(text);
        if hidden != text {
            return hidden;
        }
        let Some((_, kind)) = KINDS.into_iter().find(|(prefix, _)| is_id(text, prefix)) else {
            return hidden;
        };
        let count = self.0.iter().filter(|(name, _)| name.starts_with(kind)).count();
        let name = format!("{kind} {}", count + 1);
        self.bind(&name, text);
        format!("{{{{{name}}}}}")
    }

    /// Compares an answer with a kept one, binding the names that are new. Says where they differ.
    fn compare(&mut self, kept: &Value, answer: &Value, place: &str) -> Result<(), String> {
        let differs = || Err(format!("{place}: `{kept}` became `{answer}`"));
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
            (Value::String(kept), Value::String(text)) if self.matches(kept, text) => Ok(()),
            (Value::String(kept), Value::Number(_)) if kept == "{{number}}" => Ok(()),
            (kept, answer) if kept == answer => Ok(()),
            (_, _) => differs(),
        }
    }

    fn matches(&mut self, kept: &str, text: &str) -> bool {
        match kept {
            "{{request id}}" => return is_request_id(text),
            "{{time}}" => return is_time(text),
            "{{progress}}" => return is_underway(text),
            _ => (),
        }
        let name = kept.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
        match name.filter(|name| self.value(name).is_none()) {
            Some(name) => {
                let kind = KINDS.into_iter().find(|(_, kind)| name.starts_with(kind));
                let fits = kind.is_some_and(|(prefix, _)| is_id(text, prefix));
                if fits {
                    self.bind(name, text);
                }
                fits
            }
            None => self.show(kept) == text,
        }
    }
}

fn is_id(text: &str, prefix: &str) -> bool {
    let Some(rest) = text.strip_prefix(prefix) else { return false };
    rest.len() == 20 && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn is_request_id(text: &str) -> bool {
    shape(text) == "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh"
}

/// A part of a hundred per cent.
fn is_underway(text: &str) -> bool {
    let number = text.strip_suffix('%').and_then(|number| number.parse::<u8>().ok());
    number.is_some_and(|number| number < 100)
}

fn is_time(text: &str) -> bool {
    let digits = text.replace(|c: char| c.is_ascii_digit(), "h");
    digits == "hhhh-hh-hhThh:hh:hhZ"
}

fn shape(text: &str) -> String {
    text.replace(|c: char| c.is_ascii_digit() || ('A'..='F').contains(&c), "h")
}

/// One request and its answer, as they are kept.
pub fn keep(request: &Message, answer: &Message, names: &mut Names) -> Value {
    let (method, target) = request.request_line();
    let headers: Vec<String> = request
        .headers()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("content-length"))
        .map(|(name, value)| format!("{name}: {}", names.hide(&without_trace_ids(value))))
        .collect();
    let mut kept = json!({
        "method": method,
        "target": keep_parameters(target, names),
        "headers": headers,
        "status": answer.status(),
    });
    if !request.body.is_empty() {
        kept["body"] = keep_parameters(&request.text(), names).into();
    }
    kept["answer"] = names.hide_answer(&without_its_id(answer.json()));
    kept
}

/// A refusal names its request in the page that it recommends.
fn without_its_id(mut answer: Value) -> Value {
    if let (Some(id), Some(page)) = (answer["RequestId"].as_str(), answer["Recommend"].as_str()) {
        answer["Recommend"] = page.replace(id, "{{request id}}").into();
    }
    answer
}

/// Some clients tell their makers which run a call belongs to: `TerraformTraceId/` and a UUID.
fn without_trace_ids(header: &str) -> String {
    let parts = header.split('/').map(|part| {
        let (word, rest) = part.split_once(' ').unwrap_or((part, ""));
        if !is_request_id(&word.to_ascii_uppercase()) {
            return part.to_owned();
        }
        format!("00000000-0000-0000-0000-000000000000 {rest}").trim_end().to_owned()
    });
    parts.collect::<Vec<_>>().join("/")
}

/// A query or a form, spelled as it was but for what every call has anew.
fn keep_parameters(text: &str, names: &Names) -> String {
    let (before, query) = text.split_once('?').map_or(("", text), |(path, query)| (path, query));
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| {
            let name = pair.split('=').next().unwrap_or("");
            if FRESH.contains(&name) { format!("{name}={{{{{name}}}}}") } else { names.hide(pair) }
        })
        .collect();
    let mark = if text.contains('?') { "?" } else { "" };
    format!("{}{mark}{}", names.hide(before), pairs.join("&"))
}

/// The action of a kept request, wherever it stands.
pub fn action(kept: &Value) -> String {
    let in_target = parameters(query(text(kept, "target")));
    let in_body = parameters(kept["body"].as_str().unwrap_or(""));
    let mut all = in_target.into_iter().chain(in_body);
    all.find_map(|(name, value)| (name == "Action").then_some(value)).unwrap_or_default()
}

/// A kept request as bytes, with this service's ids and a signature of now.
pub fn again(kept: &Value, key: &Key, names: &Names) -> Vec<u8> {
    let method = text(kept, "method");
    let fresh = [nonce(), now()];
    let fill = |text: &str| {
        let filled = names.show(text).replace("{{AccessKeyId}}", &encode(&key.id));
        let filled = filled.replace("{{SignatureNonce}}", &fresh[0]);
        filled.replace("{{Timestamp}}", &encode(&fresh[1]))
    };
    let target = fill(text(kept, "target"));
    let body = fill(kept["body"].as_str().unwrap_or(""));
    let all: BTreeMap<String, String> =
        parameters(query(&target)).into_iter().chain(parameters(&body)).collect();
    let signature = encode(&key.signature(method, &all));
    let sign = |text: String| text.replace("{{Signature}}", &signature);
    let (target, body) = (sign(target), sign(body));
    let mut request = format!("{method} {target} HTTP/1.1\r\n");
    for header in kept["headers"].as_array().expect("a trace keeps headers") {
        let header = names.show(header.as_str().expect("a header is text"));
        request.push_str(&format!("{header}\r\n"));
    }
    request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    request.into_bytes()
}

/// Whether an answer says what the kept one says. Names that are new are bound only where it does.
pub fn check(kept: &Value, answer: &Message, names: &mut Names) -> Result<(), String> {
    let (status, body) = (answer.status(), without_its_id(answer.json()));
    if kept["status"] != status {
        return Err(format!("status: `{}` became `{status}`: `{body}`", kept["status"]));
    }
    let mut trial = Names(names.0.clone());
    trial.compare(&kept["answer"], &body, "")?;
    // A success with one of these is a failure to the provider.
    for field in ["Code", "Message", "Success"] {
        if kept["answer"].get(field).is_none() && body.get(field).is_some() {
            return Err(format!("/{field}: is new: `{body}`"));
        }
    }
    *names = trial;
    Ok(())
}

fn query(target: &str) -> &str {
    target.split_once('?').map_or("", |(_, query)| query)
}

fn text<'a>(kept: &'a Value, field: &str) -> &'a str {
    kept[field].as_str().unwrap_or_else(|| panic!("a trace keeps {field}"))
}
