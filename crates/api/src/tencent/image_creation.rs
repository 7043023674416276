//! Making images of snapshots: `CreateImage` (contract 2).

use model::{
    Architecture, Attributes, BootMode, DiskRole, ImageSearch, OsType, Platform, SnapshotId,
};
use region::{CreateImage, DiskOfSnapshot, PageOf, Region, SnapshotView};
use serde_json::json;

use super::call::Call;
use super::error::ApiError;
use super::given::Given;
use super::ids::{at_most, snapshot, spelled};
use super::rejection::{Context, made, of_refused};
use super::reply::{Fields, fields};

/// Snapshots in one request, at most; an image has fewer disks.
const MOST_SNAPSHOTS: usize = 100;

/// `CreateImage`, of snapshots: the image is available at once and rests on them.
pub(super) async fn create_image(call: &Call) -> Result<Fields, ApiError> {
    let region = call.region()?;
    let caller = call.dry()?;
    let given = Given { params: &call.params, context: Context::Create };
    let name = given.needed_name()?;
    let ids = read_snapshots(call)?;
    let snapshots = snapshots(call, (&region, &ids)).await?;
    let system = snapshots.first().expect("there is a system disk's snapshot");
    let command = CreateImage {
        name,
        description: given.description()?.unwrap_or_default(),
        attributes: attributes(call, (&region, system)).await?,
        family: given.family()?.flatten(),
        particulars: Default::default(),
        tags: given.tags()?,
        disks: snapshots
            .into_iter()
            .map(|snapshot| DiskOfSnapshot { snapshot: snapshot.id, size: None })
            .collect(),
        names: call.profile().names,
        token: call.token.clone(),
    };
    match made(region.create_image(&caller, command).await, Context::Create)? {
        Some(image) => Ok(fields([("ImageId", json!(spelled(&image.id)))])),
        None => Ok(Fields::new()),
    }
}

/// What the image is to rest on. Instances of this service have no disks of their own to make an image of; what is said of one
/// besides is read and means nothing.
fn read_snapshots(call: &Call) -> Result<Vec<SnapshotId>, ApiError> {
    let params = &call.params;
    for flag in ["ForcePoweroff", "Sysprep"] {
        params.flag(flag)?;
    }
    let texts = params.texts("SnapshotIds")?;
    let instance = params.text("InstanceId")?.filter(|id| !id.is_empty());
    match (instance, texts.is_empty()) {
        (Some(_), false) => {
            let message = "InstanceId and SnapshotIds cannot be given together.";
            return Err(ApiError::new("InvalidParameter.SpecifyOneParameter", message));
        }
        (Some(_), true) => {
            let message = "The parameter `InstanceId` names no instance: here images are made of SnapshotIds alone.";
            return Err(ApiError::new("InvalidInstanceId.NotFound", message));
        }
        (None, true) => return Err(ApiError::missing("SnapshotIds")),
        (None, false) => {}
    }
    if !params.texts("DataDiskIds")?.is_empty() {
        let message = "DataDiskIds is given without InstanceId.";
        return Err(ApiError::new("InvalidParameterConflict", message));
    }
    at_most(("SnapshotIds", texts.len()), MOST_SNAPSHOTS)?;
    texts.into_iter().map(snapshot).collect()
}

/// The snapshots, the one of a system disk first, the others as they were given.
async fn snapshots(
    call: &Call,
    (region, ids): (&Region, &[SnapshotId]),
) -> Result<Vec<SnapshotView>, ApiError> {
    let mut data = Vec::with_capacity(ids.len());
    let mut system = None;
    for id in ids {
        let view = region.snapshot(&call.caller, id).await;
        let view = view.map_err(|refused| of_refused(refused, Context::Create))?;
        if view.role != DiskRole::SYSTEM {
            data.push(view);
        } else if system.replace(view).is_some() {
            let message = "More than one of the snapshots is of a system disk.";
            return Err(ApiError::new("InvalidParameter.DuplicateSystemSnapshots", message));
        }
    }
    let system = system.ok_or_else(|| {
        let message = "None of the snapshots is of a system disk.";
        ApiError::new("InvalidParameter.SystemSnapshotNotFound", message)
    })?;
    data.insert(0, system);
    Ok(data)
}

/// What an image that rests on the system disk's snapshot says of its system, else what is usual.
async fn attributes(
    call: &Call,
    (region, system): (&Region, &SnapshotView),
) -> Result<Attributes, ApiError> {
    let search = ImageSearch {
        snapshot: Some(system.id.clone()),
        owner: Some(call.caller.account.clone()),
        page: PageOf { offset: 0, limit: 1 },
        ..ImageSearch::default()
    };
    let found = region.search_images(&call.caller, search).await;
    let found = found.map_err(|refused| of_refused(refused, Context::Create))?;
    let known = found.items.into_iter().next().map(|image| image.attributes);
    Ok(known.unwrap_or_else(|| Attributes {
        architecture: Architecture::X86_64,
        os_type: OsType::Linux,
        platform: Platform::new("").expect("no name is a legal one"),
        boot_mode: BootMode::Bios,
    }))
}
