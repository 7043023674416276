//! All of the ways in which clients sign and send the same, by the published rules: the newer signature over a POST and a GET, and
//! the older over either, with either digest. Nothing of the product signs here, so a mistake in its checks cannot hide.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac};

use crate::signer::{JSON, Key, form};

/// The media type of the parameters of a POST under the older signature.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// Names and values.
pub type Pairs = BTreeMap<String, String>;

/// A request that can be sent, more than once.
#[derive(Clone, Debug)]
pub struct Signed {
    pub method: &'static str,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Signed {
    pub fn request(&self) -> Request<Body> {
        let mut request = Request::builder().method(self.method).uri(&self.target);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Body::from(self.body.clone())).unwrap()
    }

    /// What goes over a connection.
    pub fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\nConnection: close\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n", self.body.len()));
        [text.into_bytes(), self.body.clone()].concat()
    }

    /// The same with another value of a header, or without it where that is empty.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Signed {
        self.headers.retain(|(known, _)| known != name);
        if !value.is_empty() {
            self.headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// The same to another target.
    #[must_use]
    pub fn at(self, target: &str) -> Signed {
        Signed { target: target.to_owned(), ..self }
    }

    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

/// What is asked under the newer signature.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    pub action: &'a str,
    /// None where it is empty.
    pub region: &'a str,
    pub service: &'a str,
    /// The host, as it is sent.
    pub host: &'a str,
    /// Seconds since 1970.
    pub at: i64,
}

/// How a request of the older signature is sent.
#[derive(Clone, Debug)]
pub struct Sent<'a> {
    pub method: &'static str,
    pub host: &'a str,
    /// The path that it goes to.
    pub path: &'a str,
    /// The path that is signed.
    pub signed_path: &'a str,
}

impl<'a> Sent<'a> {
    /// To the root.
    pub const fn to_root(method: &'static str, host: &'a str) -> Sent<'a> {
        Sent { method, host, path: "/", signed_path: "/" }
    }
}

/// What is signed of a request of the newer signature, beside what is asked.
struct Shape<'a> {
    method: &'static str,
    target: &'a str,
    kind: &'a str,
    /// The signed headers.
    listed: &'a str,
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

fn mac(algorithm: hmac::Algorithm, key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(algorithm, key), text.as_bytes()).as_ref().to_vec()
}

/// Pairs of texts.
pub fn pairs(pairs: &[(&str, &str)]) -> Pairs {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

impl Key {
    /// TC3-HMAC-SHA256 over a POST of JSON, as all clients send it.
    pub fn tc3(&self, asked: &Asked<'_>, body: &[u8]) -> Signed {
        let listed = "content-type;host";
        self.tc3_of(asked, Shape { method: "POST", target: "/", kind: JSON, listed }, body)
    }

    /// The same over a GET, whose parameters are in its query.
    pub fn tc3_get(&self, asked: &Asked<'_>, query: &str) -> Signed {
        let target = if query.is_empty() { "/".to_owned() } else { format!("/?{query}") };
        let listed = "content-type;host";
        self.tc3_of(asked, Shape { method: "GET", target: &target, kind: FORM, listed }, b"")
    }

    /// With the action signed too, in lower case, as the documents' examples do.
    pub fn tc3_documented(&self, asked: &Asked<'_>, body: &[u8]) -> Signed {
        let (kind, listed) = ("application/json; charset=utf-8", "content-type;host;x-tc-action");
        self.tc3_of(asked, Shape { method: "POST", target: "/", kind, listed }, body)
    }

    fn tc3_of(&self, asked: &Asked<'_>, shape: Shape<'_>, body: &[u8]) -> Signed {
        let Asked { action, region, service, host, at } = asked;
        let Shape { method, target, kind, listed } = shape;
        let date = jiff::Timestamp::from_second(*at).unwrap().strftime("%Y-%m-%d").to_string();
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let mut headers = format!("content-type:{kind}\nhost:{host}\n");
        if listed.contains("x-tc-action") {
            headers.push_str(&format!("x-tc-action:{}\n", action.to_lowercase()));
        }
        let canonical = format!("{method}\n/\n{query}\n{headers}\n{listed}\n{}", sha256(body));
        let scope = format!("{date}/{service}/tc3_request");
        let text = format!("TC3-HMAC-SHA256\n{at}\n{scope}\n{}", sha256(canonical.as_bytes()));
        let first = format!("TC3{}", self.secret).into_bytes();
        let key = scope.split('/').fold(first, |key, part| mac(hmac::HMAC_SHA256, &key, part));
        let signature = hex::encode(mac(hmac::HMAC_SHA256, &key, &text));
        let authorization = format!(
            "TC3-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={listed}, Signature={signature}",
            self.id
        );
        let at = at.to_string();
        let headers = [
            ("host", *host),
            ("content-type", kind),
            ("x-tc-action", action),
            ("x-tc-version", "2017-03-12"),
            ("x-tc-timestamp", &at),
            ("x-tc-region", region),
            ("authorization", &authorization),
        ];
        let headers = headers.iter().filter(|(_, value)| !value.is_empty());
        let headers =
            headers.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Signed { method, target: target.to_owned(), headers, body: body.to_vec() }
    }

    /// The older signature over parameters, which say themselves by `SignatureMethod` how.
    pub fn v1(&self, sent: &Sent<'_>, mut parameters: Pairs) -> Signed {
        let Sent { method, host, path, signed_path } = sent;
        parameters.insert("SecretId".to_owned(), self.id.clone());
        let plain = parameters.iter().map(|(name, value)| format!("{name}={value}"));
        let plain = plain.collect::<Vec<_>>().join("&");
        let text = format!("{method}{host}{signed_path}?{plain}");
        let algorithm = match parameters.get("SignatureMethod").map(String::as_str) {
            Some("HmacSHA256") => hmac::HMAC_SHA256,
            _ => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        };
        let signature = STANDARD.encode(mac(algorithm, self.secret.as_bytes(), &text));
        parameters.insert("Signature".to_owned(), signature);
        let (form, host) = (form(&parameters), ("host".to_owned(), (*host).to_owned()));
        if *method == "GET" {
            let target = format!("{path}?{form}");
            return Signed { method, target, headers: vec![host], body: Vec::new() };
        }
        let kind = ("content-type".to_owned(), FORM.to_owned());
        let (target, body) = ((*path).to_owned(), form.into_bytes());
        Signed { method, target, headers: vec![host, kind], body }
    }
}
