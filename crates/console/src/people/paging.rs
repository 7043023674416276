//! Pages of accounts and of users.

use model::Timestamp;
use region::{Cursor, PageQuery};

use crate::visit::Visit;

/// Rows of a page.
const ROWS: u32 = 50;

/// The page that is asked for; the first where the place that is named is none.
pub(super) fn query(visit: &Visit) -> PageQuery {
    PageQuery { after: cursor(visit.query("after")), limit: ROWS }
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

fn word(cursor: &Cursor) -> String {
    format!("{}.{}", cursor.created.0, cursor.id)
}

fn cursor(word: &str) -> Option<Cursor> {
    let (created, id) = word.split_once('.')?;
    Some(Cursor { created: Timestamp(created.parse().ok()?), id: id.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_list_is_read_as_it_is_written_and_nothing_else_is_one() {
        let place = Cursor { created: Timestamp(-5), id: "user-a.b".to_owned() };
        let read = cursor(&word(&place)).unwrap();
        assert_eq!((read.created, read.id), (place.created, place.id));
        for none in ["", "x", "1", "x.y", "99999999999999999999.a"] {
            assert!(cursor(none).is_none(), "{none}");
        }
    }
}
