//! Refusals of what is not allowed, or not so.

use model::Rejection;

use super::{beyond, conflict};
use crate::cloud::sentence;
use crate::jdcloud::error::ApiError;
use crate::jdcloud::ids;

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection) -> ApiError {
    use Rejection as R;
    match rejection {
        R::NotAllowed { .. } => ApiError::forbidden(sentence(rejection)),
        // R002-6: the destination must be another region.
        R::SameRegion { region } => ApiError::no_region(region.as_str()),
        // R002-4: `convertImage` makes one of it that can be copied.
        R::LocalNotCopied { .. } => ApiError::precondition("Only support cloudDisk image"),
        R::NotToPlain { image } => super::snapshot::encrypted(&ids::image(image)),
        R::KeyUnusable { .. } | R::LinkNotPrivate { .. } => {
            ApiError::precondition(sentence(rejection))
        }
        R::TokenReused => conflict(
            "The clientToken was used before, for a request with other parameters; take a new one",
        ),
        R::NameTaken { name, .. } => conflict(format!("The image name '{name}' is used already")),
        other => beyond(other),
    }
}
