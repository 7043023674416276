//! Refusals of what is not allowed, or not so.

use model::{KeyState, Rejection};

use super::absent::no_key;
use super::{beyond, said};
use crate::tencent::error::ApiError;

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection) -> ApiError {
    use Rejection as R;
    match rejection {
        R::NotAllowed { .. } => ApiError::new(
            "UnauthorizedOperation.PermissionDenied",
            "The role of the key's user does not allow this.",
        ),
        R::SameRegion { .. } => said("InvalidParameterValue.InvalidRegion", rejection),
        R::LocalNotCopied { .. } => ApiError::new(
            "UnsupportedOperation.LocationImageNotSupported",
            "The image lies in a local file; convert it with `ferry image convert` and copy the image that makes.",
        ),
        R::NotToPlain { .. } => ApiError::new(
            "UnsupportedOperation.EncryptedImagesNotSupported",
            "The image is encrypted; its copy must be encrypted too.",
        ),
        R::KeyUnusable { state: KeyState::Deleted, .. } => no_key(),
        R::KeyUnusable {
            state: KeyState::Enabled | KeyState::Disabled | KeyState::PendingDeletion,
            ..
        } => said("InvalidParameter.InvalidKmsKeyId", rejection),
        R::LinkNotPrivate { region } => ApiError::new(
            "UnsupportedOperation.SyncEncryptImageNotSupport",
            format!(
                "The way from `{region}` is not encrypted; encrypted images are not copied over it."
            ),
        ),
        R::TokenReused => ApiError::new(
            "InvalidParameterConflict",
            "The same was asked for with other parameters.",
        ),
        R::NameTaken { .. } => said("InvalidImageName.Duplicate", rejection),
        other => beyond(other),
    }
}
