//! Whether a request is let in: its signature and its clock (contract 4). A nonce alone refuses nothing; what a repeated request
//! does is seen to where it is performed.

use model::Timestamp;
use region::{Caller, SignedRefused, SignedRequest};

use super::error::ApiError;
use super::wire::{Scheme, Wire};
use super::{sign_tc3, sign_v1};
use crate::ApiState;
use crate::cloud::mac::{hmac_sha1, hmac_sha256, is_same};

/// How far the instant of a request of the newer signature may be from the clock, either way: 5 min (contract 4).
const TC3_WITHIN_MS: i64 = 5 * 60 * 1_000;
/// The same of the older signature: 2 h (contract 3).
const V1_WITHIN_MS: i64 = 2 * 60 * 60 * 1_000;

/// How a request was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// The older signature with SHA-1.
    HmacSha1,
    /// The older signature with SHA-256.
    HmacSha256,
    /// The newer signature, under a key for this scope.
    Tc3(sign_tc3::Scope),
}

/// What a request says of its sender, and what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    /// The id of the access key.
    pub(super) key: String,
    /// When it was signed, as it says.
    pub(super) at: Timestamp,
    /// How it was signed.
    pub(super) algorithm: Algorithm,
    /// Whether it comes with the token of a temporary key.
    pub(super) is_temporary: bool,
    /// What may have been signed: the clients disagree in small things, and one of these must be what this one signed.
    pub(super) texts: Vec<String>,
    /// The signature, decoded.
    pub(super) signature: Vec<u8>,
}

impl Claim {
    /// Reads what a request says of its sender.
    pub(super) fn of(wire: &Wire) -> Result<Claim, ApiError> {
        match wire.scheme {
            Scheme::V1 => sign_v1::claim(wire),
            Scheme::Tc3 => sign_tc3::claim(wire),
        }
    }

    /// Whether it was signed with this secret, in a time that does not depend on where signatures differ.
    pub(super) fn is_right(&self, secret: &[u8]) -> bool {
        let made = |text: &str| match &self.algorithm {
            Algorithm::HmacSha1 => hmac_sha1(secret, text.as_bytes()).to_vec(),
            Algorithm::HmacSha256 => hmac_sha256(secret, text.as_bytes()).to_vec(),
            Algorithm::Tc3(scope) => sign_tc3::made(scope, secret, text).to_vec(),
        };
        self.texts.iter().fold(false, |right, text| is_same(&made(text), &self.signature) | right)
    }

    /// The service that the signature is for; the older signature names none.
    pub(super) fn service(&self) -> Option<&str> {
        match &self.algorithm {
            Algorithm::HmacSha1 | Algorithm::HmacSha256 => None,
            Algorithm::Tc3(scope) => Some(&scope.service),
        }
    }

    /// How far its instant may be from the clock, either way, in milliseconds.
    pub(super) fn within_ms(&self) -> i64 {
        match &self.algorithm {
            Algorithm::HmacSha1 | Algorithm::HmacSha256 => V1_WITHIN_MS,
            Algorithm::Tc3(_) => TC3_WITHIN_MS,
        }
    }
}

/// Who asks, if the request is signed as it must be, and is of now.
pub(super) async fn admit(
    state: &ApiState,
    claim: &Claim,
    request_id: &str,
) -> Result<Caller, ApiError> {
    let signed = SignedRequest {
        key: &claim.key,
        at: claim.at,
        within_ms: claim.within_ms(),
        nonce: None,
        is_right: &|secret| claim.is_right(secret),
    };
    let accounts = &state.deployment.accounts;
    let admitted = accounts.admit_signed(signed, request_id.to_owned()).await;
    let caller = admitted.map_err(|refused| of_signed(refused, claim))?;
    if claim.is_temporary {
        // Nobody gives temporary keys out here: the token is of somewhere else.
        return Err(failure("TokenFailure", "The token is not valid."));
    }
    Ok(caller)
}

/// A request that is not let in.
pub(super) fn failure(kind: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(format!("AuthFailure.{kind}"), message.into())
}

fn of_signed(refused: SignedRefused, claim: &Claim) -> ApiError {
    match refused {
        SignedRefused::Stale => {
            let minutes = claim.within_ms() / 60_000;
            let message = format!(
                "The signature has expired: its time is more than {minutes} minutes from that of the server."
            );
            failure("SignatureExpire", message)
        }
        SignedRefused::UnknownKey => failure(
            "SecretIdNotFound",
            "The SecretId is not found. Ensure that your SecretId is correct.",
        ),
        // Nonces refuse nothing here; one that did would be no better than a wrong signature.
        SignedRefused::WrongSignature | SignedRefused::NonceUsed => failure(
            "SignatureFailure",
            "The provided credentials could not be validated. Check that your signature is correct.",
        ),
        SignedRefused::Disabled => {
            failure("UnauthorizedOperation", "The SecretId, its user or its account is disabled.")
        }
        SignedRefused::Fault(fault) => ApiError::of_fault(&fault),
    }
}

/// Reads seconds since 1970 in digits, and nothing else: no sign, no fraction, no zero before them (api-04).
pub(super) fn moment(name: &str, text: &str) -> Result<Timestamp, ApiError> {
    // Eleven digits reach beyond the year 5000.
    let is_number = (1..=11).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && !text.starts_with('0');
    let seconds: Option<i64> = text.parse().ok().filter(|_| is_number);
    seconds
        .map(|seconds| Timestamp(seconds * 1_000))
        .ok_or_else(|| ApiError::invalid(name, "it is not a time in whole seconds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_04_instants_have_one_form() {
        assert_eq!(moment("T", "1795309127"), Ok(Timestamp(1_795_309_127_000)));
        assert_eq!(moment("T", "1"), Ok(Timestamp(1_000)));
        for wrong in [
            "",
            "0",
            "01795309127",
            "-1",
            "+1795309127",
            "1795309127.0",
            " 1795309127",
            "1795309127 ",
            "1e9",
            "0x6b0a",
            "179530912700",
            "１７９５",
            "2026-11-22T00:53:24Z",
        ] {
            assert_eq!(moment("T", wrong).unwrap_err().code, "InvalidParameter", "{wrong:?}");
        }
    }
}
