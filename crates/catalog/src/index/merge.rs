//! The merge: moves staged rows into `chunk`, sorted, a slice to a transaction. A crash only repeats a slice.

use std::sync::Arc;
use std::time::Duration;

use store::RowKey;

use super::lane::{Chores, Why};
use super::staged::{Blob, sql};
use super::writer::Writer;

/// Rows of one transaction.
const SLICE: usize = 8_192;
/// A writer without a job for this long merges what is staged.
const PATIENCE: Duration = Duration::from_secs(1);

/// A merge under way: the keys that were staged when it began, sorted, the smallest last.
pub(super) struct Run {
    keys: Vec<RowKey>,
}

impl Chores for Writer {
    fn patience(&self) -> Option<Duration> {
        (!self.shared.staged().is_empty()).then_some(PATIENCE)
    }

    fn chore(&mut self, why: Why) -> bool {
        let staged = self.shared.staged().len();
        let due = match why {
            // Jobs go first, unless they stage faster than the merge clears.
            Why::Between => staged >= self.merge_rows + self.merge_rows / 3,
            Why::Idle => true,
        };
        if due && let Err(error) = self.merge_slice() {
            tracing::warn!(%error, "staged rows of the chunk index were not merged");
            return false;
        }
        self.run.is_some() || staged >= self.merge_rows
    }
}

impl Writer {
    /// Merges the next slice; begins a run when there is none.
    pub(super) fn merge_slice(&mut self) -> rusqlite::Result<()> {
        let mut run = match self.run.take() {
            Some(run) => run,
            None => {
                let mut keys: Vec<RowKey> = self.shared.staged().keys().copied().collect();
                keys.sort_unstable_by(|one, other| other.cmp(one));
                self.runs_begun += 1;
                Run { keys }
            }
        };
        let slice = run.keys.split_off(run.keys.len().saturating_sub(SLICE));
        let merged = self.merge(&slice);
        if merged.is_err() {
            run.keys.extend(slice);
        }
        if run.keys.is_empty() {
            self.runs_ended = self.runs_begun;
        } else {
            self.run = Some(run);
        }
        merged
    }

    fn merge(&mut self, keys: &[RowKey]) -> rusqlite::Result<()> {
        let shared = Arc::clone(&self.shared);
        let rows: Vec<_> = {
            let staged = shared.staged();
            // A key may be gone: set aside meanwhile.
            keys.iter().rev().filter_map(|key| Some((*key, *staged.get(key)?))).collect()
        };
        let tx = Self::begin(&mut self.connection)?;
        {
            let mut insert =
                tx.prepare_cached("INSERT OR IGNORE INTO chunk VALUES (?1, ?2, ?3, ?4, ?5)")?;
            let mut delete = tx.prepare_cached("DELETE FROM chunk_new WHERE seq = ?1")?;
            for ((domain, id), row) in &rows {
                let (pack, offset) = (sql(row.place.pack.number()), sql(row.place.offset));
                insert.execute((
                    sql(domain.number()),
                    Blob(*id),
                    pack,
                    offset,
                    row.place.length,
                ))?;
            }
            let mut seqs: Vec<i64> = rows.iter().map(|(_, row)| row.seq).collect();
            seqs.sort_unstable();
            for seq in seqs {
                delete.execute([seq])?;
            }
        }
        tx.commit()?;
        let mut staged = shared.change();
        for (key, _) in &rows {
            staged.remove(key);
        }
        Ok(())
    }
}
