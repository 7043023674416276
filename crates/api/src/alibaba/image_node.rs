//! An image as `DescribeImages` shows it (contract 5).

use std::collections::HashMap;

use model::{AccountId, AccountNumber, ImageId, ImageKind, Standing, TaskAction};
use region::{DiskView, ImageView, PageOf, Region, TaskObject, TaskSearch};

use super::call::Call;
use super::error::ApiError;
use super::ids::Spelled;
use super::rejection::{Context, of_refused};
use super::reply::Node;
use super::{particulars, tags, times, words};

/// What is known of images beside their views.
pub(super) struct Beside<'a> {
    call: &'a Call,
    region: &'a Region,
    /// The numbers of owners; none of an account that only another process knows.
    numbers: HashMap<AccountId, Option<AccountNumber>>,
    /// What images were read from that came out of a bucket.
    imported: HashMap<ImageId, Vec<TaskObject>>,
}

/// What is known of one image beside its view.
struct More {
    owner: Option<AccountNumber>,
    /// Empty where the caller is not its owner.
    is_self_shared: &'static str,
    /// Of the copy that makes it; none while unknown.
    seconds_left: Option<u64>,
    /// What it was read from, where it came out of a bucket.
    objects: Vec<TaskObject>,
}

impl<'a> Beside<'a> {
    /// For images of a region that a call shows.
    pub(super) fn of(call: &'a Call, region: &'a Region) -> Self {
        Beside { call, region, numbers: HashMap::new(), imported: HashMap::new() }
    }

    /// The images as the caller is shown them.
    pub(super) async fn nodes(&mut self, images: Vec<ImageView>) -> Result<Vec<Node>, ApiError> {
        self.look_for_imports(&images).await?;
        let mut nodes = Vec::with_capacity(images.len());
        for image in images {
            nodes.push(self.node(&image).await?);
        }
        Ok(nodes)
    }

    /// Finds the tasks that made those of the images that are the caller's own and no copies.
    async fn look_for_imports(&mut self, images: &[ImageView]) -> Result<(), ApiError> {
        let may_be = |image: &&ImageView| self.is_own(image) && image.origin.is_none();
        let images: Vec<ImageId> =
            images.iter().filter(may_be).map(|image| image.id.clone()).collect();
        if images.is_empty() {
            return Ok(());
        }
        let limit = u32::try_from(images.len()).unwrap_or(u32::MAX);
        let search = TaskSearch {
            images,
            actions: vec![TaskAction::ImportImage],
            page: PageOf { offset: 0, limit },
            ..TaskSearch::default()
        };
        let found = self.region.search_tasks(&self.call.caller, search).await;
        let found = found.map_err(|refused| of_refused(refused, Context::Describe))?;
        self.imported = found.items.into_iter().map(|task| (task.image, task.objects)).collect();
        Ok(())
    }

    /// The image as the caller is shown it.
    async fn node(&mut self, image: &ImageView) -> Result<Node, ApiError> {
        let more = More {
            owner: self.number(&image.owner).await?,
            is_self_shared: self.is_self_shared(image).await?,
            seconds_left: self.seconds_left(image).await?,
            objects: self.imported.get(&image.id).cloned().unwrap_or_default(),
        };
        Ok(image_node(image, &more, self.alias(image)))
    }

    /// What the caller published stays its own.
    fn alias(&self, image: &ImageView) -> &'static str {
        if self.is_own(image) { "self" } else { words::owner_alias(image.kind) }
    }

    fn is_own(&self, image: &ImageView) -> bool {
        image.owner == self.call.caller.account
    }

    async fn number(&mut self, owner: &AccountId) -> Result<Option<AccountNumber>, ApiError> {
        if let Some(known) = self.numbers.get(owner) {
            return Ok(*known);
        }
        let number = self.call.deployment.accounts.number_of(owner).await;
        let number = number.map_err(|refused| of_refused(refused, Context::Describe))?;
        self.numbers.insert(owner.clone(), number);
        Ok(number)
    }

    async fn is_self_shared(&self, image: &ImageView) -> Result<&'static str, ApiError> {
        if !self.is_own(image) {
            return Ok("");
        }
        // Only these can be shared; the others need no look.
        if image.standing != Standing::Available || image.kind != ImageKind::Custom {
            return Ok("false");
        }
        match self.region.shares(&self.call.caller, &image.id).await {
            Ok(shares) if shares.is_empty() => Ok("false"),
            Ok(_shares) => Ok("true"),
            // Deleted meanwhile: it was found when the list was made.
            Err(region::Refused::Rejected(_)) => Ok("false"),
            Err(other) => Err(of_refused(other, Context::Describe)),
        }
    }

    async fn seconds_left(&self, image: &ImageView) -> Result<Option<u64>, ApiError> {
        let copy = match (image.standing, &image.origin) {
            (Standing::Waiting | Standing::Creating, Some(origin)) => &origin.copy,
            (Standing::Available | Standing::Deprecated, _) => return Ok(Some(0)),
            (Standing::Waiting | Standing::Creating | Standing::CreateFailed, _) => {
                return Ok(None);
            }
        };
        match self.region.copy(&self.call.caller, copy).await {
            Ok(copy) => Ok(copy.seconds_left),
            Err(region::Refused::Rejected(_)) => Ok(None),
            Err(other) => Err(of_refused(other, Context::Describe)),
        }
    }
}

fn image_node(image: &ImageView, more: &More, alias: &'static str) -> Node {
    let kept =
        |name: &str, usual: &'static str| Node::text(image.particulars.get(name).unwrap_or(usual));
    let attributes = &image.attributes;
    let os_name = words::os_name(attributes);
    let boot_mode = words::boot_mode(attributes.boot_mode);
    let family = image.family.as_ref().map(ToString::to_string).unwrap_or_default();
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
        ("ImageOwnerAlias", Node::text(alias)),
        // None is known of an account that only another process has.
        ("ImageOwnerId", Node::number(more.owner.map_or(0, AccountNumber::number))),
        ("IsCopied", Node::Flag(image.origin.is_some())),
        ("IsSelfShared", Node::text(more.is_self_shared)),
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
        ("DiskDeviceMappings", disks(image, more)),
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

fn disks(image: &ImageView, more: &More) -> Node {
    let disk = |disk: &DiskView| {
        let snapshot = disk.snapshot.as_ref().map(Spelled::spelled).unwrap_or_default();
        let object = more.objects.iter().find(|object| object.role == disk.role);
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
        fields.extend(more.seconds_left.map(|seconds| ("RemainTime", Node::number(seconds))));
        Node::Fields(fields)
    };
    Node::List("DiskDeviceMapping", image.disks.iter().map(disk).collect())
}
