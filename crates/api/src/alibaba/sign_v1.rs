//! The older signature: parameters in one order, HMAC-SHA1 (contract 2, v1).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use zeroize::Zeroizing;

use super::admission::{Claim, incomplete};
use super::error::ApiError;
use super::wire::{Wire, canonical};
use crate::cloud::form::encoded;

const SIGNATURE: &str = "Signature";
/// What must be given, in the order in which it is missed, with the spelling of the answer.
const NEEDED: [(&str, &str); 8] = [
    ("Action", "Action"),
    ("Version", "Version"),
    ("AccessKeyId", "AccessKeyId"),
    ("SignatureMethod", "SignatureMethod"),
    ("SignatureVersion", "SignatureVersion"),
    ("SignatureNonce", "SignatureNonce"),
    ("Timestamp", "TimeStamp"),
    (SIGNATURE, SIGNATURE),
];

/// What a request says of its sender.
pub(super) fn claim(wire: &Wire) -> Result<Claim, ApiError> {
    let given = |name: &str| wire.parameters.get(name).map(String::as_str).unwrap_or_default();
    for (name, shown) in NEEDED {
        if given(name).is_empty() {
            return Err(ApiError::missing(shown));
        }
    }
    for (name, only) in [("SignatureMethod", "HMAC-SHA1"), ("SignatureVersion", "1.0")] {
        if given(name) != only {
            let message =
                format!("The specified parameter \"{name}\" is not valid: only {only} is taken.");
            return Err(ApiError::bad("InvalidParamater", message));
        }
    }
    // Strict, so that no second spelling of a signature passes.
    let signature =
        STANDARD.decode(given(SIGNATURE)).map_err(|_| incomplete("Signature is not base64"))?;
    Ok(Claim {
        key: given("AccessKeyId").to_owned(),
        at: given("Timestamp").to_owned(),
        nonce: given("SignatureNonce").to_owned(),
        is_temporary: !given("SecurityToken").is_empty(),
        to_sign: string_to_sign(wire),
        signature,
        canonical: None,
    })
}

/// What is signed.
pub(super) fn string_to_sign(wire: &Wire) -> String {
    let parameters = encoded(&canonical(&wire.parameters, SIGNATURE));
    format!("{}&%2F&{parameters}", wire.method)
}

/// Whether this secret made this signature, in a time that does not depend on where it differs.
pub(super) fn is_right(secret: &[u8], to_sign: &str, signature: &[u8]) -> bool {
    let key = Zeroizing::new([secret, b"&"].concat());
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    hmac::verify(&key, to_sign.as_bytes(), signature).is_ok()
}
