//! Pages: how many rows, and where a listing goes on.

use region::{Caller, Cursor, Listed, Region};
use serde::Deserialize;
use utoipa::IntoParams;

use super::wire::Page;
use crate::cursor::{CursorKey, Listing};
use crate::refusal::BadRequest;

/// Rows of a page where none are asked for.
const USUAL: u32 = 100;
/// Most rows of a page.
const MOST: u32 = 1_000;

/// Which part of a listing to show.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// At most so many, 1 to 1,000; else 100.
    #[param(minimum = 1, maximum = 1000)]
    pub(crate) limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// The number of rows to show.
pub(crate) fn limit(asked: Option<u32>) -> Result<u32, BadRequest> {
    match asked.unwrap_or(USUAL) {
        limit @ 1..=MOST => Ok(limit),
        wrong => Err(BadRequest::value("limit", format!("`{wrong}` is not 1 to {MOST}"))),
    }
}

/// One listing's cursors.
pub(crate) struct Cursors<'a> {
    key: &'a CursorKey,
    listing: Listing<'a>,
}

impl<'a> Cursors<'a> {
    /// Those of a listing of `noun` under a filter, for one caller in one region.
    pub(crate) fn of(
        key: &'a CursorKey,
        (region, caller): (&'a Region, &'a Caller),
        noun: &'static str,
        filter: String,
    ) -> Self {
        let place = region.id().as_str();
        Cursors { key, listing: Listing { account: &caller.account, place, noun, filter } }
    }

    /// Those of a listing of what no region has.
    pub(crate) fn of_accounts(
        key: &'a CursorKey,
        caller: &'a Caller,
        noun: &'static str,
        filter: String,
    ) -> Self {
        // No region has this name.
        let place = "";
        Cursors { key, listing: Listing { account: &caller.account, place, noun, filter } }
    }

    /// The place that a client's text stands for.
    pub(crate) fn open(&self, text: Option<&str>) -> Result<Option<Cursor>, BadRequest> {
        text.map(|text| self.key.open(&self.listing, text)).transpose()
    }

    /// A page as the client sees it.
    pub(crate) fn page<V, T: From<V>>(&self, listed: Listed<V>) -> Page<T> {
        Page {
            items: listed.items.into_iter().map(T::from).collect(),
            next_cursor: listed.next.map(|cursor| self.key.seal(&self.listing, &cursor)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_12_page_sizes_have_bounds() {
        assert_eq!(limit(None), Ok(100));
        assert_eq!(limit(Some(1)), Ok(1));
        assert_eq!(limit(Some(1_000)), Ok(1_000));
        for wrong in [0, 1_001, u32::MAX] {
            assert!(limit(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
