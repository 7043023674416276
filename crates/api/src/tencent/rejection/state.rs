//! Refusals of images that do not stand as an operation needs them.

use model::{ImageStatus, Rejection};

use super::{Context, beyond};
use crate::tencent::error::ApiError;

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection, context: Context) -> ApiError {
    use Rejection as R;
    match rejection {
        R::ImageNotAvailable { status, .. } => incorrect(context, of_status(*status)),
        R::ImageDegraded { .. } => incorrect(context, "Some of the image's data is damaged."),
        R::ImageDeprecated { .. } => incorrect(context, "The image is deprecated."),
        R::ImageBeingMade { .. } => {
            incorrect(context, "The image is being made; a copy is ended with CancelSyncImages.")
        }
        R::ImageHeld { target, .. } | R::AlreadyCopying { target, .. } => {
            busy(context, format!("The image is being copied to `{target}`."))
        }
        R::ImageInUse { instances, .. } => {
            incorrect(context, format!("The image is used by {instances} instances."))
        }
        R::ImageBeingConverted { .. } => {
            running(context, "The image is being converted; wait for it.")
        }
        R::ImageBeingExported { .. } => {
            running(context, "The image is being exported; wait for it.")
        }
        R::NotBeingCopied { .. } => incorrect(context, "No copy makes the image."),
        R::CopyFinished { .. } => incorrect(context, "The copy that makes the image has ended."),
        other => beyond(other),
    }
}

fn of_status(status: ImageStatus) -> &'static str {
    match status {
        ImageStatus::Available => "The image cannot be used just now.",
        ImageStatus::Creating => "The image is not NORMAL yet.",
        ImageStatus::CreateFailed => "The image could not be made.",
    }
}

/// The image does not stand so that the operation is legal (R000-12, R004-1).
fn incorrect(context: Context, words: impl Into<std::borrow::Cow<'static, str>>) -> ApiError {
    let code = match context {
        Context::Share | Context::Export => "InvalidParameterValue.InvalidImageState",
        Context::Describe
        | Context::Sync
        | Context::Cancel
        | Context::Delete
        | Context::Create
        | Context::Modify
        | Context::Tag
        | Context::Snapshot
        | Context::Import => "InvalidImageId.IncorrectState",
    };
    ApiError::new(code, words)
}

/// A copy of the image runs (R001-6, R002-8). Another one waits for it; nothing is deleted meanwhile.
fn busy(context: Context, words: String) -> ApiError {
    match context {
        Context::Sync => ApiError::new("InvalidParameterValue.InvalidImageState", words),
        Context::Describe
        | Context::Cancel
        | Context::Delete
        | Context::Create
        | Context::Modify
        | Context::Share
        | Context::Tag
        | Context::Snapshot
        | Context::Import
        | Context::Export => incorrect(context, words),
    }
}

/// A task reads the image.
fn running(context: Context, words: &'static str) -> ApiError {
    match context {
        Context::Delete | Context::Create => ApiError::new("MutexOperation.TaskRunning", words),
        Context::Sync => ApiError::new("InvalidParameterValue.InvalidImageState", words),
        Context::Describe
        | Context::Cancel
        | Context::Modify
        | Context::Share
        | Context::Tag
        | Context::Snapshot
        | Context::Import
        | Context::Export => incorrect(context, words),
    }
}
