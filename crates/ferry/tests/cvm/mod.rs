//! Tencent Cloud's calls as its users make them: signed with TC3-HMAC-SHA256 by the published rules. Nothing of the product
//! signs here, so a mistake in its checks cannot hide.
#![allow(dead_code)]

use ring::{digest, hmac};
use serde_json::{Value, json};

use crate::wire::{Message, clock, send};
use crate::world::Key;

/// A request as its signature sees it.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// `cvm`
    pub service: &'a str,
    /// Seconds after 1970.
    pub timestamp: u64,
    pub content_type: &'a str,
    pub host: &'a str,
    pub body: &'a str,
}

impl Signed<'_> {
    /// The date that the signature is good for: `2026-11-22`.
    pub fn date(&self) -> String {
        clock::time(self.timestamp)[..10].to_owned()
    }
}

impl Key {
    /// Of a POST to `/` whose signed headers are `content-type;host`: lower-case hex.
    pub fn tc3(&self, signed: &Signed<'_>) -> String {
        let canonical = format!(
            "POST\n/\n\ncontent-type:{}\nhost:{}\n\ncontent-type;host\n{}",
            signed.content_type,
            signed.host,
            sha256(signed.body)
        );
        let date = signed.date();
        let text = format!(
            "TC3-HMAC-SHA256\n{}\n{date}/{}/tc3_request\n{}",
            signed.timestamp,
            signed.service,
            sha256(&canonical)
        );
        let secret = format!("TC3{}", self.secret).into_bytes();
        let under = |key: Vec<u8>, text: &str| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
            hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
        };
        let key = [&date, signed.service, "tc3_request"].into_iter().fold(secret, under);
        hex::encode(under(key, &text))
    }
}

fn sha256(text: &str) -> String {
    hex::encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

/// The version that a service's calls name.
fn version(service: &str) -> &'static str {
    if service == "tag" { "2018-08-13" } else { "2017-03-12" }
}

/// The action that a request asks for.
pub fn action_of(request: &Message) -> String {
    request.header("x-tc-action").unwrap_or_default().to_owned()
}

/// Whoever calls the service at an address, `127.0.0.1:7070`.
#[derive(Clone, Debug)]
pub struct Caller {
    pub address: String,
    pub key: Key,
}

/// What is called, and where: `cvm`, `ap-guangzhou`.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a>(pub &'a str, pub &'a str);

impl Caller {
    /// Calls; answers what stands in `Response`, an error or not.
    pub fn ask(&self, Place(service, region): Place<'_>, action: &str, body: &Value) -> Value {
        let host = format!("{service}.tencentcloudapi.com");
        let (timestamp, body) = (clock::seconds(), body.to_string());
        let content_type = "application/json";
        let signed = Signed { service, timestamp, content_type, host: &host, body: &body };
        let head = format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\
             X-TC-Action: {action}\r\nX-TC-Version: {}\r\nX-TC-Region: {region}\r\nX-TC-Timestamp: {timestamp}\r\n\
             Authorization: TC3-HMAC-SHA256 Credential={}/{}/{service}/tc3_request, SignedHeaders=content-type;host, \
             Signature={}\r\n\r\n{body}",
            body.len(),
            version(service),
            self.key.id,
            signed.date(),
            self.key.tc3(&signed),
        );
        let answer = send(&self.address, head.as_bytes());
        assert_eq!(answer.status(), 200, "{action} {body}: {}", answer.text());
        answer.json()["Response"].clone()
    }

    /// The same for a call that must succeed.
    pub fn good(&self, place: Place<'_>, action: &str, body: &Value) -> Value {
        let answer = self.ask(place, action, body);
        assert!(answer["Error"].is_null(), "{action} {body} at {place:?}: {answer}");
        answer
    }

    /// The images of a region that are the caller's own, by name where one is given.
    pub fn images(&self, region: &str, name: &str) -> Vec<Value> {
        let mut filters = vec![json!({"Name": "image-type", "Values": ["PRIVATE_IMAGE"]})];
        if !name.is_empty() {
            filters.push(json!({"Name": "image-name", "Values": [name]}));
        }
        let body = json!({"Filters": filters, "Limit": 100});
        let answer = self.good(Place("cvm", region), "DescribeImages", &body);
        answer["ImageSet"].as_array().expect("always a list").clone()
    }
}
