//! Refusals of images that are other accounts' business too.

use model::{ImageKind, Rejection};

use super::state::CANNOT_USE;
use super::{Context, beyond};
use crate::jdcloud::error::ApiError;
use crate::jdcloud::ids;

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection, context: Context) -> ApiError {
    use ApiError as E;
    use Rejection as R;
    match rejection {
        R::PublicNotCopied { .. } | R::MarketplaceNotCopied { .. } | R::SharedNotCopied { .. } => {
            E::precondition(CANNOT_USE)
        }
        R::ImageNotYours { kind, .. } => E::precondition(not_yours(*kind, context)),
        R::ImagePublished { kind, .. } => E::precondition(published(*kind, context)),
        R::ImageIsShared { .. } => E::precondition(is_shared(context)),
        R::EncryptedNotShared { image } => encrypted(&ids::image(image)),
        R::SharedWithSelf { .. } => E::argument("Invalid pin: the image is the account's own"),
        R::TooManyShares { .. } => E::quota("Image share quota limit exceeded"),
        other => beyond(other),
    }
}

/// The caller sees the image and does not own it.
fn not_yours(kind: ImageKind, context: Context) -> &'static str {
    match (context, kind) {
        (Context::Delete, ImageKind::Shared) => "Can't delete shared image",
        (Context::Delete, ImageKind::Custom | ImageKind::Public | ImageKind::Marketplace) => {
            "Can't delete this image"
        }
        (
            Context::Describe
            | Context::Copy
            | Context::Modify
            | Context::Share
            | Context::Create
            | Context::Import
            | Context::Export
            | Context::Convert
            | Context::Snapshot,
            _,
        ) => CANNOT_USE,
    }
}

/// The caller owns the image, and it was published for everyone.
fn published(kind: ImageKind, context: Context) -> &'static str {
    match (context, kind) {
        (Context::Delete, ImageKind::Public) => "Can't delete community image",
        (Context::Delete, ImageKind::Marketplace | ImageKind::Custom | ImageKind::Shared) => {
            "Can't delete protected image"
        }
        (Context::Share, _) => "Community image can't be shared",
        (
            Context::Describe
            | Context::Copy
            | Context::Modify
            | Context::Create
            | Context::Import
            | Context::Export
            | Context::Convert
            | Context::Snapshot,
            _,
        ) => CANNOT_USE,
    }
}

/// The caller owns the image and shares it.
fn is_shared(context: Context) -> &'static str {
    match context {
        Context::Delete => "Can't delete shared image",
        Context::Describe
        | Context::Copy
        | Context::Modify
        | Context::Share
        | Context::Create
        | Context::Import
        | Context::Export
        | Context::Convert
        | Context::Snapshot => CANNOT_USE,
    }
}

/// An encrypted image is not shared: `what` is its snapshot, or where that is not known the image.
pub(in crate::jdcloud) fn encrypted(what: &str) -> ApiError {
    ApiError::precondition(format!("Share encrypted snapshot '{what}' is not support."))
}
