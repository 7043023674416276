//! What the service's refusals mean.

use model::EncryptionKeyId;
use serde::Deserialize;

use crate::fault::{Action, Breach, KmsFault};

/// The most characters of a refusal's name that we repeat. The longest in the API reference has 38.
const MAX_CODE_CHARACTERS: usize = 64;

/// What follows from a refusal.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// This is why.
    Fault(KmsFault),
    /// The key's state is in the way; which state, DescribeKey tells.
    AskState,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "__type", alias = "code")]
    kind: String,
}

/// The name of a refusal, from the body or the header `x-amzn-errortype`: `NotFoundException`, also where it is written
/// `com.amazonaws.kms#NotFoundException:http://…`. `None` where there is no name.
pub(crate) fn code(header: Option<&str>, body: &[u8]) -> Option<String> {
    let inside = serde_json::from_slice::<Refusal>(body).ok().map(|refusal| refusal.kind);
    let text = inside.as_deref().or(header)?;
    let name = text.split(':').next()?.rsplit('#').next()?;
    let legal = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let short = (1..=MAX_CODE_CHARACTERS).contains(&name.len());
    (legal && short).then(|| name.to_owned())
}

/// Judges a refusal by its name, and by its HTTP status where the name says nothing to us.
pub(crate) fn judge(
    action: Action,
    key: &EncryptionKeyId,
    status: u16,
    code: Option<String>,
) -> Verdict {
    let key = key.clone();
    let fault = match code.as_deref() {
        Some("NotFoundException" | "InvalidArnException") => KmsFault::NotFound { key },
        Some("DisabledException") => KmsFault::Disabled { key },
        Some("KMSInvalidStateException") => return Verdict::AskState,
        Some("InvalidKeyUsageException") => KmsFault::WrongKind { key },
        Some("InvalidCiphertextException" | "IncorrectKeyException") => {
            KmsFault::InvalidCiphertext { key }
        }
        Some(
            "ThrottlingException"
            | "Throttling"
            | "LimitExceededException"
            | "TooManyRequestsException"
            | "RequestLimitExceeded",
        ) => KmsFault::Throttled { action },
        Some(
            "KeyUnavailableException"
            | "DependencyTimeoutException"
            | "KMSInternalException"
            | "InternalFailure"
            | "InternalServerError"
            | "ServiceUnavailable"
            | "ServiceUnavailableException",
        ) => KmsFault::Unavailable { action, code: named(code, status) },
        Some(
            "AccessDeniedException"
            | "AccessDenied"
            | "NotAuthorizedException"
            | "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "IncompleteSignatureException"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "ExpiredTokenException"
            | "ExpiredToken"
            | "RequestExpired"
            | "OptInRequired",
        ) => KmsFault::Denied { action, code: named(code, status) },
        Some(_) | None => by_status(action, status, code),
    };
    Verdict::Fault(fault)
}

fn by_status(action: Action, status: u16, code: Option<String>) -> KmsFault {
    let code = named(code, status);
    match status {
        401 | 403 => KmsFault::Denied { action, code },
        429 => KmsFault::Throttled { action },
        500..=599 => KmsFault::Unavailable { action, code },
        _ => KmsFault::Protocol { action, breach: Breach::Refusal { code } },
    }
}

fn named(code: Option<String>, status: u16) -> String {
    code.unwrap_or_else(|| format!("HTTP {status}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, body: &str) -> String {
        let key = "k".parse().unwrap();
        match judge(Action::Decrypt, &key, status, code(None, body.as_bytes())) {
            Verdict::Fault(fault) => fault.to_string(),
            Verdict::AskState => "ask".to_owned(),
        }
    }

    #[test]
    fn a_refusal_is_found_under_each_spelling_of_its_name() {
        for body in [
            r#"{"__type":"NotFoundException","message":"Key 'x' does not exist"}"#,
            r#"{"__type":"com.amazonaws.kms#NotFoundException"}"#,
            r#"{"code":"NotFoundException:http://internal.amazon.com/coral/"}"#,
        ] {
            assert_eq!(judged(400, body), "key `k` does not exist", "{body}");
        }
        assert_eq!(code(Some("DisabledException"), b"not JSON").unwrap(), "DisabledException");
    }

    #[test]
    fn each_documented_refusal_has_its_meaning() {
        for (name, meaning) in [
            ("InvalidArnException", "key `k` does not exist"),
            ("DisabledException", "key `k` is disabled"),
            ("KMSInvalidStateException", "ask"),
            ("InvalidKeyUsageException", "key `k` is not a symmetric key for encryption"),
            (
                "InvalidCiphertextException",
                "the wrapped key does not open under key `k` in this place",
            ),
            ("IncorrectKeyException", "the wrapped key does not open under key `k` in this place"),
            ("ThrottlingException", "`Decrypt` is asked too often for now"),
            (
                "KeyUnavailableException",
                "`Decrypt` is not available for now: `KeyUnavailableException`",
            ),
            ("AccessDeniedException", "`Decrypt` is denied with `AccessDeniedException`"),
            ("InvalidSignatureException", "`Decrypt` is denied with `InvalidSignatureException`"),
            (
                "ValidationException",
                "the answer to `Decrypt` is not understood: `ValidationException`",
            ),
        ] {
            assert_eq!(judged(400, &format!(r#"{{"__type":"{name}"}}"#)), meaning);
        }
    }

    #[test]
    fn a_refusal_without_a_name_is_judged_by_its_status() {
        assert_eq!(judged(403, "<Error/>"), "`Decrypt` is denied with `HTTP 403`");
        assert_eq!(judged(503, ""), "`Decrypt` is not available for now: `HTTP 503`");
        assert_eq!(judged(429, ""), "`Decrypt` is asked too often for now");
        assert_eq!(judged(301, ""), "the answer to `Decrypt` is not understood: `HTTP 301`");
    }

    #[test]
    fn a_name_that_is_none_is_not_repeated() {
        for bad in ["", "a b", "läuft", &"x".repeat(65)] {
            let body = format!(r#"{{"__type":"{bad}"}}"#);
            assert_eq!(code(None, body.as_bytes()), None, "{bad}");
        }
    }
}
