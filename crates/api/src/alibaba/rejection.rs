//! The cloud's words for every refusal, by the operation that met it (contract 6). Misspellings are the cloud's.

mod field;
mod sharing;
mod snapshot;
mod state;
mod task;

use axum::http::StatusCode;
use model::{KeyState, QuotaKind, Rejection, Retry, TicketNeed};
use region::{Refused, RegionFault};

use super::call::rehearsed;
use super::error::ApiError;
use super::words::no_image;
pub(super) use field::malformed;
pub(super) use sharing::no_account;
pub(super) use state::not_from_copy;

/// What kind of operation was asked for: the cloud spells one refusal differently in each.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// Only looking.
    Describe,
    /// `CopyImage`.
    Copy,
    /// `CancelCopyImage`, `CancelTask`.
    Cancel,
    /// `DeleteImage`.
    Delete,
    /// `ModifyImageAttribute`, `CreateImage`.
    Modify,
    /// `ModifyImageSharePermission`.
    Share,
    /// `TagResources`, `UntagResources`.
    Tag,
    /// Snapshots.
    Snapshot,
    /// Instances.
    Instance,
    /// `ImportImage`.
    Import,
    /// `ExportImage`.
    Export,
}

/// The cloud's answer to a refusal. A fault's own text goes to the log alone.
pub(super) fn of_refused(refused: Refused, context: Context) -> ApiError {
    match refused {
        Refused::Rejected(rejection) => of_rejection(&rejection, context),
        Refused::Rehearsed => rehearsed(),
        Refused::Elsewhere { region, endpoint } => ApiError::bad(
            "InvalidRegionId.NotSupported",
            format!("The region {region} is served at {endpoint}; send the request there."),
        ),
        Refused::Unauthorised => {
            ApiError::bad("InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        }
        Refused::BadFrames { .. } => internal(),
        Refused::Fault(fault) => of_fault(&fault),
    }
}

fn internal() -> ApiError {
    ApiError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "InternalError",
        "The request processing has failed due to some unknown error, exception or failure.",
    )
}

/// The answer to a fault: it passes, or it does not. What failed is logged here, once.
pub(super) fn of_fault(fault: &RegionFault) -> ApiError {
    crate::problem::log_fault(fault);
    match fault.retry() {
        Retry::Later => ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailable",
            "The request has failed due to a temporary failure of the server.",
        ),
        Retry::Never => internal(),
    }
}

/// The cloud's answer to a rejection.
pub(super) fn of_rejection(rejection: &Rejection, context: Context) -> ApiError {
    use ApiError as E;
    use Rejection as R;
    match rejection {
        R::InvalidField { field, refusal } => field::of_field(*field, refusal, context),
        R::ImageNotFound { .. } | R::CopyNotFound { .. } => no_image(),
        R::SnapshotNotFound { .. } => snapshot::absent(context),
        R::InstanceNotFound { .. } => {
            E::gone("InvalidInstanceId.NotFound", "The specified InstanceId does not exist.")
        }
        R::AccountNotFound { .. } => sharing::no_account(),
        R::EncryptionKeyNotFound { .. } => no_key(),
        R::FamilyEmpty { .. } => E::gone(
            "InvalidImageFamily.NotFound",
            "The specified ImageFamily has no available image.",
        ),
        R::RegionUnknown { .. } => no_region(context),
        R::SameRegion { .. } => E::forbidden(
            "IncorrectDestinationRegion",
            "The destination region is not equal the target region.",
        ),
        R::NotAllowed { .. } => not_allowed(context),
        R::ImageNotAvailable { status, .. } => state::not_available(*status, context),
        R::ImageDegraded { .. } => state::incorrect_status(),
        R::ImageDeprecated { .. } => state::deprecated(context),
        R::ImageBeingMade { .. } => state::being_made(),
        R::ImageHeld { .. } | R::AlreadyCopying { .. } => state::copying(context),
        R::ImageInUse { .. } => state::in_use(),
        R::ImageBeingConverted { .. } => state::importing(),
        R::ImageBeingExported { .. } => state::exporting(),
        R::NotBeingCopied { .. } => state::not_from_copy(),
        R::CopyFinished { .. } => state::copy_finished(),
        R::PublicNotCopied { .. } => sharing::public_not_copied(),
        R::MarketplaceNotCopied { .. } => sharing::marketplace_not_copied(),
        R::SharedNotCopied { .. } => sharing::shared_not_copied(),
        R::LocalNotCopied { .. } => E::forbidden(
            "InvalidOperation.VhdImageUnsupported",
            "The image lies in a local file; convert it before it is copied.",
        ),
        R::ImageNotYours { .. } => sharing::not_yours(),
        R::ImagePublished { kind, .. } => sharing::published(*kind, context),
        R::ImageIsShared { .. } => sharing::is_shared(context),
        R::EncryptedNotShared { .. } => sharing::encrypted(),
        R::SharedWithSelf { .. } => sharing::with_self(),
        R::TooManyShares { .. } => sharing::too_many(),
        R::TicketNeeded { need: TicketNeed::Border { .. }, .. } => {
            E::forbidden("OperationDenied.NonCompliantDestinationRegion", sentence(rejection))
        }
        R::SnapshotNeedsTicket { need: TicketNeed::Border { .. }, .. } => {
            E::forbidden("OperationDenied.NonCompliantDestinationRegion", sentence(rejection))
        }
        R::TicketNeeded { need: TicketNeed::Size { .. }, .. }
        | R::TicketUndecided { .. }
        | R::TicketRefused { .. }
        | R::TicketExpired { .. }
        | R::TicketSpent { .. }
        | R::ImageTooLarge { .. } => too_large("SizeExceed.Image", "image", rejection),
        R::SnapshotNeedsTicket { need: TicketNeed::Size { .. }, .. }
        | R::SnapshotTooLarge { .. } => too_large("SizeExceed.Snapshot", "snapshot", rejection),
        R::NotToPlain { .. } => E::forbidden(
            "OperationDeined.EncryptedSnapshot",
            "The image contains encrypted snapshots, which do not support copying to non-encrypted ones.",
        ),
        R::KeyUnusable { state: KeyState::Deleted, .. } => no_key(),
        R::KeyUnusable {
            state: KeyState::Enabled | KeyState::Disabled | KeyState::PendingDeletion,
            ..
        } => {
            E::forbidden("InvalidParameter.KMSKeyId.CMKNotEnabled", "The CMK needs to be enabled.")
        }
        R::LinkNotPrivate { .. } => E::forbidden("RegionNotSupportCopy", sentence(rejection)),
        R::SnapshotInUse { .. } => snapshot::in_use(),
        R::SnapshotNotWhole { .. } => snapshot::not_whole(),
        R::SnapshotDegraded { .. } => snapshot::degraded(),
        R::SnapshotHeld { .. } => snapshot::held(),
        R::SnapshotNotResized { size_bytes, .. } => snapshot::not_resized(*size_bytes),
        R::SnapshotsSealedApart { .. } => snapshot::sealed_apart(),
        R::SnapshotNotToPlain { .. } => snapshot::not_to_plain(),
        R::BucketNotFound { .. } => task::no_bucket(),
        R::ObjectNotFound { .. } => task::no_object(),
        R::ObjectRefused { problem, .. } => task::object_refused(*problem),
        R::DiskTooSmall { needed_bytes, .. } => task::disk_too_small(*needed_bytes),
        R::FormatNotWritten { .. } => E::bad(
            "InvalidImageFormat.RegionNotSupported",
            "The specified image format is not supported in current region.",
        ),
        R::TaskNotFound { .. } => task::no_task(),
        R::TaskEnded { .. } => task::ended(),
        R::QuotaExceeded { kind: QuotaKind::Image, limit, .. } => E::forbidden(
            "QuotaExceed.Image",
            format!("The number of images exceeds the limit ({limit})."),
        ),
        R::QuotaExceeded { kind: QuotaKind::Snapshot, .. } => {
            E::forbidden("QuotaExceed.Snapshot", "The snapshot quota exceeds.")
        }
        R::TokenReused => E::bad(
            "IdempotentParameterMismatch",
            "The request uses the same client token as a previous, but non-identical request. Do not reuse a client token with different requests, unless the requests are identical.",
        ),
        R::NameTaken { .. } => name_taken(context),
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
        // Of operations that this door does not have.
        R::KeyNotFound { .. }
        | R::TooManyKeys { .. }
        | R::LastKey { .. }
        | R::NothingToRetry { .. }
        | R::ImportEnded { .. }
        | R::UserNotFound { .. }
        | R::TicketNotFound { .. }
        | R::NameInUse { .. }
        | R::LastAdmin { .. }
        | R::NothingToConvert { .. }
        | R::TicketDecided { .. }
        | R::KeyInUse { .. }
        | R::KeyIsDefault { .. }
        | R::KeysElsewhere { .. } => {
            E::new(StatusCode::CONFLICT, "OperationConflict", sentence(rejection))
        }
    }
}

/// Our own words as a sentence, where the cloud has none or says less.
fn sentence(words: impl ToString) -> String {
    let words = words.to_string();
    let mut characters = words.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), characters.as_str())
}

fn no_region(context: Context) -> ApiError {
    match context {
        Context::Copy => {
            ApiError::bad("DestinationRegion.NotFound", "The destination region not found.")
        }
        Context::Describe
        | Context::Cancel
        | Context::Delete
        | Context::Modify
        | Context::Share
        | Context::Tag
        | Context::Snapshot
        | Context::Instance
        | Context::Import
        | Context::Export => {
            ApiError::bad("InvalidRegionId.NotFound", "The specified RegionId does not exist.")
        }
    }
}

fn not_allowed(context: Context) -> ApiError {
    let code = match context {
        // Spelled so by this operation alone.
        Context::Copy => "Forbbiden",
        Context::Describe
        | Context::Cancel
        | Context::Delete
        | Context::Modify
        | Context::Share
        | Context::Tag
        | Context::Snapshot
        | Context::Instance
        | Context::Import
        | Context::Export => "Forbidden.RAM",
    };
    ApiError::forbidden(code, "User not authorized to operate on the specified resource.")
}

fn no_key() -> ApiError {
    ApiError::gone("InvalidParameter.KMSKeyId.NotFound", "The specified KMSKeyId does not exist.")
}

/// Too large to be copied, or to be copied without an approval (R000-7, R001-9).
fn too_large(code: &'static str, what: &str, rejection: &Rejection) -> ApiError {
    ApiError::forbidden(
        code,
        format!("The {what} exceeds the maximum size. {}", sentence(rejection)),
    )
}

fn name_taken(context: Context) -> ApiError {
    let words = match context {
        Context::Copy => {
            "The specified image name is already in use in the target region. Please try a different one."
        }
        Context::Describe
        | Context::Cancel
        | Context::Delete
        | Context::Modify
        | Context::Share
        | Context::Tag
        | Context::Snapshot
        | Context::Instance
        | Context::Import
        | Context::Export => "The specified Image name has already bean used.",
    };
    ApiError::bad("InvalidImageName.Duplicated", words)
}
