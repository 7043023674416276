//! Signs requests in both versions of the cloud's signatures, by the published rules. Nothing of the product signs here, so a
//! mistake in its checks cannot hide.

use axum::body::Body;
use axum::http::{Method, Request};
use ring::{digest, hmac};

/// The headers that the newer clients sign.
const NEWER: &str = "content-type;host";
/// The headers that the older clients sign.
const OLDER: &str = "content-type;host;x-jdcloud-date;x-jdcloud-nonce";

/// An access key.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: String,
    pub secret: String,
}

/// Which of the two signatures.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Version {
    Two,
    Three,
}

impl Version {
    fn number(self) -> u32 {
        match self {
            Version::Two => 2,
            Version::Three => 3,
        }
    }
}

/// A request before it is signed.
#[derive(Clone, Debug)]
pub struct Unsigned {
    pub method: Method,
    /// Decoded, from `/v1` on.
    pub path: String,
    /// Decoded pairs.
    pub query: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// `vm` or `disk`.
    pub service: &'static str,
    /// The region that it is signed for.
    pub region: String,
    /// `20261122T010154Z`.
    pub at: String,
    pub version: Version,
}

/// A request that can be sent, more than once.
#[derive(Clone, Debug)]
pub struct Signed {
    pub method: Method,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Signed {
    pub fn request(&self) -> Request<Body> {
        let mut request = Request::builder().method(self.method.clone()).uri(&self.target);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Body::from(self.body.clone())).unwrap()
    }

    /// The same with another value of a header, or without it where that is empty.
    pub fn with(mut self, name: &str, value: &str) -> Signed {
        self.headers.retain(|(known, _)| known != name);
        if !value.is_empty() {
            self.headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

fn encode(text: &str) -> String {
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

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

/// Thirty-two hex digits that no other call has.
fn nonce() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).unwrap();
    hex::encode(bytes)
}

impl Key {
    /// Signs a request as the clients of its version do, and spells its target as they do: the older ones in the Go client's way.
    pub fn sign(&self, request: Unsigned) -> Signed {
        let Unsigned { method, path, query, body, service, region, at, version } = request;
        let (number, nonce) = (version.number(), nonce());
        let path: Vec<String> = path.split('/').map(encode).collect();
        let path = path.join("/");
        let mut pairs: Vec<(String, String)> =
            query.iter().map(|(name, value)| (encode(name), encode(value))).collect();
        let joined = |pairs: &[(String, String)]| {
            let pairs = pairs.iter().map(|(name, value)| format!("{name}={value}"));
            pairs.collect::<Vec<_>>().join("&")
        };
        let sent = joined(&pairs);
        // By names and then values: `ids.1` is before `ids.10`, though `ids.1=` is behind `ids.10=`.
        pairs.sort();
        let host = "127.0.0.1:7700";
        let (listed, more) = match version {
            Version::Two => (OLDER, format!("x-jdcloud-date:{at}\nx-jdcloud-nonce:{nonce}\n")),
            Version::Three => (NEWER, String::new()),
        };
        let digest = sha256(&body);
        let canonical = format!(
            "{method}\n{path}\n{}\ncontent-type:application/json\nhost:{host}\n{more}\n{listed}\n{digest}",
            joined(&pairs)
        );
        let scope = format!("{}/{region}/{service}/jdcloud{number}_request", &at[..8]);
        let algorithm = format!("JDCLOUD{number}-HMAC-SHA256");
        let text = format!("{algorithm}\n{at}\n{scope}\n{}", sha256(canonical.as_bytes()));
        let first = format!("JDCLOUD{number}{}", self.secret).into_bytes();
        let key = scope.split('/').fold(first, |key, part| hmac(&key, part));
        let signature = hex::encode(hmac(&key, &text));
        let authorization = format!(
            "{algorithm} Credential={}/{scope}, SignedHeaders={listed}, Signature={signature}",
            self.id
        );
        let target = if version == Version::Three { path.replace("%3A", ":") } else { path };
        let target = if sent.is_empty() { target } else { format!("{target}?{sent}") };
        let headers = [
            ("host", host),
            ("content-type", "application/json"),
            ("x-jdcloud-date", &at),
            ("x-jdcloud-nonce", &nonce),
            ("authorization", &authorization),
        ];
        let mut headers: Vec<_> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        if version == Version::Three {
            headers.push(("x-jdcloud-content-sha256".to_owned(), digest));
        }
        Signed { method, target, headers, body }
    }
}
