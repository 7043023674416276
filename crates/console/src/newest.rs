//! Lists that are newest first, of one region or of several as if they were one, and the place in them where a page begins.

use model::Timestamp;
use region::Cursor;

/// Rows of one page.
pub(crate) const ROWS: usize = 50;
/// Rows that each region is asked for: one more tells whether there is another page.
pub(crate) const ASKED: u32 = ROWS as u32 + 1;

/// The first page of all these rows, and where the next one begins.
pub(crate) fn first_page<T>(
    mut rows: Vec<T>,
    place: impl Fn(&T) -> (Timestamp, String),
) -> (Vec<T>, Option<Cursor>) {
    rows.sort_by_key(|row| std::cmp::Reverse(place(row)));
    let is_more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let last = rows.last().filter(|_| is_more).map(place);
    (rows, last.map(|(created, id)| Cursor { created, id }))
}

/// A place as it stands in an address.
pub(crate) fn word(cursor: &Cursor) -> String {
    format!("{}.{}", cursor.created.0, cursor.id)
}

/// The place that an address asks for; what is none is the beginning.
pub(crate) fn place(word: &str) -> Option<Cursor> {
    let (created, id) = word.split_once('.')?;
    Some(Cursor { created: Timestamp(created.parse().ok()?), id: id.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_as_written_and_nonsense_is_the_beginning() {
        let cursor = Cursor { created: Timestamp(-7), id: "snap-a.b".to_owned() };
        assert_eq!(place(&word(&cursor)), Some(cursor));
        for nothing in ["", ".", "x.y", "12", "9999999999999999999.a"] {
            assert_eq!(place(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn the_newest_rows_of_all_come_first_and_the_next_page_goes_on_behind_them() {
        let rows = |count: i64| (0..count).map(|n| (Timestamp(n / 2), format!("{n:03}"))).collect();
        let (page, next) = first_page::<(Timestamp, String)>(rows(60), Clone::clone);
        assert_eq!((page.len(), page[0].1.as_str(), page[49].1.as_str()), (50, "059", "010"));
        assert_eq!(next, Some(Cursor { created: Timestamp(5), id: "010".to_owned() }));
        let (page, next) = first_page::<(Timestamp, String)>(rows(50), Clone::clone);
        assert_eq!((page.len(), next), (50, None));
    }
}
