//! Commands on tasks, and on the objects that they read and write.

use std::fmt;
use std::str::FromStr;

use clap::{Args, Subcommand};
use model::{
    BucketName, ClientToken, Description, DiskFormat, Name, ObjectName, ObjectPrefix, RegionId,
    Rejection, SizeBytes, TaskAction, TaskId, TaskState,
};

use super::machine::MachineArgs;
use super::values::{ImageRef, TagArg, name, parse_description, token};

/// Commands on tasks: images made of objects in buckets, and images written into them.
#[derive(Debug, Subcommand)]
pub enum TaskCommand {
    /// List the tasks of a region, newest first.
    List(ListTasksArgs),
    /// Show one task.
    Show(OneTask),
    /// Cancel a task: an import's image is gone with it, an export leaves nothing in the bucket.
    Cancel(OneTask),
}

/// A task in a region.
#[derive(Args, Debug)]
pub struct OneTask {
    /// The task.
    pub task: TaskId,
    /// The region it is in; else the profile's, else the first.
    #[arg(long)]
    pub region: Option<RegionId>,
}

/// `task list`.
#[derive(Args, Debug)]
pub struct ListTasksArgs {
    /// The region; else the profile's, else the first.
    #[arg(long)]
    pub region: Option<RegionId>,
    /// Only those that do this: `import_image` or `export_image`.
    #[arg(long)]
    pub action: Option<TaskAction>,
    /// Only those that stand so: `waiting`, `running`, `done`, `failed` or `cancelled`.
    #[arg(long)]
    pub state: Option<TaskState>,
    /// At most so many; else all.
    #[arg(long)]
    pub limit: Option<u64>,
}

/// An object in a bucket, as `BUCKET/OBJECT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectRef {
    /// The bucket: before the first `/`.
    pub bucket: BucketName,
    /// The object: behind it.
    pub object: ObjectName,
}

impl FromStr for ObjectRef {
    type Err = Rejection;

    fn from_str(text: &str) -> Result<Self, Rejection> {
        let (bucket, object) = text.split_once('/').unwrap_or((text, ""));
        Ok(ObjectRef { bucket: BucketName::new(bucket)?, object: ObjectName::new(object)? })
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bucket, self.object)
    }
}

/// `image import-object`.
#[derive(Args, Debug)]
pub struct ImportObjectArgs {
    /// The system disk's object: `BUCKET/OBJECT` of the account's, in the region; nothing is sent.
    pub object: ObjectRef,
    /// A data disk's object; may be given up to 16 times.
    #[arg(long, value_name = "BUCKET/OBJECT")]
    pub data_disk: Vec<ObjectRef>,
    /// The image's name.
    #[arg(long, value_parser = name)]
    pub name: Name,
    /// What the image is.
    #[arg(long, value_parser = parse_description)]
    pub description: Option<Description>,
    /// The region; else the profile's, else the first.
    #[arg(long)]
    pub region: Option<RegionId>,
    /// The objects' format: `raw`, `qcow2`, `vmdk` or `vhd`; a check on what their content shows.
    #[arg(long)]
    pub format: Option<DiskFormat>,
    /// The system disk's size in bytes, where it is to be larger than the disk in its object.
    #[arg(long, value_name = "BYTES", value_parser = size)]
    pub size: Option<SizeBytes>,
    /// The machine that it is for.
    #[command(flatten)]
    pub machine: MachineArgs,
    /// A tag; may be given up to 20 times.
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub tags: Vec<TagArg>,
    /// A token of your own: the same request with the same token is done once.
    #[arg(long, value_parser = token)]
    pub token: Option<ClientToken>,
    /// Wait until the task has ended.
    #[arg(long)]
    pub wait: bool,
}

/// `image export-object`.
#[derive(Args, Debug)]
pub struct ExportObjectArgs {
    /// The image: its id, or its name where only one has it.
    pub image: ImageRef,
    /// The account's bucket, in the image's region.
    #[arg(long)]
    pub bucket: BucketName,
    /// What the objects' names begin with: `PREFIX_IMAGE_system.FORMAT` and so on.
    #[arg(long)]
    pub prefix: Option<ObjectPrefix>,
    /// The objects' format: `raw`, `qcow2` or `vhd`.
    #[arg(long, default_value_t = DiskFormat::Qcow2)]
    pub format: DiskFormat,
    /// The region it is in; else the profile's, else the first.
    #[arg(long)]
    pub region: Option<RegionId>,
    /// Wait until the task has ended.
    #[arg(long)]
    pub wait: bool,
}

fn size(text: &str) -> Result<SizeBytes, String> {
    let bytes = text.parse().map_err(|_| format!("`{text}` is not a number of bytes"))?;
    SizeBytes::new(bytes).map_err(|rejection| rejection.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_a_bucket_and_a_name() {
        let object: ObjectRef = "images/2026/web.raw".parse().unwrap();
        assert_eq!((object.bucket.as_str(), object.object.as_str()), ("images", "2026/web.raw"));
        assert_eq!(object.to_string(), "images/2026/web.raw");
        for wrong in ["", "images", "images/", "/web.raw", "images//x", "images/../x", "I/x"] {
            assert!(wrong.parse::<ObjectRef>().is_err(), "{wrong}");
        }
    }
}
