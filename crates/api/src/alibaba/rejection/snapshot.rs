//! Refusals of snapshots, and of images that would rest on them.

use model::Rejection;

use super::{Context, beyond};
use crate::alibaba::error::ApiError;

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection, context: Context) -> ApiError {
    use Rejection as R;
    match rejection {
        R::SnapshotNotFound { .. } => absent(context),
        R::SnapshotInUse { .. } => in_use(),
        R::SnapshotNotWhole { .. } => not_whole(),
        R::SnapshotDegraded { .. } => degraded(),
        R::SnapshotHeld { .. } => held(),
        R::SnapshotNotResized { size_bytes, .. } => not_resized(*size_bytes),
        R::SnapshotsSealedApart { .. } => sealed_apart(),
        R::SnapshotNotToPlain { .. } => not_to_plain(),
        other => beyond(other),
    }
}

/// No such snapshot of the account's.
fn absent(context: Context) -> ApiError {
    let words = "The specified SnapshotId does not exist.";
    match context {
        // The table of this operation has another status than all others (contract 6).
        Context::Copy => ApiError::bad("InvalidSnapshotId.NotFound", words),
        Context::Describe
        | Context::Cancel
        | Context::Delete
        | Context::Modify
        | Context::Share
        | Context::Tag
        | Context::Snapshot
        | Context::Instance
        | Context::Import
        | Context::Export => ApiError::gone("InvalidSnapshotId.NotFound", words),
    }
}

/// Images rest on the snapshot.
fn in_use() -> ApiError {
    ApiError::forbidden(
        "SnapshotCreatedImage",
        "The snapshot has been used to create user defined image(s).",
    )
}

/// The snapshot is not whole yet, or its copy failed.
fn not_whole() -> ApiError {
    ApiError::forbidden(
        "InvalidSnapshotId.NotReady",
        "The specified snapshot has not completed yet.",
    )
}

/// Chunks of the snapshot are damaged.
fn degraded() -> ApiError {
    ApiError::forbidden(
        "OperationDenied",
        "The specified snapshot is not allowed to create image. Some of its data is damaged.",
    )
}

/// A copy reads the snapshot.
fn held() -> ApiError {
    ApiError::forbidden(
        "OperationDenied.SnapshotCopying",
        "The snapshot is currently being copied. Please try again later.",
    )
}

/// A disk is as large as its snapshot.
fn not_resized(size_bytes: u64) -> ApiError {
    ApiError::bad(
        "InvalidDiskSize.NotSupported",
        format!(
            "The specified size of a disk is not supported: the snapshot has {size_bytes} bytes, and a disk that rests on it has as many."
        ),
    )
}

/// All disks of an image are sealed by one key.
fn sealed_apart() -> ApiError {
    ApiError::forbidden(
        "OperationDenied",
        "The specified snapshots are not allowed to create image: they are not encrypted with one key.",
    )
}

/// An encrypted snapshot stays encrypted.
fn not_to_plain() -> ApiError {
    ApiError::forbidden(
        "OperationDeined.EncryptedSnapshot",
        "The specified snapshot is encrypted; copying it to a non-encrypted one is not supported.",
    )
}
