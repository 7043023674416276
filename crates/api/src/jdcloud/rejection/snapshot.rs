//! Refusals of snapshots, and of images that would rest on them. The contract has no texts for most; the words are ours.

use model::{Rejection, SnapshotStanding};

use super::beyond;
use crate::jdcloud::error::ApiError;
use crate::jdcloud::ids;

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection) -> ApiError {
    use ApiError as E;
    use Rejection as R;
    match rejection {
        R::SnapshotNotFound { snapshot, .. } => {
            E::not_found(format!("Snapshot '{}' not found", ids::snapshot(snapshot)))
        }
        R::SnapshotInUse { snapshot, image } => E::precondition(format!(
            "The snapshot '{}' is used by image '{}'",
            ids::snapshot(snapshot),
            ids::image(image)
        )),
        R::SnapshotNotWhole { standing, .. } => {
            E::precondition(format!("Invalid snapshot status '{}'", status(*standing)))
        }
        R::SnapshotDegraded { .. } => E::precondition("Can't use this snapshot"),
        R::SnapshotHeld { snapshot, .. } => {
            E::precondition(format!("The snapshot '{}' is busy", ids::snapshot(snapshot)))
        }
        R::SnapshotNotResized { size_bytes, .. } => {
            let reason = format!(
                "the snapshot has {size_bytes} bytes, and a disk that rests on it has as many"
            );
            E::invalid("diskSizeGB", reason)
        }
        R::SnapshotsSealedApart { first, second } => E::precondition(format!(
            "The snapshots '{}' and '{}' are not encrypted with one key",
            ids::snapshot(first),
            ids::snapshot(second)
        )),
        R::SnapshotNotToPlain { snapshot } => encrypted(&ids::snapshot(snapshot)),
        other => beyond(other),
    }
}

/// As listings spell it.
fn status(standing: SnapshotStanding) -> &'static str {
    match standing {
        SnapshotStanding::Copying => "creating",
        SnapshotStanding::Whole => "available",
        SnapshotStanding::Failed => "error_create",
    }
}

/// An encrypted snapshot is not copied: `what` is it, or where that is not known its image.
pub(in crate::jdcloud) fn encrypted(what: &str) -> ApiError {
    ApiError::precondition(format!("Copy encrypted snapshot '{what}' is not support."))
}
