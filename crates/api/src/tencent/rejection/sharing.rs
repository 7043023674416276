//! Refusals of images that are other accounts' business too (R001-2, R001-8, R003-1).

use model::{ImageKind, Rejection};

use super::{Context, beyond, said};
use crate::tencent::error::ApiError;

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection, context: Context) -> ApiError {
    use Rejection as R;
    match rejection {
        R::PublicNotCopied { .. } => not_copied(ImageKind::Public, context),
        R::MarketplaceNotCopied { .. } => not_copied(ImageKind::Marketplace, context),
        R::SharedNotCopied { .. } => not_copied(ImageKind::Shared, context),
        R::ImageNotYours { kind, .. } => not_yours(*kind, context),
        R::ImagePublished { .. } => shown(context, "The image is published; take that back first."),
        R::ImageIsShared { .. } => {
            shown(context, "The image is shared with other accounts; take that back first.")
        }
        R::EncryptedNotShared { .. } => ApiError::new(
            "UnsupportedOperation.EncryptedImagesNotSupported",
            "The image is encrypted with a key of its account; it cannot be shared.",
        ),
        R::SharedWithSelf { .. } => {
            ApiError::new("InvalidAccountIs.YourSelf", "The image is the account's own.")
        }
        R::TooManyShares { .. } => said("OverQuota", rejection),
        other => beyond(other),
    }
}

/// Only custom images are copied or exported. Of exports alone each kind of the others has its own code.
fn not_copied(kind: ImageKind, context: Context) -> ApiError {
    let code = match context {
        Context::Export => not_exported(kind),
        Context::Describe
        | Context::Sync
        | Context::Cancel
        | Context::Delete
        | Context::Create
        | Context::Modify
        | Context::Share
        | Context::Tag
        | Context::Snapshot
        | Context::Import => "InvalidParameterValue.InvalidImageId",
    };
    ApiError::new(code, "The image is not the account's own custom image; no other allows this.")
}

/// What is said of exports of an image of this kind.
fn not_exported(kind: ImageKind) -> &'static str {
    match kind {
        ImageKind::Public => "UnsupportedOperation.PublicImageExportUnsupported",
        ImageKind::Marketplace => "UnsupportedOperation.MarketImageExportUnsupported",
        ImageKind::Shared => "UnsupportedOperation.SharedImageExportUnsupported",
        // The caller's own, which are exported.
        ImageKind::Custom => "InvalidParameterValue.InvalidImageId",
    }
}

/// Others may use the image and not change it.
fn not_yours(kind: ImageKind, context: Context) -> ApiError {
    let code = match context {
        Context::Export => not_exported(kind),
        Context::Modify => "UnsupportedOperation.SharedImageModifyUnsupported",
        Context::Delete => "InvalidParameterValue.InvalidImageIdIsShared",
        Context::Share | Context::Tag => "UnauthorizedOperation.ImageNotBelongToAccount",
        Context::Describe
        | Context::Sync
        | Context::Cancel
        | Context::Create
        | Context::Snapshot
        | Context::Import => "InvalidParameterValue.InvalidImageId",
    };
    ApiError::new(code, "The image is another account's; it can be used, not changed.")
}

/// Others see the image.
fn shown(context: Context, words: &'static str) -> ApiError {
    let code = match context {
        Context::Delete => "InvalidImageId.InShared",
        Context::Describe
        | Context::Sync
        | Context::Cancel
        | Context::Create
        | Context::Modify
        | Context::Share
        | Context::Tag
        | Context::Snapshot
        | Context::Import
        | Context::Export => "InvalidParameterValue.InvalidImageId",
    };
    ApiError::new(code, words)
}
