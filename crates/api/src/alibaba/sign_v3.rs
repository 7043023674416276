//! The newer signature: the request line, named headers and the digest of the body, HMAC-SHA256 (contract 2, v3).

use std::collections::BTreeSet;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use ring::hmac;

use super::admission::{Claim, incomplete};
use super::error::ApiError;
use super::wire::{OWN_HEADERS, Wire, canonical};
use crate::cloud::mac::sha256_hex;

const ALGORITHM: &str = "ACS3-HMAC-SHA256";
const DIGEST: &str = "x-acs-content-sha256";
const KEY: &str = "x-acs-accesskey-id";
const DATE: &str = "x-acs-date";
const NONCE: &str = "x-acs-signature-nonce";
const TOKEN: &str = "x-acs-security-token";
/// Headers that must be there. All of them are signed, as every other `x-acs-` header is (api-06).
const NEEDED: [&str; 5] = ["x-acs-action", "x-acs-version", DATE, NONCE, DIGEST];

/// The three parts of the header `Authorization`.
#[derive(Debug, PartialEq, Eq)]
struct Authorization<'a> {
    key: &'a str,
    /// Lower-case names, set apart by `;`.
    headers: &'a str,
    signature: &'a str,
}

/// What a request says of its sender.
pub(super) fn claim(wire: &Wire) -> Result<Claim, ApiError> {
    let stated =
        wire.header(AUTHORIZATION.as_str()).ok_or_else(|| ApiError::missing("Authorization"))?;
    let stated = authorization(&stated)?;
    if wire.parameters.contains_key("Signature") {
        let reason =
            "the request is signed by its header Authorization; it cannot have two signatures";
        return Err(ApiError::invalid("Signature", reason));
    }
    for name in NEEDED {
        if wire.header(name).is_none_or(|value| value.is_empty()) {
            return Err(ApiError::missing(name));
        }
    }
    check_signed(wire, stated.headers)?;
    check_digest(wire)?;
    if wire.header(KEY).is_some_and(|key| key != stated.key) {
        return Err(incomplete("Credential and x-acs-accesskey-id are not the same"));
    }
    let request = canonical_request(wire, stated.headers)?;
    Ok(Claim {
        key: stated.key.to_owned(),
        at: wire.header(DATE).unwrap_or_default(),
        nonce: wire.header(NONCE).unwrap_or_default(),
        is_temporary: wire.header(TOKEN).is_some_and(|token| !token.is_empty()),
        to_sign: string_to_sign(&request),
        signature: lower_hex(stated.signature)
            .ok_or_else(|| incomplete("Signature is not hexadecimal"))?,
        canonical: Some(request),
    })
}

/// Reads `ACS3-HMAC-SHA256 Credential=..,SignedHeaders=..,Signature=..`, its parts in any order.
fn authorization(text: &str) -> Result<Authorization<'_>, ApiError> {
    let (algorithm, rest) = text.split_once(' ').unwrap_or((text, ""));
    if algorithm != ALGORITHM {
        let message =
            format!("The specified signature algorithm is not valid: only {ALGORITHM} is taken.");
        return Err(ApiError::bad("InvalidParamater", message));
    }
    let parts: Vec<_> = rest.split(',').filter_map(|part| part.trim().split_once('=')).collect();
    let part = |wanted: &str| {
        let mut named = parts.iter().filter(|(name, value)| *name == wanted && !value.is_empty());
        let found =
            named.next().ok_or_else(|| incomplete(&format!("Authorization has no {wanted}")))?;
        Ok::<_, ApiError>(found.1)
    };
    let read = Authorization {
        key: part("Credential")?,
        headers: part("SignedHeaders")?,
        signature: part("Signature")?,
    };
    if parts.len() != 3 || rest.split(',').count() != 3 {
        return Err(incomplete(
            "Authorization has more than Credential, SignedHeaders and Signature",
        ));
    }
    Ok(read)
}

/// The client's list decides what is signed; what decides what a request means must be on it (api-06).
fn check_signed(wire: &Wire, signed: &str) -> Result<(), ApiError> {
    let mut names = BTreeSet::new();
    for name in signed.split(';') {
        if name.chars().any(char::is_uppercase) || !names.insert(name) {
            return Err(incomplete(&format!(
                "SignedHeaders names {name} twice, or not in lower case"
            )));
        }
        if wire.headers.get_all(name).iter().count() != 1 {
            return Err(incomplete(&format!("the signed header {name} is not there once")));
        }
    }
    let counts = |name: &str| {
        name.starts_with(OWN_HEADERS) || [HOST.as_str(), CONTENT_TYPE.as_str()].contains(&name)
    };
    let mut must = wire.headers.keys().map(|name| name.as_str()).filter(|name| counts(name));
    match must.find(|name| !names.contains(name)) {
        Some(name) => Err(incomplete(&format!("the header {name} is not signed"))),
        None => Ok(()),
    }
}

fn check_digest(wire: &Wire) -> Result<(), ApiError> {
    let digest = sha256_hex(&wire.body);
    if wire.header(DIGEST).is_some_and(|stated| stated == digest) {
        return Ok(());
    }
    let message =
        format!("The header {DIGEST} is not that of the body. server content digest is:{digest}");
    Err(ApiError::bad("SignatureDoesNotMatch", message))
}

/// The request as it is signed.
pub(super) fn canonical_request(wire: &Wire, signed: &str) -> Result<String, ApiError> {
    let mut text = format!("{}\n/\n{}\n", wire.method, canonical(&wire.query, ""));
    for name in signed.split(';') {
        let value =
            wire.headers.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
        let value =
            value.ok_or_else(|| incomplete(&format!("the signed header {name} is not UTF-8")))?;
        text.push_str(&format!("{name}:{}\n", value.trim()));
    }
    text.push_str(&format!("\n{signed}\n{}", sha256_hex(&wire.body)));
    Ok(text)
}

/// What is signed of it.
pub(super) fn string_to_sign(canonical_request: &str) -> String {
    format!("{ALGORITHM}\n{}", sha256_hex(canonical_request.as_bytes()))
}

/// Lower-case digits alone, so that no second spelling of a signature passes.
fn lower_hex(text: &str) -> Option<Vec<u8>> {
    hex::decode(text).ok().filter(|bytes| hex::encode(bytes) == text)
}

/// Whether this secret made this signature, in a time that does not depend on where it differs.
pub(super) fn is_right(secret: &[u8], to_sign: &str, signature: &[u8]) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::verify(&key, to_sign.as_bytes(), signature).is_ok()
}
