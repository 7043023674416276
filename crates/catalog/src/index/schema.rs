//! The tables, as docs/formats.md section 5 lists them.

use rusqlite::Connection;
use store::{IndexFault, Retry};

use super::fault::fault;

const VERSION: i64 = 2;

/// Version 1.
const TABLES: &str = "
CREATE TABLE domain (
    number INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE chunk (
    domain INTEGER NOT NULL,
    id     BLOB NOT NULL CHECK (length(id) = 32),
    pack   INTEGER NOT NULL,
    place  INTEGER NOT NULL,
    length INTEGER NOT NULL,
    PRIMARY KEY (domain, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE chunk_new (
    seq    INTEGER PRIMARY KEY,
    domain INTEGER NOT NULL,
    id     BLOB NOT NULL CHECK (length(id) = 32),
    pack   INTEGER NOT NULL,
    place  INTEGER NOT NULL,
    length INTEGER NOT NULL
) STRICT;
CREATE TABLE complete (
    domain INTEGER NOT NULL,
    id     BLOB NOT NULL CHECK (length(id) = 32),
    places INTEGER NOT NULL,
    PRIMARY KEY (domain, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE pack (
    number INTEGER PRIMARY KEY,
    domain INTEGER NOT NULL,
    bytes  INTEGER NOT NULL
) STRICT;
CREATE TABLE condemned (
    domain INTEGER NOT NULL,
    id     BLOB NOT NULL CHECK (length(id) = 32),
    PRIMARY KEY (domain, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE quarantined (
    domain   INTEGER NOT NULL,
    id       BLOB NOT NULL CHECK (length(id) = 32),
    pack     INTEGER NOT NULL,
    place    INTEGER NOT NULL,
    length   INTEGER NOT NULL,
    found_ms INTEGER NOT NULL,
    PRIMARY KEY (domain, id)
) STRICT, WITHOUT ROWID;
-- One row: whether what is in `condemned` is decided.
CREATE TABLE sweep (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    decided INTEGER NOT NULL CHECK (decided IN (0, 1))
) STRICT;
INSERT INTO sweep (one, decided) VALUES (1, 0);
";

/// What makes version 2 of version 1: sealed domains.
const SEALS: &str = "
ALTER TABLE domain ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0 CHECK (sealed IN (0, 1));
ALTER TABLE domain ADD COLUMN key_check BLOB CHECK (length(key_check) = 32);
";

/// Makes the tables in a new file, and changes an older one in place, in one transaction; refuses a version it does not know.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), IndexFault> {
    let failed = |error| fault("migrate", error);
    let tx = connection.transaction().map_err(failed)?;
    let version: i64 =
        tx.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
    let steps: &[&str] = match version {
        VERSION => return Ok(()),
        1 => &[SEALS],
        0 => &[TABLES, SEALS],
        other => {
            let cause = format!("the file has version `{other}`, this program knows `{VERSION}`");
            return Err(IndexFault::new("open", Retry::Never, cause));
        }
    };
    steps.iter().try_for_each(|step| tx.execute_batch(step)).map_err(failed)?;
    tx.pragma_update(None, "user_version", VERSION).map_err(failed)?;
    tx.commit().map_err(failed)
}
