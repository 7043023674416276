//! Images and their disks.

use model::{Cause, Deprecation, Description, Family, Name, NameRule, Rejection, Standing};
use region::{DiskView, EditImage, ImageView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{TagMap, rfc3339};
use crate::refusal::Refusal;

/// An image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Image {
    /// Its id.
    #[schema(example = "img-abcdefghijklmnopqrst")]
    pub id: String,
    /// Where it is.
    pub region: String,
    /// Its name.
    pub name: String,
    /// What it is; empty for nothing said.
    pub description: String,
    /// As what the caller sees it: `custom` (its own), `shared`, `public` or `marketplace`. Only custom images are copied.
    pub kind: String,
    /// The account that owns it.
    pub owner: String,
    /// Where its disks lie: `snapshots`, or `local_file`; then it is converted before it is copied.
    pub storage: String,
    /// `waiting` (its copy is in the queue or between two attempts), `creating`, `available` or `create_failed`.
    pub status: String,
    /// Percent; 100 if and only if available.
    pub progress: u8,
    /// `x86_64`, `arm64`, `i386` or `riscv64`.
    pub architecture: String,
    /// `linux`, `windows` or `other`.
    pub os_type: String,
    /// The operating system's name; empty for unknown.
    pub platform: String,
    /// `bios` or `uefi`.
    pub boot_mode: String,
    /// The family it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// Since when its owner advises against it: it is used still, but neither copied, shared nor published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// What a door keeps of it that Ferry has no use for, as its licence; shown to its owner alone.
    #[serde(default, skip_serializing_if = "TagMap::is_empty")]
    pub particulars: TagMap,
    /// Its tags.
    pub tags: TagMap,
    /// Its disks, the system disk first.
    pub disks: Vec<Disk>,
    /// Bytes of its disks that are not zero; 0 while that is not known.
    #[serde(default)]
    pub held_bytes: u64,
    /// The region it was copied from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_region: Option<String>,
    /// The image it was copied from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_image: Option<String>,
    /// The key that its disks are sealed with; absent where they are plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption_key: Option<String>,
    /// The copy that made or makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<String>,
    /// Why it could not be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Instances that use it.
    pub instances: u64,
    /// Copies of it that are being made just now, in whatever regions.
    #[serde(default)]
    pub copies_leaving: u64,
    /// When it was promised.
    pub created: String,
}

/// One disk of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Disk {
    /// 0 for the system disk, else the number of the data disk.
    pub number: u8,
    /// `system` or `data`.
    pub role: String,
    /// Its virtual size in bytes.
    pub size_bytes: u64,
    /// The name of its contents (`ferry digest`), once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The snapshot it rests on, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
}

/// Why a copy ended without an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Failure {
    /// For programs: `cancelled`, `source_gone`, `source_damaged`, `source_malformed`, `gave_up`, `key_gone`,
    /// `not_approved` or `file_refused`.
    pub code: String,
    /// For people.
    pub text: String,
}

/// Changes to an image; what is not given stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageEdit {
    /// A new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A new description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// New tags in place of all old ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<TagMap>,
    /// A new family; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// Whether the owner advises against the image: then it is used still, but neither copied, shared nor published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<bool>,
}

/// What a verification found: every chunk read and hashed again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verified {
    /// Disks read.
    pub disks: u64,
    /// Chunks read and hashed.
    pub chunks: u64,
    /// Bytes they hold.
    pub bytes: u64,
    /// Chunks that are missing or do not hash to their id; 0 is a whole image.
    pub damaged: u64,
}

/// The status as people see it: a copy in the queue is not being created yet (R002-3), and what is deprecated is available.
fn status_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Deprecated => Standing::Available.as_str(),
        Standing::Waiting | Standing::Creating | Standing::Available | Standing::CreateFailed => {
            standing.as_str()
        }
    }
}

impl From<ImageView> for Image {
    fn from(view: ImageView) -> Self {
        let origin = view.origin.as_ref();
        Image {
            id: view.id.to_string(),
            region: view.region.to_string(),
            name: view.name.to_string(),
            description: view.description.to_string(),
            kind: view.kind.to_string(),
            owner: view.owner.to_string(),
            storage: view.storage.to_string(),
            status: status_word(view.standing).to_owned(),
            progress: view.percent,
            architecture: view.attributes.architecture.to_string(),
            os_type: view.attributes.os_type.to_string(),
            platform: view.attributes.platform.to_string(),
            boot_mode: view.attributes.boot_mode.to_string(),
            family: view.family.as_ref().map(ToString::to_string),
            deprecated: view.deprecated.map(rfc3339),
            particulars: TagMap::from(&view.particulars),
            tags: TagMap::from(&view.tags),
            disks: view.disks.into_iter().map(Disk::from).collect(),
            held_bytes: view.held_bytes,
            source_region: origin.map(|origin| origin.region.to_string()),
            source_image: origin.map(|origin| origin.image.to_string()),
            encryption_key: view.encryption_key.as_ref().map(ToString::to_string),
            copy: origin.map(|origin| origin.copy.to_string()),
            failure: view.failure.as_ref().map(Failure::from),
            instances: view.instances,
            copies_leaving: view.copies_leaving,
            created: rfc3339(view.created),
        }
    }
}

impl From<DiskView> for Disk {
    fn from(view: DiskView) -> Self {
        Disk {
            number: view.role.number(),
            role: view.role.as_str().to_owned(),
            size_bytes: view.size.bytes(),
            digest: view.digest.map(|digest| digest.to_string()),
            snapshot: view.snapshot.map(|snapshot| snapshot.to_string()),
        }
    }
}

impl From<&Cause> for Failure {
    fn from(cause: &Cause) -> Self {
        Failure { code: cause.word().to_owned(), text: cause.to_string() }
    }
}

impl From<region::Verified> for Verified {
    fn from(verified: region::Verified) -> Self {
        let region::Verified { disks, chunks, bytes, damaged } = verified;
        Verified { disks, chunks, bytes, damaged }
    }
}

impl ImageEdit {
    pub(crate) fn into_command(self) -> Result<EditImage, Refusal> {
        Ok(EditImage {
            name: self.name.as_deref().map(Name::new).transpose()?,
            description: self.description.as_deref().map(Description::new).transpose()?,
            tags: self.tags.map(TagMap::into_tags).transpose()?,
            family: self.family.as_deref().map(new_family).transpose()?,
            deprecation: self.deprecated.map(deprecation),
            names: NameRule::Free,
            ..EditImage::default()
        })
    }
}

/// An empty family is none.
pub(super) fn new_family(text: &str) -> Result<Option<Family>, Rejection> {
    if text.is_empty() { Ok(None) } else { Family::new(text).map(Some) }
}

fn deprecation(is_deprecated: bool) -> Deprecation {
    if is_deprecated { Deprecation::Deprecated } else { Deprecation::Current }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r002_3_an_image_whose_copy_is_in_the_queue_is_waiting() {
        assert_eq!(status_word(Standing::Waiting), "waiting");
        assert_eq!(status_word(Standing::Creating), "creating");
        assert_eq!(status_word(Standing::Available), "available");
        assert_eq!(status_word(Standing::Deprecated), "available");
        assert_eq!(status_word(Standing::CreateFailed), "create_failed");
    }

    #[test]
    fn an_edit_takes_the_family_away_by_an_empty_one() {
        let edit = |family: Option<&str>| {
            let family = family.map(str::to_owned);
            ImageEdit { family, ..ImageEdit::default() }.into_command().unwrap().family
        };
        assert_eq!(edit(None), None);
        assert_eq!(edit(Some("")), Some(None));
        assert_eq!(edit(Some("web")), Some(Some(Family::new("web").unwrap())));
    }
}
