//! Making images of snapshots: `createImageFromSnapshots` (contract 1).

use model::{Attributes, BootMode, DiskRole, Particulars, Platform, SizeBytes, SnapshotId, Tags};
use region::{CreateImage, DiskOfSnapshot};
use serde_json::json;

use super::call::{Call, Reply, fields};
use super::error::ApiError;
use super::params::Params;
use super::rejection::{Context, of_refused, of_rejection};
use super::{given, ids, words};

/// `createImageFromSnapshots`: the image is `ready` at once and rests on its snapshots. The kind of its disks and whether they
/// go with an instance are taken and not kept: there are no disks.
pub(super) async fn create_image_from_snapshots(call: &Call) -> Reply {
    let refused = |rejection| of_rejection(&rejection, Context::Create);
    let name = given::name(call, "name", Context::Create)?;
    let name = name.ok_or_else(|| ApiError::missing("name"))?;
    let command = CreateImage {
        name,
        description: given::description(call, Context::Create)?.unwrap_or_default(),
        attributes: attributes(&call.params)?,
        family: None,
        particulars: Particulars::new(version(&call.params)?).map_err(refused)?,
        tags: Tags::default(),
        disks: disks(call).await?,
        names: call.profile().names,
        token: call.token.clone(),
    };
    let made = call.region.create_image(&call.caller, command).await;
    let made = made.map_err(|refused| of_refused(refused, Context::Create))?;
    Ok(fields(json!({"imageId": ids::image(&made.id)})))
}

fn attributes(params: &Params) -> Result<Attributes, ApiError> {
    let (platform, os_type) = words::read_platform(params.needed("platform")?);
    let platform = Platform::new(platform);
    let boot_mode = params.text("bootMode")?.map(words::read_boot_mode).transpose()?;
    Ok(Attributes {
        architecture: words::read_architecture(params.needed("architecture")?)?,
        os_type,
        platform: platform.map_err(|rejection| of_rejection(&rejection, Context::Create))?,
        // Older clients cannot say; the cloud's default.
        boot_mode: boot_mode.unwrap_or(BootMode::Bios),
    })
}

/// The version of the operating system, kept beside its name.
fn version(params: &Params) -> Result<Vec<(String, String)>, ApiError> {
    let version = params.text(words::OS_VERSION)?;
    Ok(version.map(|text| (words::OS_VERSION.to_owned(), text.to_owned())).into_iter().collect())
}

/// The disks in the order of their devices, the system disk first.
async fn disks(call: &Call) -> Result<Vec<DiskOfSnapshot>, ApiError> {
    let given = call.params.structs("cloudDisks")?;
    if given.is_empty() {
        return Err(ApiError::missing("cloudDisks"));
    }
    let mut disks: Vec<(DiskRole, DiskOfSnapshot)> = Vec::with_capacity(given.len());
    for disk in &given {
        let role = role(disk, given.len())?;
        if disks.iter().any(|(taken, _)| *taken == role) {
            let reason = format!("`{}` is given twice", words::device(role));
            return Err(ApiError::invalid("deviceName", reason));
        }
        disks.push((role, of_snapshot(call, disk).await?));
    }
    if !disks.iter().any(|(role, _)| *role == DiskRole::SYSTEM) {
        return Err(ApiError::invalid("deviceName", "none of the disks is `vda`, the system disk"));
    }
    disks.sort_by_key(|(role, _)| *role);
    Ok(disks.into_iter().map(|(_, disk)| disk).collect())
}

/// What a disk is for: the only one is the system disk where nothing is said.
fn role(disk: &Params, disks: usize) -> Result<DiskRole, ApiError> {
    match disk.text("deviceName")? {
        None if disks == 1 => Ok(DiskRole::SYSTEM),
        None => Err(ApiError::missing("deviceName")),
        Some(device) => words::read_device(device).ok_or_else(|| {
            ApiError::invalid("deviceName", format!("`{device}` is not one of `vda` to `vdq`"))
        }),
    }
}

/// A disk that rests on a snapshot. A size that is the snapshot's in whole GiB is the snapshot's.
async fn of_snapshot(call: &Call, disk: &Params) -> Result<DiskOfSnapshot, ApiError> {
    let text = disk.needed("snapshotId")?;
    let absent = || ApiError::not_found(format!("Snapshot '{text}' not found"));
    let snapshot: SnapshotId = ids::read_snapshot(text).ok_or_else(absent)?;
    let view = call.region.snapshot(&call.caller, &snapshot).await;
    let view = view.map_err(|refused| of_refused(refused, Context::Create))?;
    let gib = disk.number("diskSizeGB", 1..=SizeBytes::MAX >> 30)?;
    let other = gib.filter(|gib| *gib != words::gib(view.size)).map(|gib| gib << 30);
    let size = other.map(SizeBytes::new).transpose();
    let size = size.map_err(|rejection| of_rejection(&rejection, Context::Create))?;
    Ok(DiskOfSnapshot { snapshot, size })
}
