//! The page of one image: what it is, how it stands, what may be done with it, where else it is and what was done to it.

use askama::Template;
use model::{ImageAction, ImageId, ImageStatus, Storage};
use region::{ImageView, Region};

use super::elsewhere::{self, Copied, Elsewhere};
use super::facts::{self, Disk, Fact, Value};
use super::history::{self, Entry};
use super::making::copy_of;
use super::offers::{Offer, offers};
use super::pages::size;
use super::row::{anew, held, retry};
use super::standing::Stands;
use super::verify;
use crate::look;
use crate::page::{Page, Section};
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;
use crate::words::Words;

#[derive(Template)]
#[template(path = "images/image_head.html")]
struct Head<'v> {
    words: Words,
    visit: &'v Visit,
    image: ImageView,
    stands: Stands,
    size: String,
    held: String,
    offers: Vec<Offer>,
    /// The page of the copy that makes it.
    copy: Option<String>,
    retry: Option<String>,
    anew: Option<String>,
}

#[derive(Template)]
#[template(path = "images/image_facts.html")]
struct Facts {
    words: Words,
    facts: Vec<Fact>,
    disks: Vec<Disk>,
}

#[derive(Template)]
#[template(path = "images/image_elsewhere.html")]
struct Places {
    words: Words,
    places: Vec<Elsewhere>,
}

#[derive(Template)]
#[template(path = "images/image_history.html")]
struct History {
    words: Words,
    entries: Vec<Entry>,
}

#[derive(Template)]
#[template(path = "images/image_verify.html")]
struct Verify<'v> {
    words: Words,
    visit: &'v Visit,
    path: String,
    bytes: String,
    most: String,
    is_too_large: bool,
    problem: Option<Problem>,
}

/// Shows it.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let (region, image) = found(&visit).await?;
    page(&visit, &region, (image, None)).await
}

/// The image in the path, and its region.
pub(crate) async fn found(visit: &Visit) -> Result<(Region, ImageView), Shown> {
    let region = visit.region()?;
    let id: ImageId = visit.id("image")?;
    let image = region.image(&visit.caller, &id).await?;
    Ok((region, image))
}

/// The page, with what a verification found to be wrong.
pub(crate) async fn page(
    visit: &Visit,
    region: &Region,
    (image, problem): (ImageView, Option<Problem>),
) -> Result<Page, Shown> {
    let words = visit.words;
    let is_own = image.owner == visit.caller.account;
    let shares = match is_own {
        true => region.shares(&visit.caller, &image.id).await?,
        false => Vec::new(),
    };
    let disks = facts::disks(visit, region, &image).await?;
    let facts = Facts { words, facts: facts::facts(visit, &image, &shares), disks };
    let head = head(visit, region, &image).await?;
    let is_copied =
        head.offers.iter().any(|offer| offer.action == ImageAction::Copy && offer.reason.is_none());
    let is_copied = if is_copied { Copied::MayBe } else { Copied::MayNot };
    let mut page = visit
        .page(Section::Images, image.name.to_string())
        .live("image-head", &head)
        .live("image-facts", &facts);
    // What hardly changes is not gathered for each look of a page that is watched.
    if visit.is_watched() {
        return Ok(page);
    }
    let places = Places { words, places: elsewhere::find(visit, &image, is_copied).await? };
    if !places.places.is_empty() {
        page = page.part("image-elsewhere", &places);
    }
    let entries = history::of(visit, region, &image.id).await?;
    if !entries.is_empty() {
        page = page.part("image-history", &History { words, entries });
    }
    let is_whole = image.status == ImageStatus::Available && image.storage == Storage::Snapshots;
    if is_own && is_whole && visit.may(model::Act::Change) {
        page = page.part("image-verify", &verification(visit, &image, problem));
    }
    Ok(page)
}

async fn head<'v>(visit: &'v Visit, region: &Region, image: &ImageView) -> Result<Head<'v>, Shown> {
    let copy = copy_of(region, &visit.caller, image).await?;
    let path = copy.as_ref().map(|copy| format!("/regions/{}/copies/{}", copy.region, copy.id));
    Ok(Head {
        words: visit.words,
        visit,
        stands: Stands::of(image, copy.as_ref(), visit.words),
        size: look::bytes(size(image)),
        held: held(image),
        offers: offers(visit, image),
        copy: path,
        retry: retry(visit, copy.as_ref()),
        anew: anew(visit, image),
        image: image.clone(),
    })
}

fn verification<'v>(visit: &'v Visit, image: &ImageView, problem: Option<Problem>) -> Verify<'v> {
    Verify {
        words: visit.words,
        visit,
        path: format!("{}/verify", super::offers::link_of(image)),
        bytes: look::bytes(image.held_bytes),
        most: look::bytes(verify::MOST_BYTES),
        is_too_large: image.held_bytes > verify::MOST_BYTES,
        problem,
    }
}

impl Head<'_> {
    fn has_reasons(&self) -> bool {
        self.offers.iter().any(|offer| offer.reason.is_some())
    }
}
