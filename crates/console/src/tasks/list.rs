//! The tasks of a region, or the newest of each, by how they stand.

use std::collections::HashMap;

use askama::Template;
use model::{Act, ImageId, PageOf, RegionId, TaskState};
use region::{Region, TaskObject, TaskSearch, TaskView};

use super::standing::{Standing, action};
use crate::look::When;
use crate::names::names;
use crate::page::{Page, Section};
use crate::refusal::Shown;
use crate::visit::{Chosen, Visit};
use crate::words::{Saying, Words};

/// Rows of a page of one region.
const ROWS: u64 = 50;
/// Rows of each region where several are shown.
const EACH: u64 = 20;

/// Which tasks the page shows.
#[derive(Copy, Clone, PartialEq, Eq)]
struct Kept {
    word: &'static str,
    states: &'static [TaskState],
}

const KEPT: [Kept; 5] = [
    Kept { word: "", states: &[] },
    Kept { word: "live", states: &[TaskState::Waiting, TaskState::Running] },
    Kept { word: "done", states: &[TaskState::Done] },
    Kept { word: "failed", states: &[TaskState::Failed] },
    Kept { word: "cancelled", states: &[TaskState::Cancelled] },
];

fn label(kept: Kept, words: Words) -> Saying {
    words.say(match kept.word {
        "live" => "tasks-live",
        "done" => "tasks-done",
        "failed" => "tasks-failed",
        "cancelled" => "tasks-cancelled",
        _all => "tasks-all",
    })
}

/// A task in its row.
struct Row {
    id: String,
    path: String,
    action: Saying,
    image: ImageId,
    /// What the image is called, and where it is, while it is there.
    image_link: Option<(String, String)>,
    objects: Vec<String>,
    standing: Standing,
    created: When,
    can_be_cancelled: bool,
}

/// The tasks of one region.
struct Table {
    region: RegionId,
    rows: Vec<Row>,
    shown: Saying,
    previous: Option<String>,
    next: Option<String>,
    /// Where all of them are, where these are not.
    all: Option<String>,
}

struct Tab {
    label: Saying,
    path: String,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "tasks/head.html")]
struct Head {
    words: Words,
    tabs: Vec<Tab>,
    /// Where an image is imported into each region; none where the visitor may not.
    regions: Vec<RegionId>,
}

#[derive(Template)]
#[template(path = "tasks/list.html")]
struct List {
    words: Words,
    tables: Vec<Table>,
    is_one: bool,
}

/// Shows them.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let words = visit.words;
    let regions = match visit.chosen() {
        Chosen::All => visit.regions(),
        Chosen::One(id) => vec![visit.deployment().region(id)?],
    };
    let asked = visit.query("show");
    let kept = KEPT.into_iter().find(|kept| kept.word == asked).unwrap_or(KEPT[0]);
    let mut tables = Vec::new();
    for region in &regions {
        tables.push(table(&visit, region, kept).await?);
    }
    let tab = |one: Kept| Tab {
        label: label(one, words),
        path: visit.with_query(&[("show", one.word), ("page", "")]),
        is_current: one == kept,
    };
    let may_import = visit.may(Act::Change);
    let into = regions.iter().filter(|_| may_import).map(|region| region.id().clone());
    let head = Head { words, tabs: KEPT.into_iter().map(tab).collect(), regions: into.collect() };
    let list = List { words, tables, is_one: is_one(&visit) };
    Ok(visit
        .page(Section::Tasks, words.say("tasks-title"))
        .part("tasks-head", &head)
        .live("tasks", &list))
}

fn is_one(visit: &Visit) -> bool {
    matches!(visit.chosen(), Chosen::One(_))
}

async fn table(visit: &Visit, region: &Region, kept: Kept) -> Result<Table, Shown> {
    let rows = if is_one(visit) { ROWS } else { EACH };
    let wanted = if is_one(visit) { visit.query("page").parse().unwrap_or(1).max(1) } else { 1 };
    let of_page = |page: u64| {
        let limit = u32::try_from(rows).unwrap_or(u32::MAX);
        let page = PageOf { offset: (page - 1).saturating_mul(rows), limit };
        TaskSearch { states: kept.states.to_vec(), page, ..TaskSearch::default() }
    };
    let mut page: u64 = wanted.min(1 << 32);
    let mut found = region.search_tasks(&visit.caller, of_page(page)).await?;
    let last = found.total.div_ceil(rows).max(1);
    if page > last {
        page = last;
        found = region.search_tasks(&visit.caller, of_page(page)).await?;
    }
    let first = (page - 1) * rows + 1;
    let until = first - 1 + found.items.len() as u64;
    let shown = visit.words.say("tasks-shown");
    let ids = found.items.iter().map(|one| one.image.clone()).collect();
    let names = names(visit, region, ids).await?;
    let to = |page: u64| match page {
        1 => visit.with_query(&[("page", "")]),
        page => visit.with_query(&[("page", &page.to_string())]),
    };
    let all = format!("/tasks?region={}&show={}", region.id(), kept.word);
    Ok(Table {
        region: region.id().clone(),
        rows: found.items.iter().map(|task| row(visit, task, &names)).collect(),
        shown: shown.with("first", first).with("until", until).with("total", found.total),
        previous: (page > 1).then(|| to(page - 1)),
        next: (is_one(visit) && page < last).then(|| to(page + 1)),
        all: (!is_one(visit) && last > 1).then_some(all),
    })
}

fn row(visit: &Visit, task: &TaskView, names: &HashMap<ImageId, String>) -> Row {
    let image_path = format!("/regions/{}/images/{}", task.region, task.image);
    let object = |object: &TaskObject| format!("{}/{}", object.bucket, object.object);
    Row {
        id: task.id.to_string(),
        path: format!("/regions/{}/tasks/{}", task.region, task.id),
        action: action(task.action, visit.words),
        image: task.image.clone(),
        image_link: names.get(&task.image).map(|name| (name.clone(), image_path)),
        objects: task.objects.iter().map(object).collect(),
        standing: Standing::of(task, visit.words),
        created: When(task.created),
        can_be_cancelled: task.can_be_cancelled() && visit.may(Act::Change),
    }
}
