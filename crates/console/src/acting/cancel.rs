//! Cancelling what makes an image: its copy (R000-10), or its import.

use askama::Template;
use model::ImageAction;

use super::subject::{Subject, form_page};
use crate::form::Form;
use crate::page::{Done, Page};
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;
use crate::words::Words;

#[derive(Template)]
#[template(path = "acting/cancel.html")]
struct Cancel<'a> {
    visit: &'a Visit,
    words: Words,
    subject: &'a Subject,
    title: &'a str,
    problem: Option<&'a Problem>,
    percent: u64,
    snapshots: u64,
}

impl Cancel<'_> {
    fn is_copy(&self) -> bool {
        self.subject.image.origin.is_some()
    }
}

/// Says what cancelling will do.
pub(super) async fn show(visit: Visit) -> Result<Page, Shown> {
    Ok(page(&visit, &Subject::of(&visit).await?, None))
}

fn page(visit: &Visit, subject: &Subject, problem: Option<Problem>) -> Page {
    let words = visit.words;
    let title = subject.title(words.say("acting-cancel-title"));
    if let Some(why) = subject.refusal(visit, ImageAction::Cancel) {
        return subject.refused(visit, (&title, &why));
    }
    let problem = problem.as_ref();
    let (percent, snapshots) = (subject.image.percent.into(), subject.image.disks.len() as u64);
    let html = Cancel { visit, words, subject, title: &title, problem, percent, snapshots };
    form_page(visit, &title, problem, &html)
}

/// Cancels it: what is made is gone when this answers.
pub(super) async fn act(visit: Visit, _form: Form) -> Result<Done, Shown> {
    let subject = Subject::of(&visit).await?;
    match subject.region.cancel_image(&visit.caller, &subject.image.id).await {
        Ok(()) => {
            let (name, region) = (&subject.image.name, &subject.image.region);
            let notice = visit.words.say("acting-cancel-done").showing("name", name);
            Ok(visit.done(format!("/images?region={region}"), &notice.showing("region", region)))
        }
        Err(refused) => {
            let problem = visit.problem(refused)?;
            Ok(page(&visit, &subject, Some(problem)).into())
        }
    }
}
