//! Look-ups: memory first, then `chunk`, a thousand ids to a statement.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::Value;
use store::{ChunkId, Domain, Place};

use super::lane::{Chores, Why};
use super::staged::{Blob, Shared, place, sql};

/// Ids in one statement.
const IDS: usize = 1_024;

pub(super) struct Reader {
    pub(super) connection: Connection,
    shared: Arc<Shared>,
}

impl Chores for Reader {
    fn patience(&self) -> Option<Duration> {
        None
    }

    fn chore(&mut self, _why: Why) -> bool {
        false
    }
}

impl Reader {
    pub(super) fn new(connection: Connection, shared: Arc<Shared>) -> Self {
        Reader { connection, shared }
    }

    pub(super) fn locate(
        &self,
        domain: Domain,
        ids: &[ChunkId],
    ) -> rusqlite::Result<Vec<Option<Place>>> {
        // Memory before the table: a row leaves memory only after it is in the table.
        let mut found: Vec<Option<Place>> = {
            let staged = self.shared.staged();
            ids.iter().map(|id| staged.get(&(domain, *id)).map(|row| row.place)).collect()
        };
        let rest = ids.iter().zip(&found).filter(|(id, found)| found.is_none() && !id.is_zero());
        let rest: Vec<ChunkId> = rest.map(|(id, _)| *id).collect();
        let text = format!(
            "SELECT t.id, t.pack, t.place, t.length FROM rarray(?2) AS wanted
             CROSS JOIN chunk AS t ON t.domain = ?1 AND t.id = wanted.value {}",
            self.unless_condemned()
        );
        let table = self.select(&text, domain, rest, |row| place(row, 1))?;
        for (id, found) in ids.iter().zip(&mut found) {
            *found = found.or_else(|| table.get(id).copied());
        }
        Ok(found)
    }

    pub(super) fn complete(
        &self,
        domain: Domain,
        ids: &[ChunkId],
    ) -> rusqlite::Result<Vec<Option<u64>>> {
        let text = format!(
            "SELECT t.id, t.places FROM rarray(?2) AS wanted
             CROSS JOIN complete AS t ON t.domain = ?1 AND t.id = wanted.value {}",
            self.unless_condemned()
        );
        let table =
            self.select(&text, domain, ids.to_vec(), |row| Ok(row.get::<_, i64>(1)? as u64))?;
        Ok(ids.iter().map(|id| table.get(id).copied()).collect())
    }

    fn unless_condemned(&self) -> &'static str {
        if self.shared.decided.load(Ordering::SeqCst) {
            "WHERE NOT EXISTS (SELECT 1 FROM condemned AS c WHERE c.domain = t.domain AND c.id = t.id)"
        } else {
            ""
        }
    }

    fn select<T>(
        &self,
        text: &str,
        domain: Domain,
        mut ids: Vec<ChunkId>,
        value: fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<HashMap<ChunkId, T>> {
        ids.sort_unstable();
        let mut table = HashMap::with_capacity(ids.len());
        let mut statement = self.connection.prepare_cached(text)?;
        for ids in ids.chunks(IDS) {
            let wanted =
                ids.iter().map(|id| Value::Blob(id.as_bytes().to_vec())).collect::<Vec<_>>();
            let mut rows = statement.query((sql(domain.number()), Rc::new(wanted)))?;
            while let Some(row) = rows.next()? {
                table.insert(row.get::<_, Blob>(0)?.0, value(row)?);
            }
        }
        Ok(table)
    }
}
