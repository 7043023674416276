//! Faults of SQLite as faults of the index.

use rusqlite::{Error, ErrorCode};
use store::{IndexFault, Retry};

/// The fault of an action that SQLite refused.
pub(super) fn fault(action: &'static str, error: Error) -> IndexFault {
    let retry = match error.sqlite_error_code() {
        Some(
            ErrorCode::DiskFull
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::CannotOpen,
        ) => Retry::Later,
        _ => Retry::Never,
    };
    IndexFault::new(action, retry, error)
}
