//! Whether a request is let in: its signature and its clock (contract 5). A nonce that was seen before is no reason to refuse:
//! one of the two signatures does not cover it. What a repeated request does is told in [`crate::cloud::replay`].

use model::Timestamp;
use region::{Caller, SignedRefused, SignedRequest};

use super::error::ApiError;
use super::signing::{Claim, NOT_SAME};
use crate::ApiState;

/// How far the instant of a request may be from the clock, either way: 15 min. No source has the cloud's own number; this is
/// ours, the same as that of the other doors.
pub(super) const WITHIN_MS: i64 = 15 * 60 * 1_000;
/// The region of requests that are signed for none.
const ANY_REGION: &str = "jdcloud-api";

/// Who asks, if the request is signed as it must be for this region, and is of now.
pub(super) async fn admit(
    state: &ApiState,
    claim: &Claim,
    region: &str,
    request_id: &str,
) -> Result<Caller, ApiError> {
    if ![region, ANY_REGION].contains(&claim.region.as_str()) {
        let message = "Invalid authentication credentials: their region is not that of the path";
        return Err(ApiError::access(message));
    }
    let at = instant(&claim.at).ok_or_else(|| {
        let message = "Invalid authentication credentials: x-jdcloud-date is not YYYYMMDDTHHMMSSZ";
        ApiError::access(message)
    })?;
    let signed = SignedRequest {
        key: &claim.key,
        at,
        within_ms: WITHIN_MS,
        nonce: None,
        is_right: &|secret| claim.is_right(secret),
    };
    let accounts = &state.deployment.accounts;
    let caller = accounts.admit_signed(signed, request_id.to_owned()).await.map_err(of_signed)?;
    if claim.is_temporary {
        // Nobody gives temporary keys out here: the token is of somewhere else.
        let message =
            "Invalid authentication credentials: x-jdcloud-security-token is not supported";
        return Err(ApiError::access(message));
    }
    Ok(caller)
}

fn of_signed(refused: SignedRefused) -> ApiError {
    match refused {
        SignedRefused::Stale => {
            let message = "Invalid authentication credentials: x-jdcloud-date is more than 15 minutes from now";
            ApiError::access(message)
        }
        SignedRefused::UnknownKey => ApiError::access("Invalid accessKey"),
        SignedRefused::WrongSignature => ApiError::access(NOT_SAME),
        SignedRefused::Disabled => ApiError::forbidden("The accessKey is disabled"),
        // No nonce was shown, so none was used.
        SignedRefused::NonceUsed => ApiError::access(NOT_SAME),
        SignedRefused::Fault(fault) => ApiError::of_fault(&fault),
    }
}

/// Reads `YYYYMMDDTHHMMSSZ` and nothing else: no fraction, no other zone, no leap second (api-04).
fn instant(text: &str) -> Option<Timestamp> {
    const FORM: &[u8] = b"00000000T000000Z";
    let fits = |(byte, form): (u8, &u8)| match form {
        b'0' => byte.is_ascii_digit(),
        other => byte == *other,
    };
    if text.len() != FORM.len() || !text.bytes().zip(FORM).all(fits) || &text[13..15] == "60" {
        return None;
    }
    let civil = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    let instant = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp(instant.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_04_instants_have_one_form() {
        assert_eq!(instant("19700102T000001Z"), Some(Timestamp(86_401_000)));
        let leap = instant("20240229T235959Z").map(|at| at.to_string());
        assert_eq!(leap.as_deref(), Some("2024-02-29T23:59:59Z"));
        for wrong in [
            "",
            "now",
            "1700000000",
            "20261122",
            "20261122T005324",
            "20261122t005324Z",
            "20261122T005324z",
            "20261122T005324.000Z",
            "20261122T005324+0000",
            "2026-11-22T00:53:24Z",
            "20230229T000000Z",
            "20261301T000000Z",
            "20261122T240000Z",
            "20161231T235960Z",
            "20261122T005324Z ",
            "+0261122T005324Z",
            "2026112\u{e9}T00532Z",
        ] {
            assert_eq!(instant(wrong), None, "{wrong:?}");
        }
    }
}
