//! The writer's part in sweep and scrub: proposals, the decision, deleting, setting aside.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::OptionalExtension;
use store::{Domain, Quarantined, RowKey};

use super::rows::{COMPLETE, CONDEMNED, QUARANTINED, clear_complete, current, delete, take};
use super::staged::{Blob, sql};
use super::tally::Change;
use super::writer::Writer;

impl Writer {
    pub(super) fn propose(&mut self, keys: &[RowKey]) -> rusqlite::Result<()> {
        self.proposals = true;
        let tx = Self::begin(&mut self.connection)?;
        for (domain, id) in keys {
            tx.prepare_cached("INSERT OR IGNORE INTO condemned VALUES (?1, ?2)")?
                .execute((sql(domain.number()), Blob(*id)))?;
        }
        tx.commit()
    }

    pub(super) fn spare(&mut self, keys: &[RowKey]) -> rusqlite::Result<()> {
        if self.shared.decided.load(Ordering::SeqCst) {
            return Ok(());
        }
        let tx = Self::begin(&mut self.connection)?;
        for key in keys {
            delete(&tx, CONDEMNED, *key)?;
        }
        tx.commit()
    }

    pub(super) fn abandon_sweep(&mut self) -> rusqlite::Result<()> {
        if !self.shared.decided.load(Ordering::SeqCst) {
            self.connection.execute("DELETE FROM condemned", [])?;
            self.proposals = false;
        }
        Ok(())
    }

    pub(super) fn decide(&mut self) -> rusqlite::Result<u64> {
        let tx = Self::begin(&mut self.connection)?;
        tx.execute("UPDATE sweep SET decided = 1", [])?;
        let count: i64 = tx.query_row("SELECT count(*) FROM condemned", [], |row| row.get(0))?;
        tx.commit()?;
        self.shared.decided.store(true, Ordering::SeqCst);
        Ok(count as u64)
    }

    pub(super) fn drop_condemned(&mut self, limit: usize) -> rusqlite::Result<u64> {
        let decided = self.shared.decided.load(Ordering::SeqCst);
        let keys: Vec<RowKey> = if decided { self.condemned(limit)? } else { Vec::new() };
        if !keys.is_empty() {
            self.drop_rows(&keys)?;
        } else if decided {
            self.connection.execute("UPDATE sweep SET decided = 0", [])?;
            self.shared.decided.store(false, Ordering::SeqCst);
            self.proposals = false;
        }
        Ok(keys.len() as u64)
    }

    fn condemned(&self, limit: usize) -> rusqlite::Result<Vec<RowKey>> {
        self.connection
            .prepare_cached("SELECT domain, id FROM condemned ORDER BY domain, id LIMIT ?1")?
            .query_map([limit as i64], |row| {
                Ok((Domain::new(row.get::<_, i64>(0)? as u64), row.get::<_, Blob>(1)?.0))
            })?
            .collect()
    }

    /// Deletes rows in one transaction, with what was said of the trees under them.
    fn drop_rows(&mut self, keys: &[RowKey]) -> rusqlite::Result<()> {
        let shared = Arc::clone(&self.shared);
        let mut change = Change::default();
        let tx = Self::begin(&mut self.connection)?;
        for key in keys {
            let held = shared.staged().get(key).copied();
            if let Some(row) = take(&tx, held, *key)? {
                change.take(row.place);
            }
            delete(&tx, COMPLETE, *key)?;
            delete(&tx, CONDEMNED, *key)?;
        }
        tx.commit()?;
        self.forget_staged(keys);
        self.tally.apply(change);
        Ok(())
    }

    pub(super) fn quarantine(&mut self, found: &[Quarantined]) -> rusqlite::Result<()> {
        let shared = Arc::clone(&self.shared);
        let (mut gone, mut change) = (Vec::new(), Change::default());
        let tx = Self::begin(&mut self.connection)?;
        for Quarantined { row, found_ms } in found {
            let key = (row.domain, row.id);
            let held = shared.staged().get(&key).copied();
            if current(&tx, held, key)?.is_none_or(|now| now.place != row.place)
                || gone.contains(&key)
            {
                continue;
            }
            take(&tx, held, key)?;
            delete(&tx, CONDEMNED, key)?;
            tx.prepare_cached(
                "INSERT OR REPLACE INTO quarantined VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((
                sql(row.domain.number()),
                Blob(row.id),
                sql(row.place.pack.number()),
                sql(row.place.offset),
                row.place.length,
                found_ms,
            ))?;
            clear_complete(&tx, row.domain)?;
            change.take(row.place);
            gone.push(key);
        }
        tx.commit()?;
        self.quarantined = true;
        self.forget_staged(&gone);
        self.tally.apply(change);
        Ok(())
    }

    pub(super) fn forget_quarantined(&mut self, keys: &[RowKey]) -> rusqlite::Result<()> {
        let tx = Self::begin(&mut self.connection)?;
        for key in keys {
            delete(&tx, QUARANTINED, *key)?;
        }
        let any = tx.query_row("SELECT 1 FROM quarantined LIMIT 1", [], |_| Ok(())).optional()?;
        tx.commit()?;
        self.quarantined = any.is_some();
        Ok(())
    }

    pub(super) fn forget_staged(&self, keys: &[RowKey]) {
        let mut staged = self.shared.change();
        for key in keys {
            staged.remove(key);
        }
    }
}
