//! Totals and deep places of those lists of images that are asked for most: an account's own, by kind and by how they stand. They are
//! found in counts of stretches of time, which the database keeps up to date with every change, and not by reading the images.

use model::{Direction, ImageOrder, ImageSearch, ImageSort, PageOf, Standing, Timestamp};

use crate::fault::CatalogFault;
use crate::image_search::{Question, Seen};
use crate::statement::Sql;
use crate::stored::Stored;
use crate::tx::Tx;

/// The widths of stretches, in bits of milliseconds, the widest first. Each holds 64 of the next.
const BITS: [i64; 4] = [34, 28, 22, 16];
const NARROWER: i64 = 6;
/// A page that begins so deep is found by counts; before that, the rows in front of it are passed by more quickly.
const DEEP: u64 = if cfg!(test) { 1 } else { 256 };

/// A count of the own images in the stretches that are wanted, the youngest stretch first.
struct Stretch {
    place: i64,
    images: u64,
}

/// Whether a search asks for nothing but what is counted. One that tells images that wait from those that are being made does.
pub(crate) fn is_counted(search: &ImageSearch) -> bool {
    let ImageSearch {
        seen_as: _,
        owner: _,
        order: _,
        page: _,
        standings,
        ids,
        names,
        family,
        tags,
        snapshot,
        architecture,
        os_type,
        platforms,
        boot_mode,
        storage,
        sharing,
        copying,
        usage,
        created_from,
        created_until,
        particulars,
        text: _,
    } = search;
    let wants = |standing: Standing| standings.contains(&standing);
    let is_of_nothing = ids.is_empty()
        && names.is_empty()
        && tags.is_empty()
        && platforms.is_empty()
        && particulars.is_empty();
    is_of_nothing
        && family.is_none()
        && snapshot.is_none()
        && architecture.is_none()
        && os_type.is_none()
        && boot_mode.is_none()
        && storage.is_none()
        && sharing.is_none()
        && copying.is_none()
        && usage.is_none()
        && created_from.is_none()
        && created_until.is_none()
        && search.folded_text().is_none_or(|text| text.is_empty())
        && wants(Standing::Waiting) == wants(Standing::Creating)
}

impl Question<'_> {
    /// How many of the account's own images fit.
    pub(crate) fn push_own_tally(&self, sql: &mut Sql) {
        sql.push("(SELECT coalesce(sum(images), 0) ");
        self.push_tallies(sql, BITS[0]);
        sql.push(")");
    }

    fn push_tallies(&self, sql: &mut Sql, bits: i64) {
        sql.push("FROM image_tally WHERE account = ").push_bind(self.viewer.as_str().to_owned());
        sql.push(" AND bits = ").push_bind(bits);
        if !self.search.seen_as.is_empty() {
            sql.push(" AND kind IN (");
            sql.push_list(self.search.seen_as.iter().map(|kind| kind.as_str())).push(")");
        }
        if !self.search.standings.is_empty() {
            sql.push(" AND (status, is_deprecated) IN (VALUES ");
            let wanted = self.search.standings.iter().flat_map(|standing| match standing {
                Standing::Waiting | Standing::Creating => [("creating", 0), ("creating", 1)],
                Standing::Available => [("available", 0); 2],
                Standing::Deprecated => [("available", 1); 2],
                Standing::CreateFailed => [("create_failed", 0), ("create_failed", 1)],
            });
            for (place, (status, is_deprecated)) in wanted.enumerate() {
                sql.push(if place == 0 { "(" } else { ", (" });
                sql.push_list([status]).push(", ").push_bind(is_deprecated).push(")");
            }
            sql.push(")");
        }
    }

    /// The counts of the stretches of a width that lie in one of the next wider, or of all.
    pub(crate) fn stretches(&self, bits: i64, wider: Option<i64>) -> Sql {
        let mut sql = Sql::new("SELECT place, sum(images) AS images ");
        self.push_tallies(&mut sql, bits);
        if let Some(wider) = wider {
            let first = wider << NARROWER;
            sql.push(" AND place BETWEEN ").push_bind(first);
            sql.push(" AND ").push_bind(first + (1 << NARROWER) - 1);
        }
        sql.push(" GROUP BY place ORDER BY place DESC");
        sql
    }
}

impl Tx {
    /// The search that finds a deep page of a counted list among those images alone that are no younger than a stretch of time; none
    /// where it is no such list, or not deep.
    pub(crate) async fn start_of_page(
        &mut self,
        question: &Question<'_>,
    ) -> Result<Option<ImageSearch>, CatalogFault> {
        let search = question.search;
        let newest_first = ImageOrder { by: ImageSort::Created, direction: Direction::Descending };
        let seen = question.seen();
        if search.page.offset < DEEP
            || search.order != newest_first
            || !seen.contains(&Seen::Own)
            || !is_counted(search)
        {
            return Ok(None);
        }
        // In the worst case all images of others are before the page.
        let others: Vec<Seen> = seen.into_iter().filter(|seen| *seen != Seen::Own).collect();
        let most = self.count_seen(question, &others).await?;
        let Some(depth) = search.page.offset.checked_sub(most) else { return Ok(None) };
        let Some((younger, until)) = self.stretch_at(question, depth).await? else {
            return Ok(None);
        };
        let rest = ImageSearch { created_from: Some(Timestamp(until.0 + 1)), ..search.clone() };
        let of_rest = Question { search: &rest, ..*question };
        let before = younger + self.count_seen(&of_rest, &others).await?;
        let offset = search.page.offset - before;
        let page = PageOf { offset, ..search.page };
        Ok(Some(ImageSearch { created_until: Some(until), page, ..search.clone() }))
    }

    /// The stretch with the own image that has so many younger ones: how many are in younger stretches, and its last instant. None
    /// where there are not so many.
    async fn stretch_at(
        &mut self,
        question: &Question<'_>,
        depth: u64,
    ) -> Result<Option<(u64, Timestamp)>, CatalogFault> {
        let (mut younger, mut within) = (0, None);
        for bits in BITS {
            let rows = self.all("count images", question.stretches(bits, within).build()).await?;
            let mut found = None;
            for row in &rows {
                let stored = Stored { table: "image_tally", row };
                let stretch =
                    Stretch { place: stored.number("place")?, images: stored.number("images")? };
                if younger + stretch.images > depth {
                    found = Some(stretch.place);
                    break;
                }
                younger += stretch.images;
            }
            let Some(place) = found else { return Ok(None) };
            within = Some(place);
        }
        let narrowest = BITS[BITS.len() - 1];
        Ok(within.map(|place| (younger, Timestamp(((place + 1) << narrowest) - 1))))
    }

    /// How many images fit that are seen in these ways.
    async fn count_seen(
        &mut self,
        question: &Question<'_>,
        seen: &[Seen],
    ) -> Result<u64, CatalogFault> {
        if seen.is_empty() {
            return Ok(0);
        }
        self.count("count images", question.count_of(seen).build()).await
    }
}
