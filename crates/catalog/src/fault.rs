//! How the catalog fails.

use std::error::Error;
use std::path::PathBuf;

use model::Retry;

use crate::statement::Unread;

/// What a database says of a failure; its type is not the caller's business.
type Cause = Box<dyn Error + Send + Sync>;

/// The catalog failed.
#[derive(Debug, thiserror::Error)]
pub enum CatalogFault {
    /// Others were writing, or reading, for too long.
    #[error("failed to {operation}: the catalog is busy")]
    Busy {
        /// What was to be done.
        operation: &'static str,
    },
    /// There is no room left on the disk.
    #[error("failed to {operation}: no space is left for the catalog")]
    Full {
        /// What was to be done.
        operation: &'static str,
        /// The database's words.
        source: Cause,
    },
    /// The disk or the system failed under the database.
    #[error("failed to {operation}: the catalog's files cannot be read or written")]
    Unreachable {
        /// What was to be done.
        operation: &'static str,
        /// The database's words.
        source: Cause,
    },
    /// The database refused a statement.
    #[error("failed to {operation}")]
    Sql {
        /// What was to be done.
        operation: &'static str,
        /// The database's words.
        source: Cause,
    },
    /// A stored value is none that this version knows.
    #[error(
        "table `{table}` holds `{value}` in column `{column}`, which this version does not know"
    )]
    Corrupt {
        /// Where.
        table: &'static str,
        /// Where in it.
        column: &'static str,
        /// What stands there, shortened to 80 characters.
        value: String,
    },
    /// A row that must be there is not.
    #[error("table `{table}` has no row `{key}`")]
    Absent {
        /// Where it should be.
        table: &'static str,
        /// Its key.
        key: String,
    },
    /// More was to be given back than there is: a counting error of the caller.
    #[error("quota `{kind}` of account `{account}` has no `{amount}` to give back")]
    Miscounted {
        /// Whose quota.
        account: String,
        /// Which.
        kind: &'static str,
        /// How many were to be given back.
        amount: u64,
    },
    /// A number that the database cannot hold.
    #[error("`{value}` does not fit in column `{column}`")]
    OutOfRange {
        /// Where it was to go.
        column: &'static str,
        /// The number.
        value: u64,
    },
    /// The file cannot be opened.
    #[error("failed to open the catalog `{}`", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// The database's words.
        source: Cause,
    },
    /// The database would not keep what it acknowledges.
    #[error("the catalog's setting `{setting}` reads back as `{found}`, not `{wanted}`")]
    WeakSetting {
        /// The setting.
        setting: &'static str,
        /// What it must be.
        wanted: &'static str,
        /// What it is.
        found: String,
    },
    /// The file was written by a newer version.
    #[error(
        "the catalog is at migration `{found}`, and this version knows `{known}`; use the newer version"
    )]
    Newer {
        /// The last migration of the file.
        found: i64,
        /// The last one known here.
        known: i64,
    },
    /// The file was made by other migrations than this version's.
    #[error("migration `{number}` of the catalog is not the one that this version knows")]
    OtherMigration {
        /// Which.
        number: i64,
    },
}

impl CatalogFault {
    /// Whether the same act may succeed later.
    pub fn retry(&self) -> Retry {
        match self {
            CatalogFault::Busy { .. }
            | CatalogFault::Full { .. }
            | CatalogFault::Unreachable { .. } => Retry::Later,
            CatalogFault::Sql { .. }
            | CatalogFault::Corrupt { .. }
            | CatalogFault::Absent { .. }
            | CatalogFault::Miscounted { .. }
            | CatalogFault::OutOfRange { .. }
            | CatalogFault::Open { .. }
            | CatalogFault::WeakSetting { .. }
            | CatalogFault::Newer { .. }
            | CatalogFault::OtherMigration { .. } => Retry::Never,
        }
    }

    /// Sorts what the database says by what can be done about it.
    pub(crate) fn from_sql(operation: &'static str, source: sqlx::Error) -> Self {
        match (&source, primary_code(&source)) {
            (sqlx::Error::PoolTimedOut, _) => CatalogFault::Busy { operation },
            (_, Some(code)) => Self::of_code(operation, (code, source.into())),
            (sqlx::Error::Io(_), _) => {
                CatalogFault::Unreachable { operation, source: source.into() }
            }
            _ => CatalogFault::Sql { operation, source: source.into() },
        }
    }
}

impl CatalogFault {
    /// The same of what a reading connection says.
    pub(crate) fn of_reading(operation: &'static str, source: rusqlite::Error) -> Self {
        match source.sqlite_error().map(|error| error.extended_code & 0xff) {
            Some(code) => Self::of_code(operation, (code, source.into())),
            None => CatalogFault::Sql { operation, source: source.into() },
        }
    }

    /// The same where several must be told of it.
    pub(crate) fn of_shared(operation: &'static str, source: &rusqlite::Error) -> Self {
        let told: Cause = source.to_string().into();
        match source.sqlite_error().map(|error| error.extended_code & 0xff) {
            Some(code) => Self::of_code(operation, (code, told)),
            None => CatalogFault::Sql { operation, source: told },
        }
    }

    /// A column that cannot be read.
    pub(crate) fn of_column(operation: &'static str, source: Unread) -> Self {
        CatalogFault::Sql { operation, source: source.into() }
    }

    fn of_code(operation: &'static str, (code, source): (i32, Cause)) -> Self {
        match code {
            SQLITE_BUSY | SQLITE_LOCKED => CatalogFault::Busy { operation },
            SQLITE_FULL => CatalogFault::Full { operation, source },
            SQLITE_IOERR | SQLITE_CANTOPEN | SQLITE_NOMEM | SQLITE_READONLY => {
                CatalogFault::Unreachable { operation, source }
            }
            // Every other code: a wrong statement, a broken rule, a column that is not there.
            _ => CatalogFault::Sql { operation, source },
        }
    }
}

// Primary result codes, https://sqlite.org/rescode.html.
const SQLITE_BUSY: i32 = 5;
const SQLITE_LOCKED: i32 = 6;
const SQLITE_NOMEM: i32 = 7;
const SQLITE_READONLY: i32 = 8;
const SQLITE_IOERR: i32 = 10;
const SQLITE_FULL: i32 = 13;
const SQLITE_CANTOPEN: i32 = 14;

/// The low byte of SQLite's extended result code; none where the error is not the database's.
fn primary_code(source: &sqlx::Error) -> Option<i32> {
    let code = source.as_database_error()?.code()?;
    code.parse::<i32>().ok().map(|code| code & 0xff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_29_waiting_too_long_may_be_tried_again() {
        let busy = CatalogFault::from_sql("begin a transaction", sqlx::Error::PoolTimedOut);
        assert!(matches!(busy, CatalogFault::Busy { .. }));
        assert_eq!(busy.retry(), Retry::Later);
        assert_eq!(busy.to_string(), "failed to begin a transaction: the catalog is busy");
    }

    #[test]
    fn a_wrong_statement_stays_wrong() {
        let wrong = CatalogFault::from_sql("list images", sqlx::Error::RowNotFound);
        assert!(matches!(wrong, CatalogFault::Sql { .. }));
        assert_eq!(wrong.retry(), Retry::Never);
    }
}
