//! One task: how far it is, and the objects that it reads or writes.

use askama::Template;
use model::{Act, DiskFormat, DiskRole, TaskAction, TaskId};
use region::{TaskObject, TaskView};

use super::standing::{Standing, action};
use crate::look::When;
use crate::names::names;
use crate::page::{Page, Section};
use crate::refusal::Shown;
use crate::visit::Visit;
use crate::words::{Saying, Words};

/// An object of one disk.
struct Row {
    disk: Saying,
    name: String,
    format: DiskFormat,
}

#[derive(Template)]
#[template(path = "tasks/one.html")]
struct One<'a> {
    words: Words,
    task: &'a TaskView,
    title: &'a str,
    standing: Standing,
    image_link: Option<(String, String)>,
    rows: Vec<Row>,
    created: When,
    finished: Option<When>,
    cancel: Option<String>,
}

/// A task's own page.
pub(super) fn path_of(task: &TaskView) -> String {
    format!("/regions/{}/tasks/{}", task.region, task.id)
}

/// What a task is called: what it does, and with which image.
pub(super) fn title(task: &TaskView, name: Option<&str>, words: Words) -> String {
    let saying = match task.action {
        TaskAction::ImportImage => words.say("tasks-import-of"),
        TaskAction::ExportImage => words.say("tasks-export-of"),
    };
    saying.showing("name", name.unwrap_or(task.image.as_str())).to_string()
}

/// Shows it.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let region = visit.region()?;
    let task = region.task(&visit.caller, &visit.id::<TaskId>("task")?).await?;
    let words = visit.words;
    let names = names(&visit, &region, vec![task.image.clone()]).await?;
    let name = names.get(&task.image);
    let title = title(&task, name.map(String::as_str), words);
    let image_path = format!("/regions/{}/images/{}", task.region, task.image);
    let can_cancel = task.can_be_cancelled() && visit.may(Act::Change);
    let one = One {
        words,
        title: &title,
        standing: Standing::of(&task, words),
        image_link: name.map(|name| (name.clone(), image_path)),
        rows: task.objects.iter().map(|object| row(object, words)).collect(),
        created: When(task.created),
        finished: task.finished.map(When),
        cancel: can_cancel.then(|| format!("{}/cancel", path_of(&task))),
        task: &task,
    };
    Ok(visit.page(Section::Tasks, &title).live("task", &one))
}

fn row(object: &TaskObject, words: Words) -> Row {
    let disk = match object.role {
        DiskRole::SYSTEM => words.say("tasks-system-disk"),
        data => words.say("tasks-data-disk").with("number", u64::from(data.number())),
    };
    Row { disk, name: format!("{}/{}", object.bucket, object.object), format: object.format }
}

impl One<'_> {
    /// What it does, in a word.
    fn action(&self) -> Saying {
        action(self.task.action, self.words)
    }
}
