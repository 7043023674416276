//! The links into the regions of this process: their speed, what is set of them, and how much is queued on them.

use askama::Template;
use model::{Act, Holding, Pause};
use region::{LinkView, Region, Whose};

use crate::look::{self, When};
use crate::refusal::Shown;
use crate::visit::Visit;
use crate::words::{Saying, Words};

#[derive(Template)]
#[template(path = "regions/links.html")]
pub(super) struct Links {
    words: Words,
    rows: Vec<Row>,
    /// Whether the visitor may change them.
    may_set: bool,
}

/// One link.
pub(super) struct Row {
    pub(super) link: LinkView,
    pub(super) path: String,
    /// The pill's kind and word.
    pub(super) stand: (&'static str, Saying),
    pub(super) limit: Option<String>,
    pub(super) measured: Option<String>,
    pub(super) changed: Option<When>,
    /// What the link's windows change next, and when.
    pub(super) next: Option<(When, Saying)>,
}

/// Whose copies the visitor sees the numbers of.
pub(super) fn whose(visit: &Visit) -> Whose {
    if visit.may(Act::Operate) { Whose::Everyone } else { Whose::Own }
}

/// Every link that ends in one of these regions.
pub(super) async fn gather(visit: &Visit, regions: &[Region]) -> Result<Links, Shown> {
    let mut rows = Vec::new();
    for region in regions {
        let links = region.links(&visit.caller, whose(visit)).await?.into_iter();
        rows.extend(links.map(|link| Row::of(link, visit.words)));
    }
    rows.sort_by(|a, b| (&a.link.source, &a.link.target).cmp(&(&b.link.source, &b.link.target)));
    Ok(Links { words: visit.words, rows, may_set: visit.may(Act::Operate) })
}

impl Row {
    pub(super) fn of(link: LinkView, words: Words) -> Self {
        let stand = match (link.pause, link.running, link.waiting) {
            (Pause::Paused, ..) => ("wait", words.say("regions-paused")),
            (Pause::Running, 0, 0) => ("ok", words.say("regions-idle")),
            (Pause::Running, 0, _) => ("wait", words.say("regions-waits")),
            (Pause::Running, ..) => ("way", words.say("regions-carries")),
        };
        Row {
            path: path_of(&link),
            stand,
            limit: link.limit_bytes_per_sec.map(look::rate),
            measured: link.measured_bytes_per_sec.map(look::rate),
            changed: link.changed.map(When),
            next: link.until.zip(link.next).map(|(until, next)| (When(until), then(next, words))),
            link,
        }
    }
}

/// What holds from the next border of the windows on.
fn then(next: Holding, words: Words) -> Saying {
    match (next.pause, next.limit) {
        (Pause::Paused, _) => words.say("regions-then-paused"),
        (Pause::Running, None) => words.say("regions-then-free"),
        (Pause::Running, Some(limit)) => {
            words.say("regions-then-limit").with("limit", look::rate(limit))
        }
    }
}

/// The page of a link.
pub(super) fn path_of(link: &LinkView) -> String {
    format!("/regions/{}/links/{}", link.target, link.source)
}
