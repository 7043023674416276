//! What all lanes share: the staged rows, and what look-ups must leave out.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use store::{ChunkId, ChunkRow, Domain, PackNumber, Place, RowKey};

/// A staged row: its number in `chunk_new`, and its place.
#[derive(Clone, Copy)]
pub(super) struct Staged {
    pub(super) seq: i64,
    pub(super) place: Place,
}

#[derive(Default)]
pub(super) struct Shared {
    staged: RwLock<HashMap<RowKey, Staged>>,
    /// Whether `condemned` holds decided rows, which count as absent.
    pub(super) decided: AtomicBool,
}

impl Shared {
    pub(super) fn staged(&self) -> RwLockReadGuard<'_, HashMap<RowKey, Staged>> {
        self.staged.read().expect("nobody panics while holding the staged rows")
    }

    /// For the writer alone, after the commit that changed the tables.
    pub(super) fn change(&self) -> RwLockWriteGuard<'_, HashMap<RowKey, Staged>> {
        self.staged.write().expect("nobody panics while holding the staged rows")
    }
}

/// An id as SQLite keeps it.
#[derive(Clone, Copy)]
pub(super) struct Blob(pub(super) ChunkId);

impl ToSql for Blob {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_bytes())))
    }
}

impl FromSql for Blob {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 32]>::column_result(value).map(|bytes| Blob(ChunkId::from_bytes(bytes)))
    }
}

/// A number of ours as SQLite keeps it: all are below 2^63.
pub(super) fn sql(number: u64) -> i64 {
    i64::try_from(number).expect("numbers of packs, domains and places are below 2^63")
}

/// A row of `domain, id, pack, place, length`, the first of them in column `at`.
pub(super) fn chunk_row(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<ChunkRow> {
    Ok(ChunkRow {
        domain: Domain::new(row.get::<_, i64>(at)? as u64),
        id: row.get::<_, Blob>(at + 1)?.0,
        place: place(row, at + 2)?,
    })
}

/// A row of `pack, place, length`, the first of them in column `at`.
pub(super) fn place(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<Place> {
    Ok(Place {
        pack: PackNumber::new(row.get::<_, i64>(at)? as u64),
        offset: row.get::<_, i64>(at + 1)? as u64,
        length: row.get(at + 2)?,
    })
}
