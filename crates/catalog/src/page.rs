//! Which part of a list is wanted.

use model::{PageOf, Timestamp};

/// A part of a list that is ordered by creation, the newest first, then by id downwards. Rows that come or go between two
/// pages shift nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Begin behind the row with this creation time and id; none for the beginning.
    pub after: Option<(Timestamp, String)>,
    /// The most rows.
    pub limit: u32,
}

/// How many rows a search leaves out, as SQL takes it. No table has more rows than that.
pub(crate) fn offset_of(page: PageOf) -> i64 {
    i64::try_from(page.offset).unwrap_or(i64::MAX)
}

impl Page {
    /// The first rows of a list.
    pub fn first(limit: u32) -> Self {
        Page { after: None, limit }
    }

    /// The bounds as SQL takes them: rows with `(created, id)` below this pair.
    pub(crate) fn below(&self) -> (i64, &str) {
        match &self.after {
            Some((created, id)) => (created.0, id),
            None => (i64::MAX, ""),
        }
    }

    /// Cuts rows that were found in another way down to this page.
    pub(crate) fn cut<Row>(
        &self,
        mut rows: Vec<Row>,
        key: impl Fn(&Row) -> (Timestamp, &str),
    ) -> Vec<Row> {
        let (created, id) = self.below();
        rows.retain(|row| key(row) < (Timestamp(created), id));
        rows.sort_by(|a, b| key(b).cmp(&key(a)));
        rows.truncate(usize::try_from(self.limit).unwrap_or(usize::MAX));
        rows
    }
}
