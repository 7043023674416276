//! The dialog itself (R000-8, R002-10, R003-7).

use askama::Template;
use axum::http::StatusCode;
use model::{Description, Field, ImageId, OriginNote, RegionId, Sealing, copied_description};
use region::{ImageView, Region, TargetTotal};

use super::estimate::{Asked, Sum};
use super::reasons::Reason;
use super::rows::{Row, rows, targets};
use super::sources::{Blocked, Sources};
use super::ticket::{self, Wish};
use super::typed::Typed;
use crate::acting::tags_told;
use crate::look;
use crate::page::{Page, Section};
use crate::refusal::{Problem, Shown};
use crate::token::new_token;
use crate::visit::Visit;
use crate::words::Words;

/// What is said above a dialog that comes back.
#[derive(Default)]
pub(super) struct Said {
    /// Why nothing was asked for, or nothing promised.
    pub(super) problem: Option<Problem>,
    /// What each target refused.
    pub(super) refused: Vec<(RegionId, Reason)>,
}

#[derive(Template)]
#[template(path = "copying/dialog.html")]
struct Dialog<'a> {
    visit: &'a Visit,
    words: Words,
    title: String,
    path: String,
    region: String,
    images: &'a [ImageView],
    blocked: &'a [Blocked],
    problem: Option<&'a Problem>,
    refused: &'a [(RegionId, Reason)],
    facts: String,
    rows: Vec<Row>,
    most: usize,
    sealing: String,
    sum: Option<Sum>,
    typed: &'a Typed,
    tags: String,
    note: Option<String>,
    can_choose: bool,
    asks_approval: bool,
    do_it: String,
    token: String,
}

impl Dialog<'_> {
    fn only(&self) -> Option<&ImageView> {
        match self.images {
            [one] if self.blocked.is_empty() => Some(one),
            _none_or_several => None,
        }
    }

    fn is_wrong(&self, field: Field) -> bool {
        self.problem.is_some_and(|problem| problem.field == Some(field))
    }

    /// Whether copies somewhere are sealed otherwise than as the source.
    fn is_sealing_chosen(&self) -> bool {
        self.rows.iter().any(|row| self.typed.sealing(&row.region) != Sealing::AsSource)
    }

    fn is_name_wrong(&self) -> bool {
        self.is_wrong(Field::Name)
    }

    fn is_description_wrong(&self) -> bool {
        self.is_wrong(Field::Description)
    }

    fn are_tags_wrong(&self) -> bool {
        self.is_wrong(Field::TagKey) || self.is_wrong(Field::TagValue)
    }
}

/// The dialog for what was typed. Where each target that has room asks for an approval, and nothing was filled in yet, it is
/// the form of a ticket instead (R000-7).
pub(super) async fn page(
    visit: &Visit,
    region: &Region,
    typed: &Typed,
    said: Said,
) -> Result<Page, Shown> {
    let profile = visit.deployment().profiles.native();
    let sources = Sources::of(visit, region, typed, profile).await?;
    let all = targets(visit, region);
    let asked = Asked::of(visit, region, (&sources, typed), &all).await?;
    let rows = rows(visit, region, (&sources, typed), &asked).await;
    let choosable = || rows.iter().filter(|row| row.is_choosable);
    let needs_each = choosable().count() > 0 && choosable().all(|row| row.needs_approval);
    if needs_each && !typed.is_filled() && said.problem.is_none() {
        // Of those that were asked for, where any were.
        let is_asked =
            |target: &RegionId| typed.targets.is_empty() || typed.targets.contains(target);
        let targets = choosable().map(|row| row.region.clone()).filter(is_asked).collect();
        let wish = Wish { targets, ..Wish::of(visit.values()) };
        return ticket::page(visit, region, wish, None).await;
    }
    let problem = said.problem.or_else(|| whole_problem(visit, &sources, &asked));
    let status = problem.as_ref().map_or(StatusCode::OK, |problem| problem.status);
    let ticked: Vec<&TargetTotal> = rows
        .iter()
        .filter(|row| row.is_ticked)
        .filter_map(|row| asked.total(&row.region))
        .collect();
    let ticked_rows = || rows.iter().filter(|row| row.is_ticked);
    let asks_approval = match ticked_rows().count() {
        0 => needs_each,
        _some => ticked_rows().all(|row| row.needs_approval),
    };
    let title = title(visit.words, (&sources, typed));
    let token = new_token()?;
    let dialog = Dialog {
        visit,
        words: visit.words,
        title: title.clone(),
        path: format!("/regions/{}/copy", region.id()),
        region: region.id().to_string(),
        images: &sources.ready,
        blocked: &sources.blocked,
        problem: problem.as_ref(),
        refused: &said.refused,
        facts: facts(visit.words, &sources),
        most: profile.targets_at_once,
        sealing: sealing(visit.words, &rows),
        sum: Sum::of(&ticked, visit.words),
        typed,
        tags: tags(typed, &sources),
        note: note(region, (&sources, typed), profile.origin_note),
        can_choose: rows.iter().any(|row| row.is_choosable),
        asks_approval,
        do_it: do_it(visit.words, ticked.len(), asks_approval),
        token,
        rows,
    };
    Ok(visit.page(Section::Images, &title).part("copying", &dialog).dialog().status(status))
}

/// What is wrong with all of it, so that there is nothing to choose.
fn whole_problem(visit: &Visit, sources: &Sources, asked: &Asked) -> Option<Problem> {
    let of_asked =
        asked.refused.as_ref().map(|rejection| Problem::of_rejection(rejection, visit.words));
    let blocked =
        (!sources.blocked.is_empty()).then(|| Problem::said(&visit.words.say("copying-blocked")));
    sources.problem.clone().or(blocked).or(of_asked)
}

fn title(words: Words, (sources, typed): (&Sources, &Typed)) -> String {
    match (sources.ready.as_slice(), sources.blocked.as_slice()) {
        ([one], []) => words.say("copying-title-one").showing("name", &one.name).to_string(),
        ([], [one]) if !one.name.is_empty() => {
            words.say("copying-title-one").showing("name", &one.name).to_string()
        }
        (_ready, _blocked) => {
            let count = typed.images.len() as u64;
            words.say("copying-title").with("count", count).to_string()
        }
    }
}

/// Σ snapshots, sizes and held bytes (R002-10).
fn facts(words: Words, sources: &Sources) -> String {
    let saying = words.say("copying-facts").with("snapshots", sources.snapshots());
    let saying = saying.with("size", look::bytes(sources.size()));
    saying.with("held", look::bytes(sources.held())).to_string()
}

/// The tags in the form: as they were typed, else the source's where it is one.
fn tags(typed: &Typed, sources: &Sources) -> String {
    let of_source = || sources.only().map(|view| tags_told(&view.tags)).unwrap_or_default();
    typed.tags.clone().unwrap_or_else(of_source)
}

/// The description that the copies get, with where they are from; of several images, only that.
fn note(
    region: &Region,
    (sources, typed): (&Sources, &Typed),
    noted: OriginNote,
) -> Option<String> {
    let one = sources.ready.first()?;
    let words = match sources.only() {
        Some(only) if typed.description.is_empty() => only.description.as_str().to_owned(),
        Some(_) => Description::new(&typed.description).ok()?.as_str().to_owned(),
        None => return (noted == OriginNote::Added).then(|| pattern(region)),
    };
    match noted {
        OriginNote::Added => {
            let description = copied_description(&words, region.id(), &one.id);
            Some(description.as_str().to_owned())
        }
        OriginNote::LeftOut => None,
    }
}

/// The note of several images: each gets its own id in it.
fn pattern(region: &Region) -> String {
    let some = ImageId::from_random(|| 0);
    let note = copied_description("", region.id(), &some);
    note.as_str().replace(some.as_str(), "…")
}

/// What is chosen of the encryption, where it is one thing for all targets.
fn sealing(words: Words, rows: &[Row]) -> String {
    let chosen = rows.iter().filter_map(|row| row.seals.iter().find(|seal| seal.is_chosen));
    let mut labels: Vec<&str> = chosen.map(|seal| seal.label.as_str()).collect();
    labels.dedup();
    match labels.as_slice() {
        [one] => (*one).to_owned(),
        _several => words.say("copying-seal-several").to_string(),
    }
}

fn do_it(words: Words, ticked: usize, asks_approval: bool) -> String {
    if asks_approval {
        words.say("copying-ask-approval").to_string()
    } else {
        words.say("copying-do").with("count", ticked as u64).to_string()
    }
}
