//! One row of the list.

use model::{ImageAction, ImageStatus};
use region::{CopyView, ImageView};

use super::offers::{Offer, link_of, offers};
use super::pages::size;
use super::standing::{Stands, kind};
use crate::look::{self, When};
use crate::visit::Visit;
use crate::words::Saying;

/// Tags of an image that its row shows; how many more there are it says.
const TAGS: usize = 2;

/// An image in the list.
pub(crate) struct Row {
    pub(crate) image: ImageView,
    pub(crate) link: String,
    pub(crate) kind: Saying,
    pub(crate) stands: Stands,
    pub(crate) disks: String,
    pub(crate) size: String,
    pub(crate) held: String,
    pub(crate) created: When,
    pub(crate) tags: Vec<String>,
    pub(crate) more_tags: usize,
    /// What stands in the row itself: copying it; cancelling, where it is being made.
    pub(crate) first: Option<Offer>,
    /// What stands in its menu.
    pub(crate) others: Vec<Offer>,
    /// Why it is not copied just now; none where it may be ticked.
    pub(crate) uncopied: Option<String>,
    /// Where the copy that makes it is tried again at once; none where that waits for nothing.
    pub(crate) retry: Option<String>,
    /// Where what failed is asked for anew.
    pub(crate) anew: Option<String>,
}

impl Row {
    /// The row of an image that this copy makes, if any does.
    pub(crate) fn of(visit: &Visit, image: ImageView, copy: Option<&CopyView>) -> Self {
        let is_made = image.status == ImageStatus::Creating;
        let first = if is_made { ImageAction::Cancel } else { ImageAction::Copy };
        let all = offers(visit, &image);
        let uncopied = all.iter().find(|offer| offer.action == ImageAction::Copy);
        let uncopied = uncopied.and_then(|offer| offer.reason.clone());
        let (mut firsts, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|offer| offer.action == first);
        let mut tags = image.tags.iter().map(|(key, value)| tag(key, value));
        let shown = tags.by_ref().take(TAGS).collect();
        let more_tags = tags.count();
        Row {
            link: link_of(&image),
            kind: kind(image.kind, visit.words),
            stands: Stands::of(&image, copy, visit.words),
            disks: disks(&image),
            size: look::bytes(size(&image)),
            held: held(&image),
            created: When(image.created),
            tags: shown,
            more_tags,
            first: firsts.pop(),
            others,
            uncopied,
            retry: retry(visit, copy),
            anew: anew(visit, &image),
            image,
        }
    }

    /// The name of its tick: with its region where rows of several are shown.
    pub(crate) fn tick(&self, has_regions: &bool) -> String {
        if *has_regions {
            format!("{}/{}", self.image.region, self.image.id)
        } else {
            self.image.id.to_string()
        }
    }
}

/// A tag as it is typed to search for it.
pub(crate) fn tag(key: &str, value: &str) -> String {
    if value.is_empty() { key.to_owned() } else { format!("{key}={value}") }
}

/// How many disks: `1`, or `1 + 2` with two data disks.
fn disks(image: &ImageView) -> String {
    match image.disks.len() {
        0 => "-".to_owned(),
        1 => "1".to_owned(),
        several => format!("1 + {}", several - 1),
    }
}

/// What is known of the bytes of its disks that are not zero.
pub(crate) fn held(image: &ImageView) -> String {
    let is_known = image.held_bytes > 0 || image.status == ImageStatus::Available;
    if is_known { look::bytes(image.held_bytes) } else { "-".to_owned() }
}

/// A copy is tried again that waits for its next attempt.
pub(crate) fn retry(visit: &Visit, copy: Option<&CopyView>) -> Option<String> {
    let copy =
        copy.filter(|copy| copy.next_attempt.is_some() && copy.attempts > 0 && !copy.is_paused)?;
    let may = visit.may(model::Act::Change);
    may.then(|| format!("/regions/{}/copies/{}/retry", copy.region, copy.id))
}

/// A copy that failed for good is asked for anew where its source is.
pub(crate) fn anew(visit: &Visit, image: &ImageView) -> Option<String> {
    let has_failed = image.status == ImageStatus::CreateFailed && visit.may(model::Act::Change);
    let origin = image.origin.as_ref().filter(|_| has_failed)?;
    let (source, target) = (&origin.region, &image.region);
    Some(format!("/regions/{source}/copy?image={}&target={target}", origin.image))
}
