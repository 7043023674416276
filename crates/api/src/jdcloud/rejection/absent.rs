//! Refusals of what is not there, but for snapshots and tasks.

use model::{AccountRejection, Rejection};

use super::beyond;
use crate::jdcloud::error::ApiError;
use crate::jdcloud::ids;

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection) -> ApiError {
    use Rejection as R;
    match rejection {
        R::ImageNotFound { image, .. } => no_image(&ids::image(image)),
        R::CopyNotFound { copy, .. } => ApiError::not_found(format!("Copy '{copy}' not found")),
        R::InstanceNotFound { instance, .. } => {
            ApiError::not_found(format!("Instance '{instance}' not found"))
        }
        R::EncryptionKeyNotFound { key, .. } => {
            ApiError::not_found(format!("Key '{key}' not found"))
        }
        R::FamilyEmpty { family, .. } => {
            ApiError::not_found(format!("Image family '{family}' not found"))
        }
        R::RegionUnknown { region } => ApiError::no_region(region.as_str()),
        R::Account(AccountRejection::AccountNotFound { account }) => no_pin(account.as_str()),
        other => beyond(other),
    }
}

/// No such image, or none that the caller sees: of both the same is said, with the id as it was asked for (api-11).
pub(in crate::jdcloud) fn no_image(asked: &str) -> ApiError {
    ApiError::not_found(format!("Image '{asked}' not found"))
}

/// No such account.
pub(in crate::jdcloud) fn no_pin(pin: &str) -> ApiError {
    ApiError::argument(format!("Pin '{pin}' not found"))
}
