//! Changing images: `DeleteImage`, `ModifyImageAttribute` (contract 5).

use std::collections::BTreeMap;

use model::rules::Force;
use model::{BootMode, Deprecation, ImageId, Standing};
use region::{EditImage, SnapshotsOfImage};

use super::call::Call;
use super::error::ApiError;
use super::given::Given;
use super::ids::Spelled;
use super::particulars;
use super::rejection::{Context, of_refused};
use super::reply::Node;
use super::words::{self, UEFI_PREFERRED, no_image};

/// `DeleteImage`: its snapshots stay, as the cloud keeps them. `Force` deletes an image that is in use, shared or public; never
/// one that is being copied or made (R001-6, R004-3, R004-10).
pub(super) async fn delete_image(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let caller = call.dry()?;
    let image = ImageId::read(call.params.needed("ImageId")?).ok_or_else(no_image)?;
    let force = match call.params.flag("Force")? {
        Some(true) => Force::Yes,
        Some(false) | None => Force::No,
    };
    let deleted = region.delete_image(&caller, &image, force, SnapshotsOfImage::Keep).await;
    deleted.map_err(|refused| of_refused(refused, Context::Delete))?;
    Ok(Node::empty())
}

/// `ModifyImageAttribute`: what is not given stays.
pub(super) async fn modify_image_attribute(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let caller = call.dry()?;
    let given = Given { params: &call.params, context: Context::Modify };
    let image = ImageId::read(call.params.needed("ImageId")?).ok_or_else(no_image)?;
    let mut kept: BTreeMap<String, String> = particulars::read(&call.params)?.into_iter().collect();
    let boot_mode = boot_mode(call, &mut kept)?;
    let deprecation = deprecation(call)?;
    let edit = EditImage {
        name: given.name("ImageName")?,
        description: given.description("Description")?,
        tags: None,
        family: given.family("ImageFamily")?.map(Some),
        boot_mode,
        deprecation,
        particulars: kept,
        names: call.profile().names,
    };
    let refused = |refused| of_refused(refused, Context::Modify);
    let view = region.image(&caller, &image).await.map_err(refused)?;
    if deprecation == Some(Deprecation::Current) && view.standing == Standing::Available {
        let words = "The specified image status is not deprecated.";
        return Err(ApiError::forbidden("ImageStatus.NotDeprecated", words));
    }
    let imds = |value: Option<&str>| value.unwrap_or("v1").to_owned();
    let (before, after) =
        (view.particulars.get(particulars::IMDS), edit.particulars.get(particulars::IMDS));
    if after.is_some() && imds(before) == "v2" && imds(after.map(String::as_str)) == "v1" {
        let words = "The specified parameter Features.ImdsSupport can not be set to v1 from v2.";
        return Err(ApiError::forbidden("InvalidOperation.FeaturesImdsSupportNotMatch", words));
    }
    region.edit_image(&caller, &image, edit).await.map_err(refused)?;
    Ok(Node::empty())
}

/// How a machine starts. That it could start either way is kept beside it, and forgotten where it is to start one way.
pub(super) fn boot_mode(
    call: &Call,
    kept: &mut BTreeMap<String, String>,
) -> Result<Option<BootMode>, ApiError> {
    let Some(word) = call.params.text("BootMode") else { return Ok(None) };
    let mode = words::read_boot_mode(word).ok_or_else(|| {
        let words = "The specified parameter BootMode is not supported.";
        ApiError::bad("InvalidBootMode.NotSupport", words)
    })?;
    if word != UEFI_PREFERRED {
        kept.insert(particulars::BOOT_MODE.to_owned(), String::new());
    }
    Ok(Some(mode))
}

fn deprecation(call: &Call) -> Result<Option<Deprecation>, ApiError> {
    match call.params.text("Status") {
        None => Ok(None),
        Some("Deprecated") => Ok(Some(Deprecation::Deprecated)),
        Some("Available") => Ok(Some(Deprecation::Current)),
        Some(other) => {
            let reason = format!("`{other}` is neither Deprecated nor Available");
            Err(ApiError::invalid("Status", reason))
        }
    }
}
