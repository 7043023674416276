//! An image as `DescribeImages` shows it (contract 5).

use std::collections::{BTreeSet, HashMap};

use model::{AccountId, AccountNumber, ImageId, ImageKind, Standing, TaskAction};
use region::{DiskView, ImageView, PageOf, Region, TaskObject, TaskSearch};

use super::call::Call;
use super::error::ApiError;
use super::ids::Spelled;
use super::rejection::{Context, of_refused};
use super::reply::Node;
use super::{particulars, tags, times, words};

/// What is known of images beside their views.
struct Beside {
    /// The numbers of their owners; none of an account that only another process knows.
    numbers: HashMap<AccountId, AccountNumber>,
    /// What images were read from that came out of a bucket.
    imported: HashMap<ImageId, Vec<TaskObject>>,
}

/// Images of a region as the caller is shown them. However many they are, two things more are asked for.
pub(super) async fn nodes(
    call: &Call,
    region: &Region,
    images: &[ImageView],
) -> Result<Vec<Node>, ApiError> {
    let owners: BTreeSet<_> = images.iter().map(|image| &image.owner).collect();
    let numbers = call.deployment.accounts.numbers_of(owners).await;
    let beside = Beside {
        numbers: numbers.map_err(|refused| of_refused(refused, Context::Describe))?,
        imported: imported(call, region, images).await?,
    };
    Ok(images.iter().map(|image| image_node(call, image, &beside)).collect())
}

/// What those of the images were read from that are the caller's own and no copies.
async fn imported(
    call: &Call,
    region: &Region,
    images: &[ImageView],
) -> Result<HashMap<ImageId, Vec<TaskObject>>, ApiError> {
    let may_be = |image: &&ImageView| is_own(call, image) && image.origin.is_none();
    let images: Vec<ImageId> = images.iter().filter(may_be).map(|image| image.id.clone()).collect();
    if images.is_empty() {
        return Ok(HashMap::new());
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
    Ok(found.items.into_iter().map(|task| (task.image, task.objects)).collect())
}

fn is_own(call: &Call, image: &ImageView) -> bool {
    image.owner == call.caller.account
}

/// What the caller published stays its own.
fn alias(call: &Call, image: &ImageView) -> &'static str {
    if is_own(call, image) { "self" } else { words::owner_alias(image.kind) }
}

/// Empty where the caller is not its owner.
fn is_self_shared(call: &Call, image: &ImageView) -> &'static str {
    match (is_own(call, image), image.shared_with) {
        (false, _) => "",
        (true, 0) => "false",
        (true, _) => "true",
    }
}

/// None while it is unknown.
fn seconds_left(image: &ImageView) -> Option<u64> {
    match image.standing {
        Standing::Available | Standing::Deprecated => Some(0),
        Standing::Waiting | Standing::Creating | Standing::CreateFailed => image.seconds_left,
    }
}

fn image_node(call: &Call, image: &ImageView, beside: &Beside) -> Node {
    let kept =
        |name: &str, usual: &'static str| Node::text(image.particulars.get(name).unwrap_or(usual));
    let attributes = &image.attributes;
    let os_name = words::os_name(attributes);
    let boot_mode = words::boot_mode(attributes.boot_mode);
    let family = image.family.as_ref().map(ToString::to_string).unwrap_or_default();
    let owner = beside.numbers.get(&image.owner).copied();
    let size = image.disks.first().map_or(0, |disk| words::gib(disk.size));
    let is_public = matches!(image.kind, ImageKind::Public | ImageKind::Marketplace);
    Node::Fields(vec![
        ("ImageId", Node::text(image.id.spelled())),
        ("ImageName", Node::text(&image.name)),
        ("ImageFamily", Node::text(family)),
        ("ImageVersion", kept(particulars::VERSION, "")),
        ("Description", Node::text(&image.description)),
        ("Status", Node::text(words::status(image.standing))),
        ("Usable", Node::Flag(image.standing == Standing::Available)),
        ("Progress", Node::text(words::percent(image.percent))),
        ("Size", Node::number(size)),
        ("CreationTime", Node::text(times::to_second(image.created))),
        ("Architecture", Node::text(words::architecture(attributes.architecture))),
        (
            "BootMode",
            Node::text(image.particulars.get(particulars::BOOT_MODE).unwrap_or(boot_mode)),
        ),
        ("OSType", Node::text(words::os_type(attributes.os_type))),
        ("OSName", Node::text(&os_name)),
        ("OSNameEn", Node::text(os_name)),
        ("Platform", Node::text(words::platform(attributes))),
        ("ImageOwnerAlias", Node::text(alias(call, image))),
        // None is known of an account that only another process has.
        ("ImageOwnerId", Node::number(owner.map_or(0, AccountNumber::number))),
        ("IsCopied", Node::Flag(image.origin.is_some())),
        ("IsSelfShared", Node::text(is_self_shared(call, image))),
        ("IsPublic", Node::Flag(is_public)),
        ("IsSubscribed", Node::Flag(false)),
        ("IsSupportCloudinit", Node::Flag(true)),
        ("IsSupportIoOptimized", Node::Flag(true)),
        ("LoginAsNonRootSupported", Node::Flag(false)),
        ("ProductCode", Node::text("")),
        ("SupplierName", Node::text("")),
        ("ResourceGroupId", kept(particulars::RESOURCE_GROUP, "")),
        ("Usage", Node::text(if image.instances > 0 { "instance" } else { "none" })),
        ("LicenseType", kept(particulars::LICENSE, "")),
        ("Features", features(image)),
        (
            "SecureBootOptions",
            Node::Fields(vec![(
                "SecureBootSupport",
                kept(particulars::SECURE_BOOT, "unsupported"),
            )]),
        ),
        // Nothing is looked for in images, so nothing was found.
        ("DetectionOptions", Node::Fields(vec![("Items", Node::List("Item", Vec::new()))])),
        ("DiskDeviceMappings", disks(image, beside.imported.get(&image.id))),
        ("Tags", tags::node(&image.tags)),
    ])
}

fn features(image: &ImageView) -> Node {
    let kept =
        |name: &str, usual: &'static str| Node::text(image.particulars.get(name).unwrap_or(usual));
    let unsupported = || Node::text("unsupported");
    Node::Fields(vec![
        ("NvmeSupport", kept(particulars::NVME, "unsupported")),
        ("ImdsSupport", kept(particulars::IMDS, "v1")),
        ("CpuOnlineUpgrade", unsupported()),
        ("CpuOnlineDowngrade", unsupported()),
        ("MemoryOnlineUpgrade", unsupported()),
        ("MemoryOnlineDowngrade", unsupported()),
    ])
}

fn disks(image: &ImageView, objects: Option<&Vec<TaskObject>>) -> Node {
    let seconds_left = seconds_left(image);
    let disk = |disk: &DiskView| {
        let snapshot = disk.snapshot.as_ref().map(Spelled::spelled).unwrap_or_default();
        let object = objects.into_iter().flatten().find(|object| object.role == disk.role);
        let of_object = |part: fn(&TaskObject) -> String, usual: &'static str| {
            Node::text(object.map_or_else(|| usual.to_owned(), part))
        };
        let mut fields = vec![
            ("Device", Node::text(words::device(disk.role))),
            ("Type", Node::text(disk.role.as_str())),
            ("Size", Node::text(words::gib(disk.size))),
            // Chunks have no format; a disk that is read back has this one.
            ("Format", of_object(|object| object.format.to_string(), "raw")),
            ("SnapshotId", Node::text(snapshot)),
            ("Encrypted", Node::Flag(image.encryption_key.is_some())),
            ("Progress", Node::text(words::percent(image.percent))),
            ("ImportOSSBucket", of_object(|object| object.bucket.to_string(), "")),
            ("ImportOSSObject", of_object(|object| object.object.to_string(), "")),
        ];
        fields.extend(seconds_left.map(|seconds| ("RemainTime", Node::number(seconds))));
        Node::Fields(fields)
    };
    Node::List("DiskDeviceMapping", image.disks.iter().map(disk).collect())
}
