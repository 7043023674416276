//! Refusals of what is too large, too many, or not approved.

use model::{QuotaKind, Rejection};

use super::beyond;
use crate::cloud::sentence;
use crate::jdcloud::error::ApiError;
use crate::jdcloud::ids;

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection) -> ApiError {
    use Rejection as R;
    match rejection {
        // R002-5, api-18.
        R::QuotaExceeded { kind: QuotaKind::Image, .. } => {
            ApiError::quota("Image quota limit exceeded")
        }
        R::QuotaExceeded { kind: QuotaKind::Snapshot, .. } => {
            ApiError::quota("Snapshot quota limit exceeded")
        }
        // R002-1, api-13.
        R::TooManyImages { .. } => ApiError::out_of_range("sourceImageIds"),
        R::TooManyTargets { .. } => ApiError::out_of_range("destinationRegion"),
        R::TooManyDisks { .. } => ApiError::out_of_range("cloudDisks"),
        R::TooManyTags { .. } => ApiError::out_of_range("tags"),
        R::TicketNeeded { image, target, need } => ApiError::precondition(format!(
            "Copying image '{}' to '{target}' needs an approval, because {need}; ask for one with `ferry ticket open`",
            ids::image(image)
        )),
        R::ImageTooLarge { image, size_bytes, limit_bytes } => ApiError::precondition(format!(
            "Image '{}' has {size_bytes} bytes; at most {limit_bytes} can be copied",
            ids::image(image)
        )),
        R::TicketUndecided { .. }
        | R::TicketRefused { .. }
        | R::TicketExpired { .. }
        | R::TicketSpent { .. }
        | R::SnapshotNeedsTicket { .. }
        | R::SnapshotTooLarge { .. } => ApiError::precondition(sentence(rejection)),
        other => beyond(other),
    }
}
