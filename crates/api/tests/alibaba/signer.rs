//! Signs requests as version 1.0 of the cloud's signatures has it, by the published rules. Nothing of the product signs here,
//! so a mistake in its checks cannot hide.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// An access key.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: String,
    pub secret: String,
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

/// `a=b&c=d`, every name and value encoded.
pub fn query(parameters: &BTreeMap<String, String>) -> String {
    let pairs =
        parameters.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

impl Key {
    /// The signature over sorted parameters, percent-encoded twice, under the secret and an ampersand.
    pub fn signature(&self, method: &str, parameters: &BTreeMap<String, String>) -> String {
        let text = format!("{method}&%2F&{}", encode(&query(parameters)));
        let secret = format!("{}&", self.secret);
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
        STANDARD.encode(hmac::sign(&key, text.as_bytes()))
    }

    /// All parameters of a call, those of the signature with them. `time` is as `2026-11-22T00:56:21Z`.
    pub fn signed(
        &self,
        method: &str,
        (action, time): (&str, &str),
        parameters: impl IntoIterator<Item = (String, String)>,
    ) -> BTreeMap<String, String> {
        let common = [
            ("Action", action),
            ("Version", "2014-05-26"),
            ("Format", "JSON"),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureVersion", "1.0"),
            ("AccessKeyId", &self.id),
            ("SignatureNonce", &nonce()),
            ("Timestamp", time),
        ];
        let common = common.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut all: BTreeMap<String, String> = common.into_iter().chain(parameters).collect();
        all.insert("Signature".to_owned(), self.signature(method, &all));
        all
    }
}

/// Thirty-two hex digits that no other call has.
pub fn nonce() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).unwrap();
    hex::encode(bytes)
}
