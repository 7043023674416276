//! The cloud's words for every refusal, by the operation that met it (contract 4). Where the contract has a text, it is that
//! one to the letter; where it has none, the words are ours.

mod absent;
mod denied;
mod field;
mod limit;
mod sharing;
mod snapshot;
mod state;
mod task;

use axum::http::StatusCode;
use model::Rejection;
use region::Refused;

use super::error::ApiError;
use crate::cloud::rejection_kind::{Kind, kind_of};
use crate::cloud::sentence;
pub(super) use absent::{no_image, no_pin};
pub(super) use sharing::encrypted as encrypted_not_shared;
pub(super) use snapshot::encrypted as encrypted_not_copied;

/// The status of refusals that no operation of this door meets.
const BEYOND: &str = "ABORTED";
/// The status of what another thing is in the way of.
const CONFLICT: &str = "CONFLICT";

/// What kind of operation was asked for: the cloud spells one refusal differently in each.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// Only looking.
    Describe,
    /// `copyImages`.
    Copy,
    /// `deleteImage`.
    Delete,
    /// `modifyImageAttribute`.
    Modify,
    /// `shareImage`, `unShareImage`.
    Share,
    /// `createImageFromSnapshots`.
    Create,
    /// `importImage`.
    Import,
    /// `exportImage`.
    Export,
    /// `convertImage`.
    Convert,
    /// Snapshots.
    Snapshot,
}

/// The cloud's answer to a refusal. A fault's own text goes to the log alone.
pub(super) fn of_refused(refused: Refused, context: Context) -> ApiError {
    match refused {
        Refused::Rejected(rejection) => of_rejection(&rejection, context),
        Refused::Elsewhere { region, endpoint } => ApiError::argument(format!(
            "Invalid region '{region}': it is served at {endpoint}; send the request there"
        )),
        Refused::Unauthorised => ApiError::access("Invalid accessKey"),
        // No request of this cloud is only rehearsed or sends chunks.
        Refused::Rehearsed | Refused::BadFrames { .. } => ApiError::internal(),
        Refused::Fault(fault) => ApiError::of_fault(&fault),
    }
}

/// The cloud's answer to a rejection: each kind has a file of its own.
pub(super) fn of_rejection(rejection: &Rejection, context: Context) -> ApiError {
    match kind_of(rejection) {
        Kind::Field => field::of(rejection, context),
        Kind::Absent => absent::of(rejection),
        Kind::State => state::of(rejection),
        Kind::Sharing => sharing::of(rejection, context),
        Kind::Snapshot => snapshot::of(rejection),
        Kind::Task => task::of(rejection),
        Kind::Denied => denied::of(rejection),
        Kind::Limit => limit::of(rejection),
        Kind::Beyond => unusual(rejection),
    }
}

/// What no other door's operations meet, and this one's may.
fn unusual(rejection: &Rejection) -> ApiError {
    match rejection {
        Rejection::NothingToConvert { .. } => {
            ApiError::precondition("Only support localDisk image")
        }
        other => beyond(other),
    }
}

/// The answer to what no operation of this door meets. The files of the other kinds end in it too; a test shows that none of
/// theirs comes to it.
fn beyond(rejection: &Rejection) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, BEYOND, sentence(rejection))
}

/// 400: something else is in the way.
fn conflict(message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, CONFLICT, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::every_rejection;

    const CONTEXTS: [Context; 10] = [
        Context::Describe,
        Context::Copy,
        Context::Delete,
        Context::Modify,
        Context::Share,
        Context::Create,
        Context::Import,
        Context::Export,
        Context::Convert,
        Context::Snapshot,
    ];

    /// The names of the contract's table, beside the one that no operation meets.
    const STATUSES: [&str; 8] = [
        "INVALID_ARGUMENT",
        "FAILED_PRECONDITION",
        "OUT_OF_RANGE",
        "NOT_FOUND",
        "QUOTA_EXCEEDED",
        "HTTP_FORBIDDEN",
        CONFLICT,
        BEYOND,
    ];

    #[test]
    fn every_rejection_has_its_own_words_in_every_operation() {
        for rejection in every_rejection() {
            for context in CONTEXTS {
                let answer = of_rejection(&rejection, context);
                let is_met = matches!(rejection, Rejection::NothingToConvert { .. });
                let is_beyond = kind_of(&rejection) == Kind::Beyond && !is_met;
                assert_eq!(answer.status == BEYOND, is_beyond, "{rejection:?}");
                assert!(answer.code.is_client_error(), "{rejection:?}: {answer:?}");
                assert!(answer.code != StatusCode::UNAUTHORIZED, "{rejection:?}: {answer:?}");
                assert!(STATUSES.contains(&answer.status), "{rejection:?}: {answer:?}");
                assert!(answer.message.len() > 5, "{rejection:?}: {answer:?}");
            }
        }
    }

    /// Clients of the cloud look for these words; each is there for its own status (contract 4). Those of which there is more
    /// than one rejection of a kind are met by the tests of the door.
    #[test]
    fn the_texts_of_the_contract_are_met() {
        let met = |context: Context| {
            let answers = every_rejection().into_iter().map(move |r| of_rejection(&r, context));
            answers.map(|a| (a.code.as_u16(), a.status, a.message)).collect::<Vec<_>>()
        };
        let wanted = [
            (Context::Copy, 400, "INVALID_ARGUMENT", "Invalid region '"),
            (Context::Copy, 400, "FAILED_PRECONDITION", "Only support cloudDisk image"),
            (Context::Copy, 400, "FAILED_PRECONDITION", "Invalid image status '"),
            (Context::Copy, 400, "FAILED_PRECONDITION", "Can't use this image"),
            (Context::Copy, 400, "FAILED_PRECONDITION", "Conflict with underlay image task 'task-"),
            (Context::Copy, 400, "FAILED_PRECONDITION", "The image 'img-"),
            (Context::Copy, 400, "FAILED_PRECONDITION", "Copy encrypted snapshot '"),
            (Context::Copy, 429, "QUOTA_EXCEEDED", "Snapshot quota limit exceeded"),
            (Context::Copy, 404, "NOT_FOUND", "Image 'img-"),
            (Context::Delete, 400, "FAILED_PRECONDITION", "Can't delete protected image"),
            (Context::Delete, 400, "FAILED_PRECONDITION", "Can't delete shared image"),
            (
                Context::Delete,
                400,
                "FAILED_PRECONDITION",
                "Local-System-Disk image cannot be deleted if it has been used to create instances",
            ),
            (Context::Share, 400, "FAILED_PRECONDITION", "Community image can't be shared"),
            (Context::Share, 400, "FAILED_PRECONDITION", "Share encrypted snapshot '"),
            (Context::Share, 400, "INVALID_ARGUMENT", "Pin '"),
            (Context::Share, 429, "QUOTA_EXCEEDED", "Image share quota limit exceeded"),
            (Context::Export, 400, "FAILED_PRECONDITION", "Invalid image type '"),
            (Context::Convert, 400, "FAILED_PRECONDITION", "Only support localDisk image"),
        ];
        let unmet = wanted.iter().filter(|(context, code, status, words)| {
            let fits = |answer: &(u16, &str, String)| {
                (answer.0, answer.1) == (*code, *status) && answer.2.starts_with(words)
            };
            !met(*context).iter().any(fits)
        });
        let unmet: Vec<_> = unmet.collect();
        assert!(unmet.is_empty(), "{unmet:?}");
    }
}
