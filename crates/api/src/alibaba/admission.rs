//! Whether a request is let in: its signature, its clock, its nonce (contract 2 and 3). A refusal is never 404, which would
//! mean *gone* to Terraform.

use axum::http::StatusCode;
use model::Timestamp;
use region::{Caller, SignedRefused, SignedRequest};

use super::error::ApiError;
use super::rejection::of_fault;
use super::wire::{Scheme, Wire};
use super::{sign_v1, sign_v3};
use crate::ApiState;

/// How far the instant of a request may be from the deployment's clock, either way: 15 min (contract 3).
const SIGNED_WITHIN_MS: i64 = 15 * 60 * 1_000;

/// The longest nonce, in characters. Clients send 32 or 64.
const MAX_NONCE: usize = 128;

/// The longest text that an answer repeats of what is signed, in bytes: longer than that of any target. A long body is not
/// sent back several times its length to somebody who has no key.
const MAX_REPEATED: usize = 64 << 10;

/// What a request says of its sender, and what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    /// The access key.
    pub(super) key: String,
    /// When it was signed, as it says.
    pub(super) at: String,
    /// What makes it different from every other one.
    pub(super) nonce: String,
    /// Whether it comes with the token of a temporary key.
    pub(super) is_temporary: bool,
    /// What is signed.
    pub(super) to_sign: String,
    /// The signature, decoded.
    pub(super) signature: Vec<u8>,
    /// Of the newer signature, what the digest in `to_sign` is of.
    pub(super) canonical: Option<String>,
}

impl Claim {
    /// Reads what a request says of its sender.
    pub(super) fn of(wire: &Wire) -> Result<Claim, ApiError> {
        match wire.scheme {
            Scheme::V1 => sign_v1::claim(wire),
            Scheme::V3 => sign_v3::claim(wire),
        }
    }

    /// Whether it was signed with this secret.
    pub(super) fn is_right(&self, scheme: Scheme, secret: &[u8]) -> bool {
        match scheme {
            Scheme::V1 => sign_v1::is_right(secret, &self.to_sign, &self.signature),
            Scheme::V3 => sign_v3::is_right(secret, &self.to_sign, &self.signature),
        }
    }
}

/// Who asks, if the request is signed as it must be, is of now, and was not sent before.
pub(super) async fn admit(
    state: &ApiState,
    wire: &Wire,
    request_id: &str,
) -> Result<Caller, ApiError> {
    let claim = Claim::of(wire)?;
    check_nonce(&claim.nonce)?;
    let at = instant(&claim.at).ok_or_else(|| {
        let message = "Specified time stamp or date value is not well formatted.";
        ApiError::bad("InvalidTimeStamp.Format", message)
    })?;
    let signed = SignedRequest {
        key: &claim.key,
        at,
        within_ms: SIGNED_WITHIN_MS,
        nonce: Some(&claim.nonce),
        is_right: &|secret| claim.is_right(wire.scheme, secret),
    };
    let accounts = &state.deployment.accounts;
    let admitted = accounts.admit_signed(signed, request_id.to_owned()).await;
    let caller = admitted.map_err(|refused| of_signed(refused, &claim))?;
    if claim.is_temporary {
        // Nobody gives temporary keys out here: the token is of somewhere else.
        return Err(ApiError::bad(
            "InvalidSecurityToken.Malformed",
            "Specified SecurityToken is malformed.",
        ));
    }
    Ok(caller)
}

/// A nonce is a text that can be kept: not too long, and nothing that ends a text elsewhere.
fn check_nonce(nonce: &str) -> Result<(), ApiError> {
    if nonce.chars().count() > MAX_NONCE {
        let reason = format!("it is longer than {MAX_NONCE} characters");
        return Err(ApiError::invalid("SignatureNonce", reason));
    }
    if nonce.contains(char::is_control) {
        return Err(ApiError::invalid("SignatureNonce", "it has a control character"));
    }
    Ok(())
}

/// A request whose signature cannot even be compared.
pub(super) fn incomplete(reason: &str) -> ApiError {
    let message = format!("The request signature does not conform to Aliyun standards: {reason}.");
    ApiError::bad("IncompleteSignature", message)
}

fn of_signed(refused: SignedRefused, claim: &Claim) -> ApiError {
    match refused {
        SignedRefused::Stale => {
            let message = "Specified time stamp or date value is expired.";
            ApiError::bad("InvalidTimeStamp.Expired", message)
        }
        SignedRefused::UnknownKey => {
            ApiError::bad("InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        }
        SignedRefused::WrongSignature => does_not_match(claim),
        SignedRefused::Disabled => ApiError::new(
            StatusCode::FORBIDDEN,
            "Forbidden.AccessKeyDisabled",
            "The specified access key is disabled.",
        ),
        SignedRefused::NonceUsed => {
            ApiError::bad("SignatureNonceUsed", "Specified signature nonce was used already.")
        }
        SignedRefused::Fault(fault) => of_fault(&fault),
    }
}

/// The text is part of the contract: a client cuts it at its colon, and compares what follows with what it signed itself.
fn does_not_match(claim: &Claim) -> ApiError {
    let mut message = String::from(
        "Specified signature is not matched with our calculation. server string to sign is:",
    );
    match claim.to_sign.len() {
        0..=MAX_REPEATED => message.push_str(&claim.to_sign),
        length => message.push_str(&format!("too long to repeat, {length} bytes")),
    }
    if let Some(canonical) = claim.canonical.as_ref().filter(|text| text.len() <= MAX_REPEATED) {
        message.push_str(&format!("\nserver canonical request is:{canonical}"));
    }
    ApiError::bad("SignatureDoesNotMatch", message)
}

/// Reads `YYYY-MM-DDThh:mm:ssZ` and nothing else: no fraction, no other zone, no leap second (api-04).
fn instant(text: &str) -> Option<Timestamp> {
    const FORM: &[u8] = b"0000-00-00T00:00:00Z";
    let fits = |(byte, form): (u8, &u8)| match form {
        b'0' => byte.is_ascii_digit(),
        other => byte == *other,
    };
    if text.len() != FORM.len() || !text.bytes().zip(FORM).all(fits) || &text[17..19] == "60" {
        return None;
    }
    let instant: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp(instant.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_04_instants_have_one_form() {
        assert_eq!(instant("1970-01-02T00:00:01Z"), Some(Timestamp(86_401_000)));
        assert_eq!(
            instant("2024-02-29T23:59:59Z").map(|at| at.to_string()).as_deref(),
            Some("2024-02-29T23:59:59Z")
        );
        for wrong in [
            "",
            "now",
            "1700000000",
            "2026-11-22",
            "2026-11-22 00:53:24Z",
            "2026-11-22T00:53:24",
            "2026-11-22T00:53:24z",
            "2026-11-22T00:53:24.000Z",
            "2026-11-22T00:53:24+00:00",
            "2026-11-22T08:53:24+08:00",
            "2026-11-22T00:53Z",
            "2023-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-22T24:00:00Z",
            "2016-12-31T23:59:60Z",
            "2026-11-22T00:53:24Z ",
            "２026-11-22T00:53:24Z",
            "+026-11-22T00:53:24Z",
            "2026-11-22T00:53:2éZ",
        ] {
            assert_eq!(instant(wrong), None, "{wrong:?}");
        }
    }
}
