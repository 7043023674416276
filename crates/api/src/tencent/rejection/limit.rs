//! Refusals of what is too large, too many, or not approved.

use model::{QuotaKind, Rejection, TicketNeed};

use super::{beyond, said};
use crate::tencent::error::ApiError;

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection) -> ApiError {
    use Rejection as R;
    match rejection {
        R::TicketNeeded { need: TicketNeed::Border { .. }, target, .. } => ApiError::new(
            "InvalidRegion.Unavailable",
            format!(
                "Copies to `{target}` cross a border and need an approval; ask for one with `ferry ticket open`."
            ),
        ),
        R::SnapshotNeedsTicket { need: TicketNeed::Border { .. }, target, .. } => ApiError::new(
            "InvalidRegion.Unavailable",
            format!(
                "Copies to `{target}` cross a border and need an approval, which images alone can have."
            ),
        ),
        R::TicketUndecided { .. } => not_approved("has not been decided yet"),
        R::TicketRefused { .. } => not_approved("was refused"),
        R::TicketExpired { .. } => not_approved("has expired; ask for another"),
        R::TicketSpent { .. } => not_approved("was used by a copy; ask for another"),
        R::TicketNeeded { need: TicketNeed::Size { .. }, .. } => ApiError::new(
            "InvalidImageId.TooLarge",
            "An image of this size needs an approval to be copied; ask for one with `ferry ticket open`.",
        ),
        R::ImageTooLarge { size_bytes, limit_bytes, .. } => ApiError::new(
            "InvalidImageId.TooLarge",
            format!("The image has {size_bytes} bytes; at most {limit_bytes} can be copied."),
        ),
        R::SnapshotNeedsTicket { need: TicketNeed::Size { .. }, .. } => ApiError::new(
            "UnsupportedOperation.SnapshotNotSupportCopy",
            "A snapshot of this size needs an approval to be copied, which images alone can have.",
        ),
        R::SnapshotTooLarge { .. } => {
            said("UnsupportedOperation.SnapshotNotSupportCopy", rejection)
        }
        R::QuotaExceeded { kind: QuotaKind::Image, .. } => {
            said("ImageQuotaLimitExceeded", rejection)
        }
        R::QuotaExceeded { kind: QuotaKind::Snapshot, .. } => {
            said("InsufficientSnapshotQuota", rejection)
        }
        R::TooManyTags { .. } => said("InvalidParameterValue.TagQuotaLimitExceeded", rejection),
        R::TooManyDisks { .. } | R::TooManyTargets { .. } | R::TooManyImages { .. } => {
            said("InvalidParameterValue.LimitExceeded", rejection)
        }
        other => beyond(other),
    }
}

/// The approval that the copy needs was asked for, and does not stand.
fn not_approved(why: &str) -> ApiError {
    let message = format!("The approval that this copy needs {why}.");
    ApiError::new("InvalidRegion.Unavailable", message)
}
