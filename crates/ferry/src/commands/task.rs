//! `ferry task`, `ferry image import-object` and `ferry image export-object`.

use std::time::Duration;

use api::native::wire::{FoundTasks, ObjectDisk, ObjectExportRequest, ObjectImportRequest, Task};
use model::{RegionId, SizeBytes};
use reqwest::Method;

use super::Session;
use super::image::tag_map;
use crate::cli::{
    ExportObjectArgs, ImportObjectArgs, ListTasksArgs, ObjectRef, OneTask, TaskCommand,
};
use crate::client::{Body, Call};
use crate::exit::Exit;
use crate::failure::{EndedCopies, Failure};

/// Between two looks at a task that runs.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Tasks asked for at once.
const PAGE: u64 = 1_000;

/// Does it.
pub async fn run(session: &Session, command: TaskCommand) -> Result<(), Failure> {
    match command {
        TaskCommand::List(args) => list(session, args).await,
        TaskCommand::Show(one) => of_one(session, one, ("show the task", Method::GET)).await,
        TaskCommand::Cancel(one) => of_one(session, one, ("cancel the task", Method::DELETE)).await,
    }
}

async fn of_one(
    session: &Session,
    one: OneTask,
    (doing, method): (&str, Method),
) -> Result<(), Failure> {
    let region = session.client.region(one.region.as_ref()).await?;
    let path = format!("/v1/regions/{region}/tasks/{}", one.task);
    session.output.one(&session.client.ask::<Task>(Call::new(doing, method, path)).await?);
    Ok(())
}

async fn list(session: &Session, args: ListTasksArgs) -> Result<(), Failure> {
    let region = session.client.region(args.region.as_ref()).await?;
    let wanted = args.limit.unwrap_or(u64::MAX);
    let mut filter = args.action.map(|action| format!("&action={action}")).unwrap_or_default();
    filter.extend(args.state.map(|state| format!("&state={state}")));
    let mut tasks: Vec<Task> = Vec::new();
    while (tasks.len() as u64) < wanted {
        let limit = PAGE.min(wanted - tasks.len() as u64);
        let offset = tasks.len();
        let path = format!("/v1/regions/{region}/tasks?limit={limit}&offset={offset}{filter}");
        let found: FoundTasks = session.client.get("list the tasks", path).await?;
        if found.items.is_empty() {
            break;
        }
        tasks.extend(found.items);
    }
    session.output.list(&tasks);
    Ok(())
}

/// Makes an image of objects, and waits for it where that is asked for.
pub async fn import(session: &Session, args: ImportObjectArgs) -> Result<(), Failure> {
    let region = session.client.region(args.region.as_ref()).await?;
    let disk = |object: &ObjectRef, size: Option<SizeBytes>| ObjectDisk {
        bucket: object.bucket.to_string(),
        object: object.object.to_string(),
        format: args.format.map(|format| format.to_string()),
        size_bytes: size.map(SizeBytes::bytes),
    };
    let mut disks = vec![disk(&args.object, args.size)];
    disks.extend(args.data_disk.iter().map(|object| disk(object, None)));
    let request = ObjectImportRequest {
        name: args.name.to_string(),
        description: args.description.as_ref().map(ToString::to_string).unwrap_or_default(),
        architecture: args.machine.arch.to_string(),
        os_type: args.machine.os_type.to_string(),
        platform: args.machine.platform.as_ref().map(ToString::to_string).unwrap_or_default(),
        boot_mode: args.machine.boot_mode.to_string(),
        tags: tag_map(&args.tags)?,
        disks,
    };
    let path = format!("/v1/regions/{region}/object-imports");
    let call = Call::new("import the objects", Method::POST, path).with(Body::json(&request));
    let task = session.client.ask(call.under(args.token)).await?;
    show(session, (&region, task), args.wait.then_some("import")).await
}

/// Writes an image into a bucket, and waits for it where that is asked for.
pub async fn export(session: &Session, args: ExportObjectArgs) -> Result<(), Failure> {
    let region = session.client.region(args.region.as_ref()).await?;
    let image = session.client.image_id(&region, &args.image).await?;
    let request = ObjectExportRequest {
        bucket: args.bucket.to_string(),
        prefix: args.prefix.map(|prefix| prefix.to_string()),
        format: args.format.to_string(),
    };
    let path = format!("/v1/regions/{region}/images/{image}/object-exports");
    let call = Call::new("export the image", Method::POST, path).with(Body::json(&request));
    let task = session.client.ask(call).await?;
    show(session, (&region, task), args.wait.then_some("export")).await
}

/// Shows a task; where it is waited for, once it has ended, under that word.
async fn show(
    session: &Session,
    (region, mut task): (&RegionId, Task),
    wait: Option<&str>,
) -> Result<(), Failure> {
    let Some(word) = wait else {
        session.output.one(&task);
        return Ok(());
    };
    let track = session.showing.track(format!("{word} {}", task.image), 100);
    while matches!(task.state.as_str(), "waiting" | "running") {
        track.stand(task.progress, &task.state);
        tokio::time::sleep(LOOK_EVERY).await;
        let path = format!("/v1/regions/{region}/tasks/{}", task.id);
        task = session.client.get("show the task", path).await?;
    }
    if task.state == "done" {
        track.end("done");
        session.output.one(&task);
        return Ok(());
    }
    track.clear();
    let why = task.failure.as_ref().map_or("", |failure| failure.text.as_str());
    let line = format!("task `{}` is {}: {why}", task.id, task.state);
    let lines = vec![line.trim_end_matches(": ").to_owned()];
    Err(Failure::Ended(EndedCopies { exit: Exit::Failed, lines }))
}
