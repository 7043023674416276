//! Reading connections. A question is answered where it is asked, without a detour over another thread: most take some
//! microseconds, which is less than to wake a thread. What may take longer is asked on a thread of its own by the caller
//! ([`crate::Tx::off_thread`]).

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags, Statement, ToSql};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::fault::CatalogFault;
use crate::statement::{Kept, Query, Row, Value};

/// Statements that a connection keeps ready.
const STATEMENTS: usize = 256;

/// The reading connections of a file.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    wait: Duration,
    room: Arc<Semaphore>,
    free: Mutex<Vec<Connection>>,
}

/// A transaction that reads. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Reading {
    /// Some until it is dropped.
    connection: Option<Connection>,
    home: Arc<Readers>,
    _permit: OwnedSemaphorePermit,
}

impl Readers {
    /// So many connections, each opened when it is needed first; who has waited for one for so long is refused.
    pub(crate) fn new(path: &Path, most: usize, wait: Duration) -> Arc<Readers> {
        let room = Arc::new(Semaphore::new(most));
        Arc::new(Readers { path: path.to_owned(), wait, room, free: Mutex::default() })
    }

    /// Begins a transaction. It sees one state of the rows: that at its first question.
    pub(crate) async fn begin(self: &Arc<Self>) -> Result<Reading, CatalogFault> {
        let operation = "begin to read";
        let permit = tokio::time::timeout(self.wait, Arc::clone(&self.room).acquire_owned()).await;
        let Ok(Ok(permit)) = permit else { return Err(CatalogFault::Busy { operation }) };
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let fault = |source| CatalogFault::of_reading(operation, source);
        let connection = free.map_or_else(|| self.open(), Ok).map_err(fault)?;
        connection
            .prepare_cached("BEGIN")
            .and_then(|mut begin| begin.execute([]))
            .map_err(fault)?;
        Ok(Reading { connection: Some(connection), home: Arc::clone(self), _permit: permit })
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(self.wait)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        keep_plans(&connection)?;
        connection.pragma_update(None, "query_only", "ON")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        Ok(connection)
    }

    /// Lets go of the file once the transactions that run have ended.
    pub(crate) async fn close(&self) {
        self.room.close();
        self.free.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let ended = connection.prepare_cached("ROLLBACK").and_then(|mut end| end.execute([]));
        // One that cannot end its transaction is closed, and another opened when it is needed.
        if ended.is_ok() && !self.home.room.is_closed() {
            self.home.free.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}

/// Lets a statement keep its plan whatever its values are. Else SQLite looks at the value of a limit to plan by it, and makes a plan
/// anew each time that the limit is bound.
pub(crate) fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(|_| ())
}

enum Prepared<'c> {
    Kept(CachedStatement<'c>),
    Once(Statement<'c>),
}

impl Reading {
    /// The first rows that a statement finds, as many as are wanted.
    pub(crate) fn rows(&self, query: &Query<'_>, most: usize) -> rusqlite::Result<Vec<Row>> {
        let connection = self.connection.as_ref().expect("it is there until it is dropped");
        let mut prepared = match query.kept {
            Kept::Ready => Prepared::Kept(connection.prepare_cached(&query.sql)?),
            Kept::Not => Prepared::Once(connection.prepare(&query.sql)?),
        };
        let statement: &mut Statement<'_> = match &mut prepared {
            Prepared::Kept(statement) => statement,
            Prepared::Once(statement) => statement,
        };
        let columns: Arc<[Box<str>]> =
            statement.column_names().into_iter().map(Box::from).collect();
        let mut found = statement.query(rusqlite::params_from_iter(&query.values))?;
        let mut rows = Vec::new();
        while rows.len() < most
            && let Some(row) = found.next()?
        {
            let values = (0..columns.len()).map(|place| owned(row.get_ref(place)?));
            let values = values.collect::<rusqlite::Result<Vec<_>>>()?;
            rows.push(Row { columns: Arc::clone(&columns), values });
        }
        Ok(rows)
    }
}

fn owned(value: ValueRef<'_>) -> rusqlite::Result<Value<'static>> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Number(number),
        ValueRef::Text(_) => Value::Text(value.as_str()?.to_owned().into()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec().into()),
        // No table has one, and a sum of whole numbers is whole.
        ValueRef::Real(_) => return Err(rusqlite::types::FromSqlError::InvalidType.into()),
    })
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Value::Null => ValueRef::Null,
            Value::Number(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    /// A statement with a limit is planned once, however often it is asked with whatever limit.
    #[test]
    fn a_plan_is_made_once() {
        let planned = |connection: &Connection| {
            connection.execute_batch("CREATE TABLE n (n INTEGER PRIMARY KEY)").unwrap();
            let mut statement = connection.prepare("SELECT n FROM n WHERE n > ? LIMIT ?").unwrap();
            for n in 1..20 {
                assert!(statement.query([n, n]).unwrap().next().unwrap().is_none());
            }
            statement.get_status(StatementStatus::RePrepare)
        };
        let connection = Connection::open_in_memory().unwrap();
        assert!(planned(&connection) > 0, "this version does not plan anew: nothing is to be kept");
        let connection = Connection::open_in_memory().unwrap();
        keep_plans(&connection).unwrap();
        assert_eq!(planned(&connection), 0);
    }
}
