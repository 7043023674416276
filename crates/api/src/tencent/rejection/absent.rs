//! Refusals of what is not there, but for snapshots and tasks.

use model::{AccountRejection, Rejection};

use super::{beyond, said};
use crate::tencent::error::ApiError;

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection) -> ApiError {
    use Rejection as R;
    match rejection {
        R::ImageNotFound { .. } | R::CopyNotFound { .. } => no_image(),
        R::InstanceNotFound { .. } => said("InvalidInstanceId.NotFound", rejection),
        R::Account(AccountRejection::AccountNotFound { .. }) => no_account(),
        R::EncryptionKeyNotFound { .. } => no_key(),
        R::FamilyEmpty { .. } => said("ResourceNotFound", rejection),
        R::RegionUnknown { region } => no_region(region.as_str()),
        other => beyond(other),
    }
}

/// The image is not there, or not for this caller to see (R001-1, api-11).
pub(in crate::tencent) fn no_image() -> ApiError {
    ApiError::new("InvalidImageId.NotFound", "The image does not exist.")
}

/// No such account.
pub(in crate::tencent) fn no_account() -> ApiError {
    ApiError::new("InvalidAccountId.NotFound", "The account does not exist.")
}

/// No such encryption key, any more or ever.
pub(in crate::tencent) fn no_key() -> ApiError {
    ApiError::new("InvalidParameter.InvalidKmsKeyId", "The KMS key does not exist.")
}

/// No such region, of those that an image may go to.
pub(in crate::tencent) fn no_region(name: &str) -> ApiError {
    ApiError::new("InvalidRegion.NotFound", format!("The region `{name}` does not exist."))
}
