//! The calls of Tencent Cloud's provider: JSON, signed with TC3-HMAC-SHA256 in a header.

use serde_json::{Map, Value, json};

use crate::cvm::{self, Signed};
use crate::provider::trace::{Dialect, Kind, Mark, Names, headers, text};
use crate::wire::{Message, clock};
use crate::world::Key;

/// How this provider speaks.
#[derive(Clone, Copy, Debug)]
pub struct Cvm;

const KINDS: [Kind; 2] = [
    Kind { prefix: "img-", name: "image", characters: 8 },
    Kind { prefix: "snap-", name: "snapshot", characters: 20 },
];

impl Dialect for Cvm {
    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn is_request_id(&self, text: &str) -> bool {
        let shape = text.replace(|c: char| c.is_ascii_digit() || ('a'..='f').contains(&c), "h");
        shape == "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh"
    }

    fn mark(&self, field: &str, value: &Value) -> Mark {
        match field {
            "ImageCreator" if is_account(value) => Mark::Sign("{{account}}"),
            "SyncPercent" | "Percent" if is_underway(value) => Mark::Sign("{{percent}}"),
            "TaskId" if value.is_number() => Mark::Sign("{{number}}"),
            _ => Mark::Itself,
        }
    }

    fn fits(&self, mark: &str, value: &Value) -> bool {
        match mark {
            "{{account}}" => is_account(value),
            "{{percent}}" => is_underway(value),
            "{{number}}" => value.is_number(),
            _ => false,
        }
    }

    fn alarms(&self) -> &'static [&'static str] {
        &["/Response/Error"]
    }

    fn action(&self, kept: &Value) -> String {
        value(kept, "x-tc-action").to_owned()
    }

    fn action_of(&self, request: &Message) -> String {
        cvm::action_of(request)
    }

    fn keep(&self, request: &Message, names: &Names) -> Map<String, Value> {
        let (method, target) = request.request_line();
        let headers: Vec<String> = request
            .headers()
            .filter(|(name, _)| !name.eq_ignore_ascii_case("content-length"))
            .map(|(name, value)| format!("{name}: {}", names.hide(&without_freshness(name, value))))
            .collect();
        let mut kept = Map::new();
        kept.insert("method".to_owned(), json!(method));
        kept.insert("target".to_owned(), json!(names.hide(target)));
        kept.insert("headers".to_owned(), json!(headers));
        kept.insert("body".to_owned(), json!(names.hide(&request.text())));
        kept
    }

    fn again(&self, kept: &Value, key: &Key, names: &Names) -> Vec<u8> {
        let body = names.show(text(kept, "body"));
        let scope = value(kept, "authorization").split('/').nth(2);
        let signed = Signed {
            service: scope.expect("a kept scope is `Credential={{SecretId}}/{{Date}}/cvm/…`"),
            timestamp: clock::seconds(),
            content_type: value(kept, "content-type"),
            host: value(kept, "host"),
            body: &body,
        };
        let fresh = [
            ("{{SecretId}}", key.id.clone()),
            ("{{Date}}", signed.date()),
            ("{{Timestamp}}", signed.timestamp.to_string()),
            ("{{Signature}}", key.tc3(&signed)),
        ];
        let target = names.show(text(kept, "target"));
        let mut request = format!("{} {target} HTTP/1.1\r\n", text(kept, "method"));
        for header in headers(kept) {
            let fill = |text: String, (mark, value): &(&str, String)| text.replace(mark, value);
            request.push_str(&fresh.iter().fold(names.show(header), fill));
            request.push_str("\r\n");
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        request.into_bytes()
    }
}

/// A kept header's value.
fn value<'a>(kept: &'a Value, name: &str) -> &'a str {
    let mut all = headers(kept).filter_map(|line| line.split_once(": "));
    let found = all.find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.unwrap_or_else(|| panic!("a trace keeps {name}")).1
}

/// A header's value with marks for the key, the time and the signature.
fn without_freshness(name: &str, value: &str) -> String {
    if name.eq_ignore_ascii_case("x-tc-timestamp") {
        return "{{Timestamp}}".to_owned();
    }
    if !name.eq_ignore_ascii_case("authorization") {
        return value.to_owned();
    }
    let mut parts = value.split('/');
    let start = parts.next().and_then(|start| start.split_once("Credential="));
    let (algorithm, _) = start.expect("a signature names its key");
    let rest: Vec<&str> = parts.skip(1).collect();
    let rest = rest.join("/");
    let (scope, _) = rest.split_once("Signature=").expect("a signature is there");
    format!(
        "{algorithm}Credential={{{{SecretId}}}}/{{{{Date}}}}/{scope}Signature={{{{Signature}}}}"
    )
}

/// The number of an account.
fn is_account(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A part of a hundred per cent.
fn is_underway(value: &Value) -> bool {
    value.as_u64().is_some_and(|percent| percent < 100)
}
