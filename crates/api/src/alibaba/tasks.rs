//! Images in and out of buckets, and the tasks that do it (contract 5). Times of tasks are told to the minute.

use model::{
    Architecture, Attributes, BootMode, BucketName, DiskFormat, ImageId, ObjectName, ObjectPrefix,
    OsType, Platform, Rejection, SizeBytes, TaskAction, TaskFailure, TaskId, TaskState, Timestamp,
};
use region::{
    DiskObject, ExportImage, ExportedDisks, ImportObjects, TaskObject, TaskSearch, TaskView,
};

use super::call::Call;
use super::error::ApiError;
use super::given::Given;
use super::ids::{Spelled, asked_for, of_list};
use super::paging::{Numbered, TEN};
use super::params::Params;
use super::rejection::{Context, of_refused, of_rejection};
use super::reply::Node;
use super::words::no_image;
use super::{times, words};

/// Tasks or images that one search names, at most.
const MOST_NAMED: usize = 100;
/// The largest disk in GiB: Ferry's, not the cloud's 2,048.
const MOST_GIB: u64 = SizeBytes::MAX >> 30;

/// `ImportImage`: the image's id exists at once, and what makes it is a task. `RoleName` is taken and not kept: the buckets are
/// the account's own.
pub(super) async fn import_image(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let caller = call.dry()?;
    let given = Given { params: &call.params, context: Context::Import };
    let elements = call.params.structs("DiskDeviceMapping")?;
    if elements.is_empty() {
        let message = "The specified parameter DiskDeviceMapping is not supplied.";
        return Err(ApiError::forbidden("MissingParameter.DiskDeviceMapping", message));
    }
    let disks = elements.iter().zip(1..).map(read_disk).collect::<Result<Vec<_>, _>>()?;
    let name = given.name("ImageName")?.ok_or_else(|| ApiError::missing("ImageName"))?;
    let command = ImportObjects {
        name,
        description: given.description("Description")?.unwrap_or_default(),
        attributes: attributes(&call.params)?,
        family: None,
        particulars: given.particulars()?,
        tags: given.tags()?,
        disks,
        names: call.profile().names,
        token: given.token()?,
    };
    let task = region.import_objects(&caller, command).await;
    let task = task.map_err(|refused| of_refused(refused, Context::Import))?;
    Ok(Node::Fields(vec![
        ("ImageId", Node::text(task.image.spelled())),
        ("TaskId", Node::text(task.id.spelled())),
        ("RegionId", Node::text(&task.region)),
    ]))
}

/// The object of a disk, `DiskDeviceMapping.N`.
fn read_disk((element, number): (&Params, u32)) -> Result<DiskObject, ApiError> {
    let named = |field: &str| format!("DiskDeviceMapping.{number}.{field}");
    let needed = |field: &str| element.text(field).ok_or_else(|| ApiError::missing(&named(field)));
    let rejected = |rejection| of_rejection(&rejection, Context::Import);
    let size = match element.number("DiskImageSize", 1..=MOST_GIB) {
        Ok(None) => element.number("DiskImSize", 1..=MOST_GIB),
        given => given,
    };
    let size = size.map_err(|_| {
        let message =
            format!("The specified {} is not 1 to {MOST_GIB} GiB.", named("DiskImageSize"));
        ApiError::bad("InvalidDataDiskSize", message)
    })?;
    let size = size.map(|gib| SizeBytes::new(gib << 30)).transpose().map_err(rejected)?;
    Ok(DiskObject {
        bucket: BucketName::new(needed("OSSBucket")?).map_err(rejected)?,
        object: ObjectName::new(needed("OSSObject")?).map_err(rejected)?,
        format: element.text("Format").map(read_format).transpose()?,
        size,
    })
}

/// The format of a file, in any case of letters.
fn read_format(word: &str) -> Result<DiskFormat, ApiError> {
    word.to_ascii_lowercase().parse().map_err(|_| {
        let message =
            format!("The specified Image Format is wrongly formed: {word:?} is not supported.");
        ApiError::bad("InvalidImageFormat.Malformed", message)
    })
}

/// The machine that an image is for, with the cloud's defaults: 64-bit x86, Linux, BIOS but for Arm.
fn attributes(params: &Params) -> Result<Attributes, ApiError> {
    let malformed = |name: &str| {
        ApiError::bad(
            format!("Invalid{name}.Malformed"),
            format!("The specified {name} is wrongly formed."),
        )
    };
    let architecture = match params.text("Architecture") {
        None => Architecture::X86_64,
        Some(word) => words::read_architecture(word).ok_or_else(|| malformed("Architecture"))?,
    };
    let platform = Platform::new(params.text("Platform").unwrap_or(words::OTHER_LINUX));
    let platform = platform.map_err(|_| malformed("Platform"))?;
    let os_type = match params.text("OSType") {
        Some(word) => words::read_os_type(word).ok_or_else(|| malformed("OSType"))?,
        None if platform.as_str().contains("Windows") => OsType::Windows,
        None => OsType::Linux,
    };
    let boot_mode = match params.text("BootMode") {
        Some(word) => words::read_boot_mode(word).ok_or_else(|| {
            let message = "The specified parameter BootMode is not supported.";
            ApiError::bad("InvalidBootMode.NotSupport", message)
        })?,
        None if architecture == Architecture::Arm64 => BootMode::Uefi,
        None => BootMode::Bios,
    };
    Ok(Attributes { architecture, os_type, platform, boot_mode })
}

/// `ExportImage`: writes the image's disks into a bucket, in a task.
pub(super) async fn export_image(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let caller = call.dry()?;
    let rejected = |rejection: Rejection| of_rejection(&rejection, Context::Export);
    let image = call.params.needed("ImageId")?;
    let bucket = BucketName::new(call.params.needed("OSSBucket")?).map_err(rejected)?;
    let prefix = call.params.text("OSSPrefix").map(ObjectPrefix::new).transpose();
    let format = call.params.text("ImageFormat").map(read_format).transpose()?;
    let command = ExportImage {
        image: ImageId::read(image).ok_or_else(no_image)?,
        bucket,
        prefix: prefix.map_err(rejected)?,
        format: format.unwrap_or(DiskFormat::Raw),
        disks: ExportedDisks::All,
    };
    let task = region.export_image(&caller, command).await;
    let task = task.map_err(|refused| of_refused(refused, Context::Export))?;
    Ok(Node::Fields(vec![
        ("TaskId", Node::text(task.id.spelled())),
        ("RegionId", Node::text(&task.region)),
    ]))
}

/// `DescribeTasks`: what asks for a kind of task that this service does not have finds nothing.
pub(super) async fn describe_tasks(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let page = Numbered::read(call, TEN)?;
    let many = |name: &'static str| {
        move || ApiError::invalid(name, format!("more than {MOST_NAMED} are named"))
    };
    let named = call
        .params
        .text("TaskIds")
        .map(|text| of_list(text, MOST_NAMED).ok_or_else(many("TaskIds")));
    let tasks = asked_for::<TaskId>(&named.transpose()?.unwrap_or_default());
    let images = call.params.list("ResourceIds")?;
    if images.len() > MOST_NAMED {
        return Err(many("ResourceIds")());
    }
    let images = asked_for::<ImageId>(&images);
    let search = TaskSearch {
        states: call.params.text("TaskStatus").and_then(read_state).into_iter().collect(),
        created_from: instant(call, "StartTime")?,
        created_until: instant(call, "EndTime")?,
        page: page.part(),
        ..TaskSearch::default()
    };
    let found = match (tasks, images, actions(call)) {
        (Some(ids), Some(images), Some(actions)) => {
            let search = TaskSearch { ids, images, actions, ..search };
            let found = region.search_tasks(&call.caller, search).await;
            found.map_err(|refused| of_refused(refused, Context::Describe))?
        }
        (_, _, _) => region::Found { items: Vec::new(), total: 0 },
    };
    let mut fields = page.fields(found.total);
    fields.push(("RegionId", Node::text(region.id())));
    let tasks = found.items.iter().map(|task| Node::Fields(line(task)));
    fields.push(("TaskSet", Node::List("Task", tasks.collect())));
    Ok(Node::Fields(fields))
}

/// The kinds of tasks that are asked for; all where empty. None for a kind that this service does not have.
fn actions(call: &Call) -> Option<Vec<TaskAction>> {
    let Some(word) = call.params.text("TaskAction") else { return Some(Vec::new()) };
    TaskAction::ALL.iter().find(|known| action(**known) == word).map(|known| vec![*known])
}

fn instant(call: &Call, name: &str) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = call.params.text(name) else { return Ok(None) };
    let reason = format!("`{text}` is not of the form yyyy-MM-ddTHH:mm:ssZ");
    times::read(text).map(Some).ok_or_else(|| ApiError::invalid(name, reason))
}

fn action(action: TaskAction) -> &'static str {
    match action {
        TaskAction::ImportImage => "ImportImage",
        TaskAction::ExportImage => "ExportImage",
    }
}

/// How a task stands, in the cloud's word: one that was cancelled is `Deleted`.
fn state(state: TaskState) -> &'static str {
    match state {
        TaskState::Waiting => "Waiting",
        TaskState::Running => "Processing",
        TaskState::Done => "Finished",
        TaskState::Failed => "Failed",
        TaskState::Cancelled => "Deleted",
    }
}

/// A word that is none takes no effect, as in the cloud.
fn read_state(word: &str) -> Option<TaskState> {
    TaskState::ALL.iter().copied().find(|known| state(*known) == word)
}

/// What both descriptions of a task say.
fn line(task: &TaskView) -> Vec<(&'static str, Node)> {
    vec![
        ("TaskId", Node::text(task.id.spelled())),
        ("TaskAction", Node::text(action(task.action))),
        ("TaskStatus", Node::text(state(task.state))),
        ("ResourceId", Node::text(task.image.spelled())),
        ("SupportCancel", Node::text(task.can_be_cancelled())),
        ("CreationTime", Node::text(times::to_minute(task.created))),
        ("FinishedTime", Node::text(task.finished.map(times::to_minute).unwrap_or_default())),
    ]
}

/// `DescribeTaskAttribute`: with one operation for each disk. They succeed or fail together.
pub(super) async fn describe_task_attribute(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let id = TaskId::read(call.params.needed("TaskId")?).ok_or_else(no_task)?;
    let task = region.task(&call.caller, &id).await;
    let task = task.map_err(|refused| of_refused(refused, Context::Describe))?;
    let all = task.objects.len();
    let count = |counts: bool| Node::number(if counts { all } else { 0 });
    let mut fields = line(&task);
    fields.retain(|(name, _)| *name != "ResourceId");
    fields.extend([
        ("RegionId", Node::text(&task.region)),
        ("TaskProcess", Node::text(words::percent(task.percent))),
        ("TotalCount", Node::number(all)),
        ("SuccessCount", count(task.state == TaskState::Done)),
        ("FailedCount", count(task.state == TaskState::Failed)),
    ]);
    let operations = task.objects.iter().map(|object| operation(&task, object));
    let operations = Node::List("OperationProgress", operations.collect());
    fields.push(("OperationProgressSet", operations));
    Ok(Node::Fields(fields))
}

fn operation(task: &TaskView, object: &TaskObject) -> Node {
    let item = |name: &str, value: &dyn std::fmt::Display| {
        Node::Fields(vec![("Name", Node::text(name)), ("Value", Node::text(value))])
    };
    let items = vec![
        item("OSSBucket", &object.bucket),
        item("OSSObject", &object.object),
        item("ImageFormat", &object.format),
    ];
    let status = match task.state {
        TaskState::Waiting => "Waiting",
        TaskState::Running => "Processing",
        TaskState::Done => "Success",
        TaskState::Failed => "Failed",
        TaskState::Cancelled => "Deleted",
    };
    let failure = task.failure;
    Node::Fields(vec![
        ("OperationStatus", Node::text(status)),
        ("ErrorCode", Node::text(failure.map(error_code).unwrap_or_default())),
        ("ErrorMsg", Node::text(failure.map(|failure| failure.to_string()).unwrap_or_default())),
        ("RelatedItemSet", Node::List("RelatedItem", items)),
    ])
}

/// The cloud documents no list of these: the codes of the same refusals where a request is refused at once.
fn error_code(failure: TaskFailure) -> &'static str {
    match failure {
        TaskFailure::File(problem) => problem.as_str(),
        TaskFailure::ObjectGone => "InvalidOSSObject.NotFound",
        TaskFailure::BucketGone => "InvalidOSSBucket.NotFound",
        TaskFailure::NotWritten => "ExportImageFailed",
        TaskFailure::ImageDamaged => "IncorrectImageStatus",
        TaskFailure::KeyUnusable => "InvalidParameter.KMSKeyId.CMKNotEnabled",
    }
}

/// `CancelTask`: until the task has ended.
pub(super) async fn cancel_task(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let id = TaskId::read(call.params.needed("TaskId")?).ok_or_else(no_task)?;
    let cancelled = region.cancel_task(&call.caller, &id).await;
    cancelled.map_err(|refused| of_refused(refused, Context::Cancel))?;
    Ok(Node::empty())
}

fn no_task() -> ApiError {
    ApiError::bad("InvalidTaskId.NotFound", "The specified \"TaskId\" is not found.")
}
