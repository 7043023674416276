//! Refusals of what is too large, too many, or not approved.

use model::{QuotaKind, Rejection, TicketNeed};

use super::beyond;
use crate::alibaba::error::ApiError;
use crate::cloud::sentence;

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection) -> ApiError {
    use ApiError as E;
    use Rejection as R;
    match rejection {
        R::TicketNeeded { need: TicketNeed::Border { .. }, .. }
        | R::SnapshotNeedsTicket { need: TicketNeed::Border { .. }, .. } => {
            E::forbidden("OperationDenied.NonCompliantDestinationRegion", sentence(rejection))
        }
        R::TicketNeeded { need: TicketNeed::Size { .. }, .. }
        | R::TicketUndecided { .. }
        | R::TicketRefused { .. }
        | R::TicketExpired { .. }
        | R::TicketSpent { .. }
        | R::ImageTooLarge { .. } => too_large(("SizeExceed.Image", "image"), rejection),
        R::SnapshotNeedsTicket { need: TicketNeed::Size { .. }, .. }
        | R::SnapshotTooLarge { .. } => too_large(("SizeExceed.Snapshot", "snapshot"), rejection),
        R::QuotaExceeded { kind: QuotaKind::Image, limit, .. } => E::forbidden(
            "QuotaExceed.Image",
            format!("The number of images exceeds the limit ({limit})."),
        ),
        R::QuotaExceeded { kind: QuotaKind::Snapshot, .. } => {
            E::forbidden("QuotaExceed.Snapshot", "The snapshot quota exceeds.")
        }
        R::TooManyTags { .. } => {
            E::bad("NumberExceed.Tags", "The maximum number of tags is exceeded.")
        }
        R::TooManyDisks { limit } => E::bad(
            "InvalidDiskDeviceMapping",
            format!("The specified DiskDeviceMapping has more than {limit} disks."),
        ),
        R::TooManyTargets { .. } | R::TooManyImages { .. } => {
            E::bad("InvalidParameter", sentence(rejection))
        }
        other => beyond(other),
    }
}

/// Too large to be copied, or to be copied without an approval (R000-7, R001-9).
fn too_large((code, what): (&'static str, &str), rejection: &Rejection) -> ApiError {
    ApiError::forbidden(
        code,
        format!("The {what} exceeds the maximum size. {}", sentence(rejection)),
    )
}
