//! Pages of listings in the cloud's two ways: by number, and by token.

use region::PageOf;

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

/// A page by `NextToken` and `MaxResults`.
#[derive(Clone)]
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
            Some(token) => call.cursors.open_offset(listing, token).map_err(|_| {
                let reason = "it was not made for this listing; begin again without it";
                ApiError::invalid("NextToken", reason)
            })?,
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

/// A page in either way.
pub(super) enum Paging<'a> {
    /// By number.
    Numbered(Numbered),
    /// By token.
    Following(Following<'a>),
}

impl<'a> Paging<'a> {
    /// By token where `NextToken` or `MaxResults` is given, else by number.
    pub(super) fn read(
        call: &'a Call,
        listing: &'a Listing<'a>,
        size: PageSize,
    ) -> Result<Paging<'a>, ApiError> {
        let given = |name: &&str| call.params.text(name).is_some();
        if ["NextToken", "MaxResults"].iter().any(given) {
            Following::read(call, listing, size).map(Paging::Following)
        } else {
            Numbered::read(call, size).map(Paging::Numbered)
        }
    }

    /// The same for the region.
    pub(super) fn part(&self) -> PageOf {
        match self {
            Paging::Numbered(page) => page.part(),
            Paging::Following(page) => page.part(),
        }
    }

    /// What an answer says of its page, where `shown` rows of `total` are on it. Pages that have numbers have an empty token.
    pub(super) fn fields(&self, shown: usize, total: u64) -> Vec<(&'static str, Node)> {
        match self {
            Paging::Numbered(page) => {
                let mut fields = page.fields(total);
                fields.push(("NextToken", Node::text("")));
                fields
            }
            Paging::Following(page) => vec![
                ("TotalCount", Node::number(total)),
                ("NextToken", Node::text(page.next(shown, total))),
            ],
        }
    }
}

fn read_size(call: &Call, (name, size): (&str, PageSize)) -> Result<u32, ApiError> {
    let given = call.params.number(name, 1..=u64::from(size.most))?;
    Ok(given.and_then(|given| u32::try_from(given).ok()).unwrap_or(size.usual))
}
