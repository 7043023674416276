//! Refusals of tasks, buckets and objects.

use model::{FileProblem, Rejection};

use super::beyond;
use crate::alibaba::error::ApiError;
use crate::cloud::sentence;

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection) -> ApiError {
    use Rejection as R;
    match rejection {
        R::BucketNotFound { .. } => no_bucket(),
        R::ObjectNotFound { .. } => no_object(),
        R::ObjectRefused { problem, .. } => object_refused(*problem),
        R::DiskTooSmall { needed_bytes, .. } => disk_too_small(*needed_bytes),
        R::FormatNotWritten { .. } => ApiError::bad(
            "InvalidImageFormat.RegionNotSupported",
            "The specified image format is not supported in current region.",
        ),
        R::TaskNotFound { .. } => no_task(),
        R::TaskEnded { .. } => ended(),
        other => beyond(other),
    }
}

/// No such bucket here.
fn no_bucket() -> ApiError {
    ApiError::bad(
        "InvalidOSSBucket.NotFound",
        "The specified OSS bucket does not exist in this region.",
    )
}

/// No such object in the bucket.
fn no_object() -> ApiError {
    ApiError::bad("InvalidOSSObject.NotFound", "The specified OSS object does not exist.")
}

/// The object is no disk image.
fn object_refused(problem: FileProblem) -> ApiError {
    ApiError::bad(
        "InvalidImageFormat.Malformed",
        format!("The specified Image Format is wrongly formed. {}", sentence(problem)),
    )
}

/// A disk was declared smaller than it is.
fn disk_too_small(needed_bytes: u64) -> ApiError {
    ApiError::bad(
        "InvalidDiskImageSize.TooSmall",
        format!(
            "The specified DiskImageSize is less than the size of the disk, {needed_bytes} bytes."
        ),
    )
}

/// No such task of the account's.
fn no_task() -> ApiError {
    ApiError::bad("InvalidTaskId.NotFound", "The specified \"TaskId\" is not found.")
}

/// The task has ended.
fn ended() -> ApiError {
    // The cloud's words; what it means is that the task does not run any more.
    ApiError::forbidden(
        "InvalidTaskId.IncorrectTaskStatus",
        "The specified task status is not invalid.",
    )
}
