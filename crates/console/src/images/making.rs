//! How what is being made goes on: what its copy knows beside the image.

use futures::future::try_join_all;
use model::{ImageStatus, Rejection};
use region::{Caller, CopyView, ImageView, Refused, Region};

use crate::refusal::Shown;

/// The copy that makes an image; none where none does.
pub(crate) async fn copy_of(
    region: &Region,
    caller: &Caller,
    image: &ImageView,
) -> Result<Option<CopyView>, Shown> {
    let is_made = image.status == ImageStatus::Creating;
    let Some(origin) = image.origin.as_ref().filter(|_| is_made) else { return Ok(None) };
    match region.copy(caller, &origin.copy).await {
        Ok(copy) => Ok(Some(copy)),
        // It ended, and was forgotten, since the image was read.
        Err(Refused::Rejected(Rejection::CopyNotFound { .. })) => Ok(None),
        Err(refused) => Err(refused.into()),
    }
}

/// Images of these regions, each with the copy that makes it: one look-up for each that is being made.
pub(crate) async fn with_copies(
    regions: &[Region],
    caller: &Caller,
    images: Vec<ImageView>,
) -> Result<Vec<(ImageView, Option<CopyView>)>, Shown> {
    let looked_up = images.into_iter().map(|image| async move {
        let region = regions.iter().find(|region| *region.id() == image.region);
        let copy = match region {
            Some(region) => copy_of(region, caller, &image).await?,
            None => None,
        };
        Ok((image, copy))
    });
    try_join_all(looked_up).await
}
