//! Signs requests as TC3-HMAC-SHA256 and as the older HmacSHA256 have it, by the published rules. Nothing of the product signs
//! here, so a mistake in its checks cannot hide.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac};

/// An access key.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: String,
    pub secret: String,
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn sha256(text: &str) -> String {
    hex::encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

/// The content type that is signed.
pub const JSON: &str = "application/json";

impl Key {
    /// The header `Authorization` of a POST of this body to a host, at some seconds since 1970, on that day (`2023-11-14`).
    pub fn authorization(
        &self,
        (service, host): (&str, &str),
        (seconds, day): (i64, &str),
        body: &str,
    ) -> String {
        let signed = "content-type;host";
        let headers = format!("content-type:{JSON}\nhost:{host}\n");
        let request = format!("POST\n/\n\n{headers}\n{signed}\n{}", sha256(body));
        let scope = format!("{day}/{service}/tc3_request");
        let text = format!("TC3-HMAC-SHA256\n{seconds}\n{scope}\n{}", sha256(&request));
        let of_day = hmac(format!("TC3{}", self.secret).as_bytes(), day);
        let of_service = hmac(&of_day, service);
        let signing = hmac(&of_service, "tc3_request");
        let signature = hex::encode(hmac(&signing, &text));
        format!(
            "TC3-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={signed}, Signature={signature}",
            self.id
        )
    }

    /// The parameters of a POST to a host and path, with the older signature among them.
    pub fn signed(
        &self,
        (host, path): (&str, &str),
        mut parameters: BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        parameters.insert("SecretId".to_owned(), self.id.clone());
        parameters.insert("SignatureMethod".to_owned(), "HmacSHA256".to_owned());
        let pairs: Vec<_> =
            parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let text = format!("POST{host}{path}?{}", pairs.join("&"));
        let signature = STANDARD.encode(hmac(self.secret.as_bytes(), &text));
        parameters.insert("Signature".to_owned(), signature);
        parameters
    }
}

/// `a=b&c=d`, every name and value encoded.
pub fn form(parameters: &BTreeMap<String, String>) -> String {
    let encode = |text: &str| {
        let mut out = String::new();
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
        out
    };
    let pairs =
        parameters.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}
