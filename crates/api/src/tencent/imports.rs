//! Images out of buckets: `ImportImage` (contract 2).

use model::{Attributes, BootMode, Field, Particulars, Platform};
use region::{DiskObject, ImportObjects, Region};
use serde_json::json;

use super::bucket_url;
use super::call::Call;
use super::error::ApiError;
use super::given::Given;
use super::ids::{at_most, spelled};
use super::image_value::{IMPORTED, LICENSE, SOURCE};
use super::params::Params;
use super::rejection::{Context, made, of_rejection};
use super::reply::{Fields, fields};
use super::systems::SYSTEMS;
use super::words;

/// Data disks in one request, at most; an image has fewer.
const MOST_DISKS: usize = 100;

/// `ImportImage`: the image's id exists at once, and what makes it is a task.
pub(super) async fn import_image(call: &Call) -> Result<Fields, ApiError> {
    let region = call.region()?;
    let caller = call.dry()?;
    let given = Given { params: &call.params, context: Context::Import };
    let command = ImportObjects {
        name: given.needed_name()?,
        description: given.description()?.unwrap_or_default(),
        attributes: attributes(given)?,
        family: given.family()?.flatten(),
        particulars: particulars(given)?,
        tags: given.tags()?,
        disks: disks(&call.params, &region)?,
        names: call.profile().names,
        token: call.token.clone(),
    };
    match made(region.import_objects(&caller, command).await, Context::Import)? {
        Some(task) => Ok(fields([("ImageId", json!(spelled(&task.image)))])),
        None => Ok(Fields::new()),
    }
}

/// The objects of the disks, the system disk's first. Their formats are what they show.
fn disks(params: &Params, region: &Region) -> Result<Vec<DiskObject>, ApiError> {
    let mut urls = vec![params.needed("ImageUrl")?];
    let data = params.structs("ImportImageDataDiskList")?;
    at_most(("ImportImageDataDiskList", data.len()), MOST_DISKS)?;
    for disk in &data {
        disk.only(&["ImageUrl"])?;
        urls.push(disk.needed("ImageUrl")?);
    }
    let disk = |url| {
        let (bucket, object) = bucket_url::read(url, region.id())?;
        Ok(DiskObject { bucket, object, format: None, size: None })
    };
    urls.into_iter().map(disk).collect()
}

/// The machine that an image is for. `Force` takes a version that is not listed.
fn attributes(given: Given<'_>) -> Result<Attributes, ApiError> {
    let params = given.params;
    let architecture = given.word("Architecture", ("InvalidParameterValue", &words::IMPORTED))?;
    let architecture = architecture.ok_or_else(|| ApiError::missing("Architecture"))?;
    let (name, version) = (params.needed("OsType")?, params.needed("OsVersion")?);
    let system = SYSTEMS.iter().find(|system| system.name == name).ok_or_else(|| {
        let message = "The value of the parameter `OsType` is none of DescribeImportImageOs.";
        ApiError::new("InvalidImageOsType.Unsupported", message)
    })?;
    let is_forced = params.flag("Force")? == Some(true);
    if !is_forced && !system.versions.contains(&version) {
        let message = "The value of the parameter `OsVersion` is none of DescribeImportImageOs, and Force is not given.";
        return Err(ApiError::new("InvalidImageOsVersion.Unsupported", message));
    }
    let platform = match version {
        "-" => name.to_owned(),
        version => format!("{name} {version}"),
    };
    let platform = Platform::new(&platform).map_err(|_| {
        given.malformed(Field::Platform, "the version is too long or has odd characters")
    })?;
    let boot_modes = ("InvalidParameterValue.InvalidBootMode", words::BOOT_MODES.as_slice());
    let boot_mode = given.word("BootMode", boot_modes)?.unwrap_or(BootMode::Bios);
    Ok(Attributes { architecture, os_type: system.os_type, platform, boot_mode })
}

/// What is kept of the image that Ferry has no use for.
fn particulars(given: Given<'_>) -> Result<Particulars, ApiError> {
    let mut kept = vec![(SOURCE.to_owned(), IMPORTED.to_owned())];
    let licenses = [("TencentCloud", "TencentCloud"), ("BYOL", "BYOL")];
    let license = given.word(LICENSE, ("InvalidParameterValue.InvalidLicenseType", &licenses))?;
    kept.extend(license.map(|license| (LICENSE.to_owned(), license.to_owned())));
    Particulars::new(kept).map_err(|rejection| of_rejection(&rejection, Context::Import))
}
