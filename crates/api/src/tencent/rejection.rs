//! The cloud's words for every refusal, by the operation that met it (contract 2).

mod absent;
mod denied;
mod field;
mod limit;
mod sharing;
mod snapshot;
mod state;
mod task;

use model::Rejection;
use region::Refused;

use super::error::ApiError;
use crate::cloud::rejection_kind::{Kind, kind_of};
use crate::cloud::sentence;
pub(super) use absent::{no_account, no_image, no_key, no_region};
pub(super) use field::{malformed, too_long};

/// The code of refusals that no operation of this door meets.
const BEYOND: &str = "FailedOperation";

/// What kind of operation was asked for: the cloud spells one refusal differently in each.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// Only looking.
    Describe,
    /// `SyncImages`.
    Sync,
    /// `CancelSyncImages`.
    Cancel,
    /// `DeleteImages`.
    Delete,
    /// `CreateImage`.
    Create,
    /// `ModifyImageAttribute`.
    Modify,
    /// `ModifyImageSharePermission`.
    Share,
    /// The tag service.
    Tag,
    /// Snapshots.
    Snapshot,
    /// `ImportImage`.
    Import,
    /// `ExportImages`.
    Export,
}

/// The cloud's answer to a refusal. A fault's own text goes to the log alone.
pub(super) fn of_refused(refused: Refused, context: Context) -> ApiError {
    match refused {
        Refused::Rejected(rejection) => of_rejection(&rejection, context),
        Refused::Rehearsed => {
            ApiError::new("DryRunOperation", "The request would have succeeded without DryRun.")
        }
        Refused::Elsewhere { region, endpoint } => ApiError::new(
            "UnsupportedRegion",
            format!("The region `{region}` is served at {endpoint}; send the request there."),
        ),
        Refused::Unauthorised => {
            ApiError::new("AuthFailure.SecretIdNotFound", "The SecretId is not found.")
        }
        Refused::BadFrames { .. } => ApiError::internal(),
        Refused::Fault(fault) => ApiError::of_fault(&fault),
    }
}

/// What a change made; none where it was only rehearsed. The cloud answers a dry run that finds nothing wrong as a success, not
/// by the error `DryRunOperation`: so say the parameters' descriptions in its SDKs, and its Terraform provider fails otherwise.
pub(super) fn made<T>(
    outcome: Result<T, Refused>,
    context: Context,
) -> Result<Option<T>, ApiError> {
    match outcome {
        Ok(made) => Ok(Some(made)),
        Err(Refused::Rehearsed) => Ok(None),
        Err(refused) => Err(of_refused(refused, context)),
    }
}

/// The cloud's answer to a rejection: each kind has a file of its own.
pub(super) fn of_rejection(rejection: &Rejection, context: Context) -> ApiError {
    match kind_of(rejection) {
        Kind::Field => field::of(rejection, context),
        Kind::Absent => absent::of(rejection),
        Kind::State => state::of(rejection, context),
        Kind::Sharing => sharing::of(rejection, context),
        Kind::Snapshot => snapshot::of(rejection, context),
        Kind::Task => task::of(rejection, context),
        Kind::Denied => denied::of(rejection),
        Kind::Limit => limit::of(rejection),
        Kind::Beyond => beyond(rejection),
    }
}

/// The answer to what no operation of this door meets. The files of the other kinds end in it too; a test shows that none of
/// theirs comes to it.
fn beyond(rejection: &Rejection) -> ApiError {
    tracing::warn!(?rejection, "no operation of the Tencent door is refused so");
    ApiError::new(BEYOND, "The operation failed.")
}

/// An error of this code, in our own words: the cloud's messages are no part of its contract.
fn said(code: &'static str, rejection: &Rejection) -> ApiError {
    ApiError::new(code, sentence(rejection))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::every_rejection;

    const CONTEXTS: [Context; 11] = [
        Context::Describe,
        Context::Sync,
        Context::Cancel,
        Context::Delete,
        Context::Create,
        Context::Modify,
        Context::Share,
        Context::Tag,
        Context::Snapshot,
        Context::Import,
        Context::Export,
    ];

    /// A refusal is no fault: clients and this door try faults again.
    #[test]
    fn every_rejection_has_its_own_code_in_every_operation() {
        for rejection in every_rejection() {
            for context in CONTEXTS {
                let answer = of_rejection(&rejection, context);
                let is_beyond = kind_of(&rejection) == Kind::Beyond;
                assert_eq!(answer.code == BEYOND, is_beyond, "{rejection:?}");
                assert!(!answer.is_fault(), "{rejection:?}: {answer:?}");
                assert!(answer.message.ends_with('.'), "{rejection:?}: {answer:?}");
            }
        }
    }

    /// api-11: what nobody of another account may learn has no words of its own: only the eight characters that were asked
    /// for may be told, never the rest of an image's id.
    #[test]
    fn api_11_no_message_tells_the_rest_of_an_images_id() {
        for rejection in every_rejection() {
            for context in CONTEXTS {
                let answer = of_rejection(&rejection, context);
                let mut rest =
                    answer.message.match_indices("img-").map(|(at, _)| &answer.message[at + 4..]);
                let is_long = |text: &str| {
                    text.bytes()
                        .take_while(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                        .count()
                        > 8
                };
                assert!(!rest.any(is_long), "{rejection:?}: {answer:?}");
                // Nor what no client of this cloud knows.
                let foreign = ["copy-", "ticket-", "acct-", "user-", "`reader`"];
                let told = foreign.iter().find(|word| answer.message.contains(**word));
                assert_eq!(told, None, "{rejection:?}: {answer:?}");
            }
        }
    }
}
