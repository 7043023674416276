//! Single rows: the statements that the writer's transactions are made of.

use rusqlite::{Connection, OptionalExtension};
use store::{ChunkRow, Domain, NewChunk, PackUse, RowKey};

use super::staged::{Blob, Staged, chunk_row, sql};

pub(super) const CONDEMNED: &str = "DELETE FROM condemned WHERE domain = ?1 AND id = ?2";
pub(super) const COMPLETE: &str = "DELETE FROM complete WHERE domain = ?1 AND id = ?2";
pub(super) const QUARANTINED: &str = "DELETE FROM quarantined WHERE domain = ?1 AND id = ?2";

pub(super) fn delete(tx: &Connection, text: &str, (domain, id): RowKey) -> rusqlite::Result<bool> {
    Ok(tx.prepare_cached(text)?.execute((sql(domain.number()), Blob(id)))? > 0)
}

pub(super) fn exists(tx: &Connection, (domain, id): RowKey) -> rusqlite::Result<bool> {
    tx.prepare_cached("SELECT 1 FROM chunk WHERE domain = ?1 AND id = ?2")?
        .exists((sql(domain.number()), Blob(id)))
}

/// The row of a chunk, staged or merged.
pub(super) fn current(
    tx: &Connection,
    staged: Option<Staged>,
    key: RowKey,
) -> rusqlite::Result<Option<ChunkRow>> {
    let (domain, id) = key;
    match staged {
        Some(staged) => Ok(Some(ChunkRow { domain, id, place: staged.place })),
        None => tx
            .prepare_cached(
                "SELECT domain, id, pack, place, length FROM chunk WHERE domain = ?1 AND id = ?2",
            )?
            .query_row((sql(domain.number()), Blob(id)), |row| chunk_row(row, 0))
            .optional(),
    }
}

/// Deletes the row of a chunk, staged or merged, and tells what it was.
pub(super) fn take(
    tx: &Connection,
    staged: Option<Staged>,
    key: RowKey,
) -> rusqlite::Result<Option<ChunkRow>> {
    let row = current(tx, staged, key)?;
    match staged {
        Some(staged) => {
            tx.prepare_cached("DELETE FROM chunk_new WHERE seq = ?1")?.execute([staged.seq])?;
        }
        None => {
            delete(tx, "DELETE FROM chunk WHERE domain = ?1 AND id = ?2", key)?;
        }
    }
    Ok(row)
}

pub(super) fn stage(tx: &Connection, seq: i64, row: &NewChunk) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT INTO chunk_new VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute((
        seq,
        sql(row.domain.number()),
        Blob(row.id),
        sql(row.place.pack.number()),
        sql(row.place.offset),
        row.place.length,
    ))?;
    Ok(())
}

pub(super) fn use_pack(tx: &Connection, pack: &PackUse) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO pack VALUES (?1, ?2, ?3)
         ON CONFLICT (number) DO UPDATE SET bytes = max(bytes, excluded.bytes)",
    )?
    .execute((sql(pack.number.number()), sql(pack.domain.number()), sql(pack.used_bytes)))?;
    Ok(())
}

pub(super) fn clear_complete(tx: &Connection, domain: Domain) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM complete WHERE domain = ?1")?.execute([sql(domain.number())])?;
    Ok(())
}
