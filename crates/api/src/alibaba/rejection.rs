//! The cloud's words for every refusal, by the operation that met it (contract 6). Misspellings are the cloud's.

mod absent;
mod denied;
mod field;
mod limit;
mod sharing;
mod snapshot;
mod state;
mod task;

use axum::http::StatusCode;
use model::{Rejection, Retry};
use region::{Refused, RegionFault};

use super::call::rehearsed;
use super::error::ApiError;
use crate::cloud::rejection_kind::{Kind, kind_of};
use crate::cloud::sentence;
pub(super) use absent::{no_account, no_key};
pub(super) use field::malformed;
pub(super) use state::not_from_copy;

/// The code of refusals that no operation of this door meets.
const BEYOND: &str = "OperationConflict";

/// What kind of operation was asked for: the cloud spells one refusal differently in each.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// Only looking.
    Describe,
    /// `CopyImage`.
    Copy,
    /// `CancelCopyImage`, `CancelTask`.
    Cancel,
    /// `DeleteImage`.
    Delete,
    /// `ModifyImageAttribute`, `CreateImage`.
    Modify,
    /// `ModifyImageSharePermission`.
    Share,
    /// `TagResources`, `UntagResources`.
    Tag,
    /// Snapshots.
    Snapshot,
    /// Instances.
    Instance,
    /// `ImportImage`.
    Import,
    /// `ExportImage`.
    Export,
}

/// The cloud's answer to a refusal. A fault's own text goes to the log alone.
pub(super) fn of_refused(refused: Refused, context: Context) -> ApiError {
    match refused {
        Refused::Rejected(rejection) => of_rejection(&rejection, context),
        Refused::Rehearsed => rehearsed(),
        Refused::Elsewhere { region, endpoint } => ApiError::bad(
            "InvalidRegionId.NotSupported",
            format!("The region {region} is served at {endpoint}; send the request there."),
        ),
        Refused::Unauthorised => {
            ApiError::bad("InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        }
        Refused::BadFrames { .. } => ApiError::internal(),
        Refused::Fault(fault) => of_fault(&fault),
    }
}

/// The answer to a fault: it passes, or it does not. What failed is logged here, once.
pub(super) fn of_fault(fault: &RegionFault) -> ApiError {
    crate::problem::log_fault(fault);
    match fault.retry() {
        Retry::Later => ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailable",
            "The request has failed due to a temporary failure of the server.",
        ),
        Retry::Never => ApiError::internal(),
    }
}

/// The cloud's answer to a rejection: each kind has a file of its own.
pub(super) fn of_rejection(rejection: &Rejection, context: Context) -> ApiError {
    match kind_of(rejection) {
        Kind::Field => field::of(rejection, context),
        Kind::Absent => absent::of(rejection, context),
        Kind::State => state::of(rejection, context),
        Kind::Sharing => sharing::of(rejection, context),
        Kind::Snapshot => snapshot::of(rejection, context),
        Kind::Task => task::of(rejection),
        Kind::Denied => denied::of(rejection, context),
        Kind::Limit => limit::of(rejection),
        Kind::Beyond => beyond(rejection),
    }
}

/// The answer to what no operation of this door meets. The files of the other kinds end in it too; a test shows that none of
/// theirs comes to it.
fn beyond(rejection: &Rejection) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, BEYOND, sentence(rejection))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::every_rejection;

    const CONTEXTS: [Context; 11] = [
        Context::Describe,
        Context::Copy,
        Context::Cancel,
        Context::Delete,
        Context::Modify,
        Context::Share,
        Context::Tag,
        Context::Snapshot,
        Context::Instance,
        Context::Import,
        Context::Export,
    ];

    /// Contract 3: 404 is the end of a resource for one client, so it is said of nothing else; a 5xx is no refusal.
    #[test]
    fn every_rejection_has_its_own_words_in_every_operation() {
        for rejection in every_rejection() {
            for context in CONTEXTS {
                let answer = of_rejection(&rejection, context);
                let is_beyond = kind_of(&rejection) == Kind::Beyond;
                assert_eq!(answer.code == BEYOND, is_beyond, "{rejection:?}");
                assert!(answer.status.is_client_error(), "{rejection:?}: {answer:?}");
                assert!(answer.message.ends_with(['.', ')']), "{rejection:?}: {answer:?}");
                let gone = answer.status == StatusCode::NOT_FOUND;
                assert!(!gone || !answer.code.contains("Region"), "{rejection:?}: {answer:?}");
            }
        }
    }
}
