//! Pages of accounts and of users.

use region::{Cursor, PageQuery};

use crate::newest::{place, word};
use crate::visit::Visit;

/// Rows of a page.
const ROWS: u32 = 50;

/// The page that is asked for; the first where the place that is named is none.
pub(super) fn query(visit: &Visit) -> PageQuery {
    PageQuery { after: place(visit.query("after")), limit: ROWS }
}

/// Ways to the first page and to the next.
pub(super) struct Pager {
    pub(super) first: Option<String>,
    pub(super) next: Option<String>,
}

impl Pager {
    pub(super) fn of(visit: &Visit, next: Option<&Cursor>) -> Pager {
        let is_first = visit.query("after").is_empty();
        let to = |next: &Cursor| visit.with_query(&[("after", &word(next))]);
        Pager { first: (!is_first).then(|| visit.with_query(&[("after", "")])), next: next.map(to) }
    }
}
