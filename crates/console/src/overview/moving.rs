//! What is under way: the newest copies that run, of the regions that are looked at.

use askama::Template;
use model::Timestamp;
use region::{CopyQuery, CopySelection, CopyView};

use crate::look::{rate, span};
use crate::refusal::Shown;
use crate::visit::Visit;
use crate::words::Words;

/// Copies shown; the rest is a number.
const SHOWN: usize = 6;
/// Copies of a region that are counted.
const COUNTED: u32 = 100;

/// The copies that run.
#[derive(Template)]
#[template(path = "overview/moving.html")]
pub(crate) struct Moving {
    words: Words,
    lines: Vec<Line>,
    others: u64,
    path: String,
}

struct Line {
    id: String,
    path: String,
    name: String,
    from: String,
    to: String,
    percent: u64,
    reused: u64,
    told: String,
}

pub(crate) async fn gather(visit: &Visit) -> Result<Moving, Shown> {
    let mut copies = Vec::new();
    for region in visit.regions() {
        let query = CopyQuery { selection: CopySelection::Live, limit: COUNTED, after: None };
        copies.extend(region.copies(&visit.caller, query).await?.items);
    }
    let newest = |copy: &CopyView| (copy.queue_place.is_some(), Timestamp(-copy.created.0));
    copies.sort_by_key(newest);
    let others = copies.len().saturating_sub(SHOWN) as u64;
    let mut lines = Vec::new();
    for copy in copies.into_iter().take(SHOWN) {
        let target = visit.deployment().region(&copy.region)?;
        // A copy of a snapshot alone has no image that anybody sees.
        let name = match target.image(&visit.caller, &copy.image).await {
            Ok(image) => image.name.to_string(),
            Err(_) => copy.source_image.to_string(),
        };
        lines.push(line(visit, copy, name));
    }
    Ok(Moving { words: visit.words, lines, others, path: visit.link("/copies") })
}

fn line(visit: &Visit, copy: CopyView, name: String) -> Line {
    let words = visit.words;
    let told = match (copy.is_paused, copy.queue_place, copy.bytes_per_sec, copy.seconds_left) {
        (true, ..) => words.say("overview-link-paused").to_string(),
        (false, Some(place), ..) => words.say("overview-place").with("place", place).to_string(),
        (false, None, Some(bytes), Some(left)) => {
            let said = words.say("overview-rate-left").with("rate", rate(bytes));
            said.with("left", span(left)).to_string()
        }
        (false, None, Some(bytes), None) => rate(bytes),
        (false, None, None, _) => String::new(),
    };
    let whole = copy.bytes_sent + copy.bytes_reused;
    let share = crate::look::percent(copy.bytes_reused, whole.max(1));
    Line {
        id: copy.id.to_string(),
        path: format!("/regions/{}/copies/{}", copy.region, copy.id),
        name,
        from: copy.source_region.to_string(),
        to: copy.region.to_string(),
        percent: copy.percent.into(),
        reused: share * u64::from(copy.percent) / 100,
        told,
    }
}
