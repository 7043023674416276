//! One SQLite file: a single writing connection, a few reading ones, and the settings without which it is not opened.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::fault::CatalogFault;
use crate::readers::Readers;
use crate::tx::Tx;

/// How long a transaction waits for its turn. A door answers within 10 s; half of that is left for the work.
pub(crate) const WAIT: Duration = Duration::from_secs(5);
/// Reading connections: most reads are short, and a few that are not leave room for them.
const READERS: usize = 8;
/// The write-ahead log is cut back to this after a long reader let it grow.
const LOG_BYTES: &str = "67108864";

/// What a commit survives.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Survives {
    /// A loss of power: each commit is written through to the disk.
    LossOfPower,
    /// The end of the process, however it ends.
    EndOfProcess,
}

impl Survives {
    /// The setting, and its number as SQLite tells it.
    fn synchronous(self) -> (SqliteSynchronous, &'static str) {
        match self {
            Survives::LossOfPower => (SqliteSynchronous::Full, "2"),
            Survives::EndOfProcess => (SqliteSynchronous::Normal, "1"),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Database {
    writer: SqlitePool,
    readers: Arc<Readers>,
}

impl Database {
    /// Opens or creates the file. It is not opened with settings under which an acknowledged commit could be lost:
    /// after a power cut WAL with FULL kept 200 of 200 commits, with NORMAL none (RELIABILITY section 0).
    pub(crate) async fn open(path: &Path) -> Result<Self, CatalogFault> {
        Self::open_as(path, Survives::LossOfPower).await
    }

    /// Opens or creates a file whose commits survive what is named. It is not opened with other settings.
    pub(crate) async fn open_as(path: &Path, survives: Survives) -> Result<Self, CatalogFault> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(survives.synchronous().0)
            .foreign_keys(true)
            .busy_timeout(WAIT)
            .pragma("journal_size_limit", LOG_BYTES)
            .statement_cache_capacity(256);
        let open = |source: sqlx::Error| CatalogFault::Open {
            path: path.to_owned(),
            source: source.into(),
        };
        let writer = pool(1).connect_with(options).await.map_err(open)?;
        check_settings(&writer, survives).await?;
        Ok(Database { writer, readers: Readers::new(path, READERS, WAIT) })
    }

    /// A transaction that may write. There is one at a time; the next waits here, not in the middle (fault 29).
    pub(crate) async fn begin(&self) -> Result<Tx, CatalogFault> {
        let operation = "begin a transaction";
        let begun = self.writer.begin_with("BEGIN IMMEDIATE").await;
        begun.map(Tx::writing).map_err(|source| CatalogFault::from_sql(operation, source))
    }

    /// A transaction that sees one state of the rows and cannot write.
    pub(crate) async fn read(&self) -> Result<Tx, CatalogFault> {
        self.readers.begin().await.map(Tx::reading)
    }

    /// Lets go of the file once the transactions that run have ended.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(WAIT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

async fn check_settings(writer: &SqlitePool, survives: Survives) -> Result<(), CatalogFault> {
    let wanted = [
        ("journal_mode", "SELECT journal_mode FROM pragma_journal_mode", "wal"),
        (
            "synchronous",
            "SELECT CAST(synchronous AS TEXT) FROM pragma_synchronous",
            survives.synchronous().1,
        ),
        ("foreign_keys", "SELECT CAST(foreign_keys AS TEXT) FROM pragma_foreign_keys", "1"),
    ];
    for (setting, question, wanted) in wanted {
        let found: String = sqlx::query_scalar(question)
            .fetch_one(writer)
            .await
            .map_err(|source| CatalogFault::from_sql("read the settings back", source))?;
        if found != wanted {
            return Err(CatalogFault::WeakSetting { setting, wanted, found });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::query;

    #[tokio::test]
    async fn i2_settings_read_back_as_wal_and_full() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("catalog.db")).await.unwrap();
        check_settings(&database.writer, Survives::LossOfPower).await.unwrap();
    }

    #[tokio::test]
    async fn i2_weaker_settings_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("weak.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal);
        let weak = pool(1).connect_with(options).await.unwrap();
        let fault = check_settings(&weak, Survives::LossOfPower).await.unwrap_err();
        assert!(matches!(fault, CatalogFault::WeakSetting { setting: "synchronous", .. }));

        let fault = Database::open(Path::new(":memory:")).await.unwrap_err();
        assert!(matches!(fault, CatalogFault::WeakSetting { setting: "journal_mode", .. }));
    }

    #[tokio::test]
    async fn a_reader_cannot_write_and_sees_one_state() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("catalog.db")).await.unwrap();
        let mut tx = database.begin().await.unwrap();
        tx.run("make", query("CREATE TABLE n (n INTEGER)")).await.unwrap();
        tx.commit().await.unwrap();

        let mut reader = database.read().await.unwrap();
        let count = || query("SELECT n FROM n");
        assert!(reader.all("count", count()).await.unwrap().is_empty());
        let mut tx = database.begin().await.unwrap();
        tx.run("add", query("INSERT INTO n VALUES (1)")).await.unwrap();
        tx.commit().await.unwrap();
        assert!(reader.all("count", count()).await.unwrap().is_empty());
        let fault = reader.run("add", query("INSERT INTO n VALUES (2)")).await;
        assert!(fault.is_err());
        drop(reader);
        let mut reader = database.read().await.unwrap();
        assert_eq!(reader.all("count", count()).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn dropped_without_commit_is_rolled_back() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("catalog.db")).await.unwrap();
        let mut tx = database.begin().await.unwrap();
        tx.run("make", query("CREATE TABLE n (n INTEGER)")).await.unwrap();
        drop(tx);
        let mut tx = database.begin().await.unwrap();
        assert!(tx.run("look", query("SELECT n FROM n")).await.is_err());
    }
}
