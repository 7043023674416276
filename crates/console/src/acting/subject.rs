//! The image that something is to be done with, and why that is refused just now.

use askama::Template;
use axum::http::StatusCode;
use model::{ImageAction, ImageId, RegionId, Rejection};
use region::{ImageView, Region, offered};

use crate::page::{Page, Section};
use crate::refusal::{Problem, Shown, told};
use crate::visit::Visit;
use crate::words::{Saying, Words};

/// An image that its page's address names.
pub(super) struct Subject {
    /// Its region.
    pub(super) region: Region,
    /// The image as the visitor sees it.
    pub(super) image: ImageView,
}

#[derive(Template)]
#[template(path = "acting/refused.html")]
struct Refused<'a> {
    words: Words,
    title: &'a str,
    why: String,
    way_on: Option<(String, Saying)>,
    back: String,
}

impl Subject {
    /// The one of this visit; one that the visitor does not see is absent.
    pub(super) async fn of(visit: &Visit) -> Result<Subject, Shown> {
        let region = visit.region()?;
        let image = region.image(&visit.caller, &visit.id::<ImageId>("image")?).await?;
        Ok(Subject { region, image })
    }

    /// Its own page.
    pub(super) fn path(&self) -> String {
        format!("/regions/{}/images/{}", self.image.region, self.image.id)
    }

    /// Where something is done with it.
    pub(super) fn path_to(&self, action: &str) -> String {
        format!("{}/{action}", self.path())
    }

    /// A title with its name in it.
    pub(super) fn title(&self, saying: Saying) -> String {
        saying.showing("name", &self.image.name).to_string()
    }

    /// What the region would answer just now, where that is a refusal.
    pub(super) fn refusal(&self, visit: &Visit, wanted: ImageAction) -> Option<Rejection> {
        let all = offered(&visit.caller, &self.image);
        let judged = all.into_iter().find(|(action, _)| *action == wanted);
        judged.and_then(|(_, judged)| judged.err())
    }

    /// The page that says why it is not done, and what to do about that.
    pub(super) fn refused(&self, visit: &Visit, (title, why): (&str, &Rejection)) -> Page {
        let html = Refused {
            words: visit.words,
            title,
            why: told(why, visit.words),
            way_on: self.way_on(why, visit.words),
            back: self.path(),
        };
        let problem = Problem::of_rejection(why, visit.words);
        form_page(visit, title, Some(&problem), &html)
    }

    /// Where whatever stands in the way can be seen or put away.
    pub(super) fn way_on(&self, why: &Rejection, words: Words) -> Option<(String, Saying)> {
        let here: &RegionId = &self.image.region;
        let in_region = |rest: String| format!("/regions/{here}/{rest}");
        Some(match why {
            Rejection::ImageHeld { by, target, .. } => {
                (format!("/regions/{target}/copies/{by}"), words.say("acting-see-copy"))
            }
            Rejection::ImageBeingExported { by, .. } => {
                (in_region(format!("tasks/{by}")), words.say("acting-see-task"))
            }
            Rejection::ImageBeingConverted { into, .. } => {
                (in_region(format!("images/{into}")), words.say("acting-see-converted"))
            }
            Rejection::ImagePublished { .. } => {
                (self.path_to("publish"), words.say("acting-take-back"))
            }
            Rejection::ImageIsShared { .. } => {
                (self.path_to("share"), words.say("acting-see-shares"))
            }
            Rejection::ImageDeprecated { .. } => {
                (self.path_to("edit"), words.say("acting-to-edit"))
            }
            Rejection::LocalNotCopied { .. } => {
                (self.path_to("convert"), words.say("acting-to-convert"))
            }
            Rejection::ImageBeingMade { .. } => {
                (self.path_to("cancel"), words.say("acting-to-cancel"))
            }
            _other => return None,
        })
    }
}

/// A form about an image, as a page that may be a dialog.
pub(super) fn form_page(
    visit: &Visit,
    title: &str,
    problem: Option<&Problem>,
    html: &impl Template,
) -> Page {
    let status = problem.map_or(StatusCode::OK, |problem| problem.status);
    visit.page(Section::Images, title).part("acting", html).dialog().status(status)
}
