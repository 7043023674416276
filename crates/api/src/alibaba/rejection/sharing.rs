//! Refusals of images that are other accounts' business too (R001-2, R001-8).

use model::ImageKind;

use super::Context;
use crate::alibaba::error::ApiError;
use crate::alibaba::words::no_image;

/// An image that is shared with the caller is not copied by it.
pub(super) fn shared_not_copied() -> ApiError {
    ApiError::forbidden(
        "OperationDenied.SameRegionOnly",
        "The image shared from others can not be copied to another region directly.",
    )
}

/// An image of the marketplace is not copied.
pub(super) fn marketplace_not_copied() -> ApiError {
    ApiError::forbidden(
        "OperationDenied.NotAuthorized",
        "The specified marketplace image is not authorized to be copied.",
    )
}

/// A published image is not copied.
pub(super) fn public_not_copied() -> ApiError {
    ApiError::bad("OperationDenied.CommunityImage", "Community image does not support copy.")
}

/// Another account's image cannot be changed: for whoever would, it is not there (api-11).
pub(super) fn not_yours() -> ApiError {
    no_image()
}

/// The image is published.
pub(super) fn published(kind: ImageKind, context: Context) -> ApiError {
    match (context, kind) {
        (Context::Share, _) => {
            ApiError::forbidden("Image.Public", "The specified image is public image.")
        }
        (
            Context::Describe
            | Context::Copy
            | Context::Cancel
            | Context::Delete
            | Context::Modify
            | Context::Tag
            | Context::Snapshot
            | Context::Instance
            | Context::Import
            | Context::Export,
            _,
        ) => ApiError::forbidden(
            "ImageIsPublic",
            "You can not delete public image, please modify it to private.",
        ),
    }
}

/// The image is shared with other accounts.
pub(super) fn is_shared(context: Context) -> ApiError {
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
pub(super) fn encrypted() -> ApiError {
    ApiError::forbidden(
        "OperationDeined.EncryptedSnapshot",
        "The image contains encrypted snapshots, which do not support share.",
    )
}

/// An image is not shared with its owner.
pub(super) fn with_self() -> ApiError {
    ApiError::gone("InvalidAccount.Forbbiden", "The specified Account does not yourself.")
}

/// No such account. Public to the handlers, which read numbers of accounts.
pub(in crate::alibaba) fn no_account() -> ApiError {
    ApiError::gone(
        "InvalidAccount.NotFound",
        "The specified parameter \"AddAccount.n\" or \"RemoveAccount.n\" does not exist.",
    )
}

/// An image is shared with no more accounts.
pub(super) fn too_many() -> ApiError {
    ApiError::forbidden("QuotaExceed.ShareImageUser", "The shared Image user Quota exceeds.")
}
