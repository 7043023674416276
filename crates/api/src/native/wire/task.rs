//! Tasks: images made of objects in buckets, and images written into them.

use model::{
    Attributes, BucketName, ClientToken, Description, ImageId, Name, NameRule, ObjectName,
    ObjectPrefix, Particulars, Platform, SizeBytes,
};
use region::{DiskObject, ExportImage, ImportObjects, TaskView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::import::word;
use super::{Failure, TagMap, rfc3339};
use crate::refusal::Refusal;

/// An image to be made of objects: disk image files in buckets of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectImportRequest {
    /// The image's name.
    pub name: String,
    /// What it is.
    #[serde(default)]
    pub description: String,
    /// `x86_64`, `arm64`, `i386` or `riscv64`.
    pub architecture: String,
    /// `linux`, `windows` or `other`.
    pub os_type: String,
    /// The operating system's name; empty for unknown.
    #[serde(default)]
    pub platform: String,
    /// `bios` or `uefi`.
    pub boot_mode: String,
    /// Its tags.
    #[serde(default)]
    pub tags: TagMap,
    /// Its disks, the system disk first.
    pub disks: Vec<ObjectDisk>,
}

/// The object that a disk is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectDisk {
    /// The bucket.
    #[schema(example = "images")]
    pub bucket: String,
    /// The object in it; `/` parts the folders.
    #[schema(example = "2026/web.qcow2")]
    pub object: String,
    /// `raw`, `qcow2`, `vmdk` or `vhd`; what it shows of itself where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The disk's size in bytes; that of the disk in the object where none is given. Never smaller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
}

/// Where an image is to be exported to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectExportRequest {
    /// The bucket.
    #[schema(example = "images")]
    pub bucket: String,
    /// What the objects' names begin with: `PREFIX_IMAGE_system.FORMAT`, `PREFIX_IMAGE_data1.FORMAT` and so on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// `raw`, `qcow2` or `vhd`.
    pub format: String,
}

/// A task of a region: an import of objects, or an export to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Task {
    /// Its id.
    #[schema(example = "task-abcdefghijklmnopqrst")]
    pub id: String,
    /// Where it is.
    pub region: String,
    /// `import_image` or `export_image`.
    pub action: String,
    /// `waiting`, `running`, `done`, `failed` or `cancelled`.
    pub state: String,
    /// The image that it makes or reads; it may be gone once the task has ended.
    pub image: String,
    /// Percent; 100 if and only if done.
    pub progress: u8,
    /// What it reads or writes, the system disk first.
    pub objects: Vec<TaskObject>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// When it was asked for.
    pub created: String,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<String>,
}

/// What a task reads or writes of one disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskObject {
    /// 0 for the system disk, else the number of the data disk.
    pub number: u8,
    /// The bucket.
    pub bucket: String,
    /// The object in it.
    pub object: String,
    /// Its format.
    pub format: String,
}

/// A part of the tasks that fit, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FoundTasks {
    /// The tasks.
    pub items: Vec<Task>,
    /// How many fit altogether.
    pub total: u64,
}

impl ObjectImportRequest {
    pub(crate) fn into_command(self, token: Option<ClientToken>) -> Result<ImportObjects, Refusal> {
        Ok(ImportObjects {
            name: Name::new(&self.name)?,
            description: Description::new(&self.description)?,
            attributes: Attributes {
                architecture: word("architecture", &self.architecture)?,
                os_type: word("os_type", &self.os_type)?,
                platform: Platform::new(&self.platform)?,
                boot_mode: word("boot_mode", &self.boot_mode)?,
            },
            family: None,
            particulars: Particulars::default(),
            tags: self.tags.into_tags()?,
            disks: self.disks.iter().map(ObjectDisk::read).collect::<Result<_, _>>()?,
            names: NameRule::Free,
            token,
        })
    }
}

impl ObjectDisk {
    fn read(&self) -> Result<DiskObject, Refusal> {
        Ok(DiskObject {
            bucket: BucketName::new(&self.bucket)?,
            object: ObjectName::new(&self.object)?,
            format: self.format.as_deref().map(|format| word("format", format)).transpose()?,
            size: self.size_bytes.map(SizeBytes::new).transpose()?,
        })
    }
}

impl ObjectExportRequest {
    pub(crate) fn into_command(self, image: ImageId) -> Result<ExportImage, Refusal> {
        Ok(ExportImage {
            image,
            bucket: BucketName::new(&self.bucket)?,
            prefix: self.prefix.as_deref().map(ObjectPrefix::new).transpose()?,
            format: word("format", &self.format)?,
            disks: region::ExportedDisks::All,
        })
    }
}

impl From<TaskView> for Task {
    fn from(view: TaskView) -> Self {
        let object = |one: region::TaskObject| TaskObject {
            number: one.role.number(),
            bucket: one.bucket.to_string(),
            object: one.object.to_string(),
            format: one.format.to_string(),
        };
        Task {
            id: view.id.to_string(),
            region: view.region.to_string(),
            action: view.action.to_string(),
            state: view.state.to_string(),
            image: view.image.to_string(),
            progress: view.percent,
            objects: view.objects.into_iter().map(object).collect(),
            failure: view.failure.map(|failure| Failure {
                code: failure.word().to_owned(),
                text: failure.to_string(),
            }),
            created: rfc3339(view.created),
            finished: view.finished.map(rfc3339),
        }
    }
}
