//! The copies into each region, the newest first (R000-9, R002-11).

use std::collections::HashMap;

use askama::Template;
use model::{ImageId, RegionId};
use region::{CopyQuery, CopySelection, CopyView, Region};

use super::standing::Standing;
use crate::look::When;
use crate::names::names;
use crate::newest::{place, word};
use crate::page::{Page, Section};
use crate::refusal::Shown;
use crate::visit::{Chosen, Visit, encoded};
use crate::words::Words;

/// Rows of a page of one region.
const PAGE: u32 = 50;
/// Rows of each region where several are shown.
const EACH: u32 = 20;

/// A copy in its row.
struct Row {
    id: String,
    path: String,
    image: String,
    /// The image's name, where it is there.
    name: Option<String>,
    image_path: Option<String>,
    source: RegionId,
    standing: Standing,
    attempts: u32,
    is_late: bool,
    created: When,
}

/// The copies into one region.
struct Table {
    region: RegionId,
    rows: Vec<Row>,
    /// Where the next ones are.
    more: Option<String>,
}

struct Tab {
    label: String,
    path: String,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "copies/head.html")]
struct Head {
    title: String,
    tabs: Vec<Tab>,
    label: String,
}

#[derive(Template)]
#[template(path = "copies/list.html")]
struct List {
    words: Words,
    tables: Vec<Table>,
    is_one: bool,
    first: Option<String>,
}

/// Which copies the page shows.
#[derive(Copy, Clone, PartialEq, Eq)]
struct Kept {
    word: &'static str,
    selection: CopySelection,
}

const KEPT: [Kept; 3] = [
    Kept { word: "all", selection: CopySelection::All },
    Kept { word: "live", selection: CopySelection::Live },
    Kept { word: "ended", selection: CopySelection::Ended },
];

/// Shows them.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let words = visit.words;
    let asked = visit.query("show");
    let kept = KEPT.into_iter().find(|kept| kept.word == asked).unwrap_or(KEPT[0]);
    let is_one = matches!(visit.chosen(), Chosen::One(_));
    let regions = visit.regions();
    if is_one && regions.is_empty() {
        // Tells whether another process serves it, or nobody.
        if let Chosen::One(id) = visit.chosen() {
            visit.deployment().region(id)?;
        }
    }
    let mut tables = Vec::new();
    for region in &regions {
        tables.push(table(&visit, region, (kept, is_one)).await?);
    }
    let tab = |one: Kept| Tab {
        label: label(words, one.selection),
        path: visit.with_query(&[("show", one.word), ("after", "")]),
        is_current: one == kept,
    };
    let title = words.say("copies-title").to_string();
    let tabs = KEPT.into_iter().map(tab).collect();
    let head = Head { title: title.clone(), tabs, label: words.say("copies-which").to_string() };
    let first = (!visit.query("after").is_empty()).then(|| visit.with_query(&[("after", "")]));
    let list = List { words, tables, is_one, first };
    Ok(visit.page(Section::Copies, title).part("copies-head", &head).live("copies", &list))
}

fn label(words: Words, selection: CopySelection) -> String {
    let saying = match selection {
        CopySelection::All => words.say("copies-all"),
        CopySelection::Live => words.say("copies-live"),
        CopySelection::Ended => words.say("copies-ended"),
    };
    saying.to_string()
}

async fn table(
    visit: &Visit,
    region: &Region,
    (kept, is_one): (Kept, bool),
) -> Result<Table, Shown> {
    let after = if is_one { place(visit.query("after")) } else { None };
    let limit = if is_one { PAGE } else { EACH };
    let query = CopyQuery { selection: kept.selection, after, limit };
    let listed = region.copies(&visit.caller, query).await?;
    let of_images = listed.items.iter().filter(|copy| copy.snapshot.is_none());
    let names = names(visit, region, of_images.map(|copy| copy.image.clone()).collect()).await?;
    let more = listed.next.map(|next| {
        let (id, after) = (encoded(region.id().as_str()), encoded(&word(&next)));
        format!("/copies?region={id}&show={}&after={after}", kept.word)
    });
    let row = |copy: &CopyView| row(visit.words, copy, &names);
    Ok(Table { region: region.id().clone(), rows: listed.items.iter().map(row).collect(), more })
}

fn row(words: Words, copy: &CopyView, names: &HashMap<ImageId, String>) -> Row {
    let name = names.get(&copy.image).cloned();
    let shown = match &copy.snapshot {
        Some(snapshot) => snapshot.to_string(),
        None => copy.image.to_string(),
    };
    let image_path = match (&copy.snapshot, &name) {
        (Some(snapshot), _) => Some(format!("/regions/{}/snapshots/{snapshot}", copy.region)),
        (None, Some(_)) => Some(format!("/regions/{}/images/{}", copy.region, copy.image)),
        (None, None) => None,
    };
    Row {
        id: copy.id.to_string(),
        path: format!("/regions/{}/copies/{}", copy.region, copy.id),
        image: shown,
        name,
        image_path,
        source: copy.source_region.clone(),
        standing: Standing::of(copy, words),
        attempts: copy.attempts,
        is_late: copy.is_late,
        created: When(copy.created),
    }
}
