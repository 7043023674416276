//! The older signature: parameters in one order, HMAC-SHA1 or HMAC-SHA256 (contract 4, v1).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::admission::{Algorithm, Claim, moment};
use super::error::ApiError;
use super::wire::{Flavour, Wire};
use crate::cloud::form::Pairs;

const SIGNATURE: &str = "Signature";
/// What must be given, in the order in which it is missed.
const NEEDED: [&str; 5] = ["Action", "SecretId", "Timestamp", "Nonce", SIGNATURE];
/// The longest nonce, in digits: that of the longest number that clients send.
const MAX_NONCE: usize = 20;

/// What a request says of its sender.
pub(super) fn claim(wire: &Wire) -> Result<Claim, ApiError> {
    let given = |name: &str| wire.pairs.get(name).map(String::as_str).unwrap_or_default();
    for name in NEEDED {
        if given(name).is_empty() {
            return Err(ApiError::missing(name));
        }
    }
    let algorithm = match wire.pairs.get("SignatureMethod").map(String::as_str) {
        None | Some("HmacSHA1") => Algorithm::HmacSha1,
        Some("HmacSHA256") => Algorithm::HmacSha256,
        Some(other) => {
            let reason = format!("`{other}` is neither HmacSHA1 nor HmacSHA256");
            return Err(ApiError::value("SignatureMethod", reason));
        }
    };
    check_nonce(given("Nonce"))?;
    // Strict, so that no second spelling of a signature passes.
    let signature = STANDARD.decode(given(SIGNATURE)).map_err(|_| {
        ApiError::new("AuthFailure.SignatureFailure", "The signature is not base64.")
    })?;
    Ok(Claim {
        key: given("SecretId").to_owned(),
        at: moment("Timestamp", given("Timestamp"))?,
        algorithm,
        is_temporary: wire.is_temporary(),
        texts: strings_to_sign(wire),
        signature,
    })
}

/// A nonce must be there, and means nothing: one client sends the same one always (contract 4).
fn check_nonce(nonce: &str) -> Result<(), ApiError> {
    if nonce.len() <= MAX_NONCE && nonce.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(ApiError::invalid("Nonce", "it is not a whole number"))
}

/// What may have been signed. Some clients sign `/` whatever their path is, and the Python clients sign `.` for `_` in names;
/// requests do not say which.
fn strings_to_sign(wire: &Wire) -> Vec<String> {
    let mut lines = vec![canonical(&wire.pairs)];
    if let Some(dotted) = dotted(&wire.pairs) {
        lines.push(canonical(&dotted));
    }
    let mut paths = vec![wire.path.as_str()];
    if wire.path != "/" && wire.flavour == Flavour::Current {
        paths.push("/");
    }
    let of = |path: &&str, line: &String| format!("{}{}{path}?{line}", wire.method, wire.host);
    paths.iter().flat_map(|path| lines.iter().map(move |line| of(path, line))).collect()
}

/// The parameters in the order of their names, as they are: not encoded.
fn canonical(pairs: &Pairs) -> String {
    let kept = pairs.iter().filter(|(name, _)| *name != SIGNATURE);
    kept.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// The same with `.` for `_` in names. None where no name has one, or where two names become the same.
fn dotted(pairs: &Pairs) -> Option<Pairs> {
    if !pairs.keys().any(|name| name.contains('_')) {
        return None;
    }
    let renamed = pairs.iter().map(|(name, value)| (name.replace('_', "."), value.clone()));
    let renamed: Pairs = renamed.collect();
    (renamed.len() == pairs.len()).then_some(renamed)
}
