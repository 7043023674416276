//! Copies: `copyImages` at the source's region (contract 3).

use model::{Act, ImageId, OriginNote, Particulars, Profile, RegionId, Sealing};
use region::{CopyImage, ImageAnswer};
use serde_json::{Value, json};

use super::call::{Call, Reply, fields};
use super::error::ApiError;
use super::rejection::{Context, encrypted_not_copied, of_refused, of_rejection};
use super::{given, ids};

/// `copyImages`: one to five images of the caller's own to one other region, all or none. The new images' ids exist when this
/// answers, and the copies run (R002-1, R002-6).
pub(super) async fn copy_images(call: &Call) -> Reply {
    let refused = |rejection| of_rejection(&rejection, Context::Copy);
    call.caller.must(Act::Change).map_err(refused)?;
    let profile = Profile { origin_note: OriginNote::Added, ..call.profile() };
    let asked = call.params.texts("sourceImageIds")?;
    if asked.is_empty() {
        return Err(ApiError::missing("sourceImageIds"));
    }
    if asked.len() > profile.images_at_once {
        return Err(ApiError::out_of_range("sourceImageIds"));
    }
    // A list of regions is no text, and refused by its name.
    let target = call.params.needed("destinationRegion")?;
    let target: RegionId = target.parse().map_err(|_| ApiError::no_region(target))?;
    let name = given::name(call, "name", Context::Copy)?;
    // Nothing said, or no words: the source's, and behind either where the copy is from (R002-7).
    let description = given::description(call, Context::Copy)?;
    let description = description.filter(|text| !text.as_str().is_empty());
    let mut commands = Vec::with_capacity(asked.len());
    for text in &asked {
        commands.push(CopyImage {
            image: plain_image(call, text).await?,
            targets: vec![target.clone()],
            name: name.clone(),
            description: description.clone(),
            tags: None,
            particulars: Particulars::default(),
            sealing: Sealing::AsSource,
            urgency: model::Urgency::default(),
            profile: profile.clone(),
            token: call.token.clone(),
        });
    }
    let copies = call.region.copy_images_together(&call.caller, commands).await;
    let copies = copies.map_err(|refused| of_refused(refused, Context::Copy))?;
    let copies = asked.into_iter().zip(&copies).map(|(asked, answer)| told(asked, answer));
    Ok(fields(json!({"copyImages": copies.collect::<Result<Vec<_>, _>>()?})))
}

/// An image that the caller sees and that is not encrypted: the cloud copies no encrypted snapshots. Everything else about it
/// is judged where it is copied.
async fn plain_image(call: &Call, text: &str) -> Result<ImageId, ApiError> {
    let id = call.image(text).await?;
    let view = call.region.image(&call.caller, &id).await;
    let view = view.map_err(|refused| of_refused(refused, Context::Copy))?;
    if view.encryption_key.is_none() {
        return Ok(id);
    }
    let snapshot = view.disks.iter().find_map(|disk| disk.snapshot.as_ref());
    Err(encrypted_not_copied(&snapshot.map_or_else(|| ids::image(&id), ids::snapshot)))
}

/// The source as it was asked for, and the new image.
fn told(asked: &str, answer: &ImageAnswer) -> Result<Value, ApiError> {
    let made = answer.answers.iter().find_map(|target| target.answer.as_ref().ok());
    // All or none: where one is refused, there is no list of answers.
    let made = made.ok_or_else(ApiError::internal)?;
    Ok(json!({"sourceImageId": asked, "destinationImageId": ids::image(&made.image)}))
}
