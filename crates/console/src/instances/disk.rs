//! Making an instance's system disk anew from another image (R000-12).

use askama::Template;
use axum::http::StatusCode;
use model::{Field, ImageId, ImageOrder, ImageSearch, NamePattern, PageOf, Rejection, Standing};
use region::{ImageView, InstanceView, Region};

use super::delete::{named, not_allowed};
use crate::form::Form;
use crate::page::{Done, Page, Section};
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;
use crate::words::Words;

/// Images that the form offers by itself: the newest.
const OFFERED: u32 = 100;

#[derive(Template)]
#[template(path = "instances/disk.html")]
struct Disk<'a> {
    visit: &'a Visit,
    words: Words,
    instance: &'a InstanceView,
    title: &'a str,
    problem: Option<&'a Problem>,
    can_change: bool,
    typed: &'a str,
    images: Vec<ImageView>,
    /// What the image that it has is called, where that is still there.
    now: Option<String>,
}

/// Images that can be used, the newest first.
fn usable(visit: &Visit) -> ImageSearch {
    ImageSearch {
        // By a name, images of others are never meant; their ids are taken.
        owner: Some(visit.caller.account.clone()),
        standings: vec![Standing::Available, Standing::Deprecated],
        order: ImageOrder::default(),
        page: PageOf { offset: 0, limit: OFFERED },
        ..ImageSearch::default()
    }
}

/// The form.
pub(super) async fn show(visit: Visit) -> Result<Page, Shown> {
    let (region, instance) = named(&visit).await?;
    page(&visit, (&region, &instance), "", None).await
}

async fn page(
    visit: &Visit,
    (region, instance): (&Region, &InstanceView),
    typed: &str,
    problem: Option<Problem>,
) -> Result<Page, Shown> {
    let words = visit.words;
    let title = words.say("instances-disk-title").showing("name", &instance.name).to_string();
    let not_allowed = not_allowed(visit);
    let can_change = not_allowed.is_none();
    let problem = not_allowed.or(problem);
    let problem = problem.as_ref();
    let found = region.search_images(&visit.caller, usable(visit)).await?;
    let (has, page) = (vec![instance.image.clone()], PageOf { offset: 0, limit: 1 });
    let search = ImageSearch { ids: has, page, ..ImageSearch::default() };
    let now = region.search_images(&visit.caller, search).await?.items.pop();
    let html = Disk {
        visit,
        words,
        instance,
        title: &title,
        problem,
        can_change,
        typed,
        images: found.items.into_iter().filter(|image| image.id != instance.image).collect(),
        now: now.map(|image| image.name.to_string()),
    };
    let status = problem.map_or(StatusCode::OK, |problem| problem.status);
    Ok(visit.page(Section::Instances, &title).part("instance", &html).dialog().status(status))
}

/// Changes it.
pub(super) async fn act(visit: Visit, form: Form) -> Result<Done, Shown> {
    let (region, instance) = named(&visit).await?;
    let typed = form.text("image");
    let problem = match meant(&visit, &region, typed).await? {
        Err(problem) => problem,
        Ok(image) => {
            match region.change_instance_disk(&visit.caller, &instance.id, &image).await {
                Ok(_) => {
                    let notice = visit.words.say("instances-disk-done");
                    let notice = notice.showing("name", &instance.name);
                    let path = format!("/instances?region={}", instance.region);
                    return Ok(visit.done(path, &notice));
                }
                // The image is a value of the form, not what the address is about.
                Err(region::Refused::Rejected(why @ Rejection::ImageNotFound { .. })) => {
                    Problem::of_rejection(&why, visit.words)
                }
                Err(refused) => visit.problem(refused)?,
            }
        }
    };
    let problem = Problem { field: Some(Field::Images), ..problem };
    Ok(page(&visit, (&region, &instance), typed, Some(problem)).await?.into())
}

/// The image that is meant by an id or, where only one is called so, a name.
async fn meant(
    visit: &Visit,
    region: &Region,
    typed: &str,
) -> Result<Result<ImageId, Problem>, Shown> {
    let words = visit.words;
    if let Ok(id) = typed.parse() {
        return Ok(Ok(id));
    }
    let names = vec![NamePattern::Exactly(typed.to_owned())];
    let found = region.search_images(&visit.caller, ImageSearch { names, ..usable(visit) }).await?;
    let problem = match found.items.as_slice() {
        [one] => return Ok(Ok(one.id.clone())),
        [] => words.say("instances-disk-no-image").showing("image", typed),
        _several => words.say("instances-disk-several").showing("image", typed),
    };
    Ok(Err(Problem::said(&problem)))
}
