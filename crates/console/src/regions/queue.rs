//! The queue of a link: the visitor's copies on it, those that run first, then those that wait, the next one first.

use askama::Template;
use model::{Phase, RegionId};
use region::{CopyQuery, CopySelection, CopyView, Region};

use super::links::Row as LinkRow;
use crate::look::{self, When};
use crate::names::names;
use crate::refusal::Shown;
use crate::visit::Visit;
use crate::words::{Saying, Words};

/// Copies into the region that are looked through for those on the link.
const MOST: u32 = 200;

#[derive(Template)]
#[template(path = "regions/queue.html")]
pub(super) struct Queue {
    words: Words,
    row: LinkRow,
    lines: Vec<Line>,
    /// Copies on the link that are not listed: other accounts'.
    others: u64,
    more: Option<String>,
}

struct Line {
    id: String,
    path: String,
    name: String,
    /// The pill's kind and word.
    stand: (&'static str, Saying),
    percent: Option<u64>,
    rate: Option<String>,
    created: When,
}

/// The queue of the link from `source`.
pub(super) async fn gather(visit: &Visit, region: &Region, row: LinkRow) -> Result<Queue, Shown> {
    let query = CopyQuery { selection: CopySelection::Live, after: None, limit: MOST };
    let listed = region.copies(&visit.caller, query).await?;
    let source: &RegionId = &row.link.source;
    let mut copies: Vec<CopyView> =
        listed.items.into_iter().filter(|copy| copy.source_region == *source).collect();
    copies.sort_by_key(order);
    let of_images = copies.iter().filter(|copy| copy.snapshot.is_none());
    let names = names(visit, region, of_images.map(|copy| copy.image.clone()).collect()).await?;
    let line = |copy: &CopyView| Line {
        id: copy.id.to_string(),
        path: format!("/regions/{}/copies/{}", copy.region, copy.id),
        name: match (&copy.snapshot, names.get(&copy.image)) {
            (Some(snapshot), _) => snapshot.to_string(),
            (None, Some(name)) => name.clone(),
            (None, None) => copy.image.to_string(),
        },
        stand: stand(copy, visit.words),
        percent: (copy.percent > 0).then_some(u64::from(copy.percent)),
        rate: copy.bytes_per_sec.map(look::rate),
        created: When(copy.created),
    };
    let lines: Vec<Line> = copies.iter().map(line).collect();
    let on_it = row.link.running + row.link.waiting;
    let more = listed.next.map(|_| format!("/copies?region={}&show=live", region.id()));
    let others = match more {
        // What was not looked through may be the visitor's own.
        Some(_) => 0,
        None => on_it.saturating_sub(lines.len() as u64),
    };
    Ok(Queue { words: visit.words, row, lines, others, more })
}

/// What runs, then what waits by its place, then what waits for its next attempt; the oldest first.
fn order(copy: &CopyView) -> (u8, u64, i64) {
    let (class, place) = match (copy.phase, copy.queue_place) {
        (Phase::Waiting, Some(place)) => (1, place),
        (Phase::Waiting, None) => (2, 0),
        (
            Phase::CopyingSnapshots
            | Phase::Registering
            | Phase::Done
            | Phase::Cancelling
            | Phase::Cancelled
            | Phase::Failed,
            _,
        ) => (0, 0),
    };
    (class, place, copy.created.0)
}

fn stand(copy: &CopyView, words: Words) -> (&'static str, Saying) {
    match (copy.phase, copy.queue_place) {
        (Phase::Waiting, Some(place)) => ("wait", words.say("regions-place").with("place", place)),
        (Phase::Waiting, None) if copy.next_attempt.is_some() => {
            ("wait", words.say("regions-next-attempt"))
        }
        (Phase::Waiting, None) => ("wait", words.say("regions-waits")),
        (Phase::CopyingSnapshots | Phase::Registering | Phase::Done, _) => {
            ("way", words.say("regions-runs"))
        }
        (Phase::Cancelling | Phase::Cancelled | Phase::Failed, _) => {
            ("wait", words.say("regions-ends"))
        }
    }
}
