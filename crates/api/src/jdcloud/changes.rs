//! Changing images: `modifyImageAttribute`, `deleteImage` (contract 1).

use model::rules::Force;
use model::{ImageId, ImageStatus, Rejection, Storage};
use region::{EditImage, ImageView, Refused, SnapshotsOfImage};

use super::call::{Call, Reply, nothing};
use super::error::ApiError;
use super::given;
use super::rejection::{Context, of_refused};

/// `modifyImageAttribute`: a new name, a new description, or both. Also while the image is copied or made (R002-8, R002-12).
pub(super) async fn modify_image_attribute(call: &Call) -> Reply {
    let edit = EditImage {
        name: given::name(call, "name", Context::Modify)?,
        description: given::description(call, Context::Modify)?,
        names: call.profile().names,
        ..EditImage::default()
    };
    if edit.name.is_none() && edit.description.is_none() {
        return Err(ApiError::argument("Parameter name、description missing"));
    }
    let image = call.image(call.id("imageId")?).await?;
    let edited = call.region.edit_image(&call.caller, &image, edit).await;
    edited.map_err(|refused| of_refused(refused, Context::Modify))?;
    Ok(nothing())
}

/// `deleteImage`: its snapshots stay unless `deleteSnapshot` says otherwise. Of a copy that is `pending`, the copy is cancelled:
/// the cloud has no other way to say that, and nothing of it stays (R002-11).
pub(super) async fn delete_image(call: &Call) -> Reply {
    let snapshots = match call.params.flag("deleteSnapshot")? {
        Some(true) => SnapshotsOfImage::Delete,
        Some(false) | None => SnapshotsOfImage::Keep,
    };
    let image = call.image(call.id("imageId")?).await?;
    let refused = |refused| of_refused(refused, Context::Delete);
    let view = call.region.image(&call.caller, &image).await.map_err(refused)?;
    match is_being_copied(call, &view) && cancelled(call, &image).await.map_err(refused)? {
        true => Ok(nothing()),
        false => {
            deleted(call, &view, snapshots).await.map_err(refused)?;
            Ok(nothing())
        }
    }
}

/// Whether a copy makes the image; another's is not the caller's to cancel.
fn is_being_copied(call: &Call, view: &ImageView) -> bool {
    let is_own = view.owner == call.caller.account;
    is_own && view.status == ImageStatus::Creating && view.origin.is_some()
}

/// Cancels the copy that makes an image. False where it ended before that.
async fn cancelled(call: &Call, image: &ImageId) -> Result<bool, Refused> {
    match call.region.cancel_image(&call.caller, image).await {
        Ok(()) => Ok(true),
        Err(Refused::Rejected(
            Rejection::CopyFinished { .. } | Rejection::NotBeingCopied { .. },
        )) => Ok(false),
        Err(other) => Err(other),
    }
}

/// An image on cloud disks is deleted although instances use it: they have disks of their own. One in a local file is not, nor
/// one that is shared or published.
async fn deleted(
    call: &Call,
    view: &ImageView,
    snapshots: SnapshotsOfImage,
) -> Result<(), Refused> {
    let force = match view.storage {
        Storage::Snapshots => Force::OverUse,
        Storage::LocalFile => Force::No,
    };
    call.region.delete_image(&call.caller, &view.id, force, snapshots).await
}
