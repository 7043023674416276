//! How the older API tells of an error: a number of a few, a text, and the name of the error (contract 3).

use serde_json::json;

use crate::tencent::error::ApiError;
use crate::tencent::reply::{Fields, fields};

/// The number that the older API has for wrong parameters within their text, in its one recorded example.
const OF_PARAMETERS: u32 = 100_004;

/// The fields of an error. The text begins with a number of the module in brackets; of all of them one is known, and for the
/// others the number of the error stands there too.
pub(in crate::tencent) fn failed(error: &ApiError) -> Fields {
    let code = number(&error.code);
    let of_module = if code == 4000 { OF_PARAMETERS } else { code };
    fields([
        ("code", json!(code)),
        ("message", json!(format!("({of_module}){}", error.message))),
        ("codeDesc", json!(error.code)),
    ])
}

/// The number of an error of today.
fn number(code: &str) -> u32 {
    let (first, rest) = code.split_once('.').unwrap_or((code, ""));
    match (first, rest) {
        ("AuthFailure", "SignatureExpire") => 4200,
        ("AuthFailure", "UnauthorizedOperation") | ("UnauthorizedOperation", _) => 4300,
        ("AuthFailure", _) => 4100,
        (
            "ImageQuotaLimitExceeded"
            | "InsufficientSnapshotQuota"
            | "LimitExceeded"
            | "OverQuota"
            | "RequestLimitExceeded",
            _,
        ) => 4400,
        ("UnsupportedProtocol", _) => 4600,
        ("InvalidImageId" | "InvalidAccountId" | "InvalidRegion", "NotFound")
        | ("ResourceNotFound", _) => 5000,
        ("InvalidRegion", "Unavailable") => 4300,
        ("UnsupportedOperation" | "InvalidAction" | "NoSuchVersion" | "ActionOffline", "") => 6100,
        ("ResourceUnavailable", "") => 6200,
        ("InternalError", _) => 6000,
        ("InvalidImageId", "IncorrectState" | "InShared" | "TooLarge")
        | ("InvalidParameterValue", "InvalidImageState" | "InvalidImageIdIsShared")
        | ("FailedOperation" | "MutexOperation" | "OperationDenied" | "ResourceInUse", _)
        | ("UnsupportedOperation" | "ResourceUnavailable", _) => 5100,
        _ => 4000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_error_has_its_number() {
        for (code, wanted) in [
            ("MissingParameter", 4000),
            ("InvalidParameter", 4000),
            ("InvalidParameterValue.LimitExceeded", 4000),
            ("UnknownParameter", 4000),
            ("UnsupportedRegion", 4000),
            ("InvalidRegion.NotFound", 5000),
            ("InvalidImageId.Malformed", 4000),
            ("InvalidImageName.Duplicate", 4000),
            ("AuthFailure.SignatureFailure", 4100),
            ("AuthFailure.SecretIdNotFound", 4100),
            ("AuthFailure.TokenFailure", 4100),
            ("AuthFailure.SignatureExpire", 4200),
            ("AuthFailure.UnauthorizedOperation", 4300),
            ("UnauthorizedOperation.PermissionDenied", 4300),
            ("UnauthorizedOperation.ImageNotBelongToAccount", 4300),
            ("UnauthorizedOperation", 4300),
            ("ImageQuotaLimitExceeded", 4400),
            ("OverQuota", 4400),
            ("InsufficientSnapshotQuota", 4400),
            ("InvalidRegion.Unavailable", 4300),
            ("UnsupportedProtocol", 4600),
            ("InvalidImageId.NotFound", 5000),
            ("InvalidAccountId.NotFound", 5000),
            ("InvalidImageId.IncorrectState", 5100),
            ("InvalidImageId.InShared", 5100),
            ("FailedOperation.InvalidImageState", 5100),
            ("MutexOperation.TaskRunning", 5100),
            ("ResourceUnavailable.SnapshotCreating", 5100),
            ("UnsupportedOperation.EncryptedImagesNotSupported", 5100),
            ("UnsupportedOperation", 6100),
            ("InvalidAction", 6100),
            ("NoSuchVersion", 6100),
            ("ResourceUnavailable", 6200),
            ("InternalError", 6000),
        ] {
            assert_eq!(number(code), wanted, "{code}");
        }
    }

    #[test]
    fn the_text_begins_with_a_number_in_brackets() {
        let told = failed(&ApiError::new("InvalidParameter", "projectId is not valid."));
        assert_eq!(told["message"], "(100004)projectId is not valid.");
        assert_eq!((&told["code"], &told["codeDesc"]), (&json!(4000), &json!("InvalidParameter")));
        let told = failed(&ApiError::internal());
        assert!(told["message"].as_str().unwrap().starts_with("(6000)"), "{told:?}");
    }
}
