//! Refusals of images that are other accounts' business too (R001-2, R001-8).

use model::Rejection;

use super::{Context, beyond};
use crate::alibaba::error::ApiError;
use crate::alibaba::words::no_image;

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection, context: Context) -> ApiError {
    use Rejection as R;
    match rejection {
        R::PublicNotCopied { .. } => public_not_copied(),
        R::MarketplaceNotCopied { .. } => marketplace_not_copied(),
        R::SharedNotCopied { .. } => shared_not_copied(),
        // For whoever would change it, another account's image is not there (api-11).
        R::ImageNotYours { .. } => no_image(),
        R::ImagePublished { .. } => published(context),
        R::ImageIsShared { .. } => is_shared(context),
        R::EncryptedNotShared { .. } => encrypted(),
        R::SharedWithSelf { .. } => with_self(),
        R::TooManyShares { .. } => too_many(),
        other => beyond(other),
    }
}

/// An image that is shared with the caller is not copied by it.
fn shared_not_copied() -> ApiError {
    ApiError::forbidden(
        "OperationDenied.SameRegionOnly",
        "The image shared from others can not be copied to another region directly.",
    )
}

/// An image of the marketplace is not copied.
fn marketplace_not_copied() -> ApiError {
    ApiError::forbidden(
        "OperationDenied.NotAuthorized",
        "The specified marketplace image is not authorized to be copied.",
    )
}

/// A published image is not copied.
fn public_not_copied() -> ApiError {
    ApiError::bad("OperationDenied.CommunityImage", "Community image does not support copy.")
}

/// The image is published.
fn published(context: Context) -> ApiError {
    match context {
        Context::Share => {
            ApiError::forbidden("Image.Public", "The specified image is public image.")
        }
        Context::Describe
        | Context::Copy
        | Context::Cancel
        | Context::Delete
        | Context::Modify
        | Context::Tag
        | Context::Snapshot
        | Context::Instance
        | Context::Import
        | Context::Export => ApiError::forbidden(
            "ImageIsPublic",
            "You can not delete public image, please modify it to private.",
        ),
    }
}

/// The image is shared with other accounts.
fn is_shared(context: Context) -> ApiError {
    match context {
        Context::Share => ApiError::forbidden(
            "InvalidParameter.IsPublic",
            "The specified parameter IsPublic is conflicted with other parameters.",
        ),
        Context::Delete => ApiError::forbidden(
            "ImageUseShared",
            "The specified image has been shared to others. You can use the DescribeImageSharePermission API to query them, or you can use the force parameter to proceed.",
        ),
        Context::Describe
        | Context::Copy
        | Context::Cancel
        | Context::Modify
        | Context::Tag
        | Context::Snapshot
        | Context::Instance
        | Context::Import
        | Context::Export => ApiError::forbidden(
            "ImageUseShared",
            "The specified image has been shared to others, please remove shared accounts first.",
        ),
    }
}

/// Only its owner has the key of an encrypted image.
fn encrypted() -> ApiError {
    ApiError::forbidden(
        "OperationDeined.EncryptedSnapshot",
        "The image contains encrypted snapshots, which do not support share.",
    )
}

/// An image is not shared with its owner.
fn with_self() -> ApiError {
    ApiError::gone("InvalidAccount.Forbbiden", "The specified Account does not yourself.")
}

/// An image is shared with no more accounts.
fn too_many() -> ApiError {
    ApiError::forbidden("QuotaExceed.ShareImageUser", "The shared Image user Quota exceeds.")
}
