//! An image as `DescribeImages` shows it, every field of the type that the cloud's SDKs give it (contract 2).

use std::collections::{BTreeSet, HashMap, HashSet};

use model::{AccountId, AccountNumber, ImageId, ImageKind, ImageStatus, Standing, TaskAction};
use region::{ImageView, PageOf, Region, TaskSearch};
use serde_json::{Value, json};

use super::call::Call;
use super::error::ApiError;
use super::ids::spelled;
use super::rejection::{Context, of_refused};
use super::{tags, times, words};

/// Kept of an image that came from a file: where it came from, which its copies keep too.
pub(super) const SOURCE: &str = "ImageSource";
/// Kept of an image: who provides the licence of its operating system.
pub(super) const LICENSE: &str = "LicenseType";
/// What [`SOURCE`] says of such an image.
pub(super) const IMPORTED: &str = "EXTERNAL_IMPORT";

/// How an image stands, in the cloud's words.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum State {
    /// A source that copies leave, or a target that one makes: one real client polls the former, another the latter (contract 6).
    Syncing,
    Creating,
    Importing,
    Normal,
    CreateFailed,
    ImportFailed,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Syncing => "SYNCING",
            State::Creating => "CREATING",
            State::Importing => "IMPORTING",
            State::Normal => "NORMAL",
            State::CreateFailed => "CREATEFAILED",
            State::ImportFailed => "IMPORTFAILED",
        }
    }
}

/// What makes an image, where it is not whole.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Maker {
    /// A copy.
    Copy,
    /// A task that reads objects.
    Import,
    /// Something else: somebody sends its disks, or it is converted.
    Other,
}

fn state(status: ImageStatus, copies_leaving: u64, maker: Maker) -> State {
    match (status, maker) {
        (ImageStatus::Available, _) if copies_leaving > 0 => State::Syncing,
        (ImageStatus::Available, _) => State::Normal,
        (ImageStatus::Creating, Maker::Copy) => State::Syncing,
        (ImageStatus::Creating, Maker::Import) => State::Importing,
        (ImageStatus::Creating, Maker::Other) => State::Creating,
        (ImageStatus::CreateFailed, Maker::Import) => State::ImportFailed,
        (ImageStatus::CreateFailed, Maker::Copy | Maker::Other) => State::CreateFailed,
    }
}

/// What is known of images beside their views.
struct Beside {
    /// The numbers of their owners; none of an account that only another process knows.
    numbers: HashMap<AccountId, AccountNumber>,
    /// Those that a task makes, or made of late, of objects.
    imported: HashSet<ImageId>,
}

/// Images of a region as the caller is shown them. However many they are, two things more are asked for.
pub(super) async fn values(
    call: &Call,
    region: &Region,
    images: &[ImageView],
) -> Result<Vec<Value>, ApiError> {
    let owners: BTreeSet<_> = images.iter().map(|image| &image.owner).collect();
    let numbers = call.deployment.accounts.numbers_of(owners).await;
    let beside = Beside {
        numbers: numbers.map_err(|refused| of_refused(refused, Context::Describe))?,
        imported: imported(call, region, images).await?,
    };
    Ok(images.iter().map(|image| value(image, &beside)).collect())
}

/// Those of the caller's own images that came out of a bucket by a task that is still known.
async fn imported(
    call: &Call,
    region: &Region,
    images: &[ImageView],
) -> Result<HashSet<ImageId>, ApiError> {
    let may_be = |image: &&ImageView| image.owner == call.caller.account && image.origin.is_none();
    let images: Vec<ImageId> = images.iter().filter(may_be).map(|image| image.id.clone()).collect();
    if images.is_empty() {
        return Ok(HashSet::new());
    }
    let limit = u32::try_from(images.len()).unwrap_or(u32::MAX);
    let search = TaskSearch {
        images,
        actions: vec![TaskAction::ImportImage],
        page: PageOf { offset: 0, limit },
        ..TaskSearch::default()
    };
    let found = region.search_tasks(&call.caller, search).await;
    let found = found.map_err(|refused| of_refused(refused, Context::Describe))?;
    Ok(found.items.into_iter().map(|task| task.image).collect())
}

fn value(image: &ImageView, beside: &Beside) -> Value {
    let attributes = &image.attributes;
    let is_imported =
        image.particulars.get(SOURCE) == Some(IMPORTED) || beside.imported.contains(&image.id);
    let maker = match (&image.origin, is_imported) {
        (Some(_), _) => Maker::Copy,
        (None, true) => Maker::Import,
        (None, false) => Maker::Other,
    };
    let creator = beside.numbers.get(&image.owner).map(ToString::to_string);
    json!({
        "ImageId": spelled(&image.id),
        "OsName": words::os_name(attributes),
        "ImageType": words::kind(image.kind),
        "CreatedTime": times::of_image(image.created),
        "ImageName": image.name.as_str(),
        "ImageDescription": image.description.as_str(),
        "ImageSize": image.disks.first().map_or(0, |disk| words::gib(disk.size)),
        "Architecture": words::architecture(attributes.architecture),
        "ImageState": state(image.status, image.copies_leaving, maker).word(),
        "Platform": words::platform(attributes),
        // None is known of an account that only another process has.
        "ImageCreator": creator.unwrap_or_default(),
        "ImageSource": source(image.kind, is_imported),
        "SyncPercent": sync_percent(image, maker),
        "IsSupportCloudinit": true,
        "SnapshotSet": snapshots(image),
        "Tags": tags::values(&image.tags),
        "LicenseType": image.particulars.get(LICENSE).unwrap_or("TencentCloud"),
        "ImageFamily": image.family.as_ref().map_or("", |family| family.as_str()),
        "ImageDeprecated": image.standing == Standing::Deprecated,
        "CdcCacheStatus": "",
    })
}

fn source(kind: ImageKind, is_imported: bool) -> &'static str {
    match (kind, is_imported) {
        (ImageKind::Public | ImageKind::Marketplace, _) => "OFFICIAL",
        (ImageKind::Custom | ImageKind::Shared, true) => IMPORTED,
        (ImageKind::Custom | ImageKind::Shared, false) => "CREATE_IMAGE",
    }
}

/// Of an image that a copy makes or made, how far it is; null of every other.
fn sync_percent(image: &ImageView, maker: Maker) -> Option<u8> {
    match maker {
        Maker::Copy => Some(image.percent),
        Maker::Import | Maker::Other => None,
    }
}

/// What its disks rest on; while they are on their way, there is nothing yet.
fn snapshots(image: &ImageView) -> Vec<Value> {
    let snapshot = |disk: &region::DiskView| {
        let snapshot = disk.snapshot.as_ref()?;
        Some(json!({
            "SnapshotId": snapshot.as_str(),
            "DiskUsage": words::disk_usage(disk.role),
            "DiskSize": words::gib(disk.size),
        }))
    };
    image.disks.iter().filter_map(snapshot).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contract 2 and 6: all states of the cloud that images can have here, and no other.
    #[test]
    fn every_way_to_stand_has_its_word() {
        use ImageStatus::{Available, CreateFailed, Creating};
        for (status, leaving, maker, word) in [
            (Available, 0, Maker::Copy, "NORMAL"),
            (Available, 0, Maker::Import, "NORMAL"),
            (Available, 2, Maker::Other, "SYNCING"),
            (Creating, 0, Maker::Copy, "SYNCING"),
            (Creating, 0, Maker::Import, "IMPORTING"),
            (Creating, 0, Maker::Other, "CREATING"),
            (CreateFailed, 0, Maker::Copy, "CREATEFAILED"),
            (CreateFailed, 0, Maker::Other, "CREATEFAILED"),
            (CreateFailed, 0, Maker::Import, "IMPORTFAILED"),
        ] {
            assert_eq!(
                state(status, leaving, maker).word(),
                word,
                "{status:?} {leaving} {maker:?}"
            );
        }
    }
}
