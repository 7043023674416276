//! The newer signature: the method, the query, named headers and the digest of the body, HMAC-SHA256 under a key that is derived
//! for one day and one service (contract 4).
//!
//! The clients sign neither the action nor the region: whoever overhears a request may send it to another region, or as another
//! action that takes the same body, for as long as it is of now. That is the cloud's scheme; only TLS helps against it.

use std::collections::BTreeSet;

use axum::http::Method;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use model::Timestamp;

use super::admission::{Algorithm, Claim, moment};
use super::error::ApiError;
use super::wire::Wire;
use crate::cloud::mac::{hmac_sha256, sha256_hex};

const ALGORITHM: &str = "TC3-HMAC-SHA256";
/// What ends the scope of a key.
const TERMINATOR: &str = "tc3_request";
const TIMESTAMP: &str = "x-tc-timestamp";
const DIGEST: &str = "x-tc-content-sha256";
/// What is digested in the place of a body that is not signed.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// What a derived key is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    /// A day in UTC, `2026-11-22`.
    pub(super) date: String,
    /// The service, `cvm`.
    pub(super) service: String,
}

/// How the values of signed headers stand in what is signed.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Case {
    /// As they were sent: what the clients do.
    Kept,
    /// In lower case: what the documents say.
    Lowered,
}

/// The header `Authorization`, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Authorization<'a> {
    key: &'a str,
    scope: Scope,
    /// Lower-case names, set apart by `;`.
    headers: &'a str,
    signature: &'a str,
}

/// What a request says of its sender.
pub(super) fn claim(wire: &Wire) -> Result<Claim, ApiError> {
    let stated = wire.header(AUTHORIZATION.as_str()).unwrap_or_default();
    let stated = authorization(&stated)?;
    let timestamp = wire.header(TIMESTAMP).filter(|text| !text.is_empty());
    let timestamp = timestamp.ok_or_else(|| ApiError::missing("X-TC-Timestamp"))?;
    let at = moment("X-TC-Timestamp", &timestamp)?;
    if day_of(at).as_deref() != Some(&*stated.scope.date) {
        return Err(invalid("the date in Credential is not that of X-TC-Timestamp"));
    }
    check_signed(wire, stated.headers)?;
    let digest = digest_of_body(wire)?;
    let mut texts = Vec::new();
    for case in [Case::Kept, Case::Lowered] {
        let request = canonical_request(wire, (stated.headers, case), &digest);
        let text = string_to_sign(&timestamp, &stated.scope, &request);
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    let signature = lower_hex(stated.signature)
        .ok_or_else(|| invalid("Signature is not 64 lower-case hexadecimal digits"))?;
    Ok(Claim {
        key: stated.key.to_owned(),
        at,
        algorithm: Algorithm::Tc3(stated.scope),
        is_temporary: wire.is_temporary(),
        texts,
        signature,
    })
}

/// A header that is not what it must be.
fn invalid(reason: &str) -> ApiError {
    let message = format!("The header Authorization is not valid: {reason}.");
    ApiError::new("AuthFailure.InvalidAuthorization", message)
}

/// Reads `TC3-HMAC-SHA256 Credential=ID/DATE/SERVICE/tc3_request, SignedHeaders=..;.., Signature=..`, its parts in any order.
fn authorization(text: &str) -> Result<Authorization<'_>, ApiError> {
    let (algorithm, rest) = text.split_once(' ').unwrap_or((text, ""));
    if algorithm != ALGORITHM {
        return Err(invalid(&format!("only {ALGORITHM} is taken")));
    }
    let parts: Vec<_> = rest.split(',').filter_map(|part| part.trim().split_once('=')).collect();
    let part = |wanted: &str| {
        let mut named = parts.iter().filter(|(name, value)| *name == wanted && !value.is_empty());
        named.next().map(|found| found.1).ok_or_else(|| invalid(&format!("it has no {wanted}")))
    };
    let (credential, headers, signature) =
        (part("Credential")?, part("SignedHeaders")?, part("Signature")?);
    if parts.len() != 3 || rest.split(',').count() != 3 {
        return Err(invalid("it has more than Credential, SignedHeaders and Signature"));
    }
    let mut scope = credential.split('/');
    match (scope.next(), scope.next(), scope.next(), scope.next(), scope.next()) {
        (Some(key), Some(date), Some(service), Some(TERMINATOR), None)
            if !key.is_empty() && !service.is_empty() =>
        {
            let scope = Scope { date: date.to_owned(), service: service.to_owned() };
            Ok(Authorization { key, scope, headers, signature })
        }
        _ => Err(invalid("Credential is not ID/DATE/SERVICE/tc3_request")),
    }
}

/// The client's list decides which headers are signed. The two that all clients sign must be on it, and all that it names must be
/// there (api-06).
fn check_signed(wire: &Wire, signed: &str) -> Result<(), ApiError> {
    let mut names = BTreeSet::new();
    for name in signed.split(';') {
        if name.chars().any(char::is_uppercase) || !names.insert(name) {
            let reason = format!("SignedHeaders names `{name}` twice, or not in lower case");
            return Err(invalid(&reason));
        }
        let mut values = wire.headers.get_all(name).iter();
        let is_text = values.next().is_some_and(|value| value.to_str().is_ok());
        if !is_text || values.next().is_some() {
            return Err(invalid(&format!("the signed header `{name}` is not there once")));
        }
    }
    let must = [CONTENT_TYPE.as_str(), HOST.as_str()];
    match must.into_iter().find(|name| !names.contains(name)) {
        Some(name) => Err(invalid(&format!("the header `{name}` is not signed"))),
        None => Ok(()),
    }
}

/// The digest of the body, or of the words that a client sends in its place.
fn digest_of_body(wire: &Wire) -> Result<String, ApiError> {
    let digest = sha256_hex(&wire.body);
    match wire.header(DIGEST) {
        Some(stated) if stated == UNSIGNED => Ok(sha256_hex(UNSIGNED.as_bytes())),
        Some(stated) if stated != digest => {
            Err(ApiError::invalid("X-TC-Content-SHA256", "it is not the digest of the body"))
        }
        Some(_) | None => Ok(digest),
    }
}

/// The request as it is signed. The path is `/` whatever it is, and a POST has no query.
fn canonical_request(wire: &Wire, (signed, case): (&str, Case), digest: &str) -> String {
    let query = if wire.method == Method::GET { wire.query.as_str() } else { "" };
    let mut text = format!("{}\n/\n{query}\n", wire.method);
    for name in signed.split(';') {
        let value = wire.header(name).unwrap_or_default();
        let value = match case {
            Case::Kept => value,
            Case::Lowered => value.to_lowercase(),
        };
        text.push_str(&format!("{name}:{value}\n"));
    }
    text.push_str(&format!("\n{signed}\n{digest}"));
    text
}

/// What is signed of it.
fn string_to_sign(timestamp: &str, scope: &Scope, request: &str) -> String {
    let Scope { date, service } = scope;
    let digest = sha256_hex(request.as_bytes());
    format!("{ALGORITHM}\n{timestamp}\n{date}/{service}/{TERMINATOR}\n{digest}")
}

/// The signature of a text under the key that this secret has for this day and service.
pub(super) fn made(scope: &Scope, secret: &[u8], text: &str) -> [u8; 32] {
    let first = zeroize::Zeroizing::new([b"TC3", secret].concat());
    let of_day = hmac_sha256(&first, scope.date.as_bytes());
    let of_service = hmac_sha256(&of_day, scope.service.as_bytes());
    let key = hmac_sha256(&of_service, TERMINATOR.as_bytes());
    hmac_sha256(&key, text.as_bytes())
}

/// The day of an instant in UTC.
fn day_of(at: Timestamp) -> Option<String> {
    let instant = jiff::Timestamp::from_millisecond(at.0).ok()?;
    Some(instant.strftime("%Y-%m-%d").to_string())
}

/// Lower-case digits alone, so that no second spelling of a signature passes.
fn lower_hex(text: &str) -> Option<Vec<u8>> {
    hex::decode(text).ok().filter(|bytes| bytes.len() == 32 && hex::encode(bytes) == text)
}

/// The request as it is signed where the values of headers are kept as they were sent, for tests.
#[cfg(test)]
pub(super) fn shown(wire: &Wire) -> Result<String, ApiError> {
    let stated = wire.header(AUTHORIZATION.as_str()).unwrap_or_default();
    let stated = authorization(&stated)?;
    Ok(canonical_request(wire, (stated.headers, Case::Kept), &digest_of_body(wire)?))
}
