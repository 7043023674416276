//! An image as `describeImages` shows it (contract 2). One of the clients refuses a field of another type than its own, so
//! every field has one type, and an absent value is an empty text.

use std::collections::{BTreeSet, HashMap};

use model::{AccountId, AccountNumber, ImageId, ImageKind, Name, SizeBytes, Storage, TaskAction};
use region::{DiskView, ImageView, PageOf, TaskSearch};
use serde_json::{Value, json};

use super::call::Call;
use super::error::ApiError;
use super::rejection::{Context, of_refused};
use super::{ids, times, words};

/// What is known of images beside their views.
struct Beside {
    /// The numbers of their owners; none of an account that only another process knows.
    numbers: HashMap<AccountId, AccountNumber>,
    /// The names of their owners; none of such an account.
    names: HashMap<AccountId, Name>,
    /// Those that an import of an object made.
    imported: BTreeSet<ImageId>,
}

/// Images as the caller is shown them. However many they are, three things more are asked for.
pub(super) async fn values(call: &Call, images: &[ImageView]) -> Result<Vec<Value>, ApiError> {
    let owners: BTreeSet<_> = images.iter().map(|image| &image.owner).collect();
    let refused = |refused| of_refused(refused, Context::Describe);
    let accounts = &call.deployment.accounts;
    let beside = Beside {
        numbers: accounts.numbers_of(owners.iter().copied()).await.map_err(refused)?,
        names: accounts.names_of(owners).await.map_err(refused)?,
        imported: imported(call, images).await?,
    };
    Ok(images.iter().map(|image| value(call, image, &beside)).collect())
}

/// Those of the images that an import of an object made, of the caller's own.
async fn imported(call: &Call, images: &[ImageView]) -> Result<BTreeSet<ImageId>, ApiError> {
    let may_be = |image: &&ImageView| is_own(call, image) && image.origin.is_none();
    let images: Vec<ImageId> = images.iter().filter(may_be).map(|image| image.id.clone()).collect();
    if images.is_empty() {
        return Ok(BTreeSet::new());
    }
    let limit = u32::try_from(images.len()).unwrap_or(u32::MAX);
    let search = TaskSearch {
        images,
        actions: vec![TaskAction::ImportImage],
        page: PageOf { offset: 0, limit },
        ..TaskSearch::default()
    };
    let found = call.region.search_tasks(&call.caller, search).await;
    let found = found.map_err(|refused| of_refused(refused, Context::Describe))?;
    Ok(found.items.into_iter().map(|task| task.image).collect())
}

fn is_own(call: &Call, image: &ImageView) -> bool {
    image.owner == call.caller.account
}

/// What the caller published stays its own.
fn source(call: &Call, image: &ImageView) -> &'static str {
    if is_own(call, image) { "private" } else { words::source(image.kind) }
}

/// Who may use the image.
fn launch_permission(call: &Call, image: &ImageView) -> &'static str {
    match (image.kind, image.shared_with) {
        (ImageKind::Public | ImageKind::Marketplace, _) => "all",
        (ImageKind::Custom, 0) if is_own(call, image) => "ownerOnly",
        (ImageKind::Custom | ImageKind::Shared, _) => "specifiedUsers",
    }
}

fn value(call: &Call, image: &ImageView, beside: &Beside) -> Value {
    let attributes = &image.attributes;
    let (platform, version) = words::platform(attributes);
    let version = image.particulars.get(words::OS_VERSION).unwrap_or(version);
    let number = beside.numbers.get(&image.owner).map(ToString::to_string);
    let system = image.disks.first();
    let snapshot = system.and_then(|disk| disk.snapshot.as_ref()).map(ids::snapshot);
    let disk = |disk: &DiskView| attachment(image, disk);
    let system_disk = system.map_or_else(|| json!({}), disk);
    let data_disks: Vec<Value> = image.disks.iter().skip(1).map(disk).collect();
    json!({
        "imageId": ids::image(&image.id),
        "name": image.name.as_str(),
        "desc": image.description.as_str(),
        "platform": platform,
        "osVersion": version,
        "osType": words::os_type(attributes.os_type),
        "architecture": attributes.architecture.as_str(),
        "bootMode": attributes.boot_mode.as_str(),
        "imageSource": source(call, image),
        "ownerPin": number.unwrap_or_else(|| image.owner.to_string()),
        "loginName": beside.names.get(&image.owner).map(Name::as_str).unwrap_or_default(),
        "launchPermission": launch_permission(call, image),
        "status": words::status(image.standing),
        // A text, of digits alone.
        "progress": image.percent.to_string(),
        "createTime": times::written(image.created),
        // It never expires.
        "expiredTime": "",
        "systemDiskSizeGB": system.map_or(0, |disk| words::gib(disk.size)),
        "sizeMB": size_mb(&image.disks),
        "rootDeviceType": words::root_device_type(image.storage),
        "systemDisk": system_disk,
        "dataDisks": data_disks,
        "snapshotId": snapshot.unwrap_or_default(),
        // Published images are never taken out of use by themselves.
        "offline": false,
        "imported": beside.imported.contains(&image.id),
        // Of no instance and of no offer of a marketplace.
        "instanceId": "",
        "serviceCode": "",
        "chargeInfo": {},
    })
}

/// All disks together, in MiB, rounded up.
fn size_mb(disks: &[DiskView]) -> u64 {
    let bytes: u64 = disks.iter().map(|disk| SizeBytes::bytes(disk.size)).sum();
    bytes.div_ceil(1 << 20)
}

fn attachment(image: &ImageView, disk: &DiskView) -> Value {
    let size = words::gib(disk.size);
    let snapshot = disk.snapshot.as_ref().map(ids::snapshot).unwrap_or_default();
    let (category, kind, lies) = match image.storage {
        Storage::Snapshots => (
            "cloud",
            "cloudDisk",
            json!({
                "diskType": words::DISK_TYPE,
                "diskSizeGB": size,
                "snapshotId": snapshot,
                "encrypted": image.encryption_key.is_some(),
            }),
        ),
        Storage::LocalFile => {
            ("local", "localDisk", json!({"diskType": words::DISK_TYPE, "diskSizeGB": size}))
        }
    };
    json!({
        "diskCategory": category,
        "deviceName": words::device(disk.role),
        "autoDelete": false,
        kind: lies,
    })
}
