//! The cloud's calls as its users make them: signed in RPC style (HMAC-SHA1, version 1.0) by the published rules.
//! Nothing of the product signs here, so a mistake in its checks cannot hide.
#![allow(dead_code)]
#![allow(clippy::disallowed_methods, reason = "signatures carry the real time")]

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::Value;

pub use crate::wire::clock::time;
pub use crate::wire::send;
pub use crate::world::Key;

use crate::wire::{Message, clock};

/// What a signature replaces: every call has its own.
pub const FRESH: [&str; 4] = ["AccessKeyId", "Signature", "SignatureNonce", "Timestamp"];

impl Key {
    /// Version 1.0: sorted parameters, percent-encoded twice, under the secret and an ampersand.
    pub fn signature(&self, method: &str, parameters: &BTreeMap<String, String>) -> String {
        let pairs: Vec<String> = parameters
            .iter()
            .filter(|(name, _)| *name != "Signature")
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        let text = format!("{method}&%2F&{}", encode(&pairs.join("&")));
        let secret = format!("{}&", self.secret);
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
        STANDARD.encode(hmac::sign(&key, text.as_bytes()))
    }
}

/// Whoever calls the service at an address, `127.0.0.1:7070`.
#[derive(Clone, Debug)]
pub struct Caller {
    pub address: String,
    pub key: Key,
}

impl Caller {
    /// Calls; answers the status and the body.
    pub fn ask(&self, action: &str, parameters: &[(&str, &str)]) -> (u16, Value) {
        let mut all: BTreeMap<String, String> = [
            ("Action", action),
            ("Version", "2014-05-26"),
            ("Format", "JSON"),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureVersion", "1.0"),
            ("AccessKeyId", &self.key.id),
            ("SignatureNonce", &nonce()),
            ("Timestamp", &now()),
        ]
        .into_iter()
        .chain(parameters.iter().copied())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        all.insert("Signature".to_owned(), self.key.signature("POST", &all));
        let query: Vec<String> =
            all.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let head = format!(
            "POST /?{} HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\n\r\n",
            query.join("&"),
            self.address
        );
        let answer = send(&self.address, head.as_bytes());
        (answer.status(), answer.json())
    }

    /// The same for a call that must succeed.
    pub fn good(&self, action: &str, parameters: &[(&str, &str)]) -> Value {
        let (status, answer) = self.ask(action, parameters);
        assert_eq!(status, 200, "{action} {parameters:?}: {answer}");
        answer
    }

    /// The images of a region in any status, by name where one is given.
    pub fn images(&self, region: &str, name: &str) -> Vec<Value> {
        let mut parameters = vec![("RegionId", region), ("Status", "ALL"), ("PageSize", "100")];
        if !name.is_empty() {
            parameters.push(("ImageName", name));
        }
        let answer = self.good("DescribeImages", &parameters);
        answer["Images"]["Image"].as_array().expect("always a list").clone()
    }

    /// The snapshots of a region, by id.
    pub fn snapshots(&self, region: &str) -> Vec<String> {
        let answer = self.good("DescribeSnapshots", &[("RegionId", region), ("PageSize", "100")]);
        let list = answer["Snapshots"]["Snapshot"].as_array().expect("always a list");
        list.iter().map(|snapshot| snapshot["SnapshotId"].as_str().unwrap().to_owned()).collect()
    }
}

/// Thirty-two hex digits that no other call has.
pub fn nonce() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).unwrap();
    hex::encode(bytes)
}

/// The time as signatures carry it: `2026-11-22T00:56:21Z`.
pub fn now() -> String {
    time(clock::seconds())
}

/// Percent-encoded as signatures want it: all but `A-Za-z0-9-_.~`.
pub fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The parameters of a query or of a form.
pub fn parameters(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// The action that a request asks for, wherever it stands.
pub fn action_of(request: &Message) -> String {
    if let Some(action) = request.header("x-acs-action") {
        return action.to_owned();
    }
    let query = request.request_line().1.split_once('?').map_or("", |(_, query)| query);
    let mut all = parameters(query).into_iter().chain(parameters(&request.text()));
    all.find_map(|(name, value)| (name == "Action").then_some(value)).unwrap_or_default()
}

/// A form's spelling undone: `+` is a blank.
pub fn decode(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let digits = [bytes.next().unwrap_or(b'?'), bytes.next().unwrap_or(b'?')];
                out.extend(hex::decode(digits).expect("two hex digits follow a percent sign"));
            }
            other => out.push(other),
        }
    }
    String::from_utf8(out).expect("parameters are UTF-8")
}
