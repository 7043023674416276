//! Refusals of images that do not stand as an operation needs them.

use std::fmt::Display;

use model::{ImageStatus, Rejection};

use super::beyond;
use crate::jdcloud::error::ApiError;
use crate::jdcloud::ids;

/// What is said of an image that is there and cannot be used so.
pub(super) const CANNOT_USE: &str = "Can't use this image";

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection) -> ApiError {
    use Rejection as R;
    match rejection {
        R::ImageNotAvailable { status, .. } => {
            ApiError::precondition(format!("Invalid image status '{}'", word(*status)))
        }
        R::ImageDegraded { .. } | R::ImageDeprecated { .. } => ApiError::precondition(CANNOT_USE),
        R::ImageBeingMade { image } => task_of(ids::image(image)),
        R::ImageHeld { image, .. } | R::AlreadyCopying { image, .. } => busy(&ids::image(image)),
        // Images on cloud disks are deleted while they are used.
        R::ImageInUse { .. } => ApiError::precondition(
            "Local-System-Disk image cannot be deleted if it has been used to create instances",
        ),
        R::ImageBeingConverted { into, .. } => task_of(ids::image(into)),
        R::ImageBeingExported { by, .. } => task_of(by),
        R::NotBeingCopied { .. } => ApiError::precondition("Invalid image status 'error'"),
        R::CopyFinished { .. } => ApiError::precondition("Invalid image status 'ready'"),
        other => beyond(other),
    }
}

fn word(status: ImageStatus) -> &'static str {
    match status {
        ImageStatus::Creating => "pending",
        ImageStatus::Available => "ready",
        ImageStatus::CreateFailed => "error",
    }
}

/// The image is being copied (R002-8).
fn busy(image: &str) -> ApiError {
    ApiError::precondition(format!("The image '{image}' is busy"))
}

/// A task needs the image; where the task has no id, it is called by the image that it makes.
fn task_of(task: impl Display) -> ApiError {
    ApiError::precondition(format!("Conflict with underlay image task '{task}'"))
}
