//! One region's catalog and its transactions.

use std::path::Path;

use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteRow};
use sqlx::{Row, Transaction};

use crate::database::Database;
use crate::fault::CatalogFault;
use crate::migration::{self, migrate};

pub(crate) type Query<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

/// One region's rows. Cloning gives another handle to the same file.
#[derive(Clone, Debug)]
pub struct Catalog {
    database: Database,
}

impl Catalog {
    /// Opens or creates the file, brings its tables to this version, and refuses what a newer version wrote
    /// ([`CatalogFault::Newer`]) and settings that could lose a commit ([`CatalogFault::WeakSetting`]).
    pub async fn open(path: &Path) -> Result<Catalog, CatalogFault> {
        let database = Database::open(path).await?;
        migrate(&database, migration::REGION).await?;
        Ok(Catalog { database })
    }

    /// A transaction that may write. There is one at a time: waits up to 5 s, then [`CatalogFault::Busy`].
    pub async fn begin(&self) -> Result<Tx, CatalogFault> {
        self.database.begin().await
    }

    /// A transaction that sees one state of the rows and cannot write. Waits up to 5 s, then [`CatalogFault::Busy`].
    pub async fn read(&self) -> Result<Tx, CatalogFault> {
        self.database.read().await
    }

    /// Lets go of the file once the transactions that run have ended. Nothing is lost without it.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

/// A transaction. Dropped without [`Tx::commit`] it is rolled back.
#[derive(Debug)]
pub struct Tx {
    inner: Transaction<'static, Sqlite>,
}

impl Tx {
    pub(crate) fn new(inner: Transaction<'static, Sqlite>) -> Self {
        Tx { inner }
    }

    /// Makes the writes durable: once this returns, they survive a loss of power. After a fault it is not known whether
    /// they are there.
    pub async fn commit(self) -> Result<(), CatalogFault> {
        let commit = self.inner.commit().await;
        commit.map_err(|source| CatalogFault::from_sql("commit", source))
    }

    /// Executes a statement; the number of rows it changed.
    pub(crate) async fn run(
        &mut self,
        operation: &'static str,
        query: Query<'_>,
    ) -> Result<u64, CatalogFault> {
        let done = query.execute(&mut *self.inner).await;
        let done = done.map_err(|source| CatalogFault::from_sql(operation, source))?;
        Ok(done.rows_affected())
    }

    /// All rows of a question.
    pub(crate) async fn all(
        &mut self,
        operation: &'static str,
        query: Query<'_>,
    ) -> Result<Vec<SqliteRow>, CatalogFault> {
        let rows = query.fetch_all(&mut *self.inner).await;
        rows.map_err(|source| CatalogFault::from_sql(operation, source))
    }

    /// The row of a question that has at most one.
    pub(crate) async fn one(
        &mut self,
        operation: &'static str,
        query: Query<'_>,
    ) -> Result<Option<SqliteRow>, CatalogFault> {
        let row = query.fetch_optional(&mut *self.inner).await;
        row.map_err(|source| CatalogFault::from_sql(operation, source))
    }

    /// The number that a question with one row of one column answers.
    pub(crate) async fn count(
        &mut self,
        operation: &'static str,
        query: Query<'_>,
    ) -> Result<u64, CatalogFault> {
        let fault = |source| CatalogFault::from_sql(operation, source);
        let row = query.fetch_one(&mut *self.inner).await.map_err(fault)?;
        let number: i64 = row.try_get(0).map_err(fault)?;
        Ok(u64::try_from(number).expect("a count is not negative"))
    }
}
