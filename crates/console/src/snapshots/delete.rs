//! Deleting a snapshot; of one that is being copied here, cancelling that.

use askama::Template;
use axum::http::StatusCode;
use model::{SnapshotAction, SnapshotId, SnapshotStanding};
use region::SnapshotView;

use super::offers::{link_of, refusal};
use super::row::title;
use crate::form::Form;
use crate::look;
use crate::page::{Done, Page, Section};
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;
use crate::words::{Saying, Words};

#[derive(Template)]
#[template(path = "snapshots/delete.html")]
struct Delete<'a> {
    visit: &'a Visit,
    words: Words,
    title: String,
    id: String,
    link: String,
    will: Saying,
    problem: Option<Problem>,
    can_do: bool,
}

/// Says what deleting it will do, or why it cannot be.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let region = visit.region()?;
    let snapshot = region.snapshot(&visit.caller, &visit.id::<SnapshotId>("snapshot")?).await?;
    Ok(form(&visit, &snapshot, None))
}

/// Deletes it.
pub(crate) async fn act(visit: Visit, _form: Form) -> Result<Done, Shown> {
    let region = visit.region()?;
    let snapshot = region.snapshot(&visit.caller, &visit.id::<SnapshotId>("snapshot")?).await?;
    match region.delete_snapshot(&visit.caller, &snapshot.id).await {
        Ok(()) => {
            let notice = visit.words.say("snapshots-deleted").with("name", title(&snapshot));
            Ok(visit.done(format!("/snapshots?region={}", snapshot.region), &notice))
        }
        Err(refused) => {
            let problem = visit.problem(refused)?;
            Ok(form(&visit, &snapshot, Some(problem)).into())
        }
    }
}

fn form(visit: &Visit, snapshot: &SnapshotView, problem: Option<Problem>) -> Page {
    let words = visit.words;
    let refused = refusal(visit, snapshot, SnapshotAction::Delete);
    let can_do = refused.is_none();
    let problem = problem.or(refused);
    let heading = words.say("snapshots-delete-title").with("name", title(snapshot)).to_string();
    let will = match snapshot.standing {
        SnapshotStanding::Whole => {
            words.say("snapshots-delete-whole").showing("held", look::bytes(snapshot.held_bytes))
        }
        SnapshotStanding::Copying => words.say("snapshots-delete-copying"),
        SnapshotStanding::Failed => words.say("snapshots-delete-failed"),
    };
    let status = problem.as_ref().map_or(StatusCode::OK, |problem| problem.status);
    let form = Delete {
        visit,
        words,
        title: heading.clone(),
        id: snapshot.id.to_string(),
        link: link_of(snapshot),
        will,
        can_do,
        problem,
    };
    visit.page(Section::Snapshots, heading).part("snapshot-delete", &form).dialog().status(status)
}
