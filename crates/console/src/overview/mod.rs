//! The first page: everything at a look. Where each image is, how the regions are linked, what moves, what is left of quotas.

mod map;
mod matrix;
mod moving;
mod quotas;

use askama::Template;

use crate::page::{Page, Section};
use crate::refusal::Shown;
use crate::visit::{Chosen, Visit};
use crate::words::Words;

#[derive(Template)]
#[template(path = "overview/head.html")]
struct Head {
    words: Words,
    images: u64,
    held: String,
    regions: u64,
}

/// Shows it.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    if let Chosen::One(id) = visit.chosen() {
        // One that is served elsewhere is not one without images.
        visit.deployment().region(id)?;
    }
    let page = visit.page(Section::Overview, visit.words.say("overview-title"));
    let page = if visit.is_watched() { page } else { page.part("head", &head(&visit).await?) };
    let page = page.live("moving", &moving::gather(&visit).await?);
    let page = page.live("where", &matrix::gather(&visit).await?);
    let page = page.live("links", &map::gather(&visit).await?);
    Ok(page.live("quotas", &quotas::gather(&visit).await?))
}

/// Counts every image and what it holds: not for every look of a page that is watched.
async fn head(visit: &Visit) -> Result<Head, Shown> {
    let (mut images, mut held) = (0, 0);
    for region in visit.regions() {
        let counts = region.image_counts(&visit.caller).await?;
        images += counts.custom;
        held += counts.held_bytes;
    }
    let held = crate::look::bytes(held);
    Ok(Head { words: visit.words, images, held, regions: visit.regions().len() as u64 })
}
