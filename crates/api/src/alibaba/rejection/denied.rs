//! Refusals of what is not allowed, or not so.

use model::{KeyState, Rejection};

use super::absent::no_key;
use super::{Context, beyond};
use crate::alibaba::error::ApiError;
use crate::cloud::sentence;

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection, context: Context) -> ApiError {
    use ApiError as E;
    use Rejection as R;
    match rejection {
        R::NotAllowed { .. } => not_allowed(context),
        R::SameRegion { .. } => E::forbidden(
            "IncorrectDestinationRegion",
            "The destination region is not equal the target region.",
        ),
        R::LocalNotCopied { .. } => E::forbidden(
            "InvalidOperation.VhdImageUnsupported",
            "The image lies in a local file; convert it before it is copied.",
        ),
        R::NotToPlain { .. } => E::forbidden(
            "OperationDeined.EncryptedSnapshot",
            "The image contains encrypted snapshots, which do not support copying to non-encrypted ones.",
        ),
        R::KeyUnusable { state: KeyState::Deleted, .. } => no_key(),
        R::KeyUnusable {
            state: KeyState::Enabled | KeyState::Disabled | KeyState::PendingDeletion,
            ..
        } => {
            E::forbidden("InvalidParameter.KMSKeyId.CMKNotEnabled", "The CMK needs to be enabled.")
        }
        R::LinkNotPrivate { .. } => E::forbidden("RegionNotSupportCopy", sentence(rejection)),
        R::TokenReused => E::bad(
            "IdempotentParameterMismatch",
            "The request uses the same client token as a previous, but non-identical request. Do not reuse a client token with different requests, unless the requests are identical.",
        ),
        R::NameTaken { .. } => name_taken(context),
        other => beyond(other),
    }
}

fn not_allowed(context: Context) -> ApiError {
    let code = match context {
        // Spelled so by this operation alone.
        Context::Copy => "Forbbiden",
        Context::Describe
        | Context::Cancel
        | Context::Delete
        | Context::Modify
        | Context::Share
        | Context::Tag
        | Context::Snapshot
        | Context::Instance
        | Context::Import
        | Context::Export => "Forbidden.RAM",
    };
    ApiError::forbidden(code, "User not authorized to operate on the specified resource.")
}

fn name_taken(context: Context) -> ApiError {
    let words = match context {
        Context::Copy => {
            "The specified image name is already in use in the target region. Please try a different one."
        }
        Context::Describe
        | Context::Cancel
        | Context::Delete
        | Context::Modify
        | Context::Share
        | Context::Tag
        | Context::Snapshot
        | Context::Instance
        | Context::Import
        | Context::Export => "The specified Image name has already bean used.",
    };
    ApiError::bad("InvalidImageName.Duplicated", words)
}
