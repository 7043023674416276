//! The table of domains: their names, and how each is sealed.

use rusqlite::{OptionalExtension, Row};
use store::{Domain, DomainRow, Seal};

use super::staged::sql;
use super::writer::Writer;

const COLUMNS: &str = "SELECT number, name, sealed, key_check FROM domain";

impl Writer {
    pub(super) fn ensure_domain(&mut self, name: &str, seal: Seal) -> rusqlite::Result<DomainRow> {
        let find = format!("{COLUMNS} WHERE name = ?1");
        let found = self.connection.prepare_cached(&find)?.query_row([name], domain).optional()?;
        if let Some(found) = found {
            return Ok(found);
        }
        let sealed = match seal {
            Seal::None => false,
            Seal::Aes256Gcm => true,
        };
        self.connection.query_row(
            "INSERT INTO domain (name, sealed) VALUES (?1, ?2) RETURNING number, name, sealed, key_check",
            (name, sealed),
            domain,
        )
    }

    pub(super) fn domains(&mut self) -> rusqlite::Result<Vec<DomainRow>> {
        let all = format!("{COLUMNS} ORDER BY number");
        self.connection.prepare_cached(&all)?.query_map([], domain)?.collect()
    }

    pub(super) fn ensure_key_check(
        &mut self,
        domain: Domain,
        check: [u8; 32],
    ) -> rusqlite::Result<[u8; 32]> {
        self.connection.query_row(
            "UPDATE domain SET key_check = coalesce(key_check, ?2) WHERE number = ?1 RETURNING key_check",
            (sql(domain.number()), check),
            |row| row.get(0),
        )
    }
}

fn domain(row: &Row<'_>) -> rusqlite::Result<DomainRow> {
    Ok(DomainRow {
        domain: Domain::new(row.get::<_, i64>(0)? as u64),
        name: row.get(1)?,
        seal: if row.get(2)? { Seal::Aes256Gcm } else { Seal::None },
        key_check: row.get(3)?,
    })
}
