//! Images into buckets: `ExportImages` (contract 2).

use model::{BucketName, DiskFormat, ImageId, ObjectPrefix};
use region::{Caller, ExportImage, ExportedDisks, Intent, Region, TaskView};
use serde_json::{Value, json};

use super::call::Call;
use super::error::ApiError;
use super::given::Given;
use super::ids::{needed_images, task_number};
use super::rejection::{Context, made, of_rejection};
use super::reply::{Fields, fields};

/// Images in one request, at most.
const MOST_IMAGES: usize = 10;
/// The formats of exports. The last is read and not written.
const FORMATS: [(&str, DiskFormat); 4] = [
    ("RAW", DiskFormat::Raw),
    ("QCOW2", DiskFormat::Qcow2),
    ("VHD", DiskFormat::Vhd),
    ("VMDK", DiskFormat::Vmdk),
];

/// `ExportImages`: writes the images' disks into a bucket, in one task for each image. All are judged before the first begins.
/// The number that is answered is the first task's. `RoleName` is read and not kept: the buckets are the account's own.
pub(super) async fn export_images(call: &Call) -> Result<Fields, ApiError> {
    let region = call.region()?;
    let asked = call.dry()?;
    call.params.text("RoleName")?;
    let commands = commands(call, &region).await?;
    let rehearsing = Caller { intent: Intent::Rehearse, ..asked.clone() };
    let mut tasks: Vec<TaskView> = Vec::with_capacity(commands.len());
    for caller in [rehearsing, asked] {
        for command in &commands {
            let task = region.export_image(&caller, command.clone()).await;
            tasks.extend(made(task, Context::Export)?);
        }
    }
    let objects = tasks.iter().flat_map(|task| &task.objects);
    let paths: Vec<Value> = objects.map(|object| json!(object.object.as_str())).collect();
    let mut told = fields([("CosPaths", Value::Array(paths))]);
    if let Some(task) = tasks.first() {
        told.insert("TaskId".to_owned(), json!(task_number(&task.id)));
    }
    Ok(told)
}

async fn commands(call: &Call, region: &Region) -> Result<Vec<ExportImage>, ApiError> {
    let given = Given { params: &call.params, context: Context::Export };
    let rejected = |rejection| of_rejection(&rejection, Context::Export);
    let bucket = BucketName::new(call.params.needed("BucketName")?).map_err(rejected)?;
    let format = given.word("ExportFormat", ("InvalidParameterValue", &FORMATS))?;
    let disks = match call.params.flag("OnlyExportRootDisk")? {
        Some(true) => ExportedDisks::System,
        Some(false) | None => ExportedDisks::All,
    };
    let images = needed_images(call, region, MOST_IMAGES).await?;
    let prefixes = call.params.texts("FileNamePrefixList")?;
    let named = call.params.texts("ImageIds")?.len();
    if !prefixes.is_empty() && [images.len(), named] != [prefixes.len(); 2] {
        let message = "FileNamePrefixList must have one prefix for each image, or none at all.";
        return Err(ApiError::new("InvalidParameterValue.InvalidFileNamePrefixList", message));
    }
    let mut prefixes = prefixes.into_iter();
    let command = |image: ImageId| {
        let prefix = prefixes.next().filter(|prefix| !prefix.is_empty());
        Ok(ExportImage {
            image,
            bucket: bucket.clone(),
            prefix: prefix.map(ObjectPrefix::new).transpose().map_err(rejected)?,
            format: format.unwrap_or(DiskFormat::Raw),
            disks,
        })
    };
    images.into_iter().map(command).collect()
}
