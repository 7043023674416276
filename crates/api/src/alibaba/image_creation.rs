//! Making images of snapshots: `CreateImage` (contract 5).

use std::collections::BTreeMap;

use model::{
    Architecture, Attributes, BootMode, DiskRole, ImageSearch, Name, NameRule, OsType, Particulars,
    Platform, SizeBytes, SnapshotId,
};
use region::{Caller, CreateImage, DiskOfSnapshot, PageOf, Region, SnapshotView};

use super::call::Call;
use super::error::ApiError;
use super::given::Given;
use super::ids::Spelled;
use super::image_changes::boot_mode;
use super::params::Params;
use super::rejection::{Context, of_refused, of_rejection};
use super::reply::Node;
use super::{particulars, words};

/// `CreateImage`, of one snapshot or of several: the image is available at once and rests on them. Of the three ways to say what
/// it is made of, the cloud takes the first that is given of `InstanceId`, `DiskDeviceMapping`, `SnapshotId`.
pub(super) async fn create_image(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let caller = call.dry()?;
    if call.params.text("InstanceId").is_some() {
        // Instances of this service have no disks of their own to make an image of.
        return Err(ApiError::unsupported("CreateImage with InstanceId"));
    }
    let given = Given { params: &call.params, context: Context::Modify };
    let snapshots = snapshots(call, (&region, &caller)).await?;
    let system = &snapshots.first().ok_or_else(|| ApiError::missing("SnapshotId"))?.0;
    let (name, names) = match given.name("ImageName")? {
        Some(name) => (name, call.profile().names),
        None => (named_after(system)?, NameRule::Free),
    };
    let mut kept: BTreeMap<String, String> = particulars::read(&call.params)?.into_iter().collect();
    let boot_mode = boot_mode(call, &mut kept)?;
    let attributes = attributes(&call.params, system_of(call, (&region, &caller), system).await?)?;
    let attributes =
        Attributes { boot_mode: boot_mode.unwrap_or(attributes.boot_mode), ..attributes };
    let command = CreateImage {
        name,
        description: given.description("Description")?.unwrap_or_default(),
        attributes,
        family: given.family("ImageFamily")?,
        particulars: Particulars::new(kept)
            .map_err(|rejection| of_rejection(&rejection, Context::Modify))?,
        tags: given.tags()?,
        disks: snapshots
            .into_iter()
            .map(|(snapshot, size)| DiskOfSnapshot { snapshot: snapshot.id, size })
            .collect(),
        names,
        token: given.token()?,
    };
    let made = region.create_image(&caller, command).await;
    let made = made.map_err(|refused| of_refused(refused, Context::Modify))?;
    Ok(Node::Fields(vec![("ImageId", Node::text(made.id.spelled()))]))
}

/// An image that nobody named is called as its system disk's snapshot is, in the cloud's spelling.
fn named_after(snapshot: &SnapshotView) -> Result<Name, ApiError> {
    Name::new(&snapshot.id.spelled()).map_err(|rejection| of_rejection(&rejection, Context::Modify))
}

/// The snapshots, the system disk's first, with the size that each disk is to have where it is not the snapshot's.
async fn snapshots(
    call: &Call,
    (region, caller): (&Region, &Caller),
) -> Result<Vec<(SnapshotView, Option<SizeBytes>)>, ApiError> {
    let elements = call.params.structs("DiskDeviceMapping")?;
    if elements.is_empty() {
        let id = call.params.needed("SnapshotId")?;
        return Ok(vec![(snapshot((region, caller), id).await?, None)]);
    }
    let mut disks = Vec::with_capacity(elements.len());
    for (element, number) in elements.iter().zip(1..) {
        // The cloud makes an empty disk where there is none; here every disk of an image rests on a snapshot.
        let named = || ApiError::missing(&format!("DiskDeviceMapping.{number}.SnapshotId"));
        let id = element.text("SnapshotId").ok_or_else(named)?;
        let view = snapshot((region, caller), id).await?;
        let place = place(element, &view)?;
        disks.push((place, (view.clone(), size(element, &view)?)));
    }
    in_order(disks)
}

async fn snapshot(
    (region, caller): (&Region, &Caller),
    id: &str,
) -> Result<SnapshotView, ApiError> {
    let absent = || {
        let words = "The specified SnapshotId does not exist.";
        ApiError::gone("InvalidSnapshotId.NotFound", words)
    };
    let id = SnapshotId::read(id).ok_or_else(absent)?;
    let view = region.snapshot(caller, &id).await;
    view.map_err(|refused| of_refused(refused, Context::Modify))
}

/// Where a disk is to be.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Place {
    /// The system disk.
    System,
    /// A data disk with the name of a device.
    Device(DiskRole),
    /// A data disk, behind those before it in the request.
    Anywhere,
}

fn place(element: &Params, snapshot: &SnapshotView) -> Result<Place, ApiError> {
    let device = match element.text("Device") {
        None => None,
        Some(device) => Some(words::read_device(device).ok_or_else(|| {
            ApiError::forbidden(
                "InvalidParameter.Malformed",
                "The specified parameter \"DiskDeviceMapping.n.Device\" is not valid.",
            )
        })?),
    };
    match (device, element.text("DiskType")) {
        (None | Some(DiskRole::SYSTEM), Some("system")) | (Some(DiskRole::SYSTEM), None) => {
            Ok(Place::System)
        }
        (Some(device), Some("data") | None) if device != DiskRole::SYSTEM => {
            Ok(Place::Device(device))
        }
        (None, Some("data")) => Ok(Place::Anywhere),
        (None, None) if snapshot.role == DiskRole::SYSTEM => Ok(Place::System),
        (None, None) => Ok(Place::Anywhere),
        (_, Some("system" | "data")) | (Some(_), None) => Err(ApiError::invalid(
            "DiskDeviceMapping.n.Device",
            "/dev/xvda is the system disk's, and no other is",
        )),
        (_, Some(other)) => {
            let reason = format!("`{other}` is neither system nor data");
            Err(ApiError::invalid("DiskDeviceMapping.n.DiskType", reason))
        }
    }
}

/// The system disk first, then those with a device by its letter, then the others as they were given.
fn in_order<T>(disks: Vec<(Place, T)>) -> Result<Vec<T>, ApiError> {
    let wrong = |reason: &str| {
        ApiError::bad(
            "InvalidDiskDeviceMapping",
            format!("The specified DiskDeviceMapping is not valid: {reason}."),
        )
    };
    let systems = disks.iter().filter(|(place, _)| *place == Place::System).count();
    if systems != 1 {
        return Err(wrong("an image has one system disk"));
    }
    let mut devices: Vec<u8> = Vec::new();
    for (place, _) in &disks {
        let Place::Device(device) = place else { continue };
        if devices.contains(&device.number()) {
            return Err(wrong("a device is given twice"));
        }
        devices.push(device.number());
    }
    let mut disks = disks;
    disks.sort_by_key(|(place, _)| match place {
        Place::System => 0,
        Place::Device(device) => u32::from(device.number()),
        Place::Anywhere => u32::MAX,
    });
    Ok(disks.into_iter().map(|(_, disk)| disk).collect())
}

/// The size of a disk in GiB, where it is not that of its snapshot.
fn size(element: &Params, snapshot: &SnapshotView) -> Result<Option<SizeBytes>, ApiError> {
    let gib = element.number("Size", 1..=SizeBytes::MAX >> 30)?;
    match gib.filter(|gib| *gib != words::gib(snapshot.size)) {
        None => Ok(None),
        Some(gib) => SizeBytes::new(gib << 30)
            .map(Some)
            .map_err(|rejection| of_rejection(&rejection, Context::Modify)),
    }
}

/// What an image that rests on the system disk's snapshot says of its system, where there is one.
async fn system_of(
    call: &Call,
    (region, caller): (&Region, &Caller),
    system: &SnapshotView,
) -> Result<Option<Attributes>, ApiError> {
    let search = ImageSearch {
        snapshot: Some(system.id.clone()),
        owner: Some(call.caller.account.clone()),
        page: PageOf { offset: 0, limit: 1 },
        ..ImageSearch::default()
    };
    let found = region.search_images(caller, search).await;
    let found = found.map_err(|refused| of_refused(refused, Context::Modify))?;
    Ok(found.items.into_iter().next().map(|image| image.attributes))
}

/// What the request says of the system, else what is known of it, else what the cloud takes where nothing is.
fn attributes(params: &Params, known: Option<Attributes>) -> Result<Attributes, ApiError> {
    let usual = known.unwrap_or(Attributes {
        architecture: Architecture::X86_64,
        os_type: OsType::Linux,
        platform: Platform::new(words::OTHER_LINUX)
            .expect("a short platform without odd characters"),
        boot_mode: BootMode::Bios,
    });
    let architecture = match params.text("Architecture") {
        None => usual.architecture,
        Some(word) => words::read_architecture(word).ok_or_else(|| {
            ApiError::invalid("Architecture", format!("`{word}` is no architecture of images"))
        })?,
    };
    let Some(platform) = params.text("Platform") else {
        return Ok(Attributes { architecture, ..usual });
    };
    let os_type = if platform.starts_with("Windows") { OsType::Windows } else { OsType::Linux };
    let platform = Platform::new(platform);
    let platform = platform.map_err(|rejection| of_rejection(&rejection, Context::Modify))?;
    Ok(Attributes { architecture, os_type, platform, ..usual })
}
