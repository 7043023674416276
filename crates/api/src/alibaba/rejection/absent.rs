//! Refusals of what is not there, but for snapshots and tasks.

use model::{AccountRejection, Rejection};

use super::{Context, beyond};
use crate::alibaba::error::ApiError;
use crate::alibaba::words::no_image;

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection, context: Context) -> ApiError {
    use Rejection as R;
    match rejection {
        R::ImageNotFound { .. } | R::CopyNotFound { .. } => no_image(),
        R::InstanceNotFound { .. } => {
            ApiError::gone("InvalidInstanceId.NotFound", "The specified InstanceId does not exist.")
        }
        R::Account(AccountRejection::AccountNotFound { .. }) => no_account(),
        R::EncryptionKeyNotFound { .. } => no_key(),
        R::FamilyEmpty { .. } => ApiError::gone(
            "InvalidImageFamily.NotFound",
            "The specified ImageFamily has no available image.",
        ),
        R::RegionUnknown { .. } => no_region(context),
        other => beyond(other),
    }
}

/// No such account.
pub(in crate::alibaba) fn no_account() -> ApiError {
    ApiError::gone(
        "InvalidAccount.NotFound",
        "The specified parameter \"AddAccount.n\" or \"RemoveAccount.n\" does not exist.",
    )
}

/// No such encryption key, any more or ever.
pub(in crate::alibaba) fn no_key() -> ApiError {
    ApiError::gone("InvalidParameter.KMSKeyId.NotFound", "The specified KMSKeyId does not exist.")
}

/// No such region; never 404, which a client takes for its image's end (contract 3).
fn no_region(context: Context) -> ApiError {
    match context {
        Context::Copy => {
            ApiError::bad("DestinationRegion.NotFound", "The destination region not found.")
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
        | Context::Export => {
            ApiError::bad("InvalidRegionId.NotFound", "The specified RegionId does not exist.")
        }
    }
}
