//! Snapshots.

use model::{
    Attributes, ClientToken, Description, Name, NameRule, Particulars, Platform, Profile,
    SnapshotId, SnapshotStanding,
};
use region::{CopySnapshot, CreateImage, DiskOfSnapshot, SnapshotView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::copy::{sealing, urgency};
use super::import::word;
use super::{Failure, TagMap, rfc3339};
use crate::refusal::{BadRequest, Refusal};

/// One disk's contents at rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Snapshot {
    /// Its id.
    #[schema(example = "snap-abcdefghijklmnopqrst")]
    pub id: String,
    /// Where it is.
    pub region: String,
    /// What it is called; empty for nothing said.
    #[serde(default)]
    pub name: String,
    /// What it is; empty for nothing said.
    #[serde(default)]
    pub description: String,
    /// Its tags.
    #[serde(default)]
    pub tags: TagMap,
    /// The first of `images`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The images here that rest on it, the oldest first.
    #[serde(default)]
    pub images: Vec<String>,
    /// Which disk it holds: 0 for the system disk.
    pub number: u8,
    /// `system` or `data`.
    pub role: String,
    /// The disk's virtual size in bytes.
    pub size_bytes: u64,
    /// The name of its contents, once they are here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Bytes of chunks that are not zero.
    pub held_bytes: u64,
    /// The key that it is sealed with; absent where it is plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption_key: Option<String>,
    /// The region it was copied from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_region: Option<String>,
    /// The image it was copied from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_image: Option<String>,
    /// The snapshot it was copied from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_snapshot: Option<String>,
    /// The copy that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<String>,
    /// `available`; or of one that is copied alone, `copying` until it is, and `failed` where it never will be.
    pub status: String,
    /// Percent; 100 if and only if available.
    #[serde(default)]
    pub progress: u8,
    /// Why its copy failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// When it was made, or promised.
    pub created: String,
}

/// Make an image of snapshots of the region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SnapshotImageRequest {
    /// The image's name.
    pub name: String,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `x86_64`, `arm64`, `i386` or `riscv64`.
    pub architecture: String,
    /// `linux`, `windows` or `other`.
    pub os_type: String,
    /// The operating system's name; empty or absent for unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// `bios` or `uefi`.
    pub boot_mode: String,
    /// Its tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<TagMap>,
    /// The snapshots that its disks rest on, 1 to 17, the system disk's first.
    pub snapshots: Vec<String>,
}

/// Copy one snapshot to another region, or within the region under another key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SnapshotCopyRequest {
    /// The target region.
    pub target: String,
    /// Its name there; else the source's. May be empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its description there; else the source's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its tags there; else the source's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<TagMap>,
    /// Whether the copy is encrypted; else as the source is. Without a key, with the account's default key in the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<bool>,
    /// The key of the target region to encrypt with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption_key: Option<String>,
    /// How urgent the copy is: `low`, `normal` (the default) or `high`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
    /// How long it may take from its promise on, in seconds, at most 30 days: promised, or refused with the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_secs: Option<u64>,
}

/// A copy of a snapshot that was promised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SnapshotPromised {
    /// The target region.
    pub target: String,
    /// The copy.
    pub copy: String,
    /// The snapshot in the target, by the id that it has from now on.
    pub snapshot: String,
}

fn status(standing: SnapshotStanding) -> &'static str {
    match standing {
        SnapshotStanding::Whole => "available",
        SnapshotStanding::Copying => "copying",
        SnapshotStanding::Failed => "failed",
    }
}

impl SnapshotImageRequest {
    pub(crate) fn into_command(self, token: Option<ClientToken>) -> Result<CreateImage, Refusal> {
        let disk = |text: String| {
            let snapshot = text.parse().map_err(|error| BadRequest::value("snapshots", error))?;
            Ok::<_, BadRequest>(DiskOfSnapshot { snapshot, size: None })
        };
        Ok(CreateImage {
            name: Name::new(&self.name)?,
            description: Description::new(self.description.as_deref().unwrap_or_default())?,
            attributes: Attributes {
                architecture: word("architecture", &self.architecture)?,
                os_type: word("os_type", &self.os_type)?,
                platform: Platform::new(self.platform.as_deref().unwrap_or_default())?,
                boot_mode: word("boot_mode", &self.boot_mode)?,
            },
            family: None,
            particulars: Particulars::default(),
            tags: self.tags.map(TagMap::into_tags).transpose()?.unwrap_or_default(),
            disks: self.snapshots.into_iter().map(disk).collect::<Result<_, _>>()?,
            names: NameRule::Free,
            token,
        })
    }
}

impl SnapshotCopyRequest {
    pub(crate) fn into_command(
        self,
        snapshot: SnapshotId,
        token: Option<ClientToken>,
    ) -> Result<CopySnapshot, Refusal> {
        let target = self.target.parse().map_err(|error| BadRequest::value("target", error))?;
        Ok(CopySnapshot {
            snapshot,
            target,
            name: self.name,
            description: self.description.as_deref().map(Description::new).transpose()?,
            tags: self.tags.map(TagMap::into_tags).transpose()?,
            sealing: sealing(self.encrypted, self.encryption_key.as_deref())?,
            urgency: urgency(self.priority.as_deref(), self.deadline_secs)?,
            profile: Profile::native(),
            token,
        })
    }
}

impl From<SnapshotView> for Snapshot {
    fn from(view: SnapshotView) -> Self {
        let origin = view.origin.as_ref();
        Snapshot {
            id: view.id.to_string(),
            region: view.region.to_string(),
            name: view.name,
            description: view.description.to_string(),
            tags: TagMap::from(&view.tags),
            image: view.images.first().map(ToString::to_string),
            images: view.images.iter().map(ToString::to_string).collect(),
            number: view.role.number(),
            role: view.role.as_str().to_owned(),
            size_bytes: view.size.bytes(),
            digest: view.digest.map(|digest| digest.to_string()),
            held_bytes: view.held_bytes,
            encryption_key: view.encryption_key.map(|key| key.to_string()),
            source_region: origin.map(|origin| origin.region.to_string()),
            source_image: origin.map(|origin| origin.image.to_string()),
            source_snapshot: origin
                .and_then(|origin| origin.snapshot.as_ref())
                .map(ToString::to_string),
            copy: origin.map(|origin| origin.copy.to_string()),
            status: status(view.standing).to_owned(),
            progress: view.percent,
            failure: view.failure.as_ref().map(Failure::from),
            created: rfc3339(view.created),
        }
    }
}
