//! Refusals of tasks, buckets and objects.

use model::FileProblem;

use super::sentence;
use crate::alibaba::error::ApiError;

/// No such bucket here.
pub(super) fn no_bucket() -> ApiError {
    ApiError::bad(
        "InvalidOSSBucket.NotFound",
        "The specified OSS bucket does not exist in this region.",
    )
}

/// No such object in the bucket.
pub(super) fn no_object() -> ApiError {
    ApiError::bad("InvalidOSSObject.NotFound", "The specified OSS object does not exist.")
}

/// The object is no disk image.
pub(super) fn object_refused(problem: FileProblem) -> ApiError {
    ApiError::bad(
        "InvalidImageFormat.Malformed",
        format!("The specified Image Format is wrongly formed. {}", sentence(problem)),
    )
}

/// A disk was declared smaller than it is.
pub(super) fn disk_too_small(needed_bytes: u64) -> ApiError {
    ApiError::bad(
        "InvalidDiskImageSize.TooSmall",
        format!(
            "The specified DiskImageSize is less than the size of the disk, {needed_bytes} bytes."
        ),
    )
}

/// No such task of the account's.
pub(super) fn no_task() -> ApiError {
    ApiError::bad("InvalidTaskId.NotFound", "The specified \"TaskId\" is not found.")
}

/// The task has ended.
pub(super) fn ended() -> ApiError {
    // The cloud's words; what it means is that the task does not run any more.
    ApiError::forbidden(
        "InvalidTaskId.IncorrectTaskStatus",
        "The specified task status is not invalid.",
    )
}
