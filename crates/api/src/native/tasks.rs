//! Tasks: images made of objects in buckets, and images written into them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::{ImageId, TaskId};
use region::{ImportObjects, PageOf, TaskSearch};
use serde::Deserialize;
use utoipa::IntoParams;

use super::auth::{At, On};
use super::paging::limit;
use super::read::{ReadJson, ReadQuery, Token};
use super::wire::{FoundTasks, ObjectExportRequest, ObjectImportRequest, Task};
use crate::ApiState;
use crate::refusal::{Answer, BadRequest};

/// Which tasks to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TasksQuery {
    /// Only `import_image` or `export_image`.
    action: Option<String>,
    /// Only `waiting`, `running`, `done`, `failed` or `cancelled` ones.
    state: Option<String>,
    /// Only those of this image.
    image: Option<String>,
    /// At most so many, 1 to 1,000; else 100.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Tasks before the first that is wanted; else none.
    offset: Option<u64>,
}

impl TasksQuery {
    fn search(&self) -> Result<TaskSearch, BadRequest> {
        Ok(TaskSearch {
            actions: words("action", self.action.as_ref())?,
            states: words("state", self.state.as_ref())?,
            images: words("image", self.image.as_ref())?,
            page: PageOf { offset: self.offset.unwrap_or(0), limit: limit(self.limit)? },
            ..TaskSearch::default()
        })
    }
}

/// The one word that was given, or none.
fn words<T: std::str::FromStr<Err: ToString>>(
    name: &'static str,
    text: Option<&String>,
) -> Result<Vec<T>, BadRequest> {
    let read = |text: &String| {
        text.parse().map_err(|error: T::Err| BadRequest::value(name, error.to_string()))
    };
    text.map(read).transpose().map(|word| word.into_iter().collect())
}

/// Make an image of objects in the account's buckets. The region does it by itself, in a task.
#[utoipa::path(post, path = "/v1/regions/{region}/object-imports", operation_id = "import_objects", tag = "tasks",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat: 1 to 64 printable ASCII characters")),
    request_body = ObjectImportRequest, responses((status = 202, description = "The task, `waiting`", body = Task)))]
pub(crate) async fn import(
    State(state): State<ApiState>,
    at: At,
    Token(token): Token,
    ReadJson(request): ReadJson<ObjectImportRequest>,
) -> Answer<(StatusCode, Json<Task>)> {
    let names = state.deployment.profiles.native().names;
    let command = ImportObjects { names, ..request.into_command(token)? };
    let task = at.region.import_objects(&at.caller, command).await?;
    Ok((StatusCode::ACCEPTED, Json(task.into())))
}

/// Write the disks of an available image into a bucket of the account's. The region does it by itself, in a task; of an encrypted
/// image the objects are plain.
#[utoipa::path(post, path = "/v1/regions/{region}/images/{image}/object-exports", operation_id = "export_image_to_objects", tag = "tasks",
    request_body = ObjectExportRequest, responses((status = 202, description = "The task, `waiting`", body = Task)))]
pub(crate) async fn export(
    on: On<ImageId>,
    ReadJson(request): ReadJson<ObjectExportRequest>,
) -> Answer<(StatusCode, Json<Task>)> {
    let command = request.into_command(on.id)?;
    let task = on.region.export_image(&on.caller, command).await?;
    Ok((StatusCode::ACCEPTED, Json(task.into())))
}

/// List the tasks of a region, newest first. They stay for 30 days after their end.
#[utoipa::path(get, path = "/v1/regions/{region}/tasks", operation_id = "list_tasks", tag = "tasks",
    params(TasksQuery), responses((status = 200, description = "Those that fit, and how many there are", body = FoundTasks)))]
pub(crate) async fn list(
    at: At,
    ReadQuery(query): ReadQuery<TasksQuery>,
) -> Answer<Json<FoundTasks>> {
    let found = at.region.search_tasks(&at.caller, query.search()?).await?;
    let items = found.items.into_iter().map(Task::from).collect();
    Ok(Json(FoundTasks { items, total: found.total }))
}

/// Show one task.
#[utoipa::path(get, path = "/v1/regions/{region}/tasks/{task}", operation_id = "show_task", tag = "tasks",
    responses((status = 200, description = "The task", body = Task)))]
pub(crate) async fn show(on: On<TaskId>) -> Answer<Json<Task>> {
    Ok(Json(on.region.task(&on.caller, &on.id).await?.into()))
}

/// Cancel a task that has not ended: an import's image is gone with it, an export leaves nothing in the bucket.
#[utoipa::path(delete, path = "/v1/regions/{region}/tasks/{task}", operation_id = "cancel_task", tag = "tasks",
    responses((status = 200, description = "The task, `cancelled`", body = Task)))]
pub(crate) async fn cancel(on: On<TaskId>) -> Answer<Json<Task>> {
    Ok(Json(on.region.cancel_task(&on.caller, &on.id).await?.into()))
}
