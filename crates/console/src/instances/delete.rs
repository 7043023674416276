//! Forgetting an instance: it uses its image no more.

use askama::Template;
use axum::http::StatusCode;
use model::{Act, InstanceId};
use region::{InstanceView, Region};

use crate::form::Form;
use crate::page::{Done, Page, Section};
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;
use crate::words::Words;

#[derive(Template)]
#[template(path = "instances/delete.html")]
struct Delete<'a> {
    visit: &'a Visit,
    words: Words,
    instance: &'a InstanceView,
    title: &'a str,
    problem: Option<&'a Problem>,
    can_delete: bool,
}

/// The instance that the address names.
pub(super) async fn named(visit: &Visit) -> Result<(Region, InstanceView), Shown> {
    let region = visit.region()?;
    let instance = region.instance(&visit.caller, &visit.id::<InstanceId>("instance")?).await?;
    Ok((region, instance))
}

/// Why the visitor may change nothing.
pub(super) fn not_allowed(visit: &Visit) -> Option<Problem> {
    let refused = visit.caller.must(Act::Change).err();
    refused.map(|rejection| Problem::of_rejection(&rejection, visit.words))
}

/// Says what deleting will do.
pub(super) async fn show(visit: Visit) -> Result<Page, Shown> {
    let (_region, instance) = named(&visit).await?;
    Ok(page(&visit, &instance, None))
}

fn page(visit: &Visit, instance: &InstanceView, problem: Option<Problem>) -> Page {
    let words = visit.words;
    let title = words.say("instances-delete-title").showing("name", &instance.name).to_string();
    let not_allowed = not_allowed(visit);
    let can_delete = not_allowed.is_none();
    let problem = not_allowed.or(problem);
    let problem = problem.as_ref();
    let html = Delete { visit, words, instance, title: &title, problem, can_delete };
    let status = problem.map_or(StatusCode::OK, |problem| problem.status);
    visit.page(Section::Instances, &title).part("instance", &html).dialog().status(status)
}

/// Deletes it.
pub(super) async fn act(visit: Visit, _form: Form) -> Result<Done, Shown> {
    let (region, instance) = named(&visit).await?;
    match region.delete_instance(&visit.caller, &instance.id).await {
        Ok(()) => {
            let notice = visit.words.say("instances-deleted").showing("name", &instance.name);
            Ok(visit.done(format!("/instances?region={}", instance.region), &notice))
        }
        Err(refused) => {
            let problem = visit.problem(refused)?;
            Ok(page(&visit, &instance, Some(problem)).into())
        }
    }
}
