//! Reading the index from end to end, for the sweep and the scrub.

use std::rc::Rc;

use rusqlite::types::Value;
use store::{ChunkRow, Domain, PackNumber, Quarantined, RowKey};

use super::lookup::Reader;
use super::staged::{Blob, chunk_row, sql};

impl Reader {
    pub(super) fn scan(
        &self,
        after: Option<RowKey>,
        limit: usize,
    ) -> rusqlite::Result<Vec<ChunkRow>> {
        let (domain, id) = start(after);
        self.connection
            .prepare_cached(
                "SELECT domain, id, pack, place, length FROM chunk
                 WHERE (domain, id) > (?1, ?2) ORDER BY domain, id LIMIT ?3",
            )?
            .query_map((domain, id, limit as i64), |row| chunk_row(row, 0))?
            .collect()
    }

    pub(super) fn scan_complete(
        &self,
        after: Option<RowKey>,
        limit: usize,
    ) -> rusqlite::Result<Vec<(RowKey, u64)>> {
        let (domain, id) = start(after);
        self.connection
            .prepare_cached(
                "SELECT domain, id, places FROM complete
                 WHERE (domain, id) > (?1, ?2) ORDER BY domain, id LIMIT ?3",
            )?
            .query_map((domain, id, limit as i64), |row| {
                let key = (Domain::new(row.get::<_, i64>(0)? as u64), row.get::<_, Blob>(1)?.0);
                Ok((key, row.get::<_, i64>(2)? as u64))
            })?
            .collect()
    }

    pub(super) fn rows_in(&self, packs: &[PackNumber]) -> rusqlite::Result<Vec<ChunkRow>> {
        let packs: Vec<Value> =
            packs.iter().map(|pack| Value::Integer(sql(pack.number()))).collect();
        let mut rows: Vec<ChunkRow> = self
            .connection
            .prepare_cached(
                "SELECT domain, id, pack, place, length FROM chunk WHERE pack IN rarray(?1)
                 UNION ALL
                 SELECT domain, id, pack, place, length FROM chunk_new WHERE pack IN rarray(?1)",
            )?
            .query_map([Rc::new(packs)], |row| chunk_row(row, 0))?
            .collect::<rusqlite::Result<_>>()?;
        rows.sort_unstable_by_key(|row| row.place);
        Ok(rows)
    }

    pub(super) fn quarantined(&self) -> rusqlite::Result<Vec<Quarantined>> {
        self.connection
            .prepare_cached(
                "SELECT domain, id, pack, place, length, found_ms FROM quarantined ORDER BY domain, id",
            )?
            .query_map([], |row| {
                Ok(Quarantined { row: chunk_row(row, 0)?, found_ms: row.get(5)? })
            })?
            .collect()
    }
}

fn start(after: Option<RowKey>) -> (i64, Vec<u8>) {
    after.map_or((-1, Vec::new()), |(domain, id)| (sql(domain.number()), id.as_bytes().to_vec()))
}
