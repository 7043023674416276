//! One region's catalog and its transactions.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteRow};
use sqlx::{Column, Row as _, Transaction, TypeInfo, ValueRef};

use crate::database::Database;
use crate::fault::CatalogFault;
use crate::migration::{self, migrate};
use crate::readers::Reading;
pub(crate) use crate::statement::Query;
use crate::statement::{Kept, Row, Value};

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
    inner: Inner,
}

#[derive(Debug)]
enum Inner {
    Writing(Transaction<'static, Sqlite>),
    Reading(Reading),
}

impl Tx {
    pub(crate) fn writing(inner: Transaction<'static, Sqlite>) -> Self {
        Tx { inner: Inner::Writing(inner) }
    }

    pub(crate) fn reading(inner: Reading) -> Self {
        Tx { inner: Inner::Reading(inner) }
    }

    /// Does what asks much of a reading transaction on a thread where it keeps nobody else waiting.
    pub async fn off_thread<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        self,
        work: impl FnOnce(Tx) -> F + Send + 'static,
    ) -> T {
        let (runtime, span) = (tokio::runtime::Handle::current(), tracing::Span::current());
        let done = tokio::task::spawn_blocking(move || {
            let _entered = span.entered();
            runtime.block_on(work(self))
        });
        match done.await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // Only where the whole process ends: nobody waits for an answer any more.
                Err(_cancelled) => std::future::pending().await,
            },
        }
    }

    /// Makes the writes durable: once this returns, they survive a loss of power. After a fault it is not known whether
    /// they are there.
    pub async fn commit(self) -> Result<(), CatalogFault> {
        match self.inner {
            Inner::Writing(inner) => {
                let commit = inner.commit().await;
                commit.map_err(|source| CatalogFault::from_sql("commit", source))
            }
            Inner::Reading(_) => Ok(()),
        }
    }

    /// Executes a statement; the number of rows it changed.
    pub(crate) async fn run(
        &mut self,
        operation: &'static str,
        query: Query<'_>,
    ) -> Result<u64, CatalogFault> {
        match &mut self.inner {
            Inner::Writing(inner) => {
                let done = carried(query).execute(&mut **inner).await;
                let done = done.map_err(|source| CatalogFault::from_sql(operation, source))?;
                Ok(done.rows_affected())
            }
            Inner::Reading(inner) => {
                let done = inner.rows(&query, usize::MAX);
                done.map_err(|source| CatalogFault::of_reading(operation, source))?;
                Ok(0)
            }
        }
    }

    /// All rows of a question.
    pub(crate) async fn all(
        &mut self,
        operation: &'static str,
        query: Query<'_>,
    ) -> Result<Vec<Row>, CatalogFault> {
        match &mut self.inner {
            Inner::Writing(inner) => {
                let rows = carried(query).fetch_all(&mut **inner).await;
                let rows = rows.map_err(|source| CatalogFault::from_sql(operation, source))?;
                rows_of(&rows).map_err(|source| CatalogFault::from_sql(operation, source))
            }
            Inner::Reading(inner) => {
                let rows = inner.rows(&query, usize::MAX);
                rows.map_err(|source| CatalogFault::of_reading(operation, source))
            }
        }
    }

    /// The row of a question that has at most one.
    pub(crate) async fn one(
        &mut self,
        operation: &'static str,
        query: Query<'_>,
    ) -> Result<Option<Row>, CatalogFault> {
        match &mut self.inner {
            Inner::Writing(inner) => {
                let row = carried(query).fetch_optional(&mut **inner).await;
                let row = row.map_err(|source| CatalogFault::from_sql(operation, source))?;
                let rows = rows_of(row.as_slice());
                let rows = rows.map_err(|source| CatalogFault::from_sql(operation, source))?;
                Ok(rows.into_iter().next())
            }
            Inner::Reading(inner) => {
                let rows = inner.rows(&query, 1);
                let rows = rows.map_err(|source| CatalogFault::of_reading(operation, source))?;
                Ok(rows.into_iter().next())
            }
        }
    }

    /// The number that a question with one row of one column answers.
    pub(crate) async fn count(
        &mut self,
        operation: &'static str,
        query: Query<'_>,
    ) -> Result<u64, CatalogFault> {
        let row = self.one(operation, query).await?;
        let row = row.ok_or_else(|| CatalogFault::from_sql(operation, sqlx::Error::RowNotFound))?;
        let number: i64 = row.at(0).map_err(|source| CatalogFault::of_column(operation, source))?;
        Ok(u64::try_from(number).expect("a count is not negative"))
    }
}

/// A statement as the writing connection takes it.
fn carried<'q>(query: Query<'_>) -> sqlx::query::Query<'q, Sqlite, SqliteArguments> {
    let text = sqlx::AssertSqlSafe(query.sql.into_owned());
    let mut carried = sqlx::query(text).persistent(query.kept == Kept::Ready);
    for value in query.values {
        carried = match value {
            Value::Null => carried.bind(None::<i64>),
            Value::Number(number) => carried.bind(number),
            Value::Text(text) => carried.bind(text.into_owned()),
            Value::Bytes(bytes) => carried.bind(bytes.into_owned()),
        };
    }
    carried
}

fn rows_of(rows: &[SqliteRow]) -> Result<Vec<Row>, sqlx::Error> {
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let columns: Arc<[Box<str>]> =
        first.columns().iter().map(|column| Box::from(column.name())).collect();
    let read = |row: &SqliteRow| {
        let values = (0..columns.len()).map(|place| value_of(row, place));
        let values = values.collect::<Result<Vec<_>, sqlx::Error>>()?;
        Ok(Row { columns: Arc::clone(&columns), values })
    };
    rows.iter().map(read).collect()
}

fn value_of(row: &SqliteRow, place: usize) -> Result<Value<'static>, sqlx::Error> {
    let raw = row.try_get_raw(place)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let kind = raw.type_info().name().to_owned();
    Ok(match kind.as_str() {
        "TEXT" => Value::Text(row.try_get::<String, _>(place)?.into()),
        "BLOB" => Value::Bytes(row.try_get::<Vec<u8>, _>(place)?.into()),
        _ => Value::Number(row.try_get(place)?),
    })
}
