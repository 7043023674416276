//! The chunk index on SQLite, in a file of its own so that no commit of the catalog waits behind a merge.
//!
//! New rows are appended to `chunk_new`, which has no order, and are also in memory; a merge moves them into `chunk` in
//! sorted slices. Inserting straight into `chunk` would dirty one page a row (studies: 21 k rows a second at 5 M rows,
//! staged and merged over 140 k). One thread writes, two look up, one scans; each has its own connection.

mod domains;
mod fault;
mod impls;
mod lane;
mod lookup;
mod merge;
mod rows;
mod scan;
mod schema;
mod staged;
mod sweeping;
mod tally;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::Connection;
use store::IndexFault;

use self::fault::fault;
use self::lane::Lane;
use self::lookup::Reader;
use self::staged::Shared;
use self::writer::Writer;

/// Bytes of the file that each reader maps: what lies there needs no call to be read. Memory that the system may take back.
const MAPPED_BYTES: i64 = 64 << 20;

/// How the index is laid out.
#[derive(Clone, Copy, Debug)]
pub struct IndexOptions {
    /// Staged rows at which the merge begins; about 70 bytes of memory each.
    pub merge_rows: usize,
    /// Pages cached by the writer, in KiB. Readers take a quarter each; the rest is the system's page cache.
    pub cache_kib: u32,
}

impl Default for IndexOptions {
    fn default() -> Self {
        IndexOptions { merge_rows: 300_000, cache_kib: 16 << 10 }
    }
}

/// The chunk index of one store, in one SQLite file that one process has open.
pub struct SqliteIndex {
    writer: Lane<Writer>,
    lookups: [Lane<Reader>; 2],
    scans: Lane<Reader>,
    next: AtomicUsize,
}

impl SqliteIndex {
    /// Opens or makes the file, reads the staged rows into memory, and begins to read the file once so that look-ups
    /// find it in the page cache: a cold index answers a tenth as fast.
    ///
    /// # Errors
    /// When SQLite fails, or the file has a version that this program does not know.
    pub fn open(path: &Path, options: IndexOptions) -> Result<Self, IndexFault> {
        let opening = |error| fault("open", error);
        let mut connection = connect(path, options.cache_kib).map_err(opening)?;
        schema::migrate(&mut connection)?;
        let shared = Arc::new(Shared::default());
        let writer =
            Writer::new(connection, Arc::clone(&shared), options.merge_rows).map_err(opening)?;
        let reader = || -> Result<Reader, IndexFault> {
            let connection = connect(path, options.cache_kib / 4).map_err(opening)?;
            connection.pragma_update(None, "mmap_size", MAPPED_BYTES).map_err(opening)?;
            rusqlite::vtab::array::load_module(&connection).map_err(opening)?;
            Ok(Reader::new(connection, Arc::clone(&shared)))
        };
        let index = SqliteIndex {
            writer: Lane::start("index-write", writer)?,
            lookups: [
                Lane::start("index-look-0", reader()?)?,
                Lane::start("index-look-1", reader()?)?,
            ],
            scans: Lane::start("index-scan", reader()?)?,
            next: AtomicUsize::new(0),
        };
        let path = path.to_owned();
        index.scans.post(move |_| warm(path));
        Ok(index)
    }

    fn lookup(&self) -> &Lane<Reader> {
        &self.lookups[self.next.fetch_add(1, Ordering::Relaxed) % self.lookups.len()]
    }
}

fn connect(path: &Path, cache_kib: u32) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -i64::from(cache_kib))?;
    connection.pragma_update(None, "wal_autocheckpoint", 10_000)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Reads the file once, so that it is in the page cache. Whether that works changes nothing but speed.
fn warm(path: PathBuf) {
    let read = std::fs::File::open(&path)
        .and_then(|mut file| std::io::copy(&mut file, &mut std::io::sink()));
    if let Err(error) = read {
        tracing::debug!(path = %path.display(), %error, "index was not read ahead");
    }
}
