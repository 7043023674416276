//! The list of images: searched, sorted, a page at a time, of one region or of all (R000-6, R002-9, R003-6).

use askama::Template;
use futures::future::try_join_all;
use model::{Direction, ImageSort, Standing};
use region::{ImageCounts, Region};

use super::making::with_copies;
use super::pages::{self, Found};
use super::row::Row;
use super::standing::word;
use super::wanted::{ROWS, Tab, Wanted, order_after, order_tag};
use crate::look;
use crate::page::{Page, Section};
use crate::refusal::Shown;
use crate::visit::{Chosen, Visit};
use crate::words::{Saying, Words};

#[derive(Template)]
#[template(path = "images/head.html")]
struct Head {
    words: Words,
    held: Saying,
    tabs: Vec<TabLink>,
}

struct TabLink {
    label: Saying,
    count: u64,
    link: String,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "images/filter.html")]
struct Filter {
    words: Words,
    wanted: Wanted,
    region: String,
    sort: String,
    standings: Vec<(Standing, Saying, bool)>,
}

#[derive(Template)]
#[template(path = "images/rows.html")]
struct Rows<'v> {
    words: Words,
    visit: &'v Visit,
    wanted: Wanted,
    /// Whether rows of several regions are shown.
    has_regions: bool,
    headings: Vec<Heading>,
    rows: Vec<Row>,
    pager: Pager,
    beyond: u64,
    /// Where the ticked images are copied; none where none may be.
    copy_path: Option<String>,
    most: u64,
    unfiltered: String,
    /// The chosen one; empty for all.
    region: String,
}

/// The heading of a column.
struct Heading {
    label: Saying,
    is_number: bool,
    /// Where the list is sorted by it; none where that cannot be.
    link: Option<String>,
    /// As `aria-sort` says it; empty where the list is not sorted by it.
    sorted: &'static str,
}

/// Which part of the whole is shown.
struct Pager {
    said: Saying,
    previous: Option<String>,
    next: Option<String>,
}

/// Shows it.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let regions = regions(&visit)?;
    let wanted = Wanted::of(&visit);
    let counts = regions.iter().map(|region| region.image_counts(&visit.caller));
    let counts = try_join_all(counts).await?;
    let found = pages::find(&regions, &visit.caller, &wanted).await?;
    let head = head(&visit, &wanted, &counts);
    let filter = filter(&visit, &wanted);
    let rows = rows(&visit, &regions, (wanted, found)).await?;
    Ok(visit
        .page(Section::Images, visit.words.say("images-title"))
        .live("images-head", &head)
        .part("images-filter", &filter)
        .live("images-list", &rows))
}

/// The regions that are shown. One that another process serves is there, one that nobody serves is nowhere.
fn regions(visit: &Visit) -> Result<Vec<Region>, Shown> {
    match visit.chosen() {
        Chosen::All => Ok(visit.regions()),
        Chosen::One(id) => Ok(vec![visit.deployment().region(id)?]),
    }
}

fn head(visit: &Visit, wanted: &Wanted, counts: &[ImageCounts]) -> Head {
    let words = visit.words;
    let sum = |of: fn(&ImageCounts) -> u64| counts.iter().map(of).sum::<u64>();
    let (custom, held) = (sum(|counts| counts.custom), sum(|counts| counts.held_bytes));
    let said = match visit.chosen() {
        Chosen::One(region) => words.say("images-held-here").showing("region", region),
        Chosen::All => words.say("images-held-everywhere").with("regions", counts.len() as u64),
    };
    let tab = |tab: Tab| TabLink {
        label: tab.label(words),
        count: match tab {
            Tab::Custom => custom,
            Tab::Shared => sum(|counts| counts.shared),
            Tab::Public => sum(|counts| counts.public),
        },
        link: visit.with_query(&[("tab", tab.tag()), ("page", ""), ("status", ""), ("q", "")]),
        is_current: tab == wanted.tab,
    };
    Head {
        words,
        held: said.with("count", custom).showing("held", look::bytes(held)),
        tabs: Tab::ALL.map(tab).into(),
    }
}

fn filter(visit: &Visit, wanted: &Wanted) -> Filter {
    let standing = |one: &Standing| (*one, word(*one, visit.words), wanted.standing == Some(*one));
    Filter {
        words: visit.words,
        wanted: wanted.clone(),
        region: chosen(visit),
        sort: visit.query("sort").to_owned(),
        standings: Standing::ALL.iter().map(standing).collect(),
    }
}

/// The chosen region's name; empty for all.
fn chosen(visit: &Visit) -> String {
    match visit.chosen() {
        Chosen::All => String::new(),
        Chosen::One(region) => region.to_string(),
    }
}

async fn rows<'v>(
    visit: &'v Visit,
    regions: &[Region],
    (wanted, found): (Wanted, Found),
) -> Result<Rows<'v>, Shown> {
    let pager = pager(visit, &found);
    let images = with_copies(regions, &visit.caller, found.items).await?;
    let rows = images.into_iter().map(|(image, copy)| Row::of(visit, image, copy.as_ref()));
    let copy_path = match visit.chosen() {
        Chosen::All => "/copy".to_owned(),
        Chosen::One(region) => format!("/regions/{region}/copy"),
    };
    Ok(Rows {
        words: visit.words,
        visit,
        has_regions: *visit.chosen() == Chosen::All,
        headings: headings(visit, &wanted),
        rows: rows.collect(),
        pager,
        beyond: found.beyond,
        copy_path: (wanted.tab == Tab::Custom).then_some(copy_path),
        most: visit.deployment().profiles.native().images_at_once as u64,
        unfiltered: visit.with_query(&[("q", ""), ("status", ""), ("page", "")]),
        region: chosen(visit),
        wanted,
    })
}

fn headings(visit: &Visit, wanted: &Wanted) -> Vec<Heading> {
    let words = visit.words;
    let plain = |label| Heading { label, is_number: false, link: None, sorted: "" };
    let sorted = |label, by: ImageSort| Heading {
        link: Some(
            visit.with_query(&[("sort", &order_tag(order_after(wanted.order, by))), ("page", "")]),
        ),
        sorted: match wanted.order.direction {
            _ if wanted.order.by != by => "none",
            Direction::Ascending => "ascending",
            Direction::Descending => "descending",
        },
        is_number: matches!(by, ImageSort::Size | ImageSort::Held),
        ..plain(label)
    };
    let mut all = vec![sorted(words.say("images-name"), ImageSort::Name)];
    if *visit.chosen() == Chosen::All {
        all.push(plain(words.say("images-region")));
    }
    all.extend([
        plain(words.say("images-type")),
        sorted(words.say("images-status"), ImageSort::Status),
        Heading { is_number: true, ..plain(words.say("images-disks")) },
        sorted(words.say("images-size"), ImageSort::Size),
        sorted(words.say("images-held"), ImageSort::Held),
        sorted(words.say("images-created"), ImageSort::Created),
        plain(words.say("images-tags")),
    ]);
    all
}

fn pager(visit: &Visit, found: &Found) -> Pager {
    let first = (found.page - 1) * ROWS + 1;
    let until = first - 1 + found.items.len() as u64;
    let said = visit.words.say("images-shown");
    let to = |page: u64| match page {
        1 => visit.with_query(&[("page", "")]),
        page => visit.with_query(&[("page", &page.to_string())]),
    };
    Pager {
        said: said.with("first", first).with("until", until).with("total", found.total),
        previous: (found.page > 1).then(|| to(found.page - 1)),
        next: (found.page < found.last).then(|| to(found.page + 1)),
    }
}
