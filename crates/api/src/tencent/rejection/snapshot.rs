//! Refusals of snapshots, and of images that would rest on them.

use model::Rejection;

use super::{Context, beyond, said};
use crate::tencent::error::ApiError;

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection, context: Context) -> ApiError {
    use Rejection as R;
    match rejection {
        R::SnapshotNotFound { .. } => said(absent(context), rejection),
        R::SnapshotInUse { .. } => ApiError::new(
            "UnsupportedOperation.SnapshotHasBindedImage",
            "An image rests on the snapshot; delete the image first.",
        ),
        // Clients try this again by themselves.
        R::SnapshotNotWhole { .. } => {
            ApiError::new("ResourceUnavailable.SnapshotCreating", "The snapshot is not NORMAL.")
        }
        R::SnapshotDegraded { .. } => said("InvalidSnapshot.NotSupported", rejection),
        R::SnapshotHeld { target, .. } => ApiError::new(
            "ResourceInUse.CopySnapshotConflict",
            format!("The snapshot is being copied to `{target}`; wait until that has ended."),
        ),
        R::SnapshotNotResized { .. } => said("InvalidParameterValue", rejection),
        R::SnapshotsSealedApart { .. } => said("InvalidParameterConflict", rejection),
        R::SnapshotNotToPlain { .. } => {
            said("UnsupportedOperation.SnapshotNotSupportCopy", rejection)
        }
        other => beyond(other),
    }
}

/// No such snapshot of the account's.
fn absent(context: Context) -> &'static str {
    match context {
        Context::Create | Context::Export => "InvalidParameter.SnapshotNotFound",
        Context::Describe
        | Context::Sync
        | Context::Cancel
        | Context::Delete
        | Context::Modify
        | Context::Share
        | Context::Tag
        | Context::Snapshot
        | Context::Import => "InvalidSnapshotId.NotFound",
    }
}
