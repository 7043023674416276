//! Refusals of snapshots, and of images that would rest on them.

use super::Context;
use crate::alibaba::error::ApiError;

/// No such snapshot of the account's.
pub(super) fn absent(context: Context) -> ApiError {
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
pub(super) fn in_use() -> ApiError {
    ApiError::forbidden(
        "SnapshotCreatedImage",
        "The snapshot has been used to create user defined image(s).",
    )
}

/// The snapshot is not whole yet, or its copy failed.
pub(super) fn not_whole() -> ApiError {
    ApiError::forbidden(
        "InvalidSnapshotId.NotReady",
        "The specified snapshot has not completed yet.",
    )
}

/// Chunks of the snapshot are damaged.
pub(super) fn degraded() -> ApiError {
    ApiError::forbidden(
        "OperationDenied",
        "The specified snapshot is not allowed to create image. Some of its data is damaged.",
    )
}

/// A copy reads the snapshot.
pub(super) fn held() -> ApiError {
    ApiError::forbidden(
        "OperationDenied.SnapshotCopying",
        "The snapshot is currently being copied. Please try again later.",
    )
}

/// A disk is as large as its snapshot.
pub(super) fn not_resized(size_bytes: u64) -> ApiError {
    ApiError::bad(
        "InvalidDiskSize.NotSupported",
        format!(
            "The specified size of a disk is not supported: the snapshot has {size_bytes} bytes, and a disk that rests on it has as many."
        ),
    )
}

/// All disks of an image are sealed by one key.
pub(super) fn sealed_apart() -> ApiError {
    ApiError::forbidden(
        "OperationDenied",
        "The specified snapshots are not allowed to create image: they are not encrypted with one key.",
    )
}

/// An encrypted snapshot stays encrypted.
pub(super) fn not_to_plain() -> ApiError {
    ApiError::forbidden(
        "OperationDeined.EncryptedSnapshot",
        "The specified snapshot is encrypted; copying it to a non-encrypted one is not supported.",
    )
}
