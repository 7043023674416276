//! One copy: how far it is, how it went, and what may be done about it (R000-9, R000-10).

use askama::Template;
use model::{Act, CopyId, DeadlineStanding, Phase, Priority};
use region::{AttemptView, CopyView, DeadlineView, Refused, Region};

use super::chart::Chart;
use super::standing::Standing;
use super::steps::{Step, steps};
use crate::look::When;
use crate::page::{Page, Section};
use crate::refusal::Shown;
use crate::rejection_words;
use crate::visit::{Visit, encoded};
use crate::words::{Saying, Words};

/// An act on a copy: where it is done, or why not just now.
pub(super) enum Offer {
    /// Here.
    At(String),
    /// Not, because of this.
    No(String),
}

/// A failed attempt.
struct Attempt {
    number: u32,
    at: When,
    reason: String,
}

#[derive(Template)]
#[template(path = "copies/one.html")]
struct One<'a> {
    visit: &'a Visit,
    words: Words,
    title: String,
    copy: &'a CopyView,
    standing: Standing,
    steps: Vec<Step>,
    cause: Option<String>,
    source_path: Option<String>,
    target_path: Option<String>,
    key_path: String,
    priority: Saying,
    /// When it is due, and the pill's kind and word.
    deadline: Option<(When, &'static str, Saying)>,
    created: When,
    finished: Option<When>,
    next_attempt: Option<When>,
    retry: Option<Offer>,
    cancel: Option<Offer>,
}

#[derive(Template)]
#[template(path = "copies/rates.html")]
struct Rates {
    words: Words,
    chart: Option<Chart>,
}

#[derive(Template)]
#[template(path = "copies/attempts.html")]
struct Attempts {
    words: Words,
    attempts: Vec<Attempt>,
}

/// Shows it.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let region = visit.region()?;
    let id: CopyId = visit.id("copy")?;
    let words = visit.words;
    let copy = region.copy(&visit.caller, &id).await?;
    let rates = region.copy_rates(&visit.caller, &id).await?;
    let attempts = region.copy_attempts(&visit.caller, &id).await?;
    let name = name(&visit, &region, &copy).await?;
    let title = title(words, &copy, name.as_deref());
    let one = One {
        words,
        title: title.clone(),
        standing: Standing::of(&copy, words),
        steps: steps(&copy, words),
        cause: copy.failure.as_ref().map(|cause| rejection_words::cause(cause, words)),
        source_path: source_path(&visit, &copy),
        target_path: target_path(&copy, name.is_some()),
        key_path: format!("/encryption-keys?region={}", encoded(region.id().as_str())),
        priority: words.say(match copy.priority {
            Priority::Low => "copies-priority-low",
            Priority::Normal => "copies-priority-normal",
            Priority::High => "copies-priority-high",
        }),
        deadline: copy.deadline.map(|deadline| told(deadline, words)),
        created: When(copy.created),
        finished: copy.finished.map(When),
        next_attempt: copy.next_attempt.map(When),
        retry: retry(&visit, &copy),
        cancel: cancel(&visit, &copy),
        copy: &copy,
        visit: &visit,
    };
    let attempt =
        |view: AttemptView| Attempt { number: view.number, at: When(view.at), reason: view.reason };
    let attempts = Attempts { words, attempts: attempts.into_iter().map(attempt).collect() };
    let rates = Rates { words, chart: Chart::of(&rates, words) };
    let page = visit.page(Section::Copies, title).live("copy", &one).live("copy-rates", &rates);
    Ok(page.live("copy-attempts", &attempts))
}

/// A deadline as it is shown.
fn told(deadline: DeadlineView, words: Words) -> (When, &'static str, Saying) {
    let (kind, id) = match deadline.standing {
        DeadlineStanding::Promised => ("way", "copies-deadline-promised"),
        DeadlineStanding::AtRisk => ("bad", "copies-deadline-at-risk"),
        DeadlineStanding::Met => ("ok", "copies-deadline-met"),
        DeadlineStanding::Missed => ("bad", "copies-deadline-missed"),
        DeadlineStanding::Void => ("wait", "copies-deadline-void"),
    };
    (When(deadline.at), kind, words.say(id))
}

/// The target image's name while it is there; it goes with a copy that is cancelled.
pub(super) async fn name(
    visit: &Visit,
    region: &Region,
    copy: &CopyView,
) -> Result<Option<String>, Shown> {
    if copy.snapshot.is_some() {
        return Ok(None);
    }
    match region.image(&visit.caller, &copy.image).await {
        Ok(view) => Ok(Some(view.name.to_string())),
        Err(Refused::Rejected(_)) => Ok(None),
        Err(refused) => Err(refused.into()),
    }
}

fn title(words: Words, copy: &CopyView, name: Option<&str>) -> String {
    let what = match (&copy.snapshot, name) {
        (Some(snapshot), _) => snapshot.to_string(),
        (None, Some(name)) => name.to_owned(),
        (None, None) => copy.source_image.to_string(),
    };
    let saying = words.say("copies-title-one").with("name", what);
    saying.showing("region", &copy.region).to_string()
}

/// The source's page, where this process serves its region.
fn source_path(visit: &Visit, copy: &CopyView) -> Option<String> {
    visit.deployment().region(&copy.source_region).ok()?;
    // What carries a snapshot's copy is no image that anybody sees.
    copy.snapshot
        .is_none()
        .then(|| format!("/regions/{}/images/{}", copy.source_region, copy.source_image))
}

fn target_path(copy: &CopyView, is_there: bool) -> Option<String> {
    match &copy.snapshot {
        Some(snapshot) => Some(format!("/regions/{}/snapshots/{snapshot}", copy.region)),
        None => is_there.then(|| format!("/regions/{}/images/{}", copy.region, copy.image)),
    }
}

/// Only what waits between two attempts can be hurried; of what is settled it is not offered.
fn retry(visit: &Visit, copy: &CopyView) -> Option<Offer> {
    if copy.is_settled() {
        return None;
    }
    let words = visit.words;
    let no = |text: crate::words::Saying| Some(Offer::No(text.to_string()));
    match copy.phase {
        _any if !visit.may(Act::Change) => no(words.say("copies-may-not")),
        Phase::CopyingSnapshots => no(words.say("copies-retry-runs")),
        _waiting if copy.is_paused => no(words.say("copies-retry-paused")),
        _waiting if copy.next_attempt.is_none() => no(words.say("copies-retry-first")),
        _waiting => Some(Offer::At(format!("/regions/{}/copies/{}/retry", copy.region, copy.id))),
    }
}

fn cancel(visit: &Visit, copy: &CopyView) -> Option<Offer> {
    let at = match &copy.snapshot {
        // A snapshot that is being copied goes as any other: by being deleted.
        Some(snapshot) => format!("/regions/{}/snapshots/{snapshot}/delete", copy.region),
        None => format!("/regions/{}/copies/{}/cancel", copy.region, copy.id),
    };
    match copy.phase {
        Phase::Waiting | Phase::CopyingSnapshots | Phase::Registering => {
            if visit.may(Act::Change) {
                Some(Offer::At(at))
            } else {
                Some(Offer::No(visit.words.say("copies-may-not").to_string()))
            }
        }
        Phase::Cancelling => Some(Offer::No(visit.words.say("copies-cancel-runs").to_string())),
        Phase::Done | Phase::Cancelled | Phase::Failed => None,
    }
}
