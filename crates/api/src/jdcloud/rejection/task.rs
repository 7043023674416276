//! Refusals of tasks, buckets and objects.

use model::{Rejection, TaskState};

use super::beyond;
use crate::jdcloud::error::ApiError;

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection) -> ApiError {
    use ApiError as E;
    use Rejection as R;
    match rejection {
        R::BucketNotFound { bucket, .. } => E::not_found(format!("Bucket '{bucket}' not found")),
        R::ObjectNotFound { object, .. } => E::not_found(format!("Object '{object}' not found")),
        R::ObjectRefused { object, problem, .. } => {
            E::argument(format!("Object '{object}' is no image file: {problem}"))
        }
        // Only imports state the size of a disk that is in an object.
        R::DiskTooSmall { .. } => E::out_of_range("systemDiskSizeGB"),
        R::FormatNotWritten { format } => E::precondition(format!("Invalid image type '{format}'")),
        R::TaskNotFound { task, .. } => E::not_found(format!("Image task '{task}' not found")),
        R::TaskEnded { state, .. } => {
            E::precondition(format!("Invalid image task status '{}'", word(*state)))
        }
        other => beyond(other),
    }
}

fn word(state: TaskState) -> &'static str {
    match state {
        TaskState::Waiting => "pending",
        TaskState::Running => "running",
        TaskState::Done => "finished",
        TaskState::Failed | TaskState::Cancelled => "failed",
    }
}
