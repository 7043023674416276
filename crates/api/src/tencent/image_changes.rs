//! Changing images: `ModifyImageAttribute`, `DeleteImages` (contract 2).

use model::Deprecation;
use model::rules::Force;
use region::{Caller, EditImage, Intent, SnapshotsOfImage};

use super::call::Call;
use super::error::ApiError;
use super::given::Given;
use super::ids::{needed_image, needed_images};
use super::rejection::{Context, made, of_refused};
use super::reply::Fields;

/// Images in one request, at most.
const MOST_IMAGES: usize = 100;

/// `ModifyImageAttribute`: what is not given stays; an empty name too, while an empty description or family takes what was there
/// away. One client gives all three always, empty where it has none.
pub(super) async fn modify_image_attribute(call: &Call) -> Result<Fields, ApiError> {
    let region = call.region()?;
    let image = needed_image(call, &region).await?;
    let given = Given { params: &call.params, context: Context::Modify };
    let deprecation = call.params.flag("ImageDeprecated")?.map(|is_deprecated| {
        if is_deprecated { Deprecation::Deprecated } else { Deprecation::Current }
    });
    let edit = EditImage {
        name: given.name()?,
        description: given.description()?,
        family: given.family()?,
        deprecation,
        names: call.profile().names,
        ..EditImage::default()
    };
    let edited = region.edit_image(&call.caller, &image, edit).await;
    edited.map_err(|refused| of_refused(refused, Context::Modify))?;
    Ok(Fields::new())
}

/// `DeleteImages`: all of them are judged before the first goes. Never one that is being made, copied, used or shared (R001-6).
pub(super) async fn delete_images(call: &Call) -> Result<Fields, ApiError> {
    let region = call.region()?;
    let asked = call.dry()?;
    let images = needed_images(call, &region, MOST_IMAGES).await?;
    let snapshots = match call.params.flag("DeleteBindedSnap")? {
        Some(true) => SnapshotsOfImage::Delete,
        Some(false) | None => SnapshotsOfImage::Keep,
    };
    let rehearsing = Caller { intent: Intent::Rehearse, ..asked.clone() };
    for caller in [rehearsing, asked] {
        for image in &images {
            let deleted = region.delete_image(&caller, image, Force::No, snapshots).await;
            made(deleted, Context::Delete)?;
        }
    }
    Ok(Fields::new())
}
