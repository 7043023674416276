//! The list of snapshots: by origin, searched, newest first, of one region or of all (R000-13).

use askama::Template;
use model::{NamePattern, PageOf};
use region::{Cursor, SnapshotSearch, SnapshotSelection};

use super::row::{Naming, Row, rows};
use crate::newest::{self, ASKED};
use crate::page::{Page, Section};
use crate::refusal::Shown;
use crate::visit::{Chosen, Visit};
use crate::words::{Saying, Words};

#[derive(Template)]
#[template(path = "snapshots/head.html")]
struct Head {
    words: Words,
    tabs: Vec<Tab>,
    /// What was typed to find some.
    text: String,
    region: String,
    origin: &'static str,
}

struct Tab {
    label: Saying,
    path: String,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "snapshots/list.html")]
struct List {
    words: Words,
    has_regions: bool,
    is_narrowed: bool,
    unfiltered: String,
    rows: Vec<Row>,
    held: Saying,
    first: Option<String>,
    next: Option<String>,
}

/// By what made them, as an address says it.
struct Origin {
    word: &'static str,
    selection: SnapshotSelection,
}

const ORIGINS: [Origin; 3] = [
    Origin { word: "all", selection: SnapshotSelection::All },
    Origin { word: "copied", selection: SnapshotSelection::Copied },
    Origin { word: "imported", selection: SnapshotSelection::Imported },
];

/// Shows it.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let words = visit.words;
    let asked = visit.query("origin");
    let origin = ORIGINS.iter().find(|one| one.word == asked).unwrap_or(&ORIGINS[0]);
    let list = list(&visit, origin).await?;
    let tab = |one: &Origin| Tab {
        label: label(one.selection, words),
        path: visit.with_query(&[("origin", one.word), ("after", "")]),
        is_current: one.selection == origin.selection,
    };
    let head = Head {
        words,
        tabs: ORIGINS.iter().map(tab).collect(),
        text: visit.query("q").to_owned(),
        region: match visit.chosen() {
            Chosen::All => String::new(),
            Chosen::One(region) => region.to_string(),
        },
        origin: origin.word,
    };
    let page = visit.page(Section::Snapshots, words.say("snapshots-title"));
    Ok(page.part("snapshots-head", &head).live("snapshots", &list))
}

fn label(selection: SnapshotSelection, words: Words) -> Saying {
    words.say(match selection {
        SnapshotSelection::All => "snapshots-all",
        SnapshotSelection::Copied => "snapshots-copied",
        SnapshotSelection::Imported => "snapshots-imported",
    })
}

async fn list(visit: &Visit, origin: &Origin) -> Result<List, Shown> {
    let regions = match visit.chosen() {
        Chosen::All => visit.regions(),
        // Tells whether another process serves it, or nobody.
        Chosen::One(id) => vec![visit.deployment().region(id)?],
    };
    let (mut total, mut found) = (0, Vec::new());
    for region in &regions {
        let part = region.search_snapshots(&visit.caller, search(visit, origin)).await?;
        total += part.total;
        found.extend(part.items);
    }
    let place = |one: &region::SnapshotView| (one.created, one.id.to_string());
    let (found, next) = newest::first_page(found, place);
    let order: Vec<_> = found.iter().map(|one| one.id.clone()).collect();
    let mut shown = Vec::new();
    for region in &regions {
        let own = found.iter().filter(|one| one.region == *region.id()).cloned().collect();
        shown.extend(rows(visit, region, (own, Naming::Some)).await?);
    }
    shown.sort_by_key(|row| order.iter().position(|id| *id == row.snapshot.id));
    let words = visit.words;
    Ok(List {
        words,
        has_regions: *visit.chosen() == Chosen::All,
        is_narrowed: !visit.query("q").is_empty() || origin.selection != SnapshotSelection::All,
        unfiltered: visit.with_query(&[("q", ""), ("origin", ""), ("after", "")]),
        rows: shown,
        held: words.say("snapshots-found").with("total", total),
        first: (!visit.query("after").is_empty()).then(|| visit.with_query(&[("after", "")])),
        next: next.map(|next: Cursor| visit.with_query(&[("after", &newest::word(&next))])),
    })
}

/// An id finds its snapshot, and everything else is looked for in names.
fn search(visit: &Visit, origin: &Origin) -> SnapshotSearch {
    let text = visit.query("q");
    let id = text.parse().ok();
    let name = (id.is_none() && !text.is_empty()).then(|| NamePattern::Holding(text.to_owned()));
    SnapshotSearch {
        ids: id.into_iter().collect(),
        name,
        selection: origin.selection,
        after: newest::place(visit.query("after")),
        page: PageOf { offset: 0, limit: ASKED },
        ..SnapshotSearch::default()
    }
}
