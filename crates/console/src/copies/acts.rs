//! Trying a copy again now, and cancelling it.

use askama::Template;
use axum::http::StatusCode;
use model::{CopyId, ImageAction, RegionId};
use region::{CopyView, Refused, Region, offered};

use super::one::name;
use crate::form::Form;
use crate::page::{Done, Page, Section};
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;
use crate::words::Words;

#[derive(Template)]
#[template(path = "copies/cancel.html")]
struct Cancel<'a> {
    visit: &'a Visit,
    words: Words,
    title: String,
    path: String,
    back: String,
    region: RegionId,
    disks: u64,
    percent: u8,
    problem: Option<Problem>,
    can_cancel: bool,
}

fn page_of(copy: &CopyView) -> String {
    format!("/regions/{}/copies/{}", copy.region, copy.id)
}

/// Tries it again now.
pub(crate) async fn retry(visit: Visit, _form: Form) -> Result<Done, Shown> {
    let region = visit.region()?;
    let id: CopyId = visit.id("copy")?;
    let copy = region.retry_copy(&visit.caller, &id).await?;
    Ok(visit.done(page_of(&copy), &visit.words.say("copies-retried")))
}

/// Says what cancelling will do.
pub(crate) async fn ask_cancel(visit: Visit) -> Result<Page, Shown> {
    let region = visit.region()?;
    let copy = region.copy(&visit.caller, &visit.id::<CopyId>("copy")?).await?;
    form(&visit, &region, (&copy, None)).await
}

/// Cancels it (R000-10): what it makes is gone when this answers.
pub(crate) async fn cancel(visit: Visit, _form: Form) -> Result<Done, Shown> {
    let region = visit.region()?;
    let copy = region.copy(&visit.caller, &visit.id::<CopyId>("copy")?).await?;
    match region.cancel_image(&visit.caller, &copy.image).await {
        Ok(()) => {
            let notice = visit.words.say("copies-cancelled").showing("region", &copy.region);
            Ok(visit.done(page_of(&copy), &notice))
        }
        Err(Refused::Rejected(rejection)) => {
            let problem = Problem::of_rejection(&rejection, visit.words);
            let page = form(&visit, &region, (&copy, Some(problem))).await?;
            Ok(page.into())
        }
        Err(refused) => Err(refused.into()),
    }
}

async fn form(
    visit: &Visit,
    region: &Region,
    (copy, problem): (&CopyView, Option<Problem>),
) -> Result<Page, Shown> {
    let words = visit.words;
    let problem = match problem {
        Some(problem) => Some(problem),
        None => refusal(visit, region, copy).await?,
    };
    let what = name(visit, region, copy).await?.unwrap_or_else(|| copy.image.to_string());
    let title = words.say("copies-cancel-title").with("name", what);
    let title = title.showing("region", &copy.region).to_string();
    let status = problem.as_ref().map_or(StatusCode::OK, |problem| problem.status);
    let form = Cancel {
        visit,
        words,
        title: title.clone(),
        path: format!("{}/cancel", page_of(copy)),
        back: page_of(copy),
        region: copy.region.clone(),
        disks: copy.disks,
        percent: copy.percent,
        can_cancel: problem.is_none(),
        problem,
    };
    Ok(visit.page(Section::Copies, title).part("copy-cancel", &form).dialog().status(status))
}

/// What the region would answer just now, where that is a refusal.
async fn refusal(
    visit: &Visit,
    region: &Region,
    copy: &CopyView,
) -> Result<Option<Problem>, Shown> {
    let words = visit.words;
    let view = match region.image(&visit.caller, &copy.image).await {
        Ok(view) => view,
        // It went with the copy that was to make it.
        Err(Refused::Rejected(rejection)) => {
            return Ok(Some(Problem::of_rejection(&rejection, words)));
        }
        Err(refused) => return Err(refused.into()),
    };
    let actions = offered(&visit.caller, &view);
    let cancelling = actions.into_iter().find(|(action, _)| *action == ImageAction::Cancel);
    let rejection = cancelling.and_then(|(_, judged)| judged.err());
    Ok(rejection.map(|rejection| Problem::of_rejection(&rejection, words)))
}
