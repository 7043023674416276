//! Cancelling a task: nothing half done stays.

use askama::Template;
use axum::http::StatusCode;
use model::{Act, Rejection, TaskAction, TaskId};
use region::{Region, TaskView};

use super::one::{path_of, title};
use crate::form::Form;
use crate::names::names;
use crate::page::{Done, Page, Section};
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;
use crate::words::Words;

#[derive(Template)]
#[template(path = "tasks/cancel.html")]
struct Cancel<'a> {
    visit: &'a Visit,
    words: Words,
    title: &'a str,
    path: String,
    problem: Option<&'a Problem>,
    can_cancel: bool,
    is_import: bool,
}

/// Says what cancelling will do.
pub(super) async fn show(visit: Visit) -> Result<Page, Shown> {
    let (region, task) = named(&visit).await?;
    page(&visit, (&region, &task), None).await
}

async fn named(visit: &Visit) -> Result<(Region, TaskView), Shown> {
    let region = visit.region()?;
    let task = region.task(&visit.caller, &visit.id::<TaskId>("task")?).await?;
    Ok((region, task))
}

/// Why it cannot be cancelled just now.
fn refusal(visit: &Visit, task: &TaskView) -> Option<Rejection> {
    let (id, state) = (task.id.clone(), task.state);
    let ended = (!task.can_be_cancelled()).then_some(Rejection::TaskEnded { task: id, state });
    visit.caller.must(Act::Change).err().or(ended)
}

async fn page(
    visit: &Visit,
    (region, task): (&Region, &TaskView),
    problem: Option<Problem>,
) -> Result<Page, Shown> {
    let words = visit.words;
    let names = names(visit, region, vec![task.image.clone()]).await?;
    let what = title(task, names.get(&task.image).map(String::as_str), words);
    let title = words.say("tasks-cancel-title").showing("task", what).to_string();
    let refusal = refusal(visit, task);
    let can_cancel = refusal.is_none();
    let problem = refusal.map(|why| Problem::of_rejection(&why, words)).or(problem);
    let problem = problem.as_ref();
    let html = Cancel {
        visit,
        words,
        title: &title,
        path: path_of(task),
        problem,
        can_cancel,
        is_import: match task.action {
            TaskAction::ImportImage => true,
            TaskAction::ExportImage => false,
        },
    };
    let status = problem.map_or(StatusCode::OK, |problem| problem.status);
    Ok(visit.page(Section::Tasks, &title).part("task-cancel", &html).dialog().status(status))
}

/// Cancels it.
pub(super) async fn act(visit: Visit, _form: Form) -> Result<Done, Shown> {
    let (region, task) = named(&visit).await?;
    match region.cancel_task(&visit.caller, &task.id).await {
        Ok(task) => {
            let notice = visit.words.say("tasks-cancel-done");
            Ok(visit.done(path_of(&task), &notice))
        }
        Err(refused) => {
            let problem = visit.problem(refused)?;
            Ok(page(&visit, (&region, &task), Some(problem)).await?.into())
        }
    }
}
