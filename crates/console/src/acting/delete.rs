//! Deleting an image: what goes with it, who uses it, and what keeps it (R001-6, R004-10).

use askama::Template;
use model::rules::Force;
use model::{ImageAction, Rejection};
use region::{ImageView, SnapshotsOfImage};

use super::subject::{Subject, form_page};
use crate::form::Form;
use crate::page::{Done, Page};
use crate::refusal::{Problem, Shown, told};
use crate::visit::Visit;
use crate::words::{Saying, Words};

/// What an image is deleted in spite of, once somebody has ticked that.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Spite {
    /// Its instances.
    Use,
    /// The accounts that see it, and the instances.
    Others,
}

impl Spite {
    const ALL: [Spite; 2] = [Spite::Use, Spite::Others];

    fn tag(self) -> &'static str {
        match self {
            Spite::Use => "use",
            Spite::Others => "others",
        }
    }

    fn force(self) -> Force {
        match self {
            Spite::Use => Force::OverUse,
            Spite::Others => Force::Yes,
        }
    }

    /// What a refusal gives way to.
    fn of(why: &Rejection) -> Option<Spite> {
        match why {
            Rejection::ImageInUse { .. } => Some(Spite::Use),
            Rejection::ImageIsShared { .. } | Rejection::ImagePublished { .. } => {
                Some(Spite::Others)
            }
            _other => None,
        }
    }
}

/// What is ticked.
struct Ticked {
    snapshots: SnapshotsOfImage,
    spite: Option<Spite>,
}

impl Ticked {
    fn of(form: &Form) -> Ticked {
        let snapshots = form.is_ticked("snapshots");
        let spite = form.text("force");
        Ticked {
            snapshots: if snapshots { SnapshotsOfImage::Delete } else { SnapshotsOfImage::Keep },
            spite: Spite::ALL.into_iter().find(|one| one.tag() == spite),
        }
    }
}

/// The tick without which it is refused.
struct Obstacle {
    tag: &'static str,
    label: String,
    /// Who else is concerned.
    why: Option<String>,
    way_on: Option<(String, Saying)>,
    is_ticked: bool,
}

#[derive(Template)]
#[template(path = "acting/delete.html")]
struct Delete<'a> {
    visit: &'a Visit,
    words: Words,
    subject: &'a Subject,
    title: &'a str,
    problem: Option<&'a Problem>,
    snapshots: u64,
    are_snapshots_ticked: bool,
    instances: u64,
    instances_path: String,
    obstacle: Option<Obstacle>,
}

/// The form.
pub(super) async fn show(visit: Visit) -> Result<Page, Shown> {
    let subject = Subject::of(&visit).await?;
    let ticked = Ticked { snapshots: SnapshotsOfImage::Keep, spite: None };
    Ok(page(&visit, &subject, &ticked, None))
}

fn page(visit: &Visit, subject: &Subject, ticked: &Ticked, problem: Option<Problem>) -> Page {
    let words = visit.words;
    let title = subject.title(words.say("acting-delete-title"));
    let why = subject.refusal(visit, ImageAction::Delete);
    let obstacle = match &why {
        None => None,
        Some(why) => match Spite::of(why) {
            None => return subject.refused(visit, (&title, why)),
            Some(spite) => Some(obstacle(words, subject, (why, spite), ticked)),
        },
    };
    let problem = problem.as_ref();
    let html = Delete {
        visit,
        words,
        subject,
        title: &title,
        problem,
        snapshots: snapshots(&subject.image),
        are_snapshots_ticked: ticked.snapshots == SnapshotsOfImage::Delete,
        instances: subject.image.instances,
        instances_path: instances_path(&subject.image),
        obstacle,
    };
    form_page(visit, &title, problem, &html)
}

/// How many snapshots it rests on.
fn snapshots(image: &ImageView) -> u64 {
    image.disks.iter().filter(|disk| disk.snapshot.is_some()).count() as u64
}

fn instances_path(image: &ImageView) -> String {
    format!("/instances?region={}&q={}", image.region, image.id)
}

fn obstacle(
    words: Words,
    subject: &Subject,
    (why, spite): (&Rejection, Spite),
    ticked: &Ticked,
) -> Obstacle {
    let (label, told) = match spite {
        Spite::Use => {
            let label = words.say("acting-delete-although-used");
            (label.with("count", subject.image.instances), None)
        }
        Spite::Others => (words.say("acting-delete-although-seen"), Some(told(why, words))),
    };
    Obstacle {
        tag: spite.tag(),
        label: label.to_string(),
        why: told,
        way_on: subject.way_on(why, words),
        is_ticked: ticked.spite == Some(spite),
    }
}

/// Deletes it.
pub(super) async fn act(visit: Visit, form: Form) -> Result<Done, Shown> {
    let subject = Subject::of(&visit).await?;
    let ticked = Ticked::of(&form);
    let force = ticked.spite.map_or(Force::No, Spite::force);
    let id = &subject.image.id;
    match subject.region.delete_image(&visit.caller, id, force, ticked.snapshots).await {
        Ok(()) => {
            let notice = visit.words.say("acting-delete-done").showing("name", &subject.image.name);
            Ok(visit.done(format!("/images?region={}", subject.image.region), &notice))
        }
        Err(refused) => {
            let problem = visit.problem(refused)?;
            Ok(page(&visit, &subject, &ticked, Some(problem)).into())
        }
    }
}
