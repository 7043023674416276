//! One page of the images of one region, or of several as if they were one.

use std::cmp::Ordering;

use futures::future::try_join_all;
use model::{Direction, ImageOrder, ImageSort, PageOf, Standing};
use region::{Caller, ImageView, Region};

use super::wanted::{ROWS, Wanted};
use crate::refusal::Shown;

/// Rows that are asked of several regions together for one page: a later page of theirs needs all before it of each.
const MOST: u64 = 1_000;

/// A page of images.
pub(crate) struct Found {
    /// The images.
    pub(crate) items: Vec<ImageView>,
    /// All that fit.
    pub(crate) total: u64,
    /// Which page this is, from 1: the last where a later one was asked for.
    pub(crate) page: u64,
    /// The last that is shown.
    pub(crate) last: u64,
    /// Rows that no page of several regions reaches.
    pub(crate) beyond: u64,
}

/// The page that is wanted of these regions.
pub(crate) async fn find(
    regions: &[Region],
    caller: &Caller,
    wanted: &Wanted,
) -> Result<Found, Shown> {
    let reach = reach(regions.len());
    let page = wanted.page.min(reach);
    let found = at(regions, caller, (wanted, page)).await?;
    let last = found.total.div_ceil(ROWS).clamp(1, reach);
    let beyond = found.total.saturating_sub(reach.saturating_mul(ROWS));
    // Others may have been deleted since the link to this page was made.
    let (page, found) = match page > last {
        true => (last, at(regions, caller, (wanted, last)).await?),
        false => (page, found),
    };
    Ok(Found { items: found.items, total: found.total, page, last, beyond })
}

/// Pages that may be asked for.
fn reach(regions: usize) -> u64 {
    match regions as u64 {
        0 | 1 => u64::from(u32::MAX),
        several => (MOST / several / ROWS).max(1),
    }
}

async fn at(
    regions: &[Region],
    caller: &Caller,
    (wanted, page): (&Wanted, u64),
) -> Result<region::Found<ImageView>, Shown> {
    let before = (page - 1) * ROWS;
    if let [region] = regions {
        let page = PageOf { offset: before, limit: ROWS as u32 };
        return Ok(region.search_images(caller, wanted.search(caller, page)).await?);
    }
    let page = PageOf { offset: 0, limit: u32::try_from(before + ROWS).unwrap_or(u32::MAX) };
    let searches =
        regions.iter().map(|region| region.search_images(caller, wanted.search(caller, page)));
    let found = try_join_all(searches).await?;
    let total = found.iter().map(|found| found.total).sum();
    let mut items: Vec<ImageView> = found.into_iter().flat_map(|found| found.items).collect();
    items.sort_by(|a, b| compare(a, b, wanted.order));
    let items = items.into_iter().skip(before as usize).take(ROWS as usize).collect();
    Ok(region::Found { items, total })
}

/// Which of two images comes first: as a region sorts its own, and of two that no order tells apart that of the first region.
fn compare(a: &ImageView, b: &ImageView, order: ImageOrder) -> Ordering {
    let newest = || (b.created, &b.id).cmp(&(a.created, &a.id));
    let place = |one: &ImageView| Standing::ALL.iter().position(|known| *known == one.standing);
    let name = |one: &ImageView| one.name.as_str().to_ascii_lowercase();
    let sorted = match order.by {
        ImageSort::Created => (a.created, &a.id).cmp(&(b.created, &b.id)),
        ImageSort::Name => name(a).cmp(&name(b)),
        ImageSort::Status => place(a).cmp(&place(b)),
        ImageSort::Size => size(a).cmp(&size(b)),
        ImageSort::Held => a.held_bytes.cmp(&b.held_bytes),
    };
    let sorted = match order.direction {
        Direction::Ascending => sorted,
        Direction::Descending => sorted.reverse(),
    };
    sorted.then_with(newest).then_with(|| a.region.cmp(&b.region))
}

/// The virtual size of an image, all disks together.
pub(crate) fn size(image: &ImageView) -> u64 {
    image.disks.iter().map(|disk| disk.size.bytes()).sum()
}
