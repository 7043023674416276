//! Requests as the clouds' own clients sign them, written anew: nothing of the doors that check them is used here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use ring::{digest, hmac};

/// An access key.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

/// Where requests go, and when they are signed.
#[derive(Clone, Debug)]
pub struct Place {
    /// Host and port.
    pub host: String,
    /// The region that is asked.
    pub region: String,
}

/// A request that is ready to be sent.
pub type Signed = Request<Full<Bytes>>;

fn hex_digest(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

/// Everything but letters, digits and `-_.~` as its bytes.
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn query(pairs: &[(&str, String)]) -> String {
    let mut pairs: Vec<_> =
        pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.sort();
    pairs.join("&")
}

fn now(form: &str) -> String {
    jiff::Timestamp::now().strftime(form).to_string()
}

fn ready(builder: hyper::http::request::Builder, body: String) -> Signed {
    builder.body(Full::new(Bytes::from(body))).expect("its parts are legal")
}

/// Alibaba Cloud, `ACS3-HMAC-SHA256`, as a GET. `nonce` was never used before.
pub fn alibaba(
    key: &Key,
    at: &Place,
    action: &str,
    pairs: &[(&str, String)],
    nonce: &str,
) -> Signed {
    let mut pairs = pairs.to_vec();
    pairs.push(("RegionId", at.region.clone()));
    let (query, date, digest) = (query(&pairs), now("%Y-%m-%dT%H:%M:%SZ"), hex_digest(b""));
    let headers = [
        ("host", at.host.as_str()),
        ("x-acs-action", action),
        ("x-acs-content-sha256", &digest),
        ("x-acs-date", &date),
        ("x-acs-signature-nonce", nonce),
        ("x-acs-version", "2014-05-26"),
    ];
    let names = headers.map(|(name, _)| name).join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let canonical = format!("GET\n/\n{query}\n{lines}\n{names}\n{digest}");
    let text = format!("ACS3-HMAC-SHA256\n{}", hex_digest(canonical.as_bytes()));
    let signature = hex::encode(mac(key.secret.as_bytes(), &text));
    let authorization = format!(
        "ACS3-HMAC-SHA256 Credential={},SignedHeaders={names},Signature={signature}",
        key.id
    );
    let mut builder = Request::get(format!("/?{query}")).header("authorization", authorization);
    for (name, value) in headers {
        builder = builder.header(name, value);
    }
    ready(builder, String::new())
}

/// Tencent Cloud, `TC3-HMAC-SHA256`, as a POST of JSON.
pub fn tencent(key: &Key, at: &Place, action: &str, body: String) -> Signed {
    let instant = jiff::Timestamp::now();
    let (second, day) = (instant.as_second().to_string(), instant.strftime("%Y-%m-%d").to_string());
    let media = "application/json";
    let canonical = format!(
        "POST\n/\n\ncontent-type:{media}\nhost:{}\n\ncontent-type;host\n{}",
        at.host,
        hex_digest(body.as_bytes())
    );
    let scope = format!("{day}/cvm/tc3_request");
    let text = format!("TC3-HMAC-SHA256\n{second}\n{scope}\n{}", hex_digest(canonical.as_bytes()));
    let mut secret = format!("TC3{}", key.secret).into_bytes();
    for part in [day.as_str(), "cvm", "tc3_request"] {
        secret = mac(&secret, part);
    }
    let signature = hex::encode(mac(&secret, &text));
    let authorization = format!(
        "TC3-HMAC-SHA256 Credential={}/{scope}, SignedHeaders=content-type;host, Signature={signature}",
        key.id
    );
    let builder = Request::post("/")
        .header("host", &at.host)
        .header("content-type", media)
        .header("x-tc-action", action)
        .header("x-tc-version", "2017-03-12")
        .header("x-tc-region", &at.region)
        .header("x-tc-timestamp", second)
        .header("authorization", authorization);
    ready(builder, body)
}

/// JD Cloud, `JDCLOUD2-HMAC-SHA256`, as a GET below the region's path.
pub fn jdcloud(key: &Key, at: &Place, path: &str, pairs: &[(&str, String)]) -> Signed {
    let (query, date) = (query(pairs), now("%Y%m%dT%H%M%SZ"));
    let path = format!("/v1/regions/{}/{path}", at.region);
    let day = &date[..8];
    let nonce = "bench";
    let names = "host;x-jdcloud-date;x-jdcloud-nonce";
    let canonical = format!(
        "GET\n{path}\n{query}\nhost:{}\nx-jdcloud-date:{date}\nx-jdcloud-nonce:{nonce}\n\n{names}\n{}",
        at.host,
        hex_digest(b"")
    );
    let scope = format!("{day}/{}/vm/jdcloud2_request", at.region);
    let text =
        format!("JDCLOUD2-HMAC-SHA256\n{date}\n{scope}\n{}", hex_digest(canonical.as_bytes()));
    let mut secret = format!("JDCLOUD2{}", key.secret).into_bytes();
    for part in [day, &at.region, "vm", "jdcloud2_request"] {
        secret = mac(&secret, part);
    }
    let signature = hex::encode(mac(&secret, &text));
    let authorization = format!(
        "JDCLOUD2-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
        key.id
    );
    let builder = Request::get(format!("{path}?{query}"))
        .header("host", &at.host)
        .header("x-jdcloud-date", &date)
        .header("x-jdcloud-nonce", nonce)
        .header("authorization", authorization);
    ready(builder, String::new())
}

fn basic(key: &Key) -> String {
    format!("Basic {}", STANDARD.encode(format!("{}:{}", key.id, key.secret)))
}

/// The native API, as a GET below the region's path.
pub fn native(key: &Key, at: &Place, path: &str, pairs: &[(&str, String)]) -> Signed {
    let target = format!("/v1/regions/{}/{path}?{}", at.region, query(pairs));
    let builder = Request::get(target).header("host", &at.host).header("authorization", basic(key));
    ready(builder, String::new())
}

/// The native API, a copy of an image to another region.
pub fn copy(key: &Key, at: &Place, image: &str, target: &str) -> Signed {
    let builder = Request::post(format!("/v1/regions/{}/images/{image}/copies", at.region))
        .header("host", &at.host)
        .header("content-type", "application/json")
        .header("authorization", basic(key));
    ready(builder, format!("{{\"targets\":[\"{target}\"]}}"))
}

/// What needs no key.
pub fn plain(at: &Place, path: &str) -> Signed {
    ready(Request::get(path).header("host", &at.host), String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_encoded_as_the_clouds_write_them() {
        assert_eq!(encoded("a-b_c.d~e f/字*"), "a-b_c.d~e%20f%2F%E5%AD%97%2A");
        assert_eq!(query(&[("b", "2 ".into()), ("a", "&".into())]), "a=%26&b=2%20");
    }
}
