//! The first page: everything at a look.

use askama::Template;

use crate::page::{Page, Section};
use crate::refusal::Shown;
use crate::visit::Visit;
use crate::words::Words;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    words: Words,
    regions: Vec<String>,
}

/// Shows it.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let regions = visit.regions().iter().map(|region| region.id().to_string()).collect();
    let title = visit.words.say("overview-title");
    Ok(visit
        .page(Section::Overview, title)
        .live("overview", &Overview { words: visit.words, regions }))
}
