//! Copying one snapshot alone to another region, or within its own under another key.

use askama::Template;
use axum::http::StatusCode;
use model::{Description, Field, RegionId, Rejection, Sealing, SnapshotAction, SnapshotId};
use region::{CopySnapshot, Refused, SnapshotView};

use super::offers::{link_of, refusal};
use super::row::title;
use crate::copying::{keys, sealing_of, sealing_word};
use crate::form::Form;
use crate::look;
use crate::page::{Done, Page, Section};
use crate::refusal::{Problem, Shown};
use crate::token::{new_token, token_of};
use crate::visit::Visit;
use crate::words::{Saying, Words};

/// What was typed and chosen. What is empty is as the source has it.
#[derive(Default)]
struct Typed {
    target: String,
    name: String,
    description: String,
    sealing: String,
}

struct Target {
    id: RegionId,
    is_chosen: bool,
}

/// What the copy may be sealed with.
struct Seal {
    word: String,
    label: Saying,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "snapshots/copy.html")]
struct Copy<'a> {
    visit: &'a Visit,
    words: Words,
    title: String,
    facts: String,
    snapshot: &'a SnapshotView,
    link: String,
    problem: Option<Problem>,
    can_do: bool,
    token: String,
    typed: &'a Typed,
    targets: Vec<Target>,
    seals: Vec<Seal>,
}

impl Copy<'_> {
    fn is_wrong(&self, field: Field) -> bool {
        self.problem.as_ref().is_some_and(|problem| problem.field == Some(field))
    }
}

/// The form, with a target that its address may name.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let region = visit.region()?;
    let snapshot = region.snapshot(&visit.caller, &visit.id::<SnapshotId>("snapshot")?).await?;
    let typed = Typed { target: visit.query("target").to_owned(), ..Typed::default() };
    form(&visit, (&snapshot, &typed), None).await
}

/// Asks for the copy. The token makes that safe to repeat.
pub(crate) async fn act(visit: Visit, sent: Form) -> Result<Done, Shown> {
    let region = visit.region()?;
    let snapshot = region.snapshot(&visit.caller, &visit.id::<SnapshotId>("snapshot")?).await?;
    let text = |name: &str| sent.text(name).to_owned();
    let typed = Typed {
        target: text("target"),
        name: text("name"),
        description: text("description"),
        sealing: text("sealing"),
    };
    let words = visit.words;
    let (Ok(target), Some(sealing)) = (typed.target.parse(), sealing_of(&typed.sealing)) else {
        let problem = Problem::said(&words.say("snapshots-copy-choose"));
        return Ok(form(&visit, (&snapshot, &typed), Some(problem)).await?.into());
    };
    let token = token_of(&sent)?;
    let command = || -> Result<CopySnapshot, Rejection> {
        let description = Some(typed.description.as_str()).filter(|text| !text.is_empty());
        Ok(CopySnapshot {
            snapshot: snapshot.id.clone(),
            target,
            name: Some(typed.name.clone()).filter(|name| !name.is_empty()),
            description: description.map(Description::new).transpose()?,
            tags: None,
            sealing,
            urgency: model::Urgency::default(),
            profile: visit.deployment().profiles.native().clone(),
            token: Some(token),
        })
    };
    let answer = match command() {
        Ok(command) => region.copy_snapshot(&visit.caller, command).await,
        Err(rejection) => Err(rejection.into()),
    };
    match answer {
        Ok(promised) => {
            let mut here = visit.deployment().regions_here();
            let is_here = here.any(|one| one.id().as_str() == typed.target);
            let notice = words.say("snapshots-copy-begun").with("region", typed.target.clone());
            let path = if is_here {
                format!("/regions/{}/copies/{}", typed.target, promised.copy)
            } else {
                link_of(&snapshot)
            };
            Ok(visit.done(path, &notice.showing("id", promised.snapshot)))
        }
        Err(Refused::Rejected(rejection)) => {
            let problem = Problem::of_rejection(&rejection, words);
            Ok(form(&visit, (&snapshot, &typed), Some(problem)).await?.into())
        }
        Err(refused) => Err(refused.into()),
    }
}

async fn form(
    visit: &Visit,
    (snapshot, typed): (&SnapshotView, &Typed),
    problem: Option<Problem>,
) -> Result<Page, Shown> {
    let words = visit.words;
    let refused = refusal(visit, snapshot, SnapshotAction::Copy);
    let can_do = refused.is_none();
    let problem = problem.or(refused);
    let status = problem.as_ref().map_or(StatusCode::OK, |problem| problem.status);
    let heading = words.say("snapshots-copy-title").with("name", title(snapshot)).to_string();
    let regions = visit.deployment().regions().into_iter().map(|view| view.id);
    let target = |id: RegionId| Target { is_chosen: id.as_str() == typed.target, id };
    let mut targets: Vec<Target> = regions.map(target).collect();
    // Its own region comes last: a copy there is one under another key.
    targets.sort_by_key(|target| target.id == snapshot.region);
    let form = Copy {
        visit,
        words,
        title: heading.clone(),
        facts: look::bytes(snapshot.size.bytes()),
        snapshot,
        link: link_of(snapshot),
        problem,
        can_do,
        // A token that was refused may be taken.
        token: new_token()?,
        typed,
        targets,
        seals: seals(visit, snapshot, &typed.sealing).await,
    };
    let page = visit.page(Section::Snapshots, heading).part("snapshot-copy", &form);
    Ok(page.dialog().status(status))
}

/// What a copy may be sealed with: one that is encrypted is not made plain (api-15).
async fn seals(visit: &Visit, snapshot: &SnapshotView, chosen: &str) -> Vec<Seal> {
    let words = visit.words;
    let is_plain = snapshot.encryption_key.is_none();
    let as_source = if is_plain {
        words.say("snapshots-seal-plain")
    } else {
        words.say("snapshots-seal-as-source")
    };
    let mut all = vec![(Sealing::AsSource, as_source)];
    if is_plain {
        all.push((Sealing::DefaultKey, words.say("snapshots-seal-default")));
    }
    for region in visit.deployment().regions_here() {
        for key in keys(visit, region).await {
            let label = words.say("snapshots-seal-key").showing("key", &key);
            all.push((Sealing::Key(key), label.showing("region", region.id())));
        }
    }
    let seal = |(sealing, label): (Sealing, Saying)| {
        let word = sealing_word(&sealing);
        Seal { is_chosen: word == chosen, word, label }
    };
    all.into_iter().map(seal).collect()
}
