//! Images in and out of buckets, and the tasks that do it (contract 1). An address names a bucket of the account's in the
//! region; nothing is ever fetched.

use std::collections::BTreeMap;

use model::{
    Architecture, Attributes, BootMode, Description, DiskFormat, ImageId, Name, ObjectPrefix,
    OsType, Particulars, Platform, SizeBytes, Tags, TaskAction, TaskFailure, TaskId, TaskState,
    Timestamp,
};
use region::{
    DiskObject, ExportImage, ExportedDisks, Found, ImageQuery, ImportObjects, TaskSearch, TaskView,
};
use serde_json::{Value, json};

use super::call::{Call, Reply, fields};
use super::error::ApiError;
use super::oss_url::{self, OssUrl};
use super::params::Params;
use super::rejection::{Context, of_refused, of_rejection};
use super::{given, ids, paging, times, words};

/// Tasks that one search names, at most.
const MOST_NAMED: usize = 100;
/// The size of a system disk in GiB, and what it is a multiple of.
const SYSTEM_DISK_GIB: std::ops::RangeInclusive<u64> = 40..=500;
const STEP_GIB: u64 = 10;
/// Characters of what the names of exported objects begin with, at most.
const MOST_PREFIX: usize = 32;

/// `importImage`: the image's id exists at once, and what makes it is a task. `forceImport` is taken: nothing is looked for that
/// it would pass over.
pub(super) async fn import_image(call: &Call) -> Reply {
    let params = &call.params;
    let rejected = |rejection| of_rejection(&rejection, Context::Import);
    params.flag("forceImport")?;
    if params.has("dataDisks") {
        let reason =
            "an import has a system disk alone; add data disks with createImageFromSnapshots";
        return Err(ApiError::invalid("dataDisks", reason));
    }
    let attributes = attributes(params)?;
    let format = params.needed("diskFormat")?;
    let format: DiskFormat = format.parse().map_err(|_| {
        ApiError::invalid("diskFormat", format!("'{format}' is not qcow2, vhd, vmdk or raw"))
    })?;
    let size = params.number("systemDiskSizeGB", SYSTEM_DISK_GIB)?;
    let size = size.ok_or_else(|| ApiError::missing("systemDiskSizeGB"))?;
    if size % STEP_GIB != 0 {
        let message = format!("SystemDiskSizeGB must be multiple of {STEP_GIB}");
        return Err(ApiError { message, ..ApiError::out_of_range("systemDiskSizeGB") });
    }
    let url = OssUrl::read("imageUrl", params.needed("imageUrl")?)?;
    let object = url.object("imageUrl")?;
    check_region(call, &url)?;
    let name = given::name(call, "imageName", Context::Import)?;
    let name = name.ok_or_else(|| ApiError::missing("imageName"))?;
    let description = Description::new(params.text("description")?.unwrap_or_default());
    let disk = DiskObject {
        bucket: url.bucket,
        object,
        format: Some(format),
        size: Some(SizeBytes::new(size << 30).map_err(rejected)?),
    };
    let command = ImportObjects {
        name,
        description: description.map_err(rejected)?,
        attributes,
        family: None,
        particulars: particulars(params)?,
        tags: Tags::default(),
        disks: vec![disk],
        names: call.profile().names,
        token: call.token.clone(),
    };
    let task = call.region.import_objects(&call.caller, command).await;
    let task = task.map_err(|refused| of_refused(refused, Context::Import))?;
    let id = ids::task(&task.id);
    // Older clients know the task by the other name.
    Ok(fields(json!({"imageId": ids::image(&task.image), "taskId": id, "importTaskId": id})))
}

/// The region that an address names must be the one that was asked.
fn check_region(call: &Call, url: &OssUrl) -> Result<(), ApiError> {
    let here = call.region.id().as_str();
    if url.region == here {
        return Ok(());
    }
    let message = format!("OssRegion '{}' not match current region '{here}'", url.region);
    Err(ApiError::new(axum::http::StatusCode::BAD_REQUEST, "CONFLICT", message))
}

/// The machine that an image is for.
fn attributes(params: &Params) -> Result<Attributes, ApiError> {
    let unknown = |name: &str, word: &str, words: &str| {
        ApiError::invalid(name, format!("'{word}' is not {words}"))
    };
    let architecture = match params.needed("architecture")? {
        "x86_64" => Architecture::X86_64,
        "arm64" => Architecture::Arm64,
        other => return Err(unknown("architecture", other, "x86_64 or arm64")),
    };
    let os_type = match params.needed("osType")? {
        "linux" => OsType::Linux,
        "windows" => OsType::Windows,
        other => return Err(unknown("osType", other, "linux or windows")),
    };
    let boot_mode = match params.text("bootMode")? {
        None | Some("bios") => BootMode::Bios,
        Some("uefi") => BootMode::Uefi,
        Some(other) => return Err(unknown("bootMode", other, "bios or uefi")),
    };
    // A system that has no name is kept without one, so that it is found as such.
    let platform = Platform::new(words::read_platform(params.needed("platform")?).0);
    let platform = platform.map_err(|rejection| of_rejection(&rejection, Context::Import))?;
    Ok(Attributes { architecture, os_type, platform, boot_mode })
}

/// What is kept of an image that Ferry has no use for.
fn particulars(params: &Params) -> Result<Particulars, ApiError> {
    let version = params.text("osVersion")?.map(|text| ("osVersion".to_owned(), text.to_owned()));
    let kept = Particulars::new(version.into_iter().collect::<Vec<_>>());
    kept.map_err(|rejection| of_rejection(&rejection, Context::Import))
}

/// `exportImage`: writes the image's system disk into a bucket as qcow2, in a task; with `isAllDisk` every disk. `roleName` must
/// be there and is not kept: the buckets are the account's own.
pub(super) async fn export_image(call: &Call) -> Reply {
    let params = &call.params;
    let image = call.image(call.id("imageId")?).await?;
    params.needed("roleName")?;
    let url = OssUrl::read("ossUrl", params.needed("ossUrl")?)?;
    check_region(call, &url)?;
    let command = ExportImage {
        image,
        bucket: url.bucket_alone("ossUrl")?,
        prefix: prefix(params)?,
        format: DiskFormat::Qcow2,
        disks: match params.flag("isAllDisk")? {
            Some(true) => ExportedDisks::All,
            Some(false) | None => ExportedDisks::System,
        },
    };
    let task = call.region.export_image(&call.caller, command).await;
    let task = task.map_err(|refused| of_refused(refused, Context::Export))?;
    Ok(fields(json!({"taskId": ids::task(&task.id)})))
}

/// Letters and digits alone.
fn prefix(params: &Params) -> Result<Option<ObjectPrefix>, ApiError> {
    let Some(text) = params.text("ossPrefix")? else { return Ok(None) };
    if text.len() > MOST_PREFIX || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let reason = format!("it is not at most {MOST_PREFIX} letters and digits");
        return Err(ApiError::invalid("ossPrefix", reason));
    }
    let prefix = ObjectPrefix::new(text);
    prefix.map(Some).map_err(|rejection| of_rejection(&rejection, Context::Export))
}

/// `imageTasks`.
pub(super) async fn image_tasks(call: &Call) -> Reply {
    let params = &call.params;
    let page = paging::read(params)?;
    let named = params.texts("taskIds")?;
    if named.len() > MOST_NAMED {
        return Err(ApiError::invalid("taskIds", format!("more than {MOST_NAMED} are named")));
    }
    let found: Vec<TaskId> = named.iter().filter_map(|text| ids::read_task(text)).collect();
    let search = TaskSearch {
        ids: found,
        actions: params.text("taskAction")?.map(read_action).transpose()?.into_iter().collect(),
        states: params.text("taskStatus")?.map(read_state).transpose()?.unwrap_or_default(),
        created_from: instant(params, "startTime")?,
        created_until: instant(params, "endTime")?,
        page,
        ..TaskSearch::default()
    };
    let found = if !named.is_empty() && search.ids.is_empty() {
        Found { items: Vec::new(), total: 0 }
    } else {
        let found = call.region.search_tasks(&call.caller, search).await;
        found.map_err(|refused| of_refused(refused, Context::Describe))?
    };
    let names = names_of(call, &found.items).await?;
    let tasks = found.items.iter().map(|task| {
        let mut shown = shown(task);
        if let Some(name) =
            names.get(&task.image).filter(|_| task.action == TaskAction::ImportImage)
        {
            shown["imageName"] = json!(name.as_str());
        }
        shown
    });
    let tasks: Vec<Value> = tasks.collect();
    Ok(fields(json!({"taskSet": tasks, "totalCount": found.total})))
}

/// What the images are called that tasks made, and that are there.
async fn names_of(call: &Call, tasks: &[TaskView]) -> Result<BTreeMap<ImageId, Name>, ApiError> {
    let imports = tasks.iter().filter(|task| task.action == TaskAction::ImportImage);
    let ids: Vec<ImageId> = imports.map(|task| task.image.clone()).collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let limit = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    let query = ImageQuery { ids, limit, ..ImageQuery::default() };
    let images = call.region.images(&call.caller, query).await;
    let images = images.map_err(|refused| of_refused(refused, Context::Describe))?.items;
    Ok(images.into_iter().map(|image| (image.id, image.name)).collect())
}

fn action(action: TaskAction) -> &'static str {
    match action {
        TaskAction::ImportImage => "ImportImage",
        TaskAction::ExportImage => "ExportImage",
    }
}

fn read_action(word: &str) -> Result<TaskAction, ApiError> {
    let known = TaskAction::ALL.iter().copied().find(|known| action(*known) == word);
    known.ok_or_else(|| {
        ApiError::invalid("taskAction", format!("'{word}' is not ImportImage or ExportImage"))
    })
}

/// How a task stands. The cloud has no word for one that was cancelled: it did not do what it was to do.
fn state(state: TaskState) -> &'static str {
    match state {
        TaskState::Waiting => "pending",
        TaskState::Running => "running",
        TaskState::Done => "finished",
        TaskState::Failed | TaskState::Cancelled => "failed",
    }
}

fn read_state(word: &str) -> Result<Vec<TaskState>, ApiError> {
    let states = TaskState::ALL.iter().copied().filter(|known| state(*known) == word);
    let states: Vec<TaskState> = states.collect();
    if states.is_empty() {
        let reason = format!("'{word}' is not pending, running, failed or finished");
        return Err(ApiError::invalid("taskStatus", reason));
    }
    Ok(states)
}

fn instant(params: &Params, name: &str) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = params.text(name)? else { return Ok(None) };
    let reason = format!("'{text}' is not of the form 2021-01-28 16:49:05");
    times::read(text).map(Some).ok_or_else(|| ApiError::invalid(name, reason))
}

/// What is told of a task. Of an import the object's address, of an export the bucket's and the objects' names.
fn shown(task: &TaskView) -> Value {
    let region = task.region.as_str();
    let failure = match task.state {
        TaskState::Cancelled => "it was cancelled".to_owned(),
        TaskState::Waiting | TaskState::Running | TaskState::Done | TaskState::Failed => {
            task.failure.map(told).unwrap_or_default()
        }
    };
    let mut shown = json!({
        "taskId": ids::task(&task.id),
        "action": action(task.action),
        "taskStatus": state(task.state),
        "progress": task.percent,
        "errorInfo": failure,
        "message": "",
        "createdTime": times::written(task.created),
        "finishedTime": task.finished.map(times::written).unwrap_or_default(),
        "imageId": ids::image(&task.image),
    });
    let objects = task.objects.iter().map(|object| object.object.as_str());
    let Some(system) = task.objects.first() else { return shown };
    match task.action {
        TaskAction::ImportImage => {
            let url = oss_url::written(region, &system.bucket, Some(&system.object));
            shown["imageUrl"] = json!(url);
        }
        TaskAction::ExportImage => {
            shown["ossUrl"] = json!(oss_url::written(region, &system.bucket, None));
            shown["ossObject"] = json!(system.object.as_str());
            shown["ossObjects"] = json!(objects.collect::<Vec<_>>());
        }
    }
    shown
}

fn told(failure: TaskFailure) -> String {
    failure.to_string()
}
