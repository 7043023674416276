//! The one writer: every change is one durable transaction.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use store::{ChunkId, Domain, Move, NewChunk, PackNumber, PackUse, RowKey, Totals};

use super::merge::Run;
use super::rows::{
    COMPLETE, CONDEMNED, QUARANTINED, clear_complete, delete, exists, stage, take, use_pack,
};
use super::staged::{Blob, Shared, Staged, chunk_row, sql};
use super::tally::{Change, Live, Tally};

pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) shared: Arc<Shared>,
    pub(super) merge_rows: usize,
    pub(super) run: Option<Run>,
    pub(super) runs_begun: u64,
    pub(super) runs_ended: u64,
    /// Whether `condemned` or `quarantined` may have rows: an append then looks there too.
    pub(super) proposals: bool,
    pub(super) quarantined: bool,
    pub(super) tally: Tally,
    next_seq: i64,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        shared: Arc<Shared>,
        merge_rows: usize,
    ) -> rusqlite::Result<Self> {
        let mut writer = Writer {
            connection,
            shared,
            merge_rows,
            run: None,
            runs_begun: 0,
            runs_ended: 0,
            proposals: true,
            quarantined: true,
            tally: Tally::default(),
            next_seq: 0,
        };
        writer.load()?;
        Ok(writer)
    }

    fn load(&mut self) -> rusqlite::Result<()> {
        let mut rows = self
            .connection
            .prepare("SELECT seq, domain, id, pack, place, length FROM chunk_new ORDER BY seq")?;
        let mut rows = rows.query([])?;
        let mut staged = self.shared.change();
        while let Some(row) = rows.next()? {
            let (seq, chunk) = (row.get(0)?, chunk_row(row, 1)?);
            staged.insert((chunk.domain, chunk.id), Staged { seq, place: chunk.place });
            self.next_seq = seq + 1;
        }
        let decided: bool =
            self.connection.query_row("SELECT decided FROM sweep", [], |row| row.get(0))?;
        self.shared.decided.store(decided, Ordering::SeqCst);
        let mut packs = self.connection.prepare(
            "SELECT pack, count(*), sum(length) FROM
                 (SELECT pack, length FROM chunk UNION ALL SELECT pack, length FROM chunk_new)
             GROUP BY pack",
        )?;
        let mut packs = packs.query([])?;
        while let Some(row) = packs.next()? {
            let pack = PackNumber::new(row.get::<_, i64>(0)? as u64);
            self.tally.load(pack, Live { rows: row.get(1)?, bytes: row.get(2)? });
        }
        Ok(())
    }

    pub(super) fn begin(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
        connection.transaction_with_behavior(TransactionBehavior::Immediate)
    }

    pub(super) fn append(&mut self, rows: &[NewChunk], packs: &[PackUse]) -> rusqlite::Result<()> {
        let condemned = self.shared.decided.load(Ordering::SeqCst);
        let shared = Arc::clone(&self.shared);
        let held = |key: &RowKey| shared.staged().get(key).copied();
        let (mut fresh, mut seq, mut change) = (HashMap::new(), self.next_seq, Change::default());
        let tx = Self::begin(&mut self.connection)?;
        for row in rows {
            let key = (row.domain, row.id);
            let proposed = self.proposals && delete(&tx, CONDEMNED, key)?;
            if proposed && condemned {
                // Its frame may be on its way out: the new one takes its place, and nothing is complete under it.
                delete(&tx, COMPLETE, key)?;
                if let Some(old) = take(&tx, held(&key), key)? {
                    change.take(old.place);
                }
            } else if fresh.contains_key(&key) || held(&key).is_some() || exists(&tx, key)? {
                continue;
            }
            if self.quarantined {
                delete(&tx, QUARANTINED, key)?;
            }
            stage(&tx, seq, row)?;
            change.add(row.place);
            fresh.insert(key, Staged { seq, place: row.place });
            seq += 1;
        }
        packs.iter().try_for_each(|pack| use_pack(&tx, pack))?;
        tx.commit()?;
        shared.change().extend(fresh);
        self.next_seq = seq;
        self.tally.apply(change);
        Ok(())
    }

    pub(super) fn relocate(
        &mut self,
        moves: &[Move],
        packs: &[PackUse],
    ) -> rusqlite::Result<Vec<bool>> {
        let shared = Arc::clone(&self.shared);
        let (mut moved, mut staged) = (Vec::with_capacity(moves.len()), Vec::new());
        let mut change = Change::default();
        let tx = Self::begin(&mut self.connection)?;
        for Move { row, to } in moves {
            let key = (row.domain, row.id);
            let held = shared.staged().get(&key).copied();
            let changed =
                match held {
                    Some(held) if held.place == row.place => {
                        staged.push((key, Staged { place: *to, ..held }));
                        tx.prepare_cached(
                        "UPDATE chunk_new SET pack = ?2, place = ?3, length = ?4 WHERE seq = ?1",
                    )?
                    .execute((held.seq, sql(to.pack.number()), sql(to.offset), to.length))?
                    }
                    Some(_) => 0,
                    None => tx
                        .prepare_cached(
                            "UPDATE chunk SET pack = ?5, place = ?6, length = ?7
                         WHERE domain = ?1 AND id = ?2 AND pack = ?3 AND place = ?4",
                        )?
                        .execute((
                            sql(row.domain.number()),
                            Blob(row.id),
                            sql(row.place.pack.number()),
                            sql(row.place.offset),
                            sql(to.pack.number()),
                            sql(to.offset),
                            to.length,
                        ))?,
                };
            moved.push(changed > 0);
            if changed > 0 {
                change.take(row.place);
                change.add(*to);
            }
        }
        packs.iter().try_for_each(|pack| use_pack(&tx, pack))?;
        tx.commit()?;
        shared.change().extend(staged);
        self.tally.apply(change);
        Ok(moved)
    }

    pub(super) fn record_complete(
        &mut self,
        domain: Domain,
        trees: &[(ChunkId, u64)],
    ) -> rusqlite::Result<()> {
        let tx = Self::begin(&mut self.connection)?;
        for (id, places) in trees {
            tx.prepare_cached("INSERT OR IGNORE INTO complete VALUES (?1, ?2, ?3)")?.execute((
                sql(domain.number()),
                Blob(*id),
                sql(*places),
            ))?;
        }
        tx.commit()
    }

    pub(super) fn clear_complete(&mut self, domain: Domain) -> rusqlite::Result<()> {
        clear_complete(&self.connection, domain)
    }

    pub(super) fn forget_pack(&mut self, pack: PackNumber) -> rusqlite::Result<bool> {
        let number = sql(pack.number());
        if self.tally.of(pack).rows > 0 {
            return Ok(false);
        }
        self.connection.prepare_cached("DELETE FROM pack WHERE number = ?1")?.execute([number])?;
        Ok(true)
    }

    pub(super) fn packs(&mut self) -> rusqlite::Result<Vec<PackUse>> {
        self.connection
            .prepare_cached("SELECT number, domain, bytes FROM pack ORDER BY number")?
            .query_map([], |row| {
                let number = PackNumber::new(row.get::<_, i64>(0)? as u64);
                Ok(PackUse {
                    number,
                    domain: Domain::new(row.get::<_, i64>(1)? as u64),
                    used_bytes: row.get::<_, i64>(2)? as u64,
                    live_bytes: self.tally.of(number).bytes as u64,
                })
            })?
            .collect()
    }

    pub(super) fn totals(&mut self) -> rusqlite::Result<Totals> {
        let (pack_bytes, quarantined) = self.connection.query_row(
            "SELECT (SELECT coalesce(sum(bytes), 0) FROM pack), (SELECT count(*) FROM quarantined)",
            [],
            |row| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64)),
        )?;
        let Live { rows, bytes } = self.tally.all();
        Ok(Totals { chunks: rows as u64, frame_bytes: bytes as u64, pack_bytes, quarantined })
    }
}
