//! Pages of listings in the cloud's two ways: by number, and by token.

use region::{Cursor, Found, PageOf};

use super::call::Call;
use super::error::ApiError;
use super::reply::Node;
use crate::cursor::Listing;

/// How many rows a page has.
#[derive(Copy, Clone, Debug)]
pub(super) struct PageSize {
    /// Where the request does not say.
    pub(super) usual: u32,
    /// The most.
    pub(super) most: u32,
}

/// Of most listings.
pub(super) const TEN: PageSize = PageSize { usual: 10, most: 100 };
/// Of `DescribeTags`.
pub(super) const FIFTY: PageSize = PageSize { usual: 50, most: 100 };

/// A page by `PageNumber` and `PageSize`.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Numbered {
    /// The first is 1.
    number: u64,
    size: u32,
}

impl Numbered {
    /// The page that is asked for. A number or a size that is none is refused (api-12).
    pub(super) fn read(call: &Call, size: PageSize) -> Result<Numbered, ApiError> {
        let number = call.params.number("PageNumber", 1..=u64::from(u32::MAX))?.unwrap_or(1);
        Ok(Numbered { number, size: read_size(call, ("PageSize", size))? })
    }

    /// The same for the region.
    pub(super) fn part(self) -> PageOf {
        PageOf { offset: (self.number - 1) * u64::from(self.size), limit: self.size }
    }

    /// What an answer says of its page, where `total` rows fit.
    pub(super) fn fields(self, total: u64) -> Vec<(&'static str, Node)> {
        vec![
            ("PageNumber", Node::number(self.number)),
            ("PageSize", Node::number(self.size)),
            ("TotalCount", Node::number(total)),
        ]
    }
}

/// A page by `NextToken` of a list that has no order in time: its token counts rows.
pub(super) struct Following<'a> {
    call: &'a Call,
    listing: &'a Listing<'a>,
    /// Rows before it.
    offset: u64,
    size: u32,
}

impl<'a> Following<'a> {
    /// The page that is asked for. A token that was not made for this listing of this account is refused (api-12).
    pub(super) fn read(
        call: &'a Call,
        listing: &'a Listing<'a>,
        size: PageSize,
    ) -> Result<Following<'a>, ApiError> {
        let size = read_size(call, ("MaxResults", size))?;
        let offset = match call.params.text("NextToken") {
            None => 0,
            Some(token) => {
                call.cursors.open_offset(listing, token).map_err(|_| not_of_this_listing())?
            }
        };
        Ok(Following { call, listing, offset, size })
    }

    /// The same for the region.
    pub(super) fn part(&self) -> PageOf {
        PageOf { offset: self.offset, limit: self.size }
    }

    /// The token of the next page, where `shown` rows of `total` are on this one; empty on the last.
    pub(super) fn next(&self, shown: usize, total: u64) -> String {
        let behind = self.offset + shown as u64;
        if shown > 0 && behind < total {
            self.call.cursors.seal_offset(self.listing, behind)
        } else {
            String::new()
        }
    }
}

/// A page by `NextToken` and `MaxResults` of a list with the newest first. Its token says behind which row it begins, so that
/// rows that come or go between two pages shift nothing.
pub(super) struct Behind<'a> {
    call: &'a Call,
    listing: &'a Listing<'a>,
    after: Option<Cursor>,
    size: u32,
}

/// A page in either way.
pub(super) enum Paging<'a> {
    /// By number.
    Numbered(Numbered),
    /// By token.
    Behind(Behind<'a>),
}

impl<'a> Paging<'a> {
    /// By token where `NextToken` or `MaxResults` is given, else by number. A token that was not made for this listing of this
    /// account is refused (api-12).
    pub(super) fn read(
        call: &'a Call,
        listing: &'a Listing<'a>,
        size: PageSize,
    ) -> Result<Paging<'a>, ApiError> {
        let given = |name: &&str| call.params.text(name).is_some();
        if !["NextToken", "MaxResults"].iter().any(given) {
            return Numbered::read(call, size).map(Paging::Numbered);
        }
        let size = read_size(call, ("MaxResults", size))?;
        let token = call.params.text("NextToken");
        let after = token.map(|token| call.cursors.open(listing, token)).transpose();
        let after = after.map_err(|_| not_of_this_listing())?;
        Ok(Paging::Behind(Behind { call, listing, after, size }))
    }

    /// The rows that the region is asked for: of a page by token one more than it has, which says whether another follows.
    pub(super) fn part(&self) -> PageOf {
        match self {
            Paging::Numbered(page) => page.part(),
            Paging::Behind(page) => PageOf { offset: 0, limit: page.size + 1 },
        }
    }

    /// The row behind which it begins.
    pub(super) fn after(&self) -> Option<Cursor> {
        match self {
            Paging::Numbered(_) => None,
            Paging::Behind(page) => page.after.clone(),
        }
    }

    /// The rows of the page, and what an answer says of it. `place` tells the place of a row in the list. Pages that have numbers
    /// have an empty token, and so has the last.
    pub(super) fn cut<T>(
        &self,
        found: Found<T>,
        place: impl Fn(&T) -> Cursor,
    ) -> (Vec<T>, Vec<(&'static str, Node)>) {
        let Found { mut items, total } = found;
        match self {
            Paging::Numbered(page) => {
                let mut fields = page.fields(total);
                fields.push(("NextToken", Node::text("")));
                (items, fields)
            }
            Paging::Behind(page) => {
                let size = usize::try_from(page.size).unwrap_or(usize::MAX);
                let more = items.len() > size;
                items.truncate(size);
                let last = items.last().filter(|_| more);
                let next = last.map(|row| page.call.cursors.seal(page.listing, &place(row)));
                let next = Node::text(next.unwrap_or_default());
                (items, vec![("TotalCount", Node::number(total)), ("NextToken", next)])
            }
        }
    }
}

fn not_of_this_listing() -> ApiError {
    let reason = "it was not made for this listing; begin again without it";
    ApiError::invalid("NextToken", reason)
}

fn read_size(call: &Call, (name, size): (&str, PageSize)) -> Result<u32, ApiError> {
    let given = call.params.number(name, 1..=u64::from(size.most))?;
    Ok(given.and_then(|given| u32::try_from(given).ok()).unwrap_or(size.usual))
}
