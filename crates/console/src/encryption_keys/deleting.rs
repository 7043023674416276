//! Deleting an encryption key: when it goes, and what goes with it.

use askama::Template;
use axum::http::StatusCode;
use model::rules::{LoseImages, WaitingDays};
use model::{Field, Rejection};
use region::{EncryptionKeyView, Refused, Region};

use super::{list_path, one, path};
use crate::form::Form;
use crate::look::When;
use crate::page::{Done, Page, Section};
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;
use crate::words::{Saying, Words};

/// What stands in the form.
struct Typed {
    days: String,
    is_loss_ticked: bool,
}

#[derive(Template)]
#[template(path = "encryption_keys/delete.html")]
struct Delete<'a> {
    visit: &'a Visit,
    words: Words,
    problem: Option<&'a Problem>,
    title: &'a str,
    key: &'a EncryptionKeyView,
    will: Saying,
    loses: Option<Saying>,
    typed: &'a Typed,
    min: u32,
    max: u32,
    path: String,
    back: String,
}

impl Delete<'_> {
    fn are_days_wrong(&self) -> bool {
        self.problem.is_some_and(|problem| problem.field == Some(Field::Days))
    }
}

/// Says what it will do.
pub(super) async fn show(visit: Visit) -> Result<Page, Shown> {
    let (region, key) = one(&visit).await?;
    let typed = Typed { days: WaitingDays::MAX.to_string(), is_loss_ticked: false };
    Ok(page(&visit, (&region, &key), (None, &typed)))
}

fn page(
    visit: &Visit,
    (region, key): (&Region, &EncryptionKeyView),
    (problem, typed): (Option<&Problem>, &Typed),
) -> Page {
    let words = visit.words;
    let title = words.say("encryption-keys-delete-title").showing("region", region.id());
    let title = title.to_string();
    let loses = words.say("encryption-keys-delete-loses");
    let loses = loses.with("images", key.images).with("snapshots", key.snapshots);
    let html = Delete {
        visit,
        words,
        problem,
        title: &title,
        key,
        will: words.say("encryption-keys-delete-will"),
        loses: (key.images + key.snapshots > 0).then_some(loses),
        typed,
        min: WaitingDays::MIN,
        max: WaitingDays::MAX,
        path: format!("{}/delete", path(region, key)),
        back: list_path(region),
    };
    let status = problem.map_or(StatusCode::OK, |problem| problem.status);
    let page = visit.page(Section::EncryptionKeys, &title);
    page.part("encryption-key-delete", &html).dialog().status(status)
}

/// The days that were typed. What is no number is none that is allowed.
fn days(typed: &Typed) -> Result<WaitingDays, Rejection> {
    WaitingDays::new(typed.days.parse().unwrap_or(0))
}

/// Sets the day.
pub(super) async fn act(visit: Visit, form: Form) -> Result<Done, Shown> {
    let (region, key) = one(&visit).await?;
    let typed =
        Typed { days: form.text("days").to_owned(), is_loss_ticked: form.is_ticked("lose") };
    let lose = if typed.is_loss_ticked { LoseImages::Yes } else { LoseImages::No };
    let doomed = match days(&typed) {
        Ok(days) => region.schedule_key_deletion(&visit.caller, &key.id, days, lose).await,
        Err(rejection) => Err(rejection.into()),
    };
    match doomed {
        Ok(doomed) => {
            let at = doomed.delete_at.map(|at| When(at).to_string()).unwrap_or_default();
            let notice = visit.words.say("encryption-keys-doomed").showing("key", &doomed.id);
            Ok(visit.done(list_path(&region), &notice.with("at", at)))
        }
        Err(Refused::Rejected(rejection)) => {
            let problem = Problem::of_rejection(&rejection, visit.words);
            Ok(page(&visit, (&region, &key), (Some(&problem), &typed)).into())
        }
        Err(refused) => Err(refused.into()),
    }
}
