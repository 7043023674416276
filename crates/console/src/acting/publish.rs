//! Offering an image to every account, and taking that back (R001-2): an operator's.

use askama::Template;
use model::rules::Offer;
use model::{Act, ImageAction, ImageKind};

use super::subject::{Subject, form_page};
use crate::form::Form;
use crate::page::{Done, Page};
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;
use crate::words::Words;

#[derive(Template)]
#[template(path = "acting/publish.html")]
struct Publish<'a> {
    visit: &'a Visit,
    words: Words,
    subject: &'a Subject,
    title: &'a str,
    problem: Option<&'a Problem>,
    /// Whether it is published: then it can be taken back.
    is_published: bool,
    is_marketplace: bool,
}

/// What was chosen.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Choice {
    Publish(Offer),
    TakeBack,
}

impl Choice {
    fn of(form: &Form) -> Result<Choice, Shown> {
        match form.text("offer") {
            "public" => Ok(Choice::Publish(Offer::Public)),
            "marketplace" => Ok(Choice::Publish(Offer::Marketplace)),
            "none" => Ok(Choice::TakeBack),
            _other => Err(Shown::BadForm),
        }
    }
}

fn is_published(kind: ImageKind) -> bool {
    match kind {
        ImageKind::Public | ImageKind::Marketplace => true,
        ImageKind::Custom | ImageKind::Shared => false,
    }
}

/// The form.
pub(super) async fn show(visit: Visit) -> Result<Page, Shown> {
    let subject = Subject::of(&visit).await?;
    Ok(page(&visit, &subject, Choice::Publish(Offer::Public), None))
}

fn page(visit: &Visit, subject: &Subject, chosen: Choice, problem: Option<Problem>) -> Page {
    let words = visit.words;
    let title = subject.title(words.say("acting-publish-title"));
    let is_own = subject.image.owner == visit.caller.account;
    let can_take_back = is_own && is_published(subject.image.kind) && visit.may(Act::Operate);
    if !can_take_back && let Some(why) = subject.refusal(visit, ImageAction::Publish) {
        return subject.refused(visit, (&title, &why));
    }
    let problem = problem.as_ref();
    let html = Publish {
        visit,
        words,
        subject,
        title: &title,
        problem,
        is_published: can_take_back,
        is_marketplace: match (can_take_back, chosen) {
            (false, Choice::Publish(offer)) => offer == Offer::Marketplace,
            (false, Choice::TakeBack) | (true, _) => subject.image.kind == ImageKind::Marketplace,
        },
    };
    form_page(visit, &title, problem, &html)
}

/// Publishes it, or takes it back.
pub(super) async fn act(visit: Visit, form: Form) -> Result<Done, Shown> {
    let subject = Subject::of(&visit).await?;
    let choice = Choice::of(&form)?;
    let (region, id) = (&subject.region, &subject.image.id);
    let done = match choice {
        Choice::Publish(offer) => region.publish_image(&visit.caller, id, offer).await,
        Choice::TakeBack => region.unpublish_image(&visit.caller, id).await,
    };
    match done {
        Ok(image) => {
            let notice = match choice {
                Choice::Publish(_) => visit.words.say("acting-publish-done"),
                Choice::TakeBack => visit.words.say("acting-publish-taken-back"),
            };
            Ok(visit.done(subject.path(), &notice.showing("name", &image.name)))
        }
        Err(refused) => {
            let problem = visit.problem(refused)?;
            Ok(page(&visit, &subject, choice, Some(problem)).into())
        }
    }
}
