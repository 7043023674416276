//! Copies: `SyncImages` at the source's region, and `CancelSyncImages` at the target's, which the cloud does not have (contract 2).

use model::{EncryptionKeyId, ImageId, Name, OriginNote, Profile, RegionId, Sealing};
use region::{CopyImage, Region};
use serde_json::{Value, json};

use super::call::Call;
use super::error::ApiError;
use super::given::Given;
use super::ids::{needed_images, spelled};
use super::place;
use super::rejection::{Context, made, no_key, no_region, of_refused};
use super::reply::{Fields, fields};

/// Images in one request, at most: more than any profile allows.
const MOST_IMAGES: usize = model::MAX_IMAGES;

/// `SyncImages`: all images to all regions, or none to any (R003-6, R003-7, R003-10). The new ids exist when this answers, and
/// are told where `ImageSetRequired` asks for them; the set is there in every answer, since clients fail without it.
pub(super) async fn sync_images(call: &Call) -> Result<Fields, ApiError> {
    let region = call.region()?;
    let caller = call.dry()?;
    let profile = Profile { origin_note: OriginNote::LeftOut, ..call.profile() };
    let images = needed_images(call, &region, profile.images_at_once).await?;
    let sealing = sealing(call)?;
    let targets = targets(call, (&region, &sealing))?;
    let name = Given { params: &call.params, context: Context::Sync }.name()?;
    let is_told = call.params.flag("ImageSetRequired")? == Some(true);
    must_differ(&images, name.as_ref())?;
    let command = |image: ImageId| CopyImage {
        image,
        targets: targets.clone(),
        name: name.clone(),
        description: None,
        tags: None,
        particulars: Default::default(),
        sealing: sealing.clone(),
        urgency: model::Urgency::default(),
        profile: profile.clone(),
        token: call.token.clone(),
    };
    let commands = images.into_iter().map(command).collect();
    let answers = made(region.copy_images_together(&caller, commands).await, Context::Sync)?;
    let mut set: Vec<Value> = Vec::new();
    for answer in answers.into_iter().flatten().flat_map(|image| image.answers) {
        let promise = answer.answer.map_err(|refused| of_refused(refused, Context::Sync))?;
        let (image, region) = (spelled(&promise.image), answer.target.as_str());
        set.push(json!({ "ImageId": image, "Region": region }));
    }
    if !is_told {
        set.clear();
    }
    Ok(fields([("ImageSet", Value::Array(set))]))
}

/// One name for several images would be taken twice in each region.
fn must_differ(images: &[ImageId], name: Option<&Name>) -> Result<(), ApiError> {
    match name {
        Some(name) if images.len() > 1 => {
            let message = format!("Several images cannot all be named `{name}`.");
            Err(ApiError::new("InvalidImageName.Duplicate", message))
        }
        Some(_) | None => Ok(()),
    }
}

/// `DestinationRegions`: for an encrypted copy the image's own region and no other, else any but that.
fn targets(call: &Call, (region, sealing): (&Region, &Sealing)) -> Result<Vec<RegionId>, ApiError> {
    let names = call.params.texts("DestinationRegions")?;
    if names.is_empty() {
        return Err(ApiError::missing("DestinationRegions"));
    }
    let named =
        |name: &&str| place::region_named(&call.deployment, name).ok_or_else(|| no_region(name));
    let targets = names.iter().map(named).collect::<Result<Vec<_>, _>>()?;
    let words = match sealing {
        Sealing::AsSource | Sealing::Plain if targets.contains(region.id()) => {
            "an image is not copied to the region that it is in"
        }
        Sealing::DefaultKey | Sealing::Key(_) if targets.iter().any(|to| to != region.id()) => {
            "with Encrypt an image is copied within its own region alone"
        }
        Sealing::AsSource | Sealing::Plain | Sealing::DefaultKey | Sealing::Key(_) => {
            return Ok(targets);
        }
    };
    let message = format!("The value of the parameter `DestinationRegions` is not valid: {words}.");
    Err(ApiError::new("InvalidParameterValue.InvalidRegion", message))
}

/// `Encrypt` and `KmsKeyId`: without, the copy is as its source.
fn sealing(call: &Call) -> Result<Sealing, ApiError> {
    let key = call.params.text("KmsKeyId")?.filter(|key| !key.is_empty());
    match (call.params.flag("Encrypt")?, key) {
        (None | Some(false), None) => Ok(Sealing::AsSource),
        (Some(true), None) => Ok(Sealing::DefaultKey),
        (Some(true), Some(key)) => {
            key.parse::<EncryptionKeyId>().map(Sealing::Key).map_err(|_| no_key())
        }
        (None | Some(false), Some(_)) => Err(ApiError::new(
            "InvalidParameter.InvalidKmsKeyId",
            "KmsKeyId is given without Encrypt.",
        )),
    }
}

/// `CancelSyncImages`, Ferry's own: ends the copies that make these images, and the images with them; their sources are as they
/// were (R000-11). All are judged before the first is ended.
pub(super) async fn cancel_sync_images(call: &Call) -> Result<Fields, ApiError> {
    let region = call.region()?;
    let images = needed_images(call, &region, MOST_IMAGES).await?;
    let refused = |refused| of_refused(refused, Context::Cancel);
    for image in &images {
        let view = region.image(&call.caller, image).await.map_err(refused)?;
        if view.origin.is_none() {
            let rejection = model::Rejection::NotBeingCopied { image: image.clone() };
            return Err(refused(rejection.into()));
        }
        if view.status != model::ImageStatus::Creating {
            let rejection = model::Rejection::CopyFinished { image: image.clone() };
            return Err(refused(rejection.into()));
        }
    }
    for image in &images {
        region.cancel_image(&call.caller, image).await.map_err(refused)?;
    }
    Ok(Fields::new())
}
