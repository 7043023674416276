//! The calls of Alibaba Cloud's provider: signed in RPC style, in the query or in a form.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::ecs::{self, FRESH, encode, nonce, now, parameters};
use crate::provider::trace::{Dialect, Kind, Mark, Names, headers, text};
use crate::wire::Message;
use crate::world::Key;

/// How this provider speaks.
#[derive(Clone, Copy, Debug)]
pub struct Ecs;

const fn kind(prefix: &'static str, name: &'static str) -> Kind {
    Kind { prefix, name, characters: 20 }
}

const KINDS: [Kind; 3] = [kind("m-", "image"), kind("s-", "snapshot"), kind("i-", "instance")];

impl Dialect for Ecs {
    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn is_request_id(&self, text: &str) -> bool {
        let shape = text.replace(|c: char| c.is_ascii_digit() || ('A'..='F').contains(&c), "h");
        shape == "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh"
    }

    fn mark(&self, field: &str, value: &Value) -> Mark {
        match (field, value) {
            ("ImageOwnerId", _) => Mark::Sign("{{number}}"),
            // An estimate: it is there once there is something to go by.
            ("RemainTime", _) => Mark::Nothing,
            ("Progress", value) if is_underway(value) => Mark::Sign("{{progress}}"),
            (_, _) => Mark::Itself,
        }
    }

    fn fits(&self, mark: &str, value: &Value) -> bool {
        match mark {
            "{{number}}" => value.is_number(),
            "{{progress}}" => is_underway(value),
            _ => false,
        }
    }

    /// A refusal names its request in the page that it recommends.
    fn plain(&self, mut answer: Value) -> Value {
        if let (Some(id), Some(page)) = (answer["RequestId"].as_str(), answer["Recommend"].as_str())
        {
            answer["Recommend"] = page.replace(id, "{{request id}}").into();
        }
        answer
    }

    /// A success with one of these is a failure to the provider.
    fn alarms(&self) -> &'static [&'static str] {
        &["/Code", "/Message", "/Success"]
    }

    fn action(&self, kept: &Value) -> String {
        let in_target = parameters(query(text(kept, "target")));
        let in_body = parameters(kept["body"].as_str().unwrap_or(""));
        let mut all = in_target.into_iter().chain(in_body);
        all.find_map(|(name, value)| (name == "Action").then_some(value)).unwrap_or_default()
    }

    fn action_of(&self, request: &Message) -> String {
        ecs::action_of(request)
    }

    fn keep(&self, request: &Message, names: &Names) -> Map<String, Value> {
        let (method, target) = request.request_line();
        let headers: Vec<String> = request
            .headers()
            .filter(|(name, _)| !name.eq_ignore_ascii_case("content-length"))
            .map(|(name, value)| format!("{name}: {}", names.hide(&self.without_trace_ids(value))))
            .collect();
        let mut kept = Map::new();
        kept.insert("method".to_owned(), json!(method));
        kept.insert("target".to_owned(), json!(keep_parameters(target, names)));
        kept.insert("headers".to_owned(), json!(headers));
        if !request.body.is_empty() {
            kept.insert("body".to_owned(), keep_parameters(&request.text(), names).into());
        }
        kept
    }

    fn again(&self, kept: &Value, key: &Key, names: &Names) -> Vec<u8> {
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
        for header in headers(kept) {
            request.push_str(&format!("{}\r\n", names.show(header)));
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        request.into_bytes()
    }
}

impl Ecs {
    /// Some clients tell their makers which run a call belongs to: `TerraformTraceId/` and a UUID.
    fn without_trace_ids(self, header: &str) -> String {
        let parts = header.split('/').map(|part| {
            let (word, rest) = part.split_once(' ').unwrap_or((part, ""));
            if !self.is_request_id(&word.to_ascii_uppercase()) {
                return part.to_owned();
            }
            format!("00000000-0000-0000-0000-000000000000 {rest}").trim_end().to_owned()
        });
        parts.collect::<Vec<_>>().join("/")
    }
}

/// A part of a hundred per cent.
fn is_underway(value: &Value) -> bool {
    let number = value.as_str().and_then(|text| text.strip_suffix('%'));
    number.and_then(|number| number.parse::<u8>().ok()).is_some_and(|number| number < 100)
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

fn query(target: &str) -> &str {
    target.split_once('?').map_or("", |(_, query)| query)
}
