//! The instances of a region, or the newest of each, searched and a page at a time.

use std::collections::HashMap;

use askama::Template;
use model::{Act, ImageId, NamePattern, PageOf, RegionId};
use region::{InstanceSearch, InstanceView, Region};

use crate::look::When;
use crate::names::names;
use crate::page::{Page, Section};
use crate::refusal::Shown;
use crate::visit::{Chosen, Visit, encoded};
use crate::words::{Saying, Words};

/// Rows of a page of one region.
const ROWS: u64 = 50;
/// Rows of each region where several are shown.
const EACH: u64 = 20;
/// Longest text that is looked for.
const LONGEST: usize = 256;

/// An instance in its row.
struct Row {
    id: String,
    path: String,
    name: String,
    image: ImageId,
    /// What the image is called, and where it is; none where the visitor sees no such image any more.
    image_link: Option<(String, String)>,
    tags: Vec<String>,
    created: When,
}

/// The instances of one region.
struct Table {
    region: RegionId,
    rows: Vec<Row>,
    shown: Saying,
    previous: Option<String>,
    next: Option<String>,
    /// Where all of them are, where these are not.
    all: Option<String>,
}

#[derive(Template)]
#[template(path = "instances/head.html")]
struct Head {
    words: Words,
    text: String,
    region: String,
}

#[derive(Template)]
#[template(path = "instances/list.html")]
struct List {
    words: Words,
    tables: Vec<Table>,
    is_one: bool,
    is_narrowed: bool,
    may_change: bool,
    unfiltered: String,
    images: String,
}

/// Shows them.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let regions = match visit.chosen() {
        Chosen::All => visit.regions(),
        Chosen::One(id) => vec![visit.deployment().region(id)?],
    };
    let words = visit.words;
    let mut tables = Vec::new();
    for region in &regions {
        tables.push(table(&visit, region).await?);
    }
    let text = visit.query("q").to_owned();
    let list = List {
        words,
        tables,
        is_one: is_one(&visit),
        is_narrowed: !text.is_empty(),
        may_change: visit.may(Act::Change),
        unfiltered: visit.with_query(&[("q", ""), ("page", "")]),
        images: visit.link("/images"),
    };
    let region = match visit.chosen() {
        Chosen::All => String::new(),
        Chosen::One(region) => region.to_string(),
    };
    let head = Head { words, text, region };
    Ok(visit
        .page(Section::Instances, words.say("instances-title"))
        .part("instances-head", &head)
        .live("instances", &list))
}

fn is_one(visit: &Visit) -> bool {
    matches!(visit.chosen(), Chosen::One(_))
}

/// What was typed: an instance's id, an image's, a tag as `key=value`, or a part of a name.
fn search(text: &str) -> InstanceSearch {
    let mut search = InstanceSearch::default();
    let text: String = text.chars().take(LONGEST).collect();
    if text.is_empty() {
        return search;
    }
    if let Ok(id) = text.parse() {
        search.ids = vec![id];
    } else if let Ok(image) = text.parse() {
        search.image = Some(image);
    } else if let Some((key, value)) = text.split_once('=').filter(|(key, _)| !key.is_empty()) {
        let value = (!value.is_empty()).then(|| value.to_owned());
        search.tags = vec![(key.to_owned(), value)];
    } else {
        search.name = Some(NamePattern::Holding(text));
    }
    search
}

async fn table(visit: &Visit, region: &Region) -> Result<Table, Shown> {
    let rows = if is_one(visit) { ROWS } else { EACH };
    let wanted = if is_one(visit) { visit.query("page").parse().unwrap_or(1).max(1) } else { 1 };
    let page_of = |page: u64| PageOf {
        offset: (page - 1).saturating_mul(rows),
        limit: u32::try_from(rows).unwrap_or(u32::MAX),
    };
    let search = search(visit.query("q"));
    let of_page = |page: u64| InstanceSearch { page: page_of(page), ..search.clone() };
    let mut page = wanted.min(1 << 32);
    let mut found = region.search_instances(&visit.caller, of_page(page)).await?;
    let last = found.total.div_ceil(rows).max(1);
    if page > last {
        // It was left meanwhile: the last there is.
        page = last;
        found = region.search_instances(&visit.caller, of_page(page)).await?;
    }
    let first = (page - 1) * rows + 1;
    let until = first - 1 + found.items.len() as u64;
    let shown = visit.words.say("instances-shown");
    let ids = found.items.iter().map(|one| one.image.clone()).collect();
    let names = names(visit, region, ids).await?;
    let to = |page: u64| match page {
        1 => visit.with_query(&[("page", "")]),
        page => visit.with_query(&[("page", &page.to_string())]),
    };
    let all = format!("/instances?region={}&q={}", region.id(), encoded(visit.query("q")));
    Ok(Table {
        region: region.id().clone(),
        rows: found.items.into_iter().map(|instance| row(instance, &names)).collect(),
        shown: shown.with("first", first).with("until", until).with("total", found.total),
        previous: (page > 1).then(|| to(page - 1)),
        next: (is_one(visit) && page < last).then(|| to(page + 1)),
        all: (!is_one(visit) && last > 1).then_some(all),
    })
}

fn row(instance: InstanceView, names: &HashMap<ImageId, String>) -> Row {
    let image_path = format!("/regions/{}/images/{}", instance.region, instance.image);
    let tag = |(key, value): (&str, &str)| match value {
        "" => key.to_owned(),
        value => format!("{key}={value}"),
    };
    Row {
        id: instance.id.to_string(),
        path: format!("/regions/{}/instances/{}", instance.region, instance.id),
        name: instance.name.to_string(),
        image_link: names.get(&instance.image).map(|name| (name.clone(), image_path)),
        image: instance.image,
        tags: instance.tags.iter().map(tag).collect(),
        created: When(instance.created),
    }
}
