//! Refusals of images that do not stand as an operation needs them.

use model::{ImageStatus, Rejection};

use super::{Context, beyond};
use crate::alibaba::error::ApiError;

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection, context: Context) -> ApiError {
    use Rejection as R;
    match rejection {
        R::ImageNotAvailable { status, .. } => not_available(*status, context),
        R::ImageDegraded { .. } => incorrect_status(),
        R::ImageDeprecated { .. } => deprecated(context),
        R::ImageBeingMade { .. } => being_made(),
        R::ImageHeld { .. } | R::AlreadyCopying { .. } => copying(context),
        R::ImageInUse { .. } => in_use(),
        R::ImageBeingConverted { .. } => importing(),
        R::ImageBeingExported { .. } => exporting(),
        R::NotBeingCopied { .. } => not_from_copy(),
        R::CopyFinished { .. } => copy_finished(),
        other => beyond(other),
    }
}

/// The image is not available, so it is neither copied, shared nor used (R004-1, R001-7).
fn not_available(status: ImageStatus, context: Context) -> ApiError {
    match (context, status) {
        (Context::Modify, ImageStatus::Creating) => ApiError::forbidden(
            "InvalidStatus.ImageIsCreating",
            "The operation cannot be performed because the image is creating. Please wait until the creation is complete and try again.",
        ),
        (Context::Modify, ImageStatus::Available | ImageStatus::CreateFailed) => {
            ApiError::forbidden(
                "ImageStatus.NotAvailable",
                "The specified image status is not available.",
            )
        }
        (
            Context::Describe
            | Context::Copy
            | Context::Cancel
            | Context::Delete
            | Context::Share
            | Context::Tag
            | Context::Snapshot
            | Context::Instance
            | Context::Import
            | Context::Export,
            _,
        ) => incorrect_status(),
    }
}

/// The image stands in a way that no operation but describing and deleting takes.
fn incorrect_status() -> ApiError {
    ApiError::bad("IncorrectImageStatus", "The image not available.")
}

/// The owner advises against the image.
fn deprecated(context: Context) -> ApiError {
    match context {
        Context::Share => ApiError::forbidden(
            "OperationDenied.InvalidImageStatus",
            "The specified image cannot be shared when it is deprecated.",
        ),
        Context::Describe
        | Context::Copy
        | Context::Cancel
        | Context::Delete
        | Context::Modify
        | Context::Tag
        | Context::Snapshot
        | Context::Instance
        | Context::Import
        | Context::Export => incorrect_status(),
    }
}

/// The image is being made: what makes it is cancelled, the image is not deleted (R004-3).
fn being_made() -> ApiError {
    ApiError::forbidden(
        "OperationDenied.ImageCopying",
        "The image is being copied. Please use the CancelCopyImage API.",
    )
}

/// Another copy of the image runs (R001-6, R002-8).
fn copying(context: Context) -> ApiError {
    match context {
        Context::Copy => ApiError::bad(
            "OperationDenied.ImageCopyConflict",
            "The same image cannot be copied concurrently. Please wait until the last copy is completed before performing the next operation.",
        ),
        Context::Describe
        | Context::Cancel
        | Context::Delete
        | Context::Modify
        | Context::Share
        | Context::Tag
        | Context::Snapshot
        | Context::Instance
        | Context::Import
        | Context::Export => ApiError::forbidden(
            "OperationDenied.ImageCopying",
            "The image is currently being copied. Please try again later.",
        ),
    }
}

/// Instances use the image (R004-10).
fn in_use() -> ApiError {
    ApiError::forbidden(
        "ImageUsingByInstance",
        "The specified image has been used to create instances. You can use the DescribeInstances API to query these instances, or you can use the force parameter to proceed.",
    )
}

/// No copy makes the image (R000-11).
pub(in crate::alibaba) fn not_from_copy() -> ApiError {
    ApiError::bad(
        "ImageCreatedNotFromCopy",
        "The specified image is not the target image of a copy action.",
    )
}

/// The copy won the race against its cancelling (R000-11).
fn copy_finished() -> ApiError {
    ApiError::bad("IncorrectImageStatus", "The image is copied finished.")
}

/// A task reads the disks of files into the image.
fn importing() -> ApiError {
    ApiError::forbidden(
        "ImageIsImporting",
        "The specified Image is being imported. You can use the DescribeTasks API to check the status of existing tasks.",
    )
}

/// A task writes the image into a bucket.
fn exporting() -> ApiError {
    ApiError::forbidden(
        "ImageIsExporting",
        "The specified Image is being exported. You can use the DescribeTasks API to check the status of existing tasks.",
    )
}
