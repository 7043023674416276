//! The regions of the deployment: who serves each, its border zone, what it holds of the account, and what quotas are left.

use askama::Template;
use model::{Act, Quota, QuotaKind, Zone};
use region::{Region, RegionPlace};

use super::links;
use crate::look;
use crate::page::{Page, Section};
use crate::refusal::Shown;
use crate::visit::{Chosen, Visit};
use crate::words::Words;

#[derive(Template)]
#[template(path = "regions/head.html")]
struct Head {
    words: Words,
}

#[derive(Template)]
#[template(path = "regions/list.html")]
struct List {
    words: Words,
    rows: Vec<Row>,
    /// Whether the visitor may change limits.
    may_set: bool,
}

struct Row {
    id: String,
    zone: Option<Zone>,
    place: Place,
}

/// Where a region is served.
enum Place {
    /// By this process.
    Here { held: String, quotas: Vec<Bar> },
    /// By another: its endpoint, and whether a browser can go there.
    Elsewhere { endpoint: String, is_address: bool },
}

/// How much of a quota is used, what is promised included.
pub(super) struct Bar {
    pub(super) kind: QuotaKind,
    pub(super) used: u64,
    pub(super) limit: u64,
    pub(super) percent: u64,
}

impl Bar {
    pub(super) fn of(quota: &Quota) -> Self {
        let used = quota.used.saturating_add(quota.reserved);
        let percent = look::percent(used, quota.limit);
        Bar { kind: quota.kind, used, limit: quota.limit, percent }
    }
}

/// Shows it.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let regions = match visit.chosen() {
        Chosen::All => visit.regions(),
        // Tells whether another process serves it, or nobody.
        Chosen::One(id) => vec![visit.deployment().region(id)?],
    };
    let words = visit.words;
    let page = visit.page(Section::Regions, words.say("regions-title"));
    let page = page.part("regions-head", &Head { words });
    // Counts every image and what it holds: not for every look of a page that is watched.
    let page = if visit.is_watched() { page } else { page.part("regions", &list(&visit).await?) };
    Ok(page.live("links", &links::gather(&visit, &regions).await?))
}

async fn list(visit: &Visit) -> Result<List, Shown> {
    // Every region knows the zones of all.
    let any = visit.deployment().regions_here().next();
    let all = visit.deployment().regions().into_iter();
    let shown = all.filter(|view| match visit.chosen() {
        Chosen::All => true,
        Chosen::One(id) => view.id == *id,
    });
    let mut rows = Vec::new();
    for view in shown {
        let zone = any.map(|region| region.zone_of(&view.id));
        let place = match view.place {
            RegionPlace::Here => here(visit, &visit.deployment().region(&view.id)?).await?,
            RegionPlace::Elsewhere { endpoint } => {
                let is_address =
                    ["http://", "https://"].iter().any(|scheme| endpoint.starts_with(scheme));
                Place::Elsewhere { endpoint, is_address }
            }
        };
        rows.push(Row { id: view.id.to_string(), zone, place });
    }
    Ok(List { words: visit.words, rows, may_set: visit.may(Act::Operate) })
}

async fn here(visit: &Visit, region: &Region) -> Result<Place, Shown> {
    let counts = region.image_counts(&visit.caller).await?;
    let quotas = region.quotas(&visit.caller).await?;
    let held = look::bytes(counts.held_bytes);
    Ok(Place::Here { held, quotas: quotas.iter().map(Bar::of).collect() })
}
