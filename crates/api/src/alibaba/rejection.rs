//! The cloud's words for every refusal, by the operation that met it (contract 6). Misspellings are the cloud's.

use model::{Field, FieldRefusal, ImageStatus, KeyState, QuotaKind, Rejection, Retry};
use region::{Refused, RegionFault};

use axum::http::StatusCode;

use super::call::rehearsed;
use super::error::ApiError;

/// What kind of operation was asked for: the cloud spells one refusal differently in each.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// Only looking.
    Describe,
    /// `CopyImage`, `CopySnapshot`.
    Copy,
    /// `CancelCopyImage`.
    Cancel,
    /// `DeleteImage`.
    Delete,
    /// `ModifyImageAttribute`, `CreateImage`, `ImportImage`, `ExportImage`.
    Modify,
    /// `ModifyImageSharePermission`.
    Share,
    /// `TagResources`, `UntagResources`.
    Tag,
    /// Snapshots.
    Snapshot,
    /// Instances.
    Instance,
}

/// The cloud's answer to a refusal. A fault's own text goes to the log alone.
pub(super) fn of_refused(refused: Refused, context: Context) -> ApiError {
    match refused {
        Refused::Rejected(rejection) => of(&rejection, context),
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

const IMAGE_GONE: &str = "The specified ImageId does not exist.";

/// The cloud's answer to a rejection.
fn of(rejection: &Rejection, context: Context) -> ApiError {
    use ApiError as E;
    use Rejection as R;
    match rejection {
        R::InvalidField { field, refusal } => of_field(*field, refusal, context),
        R::ImageNotFound { .. } => E::gone("InvalidImageId.NotFound", IMAGE_GONE),
        R::SnapshotNotFound { .. } => {
            E::gone("InvalidSnapshotId.NotFound", "The specified SnapshotId does not exist.")
        }
        R::InstanceNotFound { .. } => {
            E::gone("InvalidInstanceId.NotFound", "The specified InstanceId does not exist.")
        }
        R::CopyNotFound { .. } => E::gone("InvalidImageId.NotFound", IMAGE_GONE),
        R::AccountNotFound { .. } => {
            E::gone("InvalidAccount.NotFound", "The specified Account does not exist.")
        }
        R::EncryptionKeyNotFound { .. } => E::gone(
            "InvalidParameter.KMSKeyId.NotFound",
            "The specified KMSKeyId does not exist.",
        ),
        R::RegionUnknown { .. } if context == Context::Copy => {
            E::bad("DestinationRegion.NotFound", "The destination region not found.")
        }
        R::RegionUnknown { .. } => {
            E::bad("InvalidRegionId.NotFound", "The specified RegionId does not exist.")
        }
        R::SameRegion { .. } => E::forbidden(
            "IncorrectDestinationRegion",
            "The destination region is not equal the target region.",
        ),
        R::NotAllowed { .. } if context == Context::Copy => {
            E::forbidden("Forbbiden", "User not authorized to operate on the specified resource.")
        }
        R::NotAllowed { .. } => {
            E::forbidden("Forbidden.RAM", "User not authorized to operate on the specified resource, or this API doesn't support RAM.")
        }
        R::ImageNotAvailable { .. }
        | R::ImageBeingMade { .. }
        | R::ImageHeld { .. }
        | R::ImageInUse { .. }
        | R::ImageDegraded { .. }
        | R::ImageBeingConverted { .. }
        | R::AlreadyCopying { .. }
        | R::NotBeingCopied { .. }
        | R::CopyFinished { .. } => of_state(rejection, context),
        R::PublicNotCopied { .. }
        | R::MarketplaceNotCopied { .. }
        | R::SharedNotCopied { .. }
        | R::LocalNotCopied { .. }
        | R::ImageNotYours { .. }
        | R::ImagePublished { .. }
        | R::ImageIsShared { .. }
        | R::EncryptedNotShared { .. }
        | R::SharedWithSelf { .. }
        | R::TooManyShares { .. } => of_sharing(rejection, context),
        R::TicketNeeded { .. }
        | R::TicketUndecided { .. }
        | R::TicketRefused { .. }
        | R::TicketExpired { .. }
        | R::TicketSpent { .. }
        | R::ImageTooLarge { .. } => of_approval(rejection),
        R::NotToPlain { .. } | R::KeyUnusable { .. } | R::LinkNotPrivate { .. } => {
            of_encryption(rejection)
        }
        R::SnapshotInUse { .. } => E::forbidden(
            "SnapshotCreatedImage",
            "The snapshot has been used to create custom images. Delete the images first.",
        ),
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
        R::NameTaken { .. } if context == Context::Copy => E::bad(
            "InvalidImageName.Duplicated",
            "The specified image name is already in use in the target region. Please try a different one.",
        ),
        R::NameTaken { .. } => E::bad(
            "InvalidImageName.Duplicated",
            "The specified Image name has already bean used.",
        ),
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

/// Our own words as a sentence, where the cloud has none.
fn sentence(words: impl ToString) -> String {
    let words = words.to_string();
    let mut characters = words.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), characters.as_str())
}

/// An image that does not stand as the operation needs it.
fn of_state(rejection: &Rejection, context: Context) -> ApiError {
    use ApiError as E;
    use Rejection as R;
    match (rejection, context) {
        (R::ImageBeingMade { .. }, Context::Delete) => E::forbidden(
            "OperationDenied.ImageCopying",
            "The image is being copied. Please use the CancelCopyImage API.",
        ),
        (R::ImageHeld { .. }, Context::Delete) => E::forbidden(
            "OperationDenied.ImageCopying",
            "The image is currently being copied. Please try again later.",
        ),
        (R::ImageHeld { .. } | R::AlreadyCopying { .. }, _) => E::bad(
            "OperationDenied.ImageCopyConflict",
            "The same image cannot be copied concurrently. Please wait until the last copy is completed before performing the next operation.",
        ),
        (R::ImageInUse { .. }, _) => E::forbidden(
            "ImageUsingByInstance",
            "The specified image has been used to create instances. You can use the DescribeInstances API to query these instances, or you can use the force parameter to proceed.",
        ),
        (R::NotBeingCopied { .. }, _) => E::bad(
            "ImageCreatedNotFromCopy",
            "The specified image is not the target image of a copy action.",
        ),
        (R::CopyFinished { .. }, _) => {
            E::bad("IncorrectImageStatus", "The image copy has completed.")
        }
        (R::ImageBeingConverted { .. }, Context::Delete) => {
            E::forbidden("ImageIsImporting", "The specified image is importing.")
        }
        (R::ImageNotAvailable { status, .. }, Context::Modify) => match status {
            ImageStatus::Creating => E::forbidden(
                "InvalidStatus.ImageIsCreating",
                "The specified image is creating.",
            ),
            ImageStatus::Available | ImageStatus::CreateFailed => {
                E::forbidden("ImageStatus.NotAvailable", "The specified image is not available.")
            }
        },
        (R::ImageNotAvailable { .. }, Context::Share) => E::forbidden(
            "OperationDenied.InvalidImageStatus",
            "The specified image status does not support this operation.",
        ),
        (_, _) => E::bad("IncorrectImageStatus", "The image not available."),
    }
}

/// An image that is others' business too.
fn of_sharing(rejection: &Rejection, context: Context) -> ApiError {
    use ApiError as E;
    use Rejection as R;
    match (rejection, context) {
        (R::SharedNotCopied { .. }, _) => E::forbidden(
            "OperationDenied.SameRegionOnly",
            "The image shared from others can not be copied to another region directly.",
        ),
        (R::MarketplaceNotCopied { .. }, _) => E::forbidden(
            "OperationDenied.NotAuthorized",
            "The marketplace image is not authorized to be copied.",
        ),
        (R::PublicNotCopied { .. }, _) => {
            E::bad("OperationDenied.CommunityImage", "Community image does not support copy.")
        }
        (R::LocalNotCopied { .. }, _) => E::forbidden(
            "InvalidOperation.VhdImageUnsupported",
            "The image lies in a local file; convert it before it is copied.",
        ),
        (R::ImageIsShared { .. }, _) => E::forbidden(
            "ImageUseShared",
            "The specified image has been shared to others. You can use the DescribeImageSharePermission API to query them, or you can use the force parameter to proceed.",
        ),
        (R::ImagePublished { .. }, Context::Share) => {
            E::forbidden("Image.Public", "The specified image is public.")
        }
        (R::ImagePublished { .. }, _) => E::forbidden(
            "ImageIsPublic",
            "You can not delete public image, please modify it to private.",
        ),
        (R::SharedWithSelf { .. }, _) => E::new(
            StatusCode::NOT_FOUND,
            "InvalidAccount.Forbbiden",
            "The specified Account is the owner of the image.",
        ),
        (R::TooManyShares { limit }, _) => E::forbidden(
            "QuotaExceed.ShareImage",
            format!("The number of accounts that the image is shared with exceeds {limit}."),
        ),
        // Another account's image cannot be changed: for this operation it is not there.
        (R::ImageNotYours { .. }, _) => E::gone("InvalidImageId.NotFound", IMAGE_GONE),
        (_, _) => E::forbidden(
            "OperationDenied.InvalidImageStatus",
            "The specified image is encrypted with a key of its account; it cannot be shared.",
        ),
    }
}

/// A copy that somebody has to allow first (R000-7).
fn of_approval(rejection: &Rejection) -> ApiError {
    let words = sentence(rejection);
    match rejection {
        Rejection::ImageTooLarge { .. } => ApiError::forbidden("SizeExceed.Image", words),
        Rejection::TicketNeeded { .. } => ApiError::forbidden(
            "SizeExceed.Image",
            format!("The image exceeds the maximum size. {words}"),
        ),
        _ => ApiError::forbidden("OperationDenied.NonCompliantDestinationRegion", words),
    }
}

fn of_encryption(rejection: &Rejection) -> ApiError {
    use ApiError as E;
    match rejection {
        Rejection::NotToPlain { .. } => E::forbidden(
            "OperationDeined.EncryptedSnapshot",
            "The image contains encrypted snapshots, which do not support copying to non-encrypted ones.",
        ),
        Rejection::KeyUnusable { state: KeyState::Deleted, .. } => E::gone(
            "InvalidParameter.KMSKeyId.NotFound",
            "The specified KMSKeyId does not exist.",
        ),
        Rejection::KeyUnusable { .. } => E::forbidden(
            "InvalidParameter.KMSKeyId.CMKNotEnabled",
            "The CMK needs to be enabled.",
        ),
        other => E::forbidden("RegionNotSupportCopy", sentence(other)),
    }
}

/// A value that breaks a rule of its kind.
fn of_field(field: Field, refusal: &FieldRefusal, context: Context) -> ApiError {
    use ApiError as E;
    let malformed = |what: &'static str, said: &'static str| {
        E::bad(format!("{what}.Malformed"), format!("{said} {}", sentence(refusal)))
    };
    match field {
        Field::Name => match context {
            Context::Snapshot => malformed(
                "InvalidSnapshotName",
                "The specified snapshot name is wrongly formed.",
            ),
            Context::Instance => malformed(
                "InvalidInstanceName",
                "The specified instance name is wrongly formed.",
            ),
            Context::Describe
            | Context::Copy
            | Context::Cancel
            | Context::Delete
            | Context::Modify
            | Context::Share
            | Context::Tag => malformed(
                "InvalidImageName",
                "The specified image name is wrongly formed. Image names must be between 2 and 128 characters long.",
            ),
        },
        Field::Description => malformed(
            "InvalidDescription",
            "The specified description is wrongly formed.",
        ),
        Field::TagKey => match refusal {
            FieldRefusal::Twice => {
                E::bad("Duplicate.TagKey", "The Tag.N.Key contain duplicate key.")
            }
            other => E::bad(
                "InvalidTagKey.Malformed",
                format!("The specified Tag.n.Key is not valid: {other}."),
            ),
        },
        Field::TagValue => E::bad(
            "InvalidTagValue.Malformed",
            format!("The specified Tag.n.Value is not valid: {refusal}."),
        ),
        Field::Token => E::bad(
            "InvalidParameter.ClientToken",
            format!("The specified ClientToken is not valid: {refusal}."),
        ),
        other => E::bad(
            "InvalidParameter",
            format!("The specified parameter is not valid: {other}, {refusal}."),
        ),
    }
}
