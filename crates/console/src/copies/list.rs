//! The copies into each region, the newest first (R000-9, R002-11).

use std::collections::HashMap;

use askama::Template;
use model::{ImageId, RegionId, Timestamp};
use region::{CopyQuery, CopySelection, CopyView, Cursor, ImageQuery, Region};

use super::standing::Standing;
use crate::look::When;
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
    let after = if is_one { cursor(visit.query("after")) } else { None };
    let limit = if is_one { PAGE } else { EACH };
    let query = CopyQuery { selection: kept.selection, after, limit };
    let listed = region.copies(&visit.caller, query).await?;
    let names = names(visit, region, &listed.items).await?;
    let more = listed.next.map(|next| {
        let (id, after) = (encoded(region.id().as_str()), encoded(&cursor_word(&next)));
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

/// What the target images are called that are still there.
async fn names(
    visit: &Visit,
    region: &Region,
    copies: &[CopyView],
) -> Result<HashMap<ImageId, String>, Shown> {
    let of_images = copies.iter().filter(|copy| copy.snapshot.is_none());
    let ids: Vec<ImageId> = of_images.map(|copy| copy.image.clone()).collect();
    // No ids would be all images.
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let limit = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    let query = ImageQuery { ids, limit, ..ImageQuery::default() };
    let images = region.images(&visit.caller, query).await?;
    Ok(images.items.into_iter().map(|view| (view.id, view.name.to_string())).collect())
}

fn cursor_word(cursor: &Cursor) -> String {
    format!("{}.{}", cursor.created.0, cursor.id)
}

/// A place in the list; what is none is its beginning.
fn cursor(word: &str) -> Option<Cursor> {
    let (created, id) = word.split_once('.')?;
    Some(Cursor { created: Timestamp(created.parse().ok()?), id: id.to_owned() })
}
