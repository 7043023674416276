//! Reading a row's columns into the model's types. A value this version does not know is a fault that names its place.

use std::str::FromStr;

use model::{Cause, Day, Digest, DiskRole, Origin, SizeBytes, Timestamp};

use crate::fault::CatalogFault;
use crate::statement::{Cell, Row};

/// One row of a table, as it was found.
pub(crate) struct Stored<'r> {
    pub(crate) table: &'static str,
    pub(crate) row: &'r Row,
}

impl Stored<'_> {
    pub(crate) fn get<'r, T: Cell<'r>>(&'r self, column: &'static str) -> Result<T, CatalogFault> {
        self.row.get(column).map_err(|source| CatalogFault::of_column("read a row", source))
    }

    pub(crate) fn corrupt(&self, column: &'static str, value: &str) -> CatalogFault {
        let value = value.chars().take(80).collect();
        CatalogFault::Corrupt { table: self.table, column, value }
    }

    pub(crate) fn text(&self, column: &'static str) -> Result<String, CatalogFault> {
        self.get(column)
    }

    /// A text that must pass the model's own check.
    pub(crate) fn checked<T, E>(
        &self,
        column: &'static str,
        check: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, CatalogFault> {
        let text: &str = self.get(column)?;
        check(text).map_err(|_| self.corrupt(column, text))
    }

    /// The same where there may be none.
    pub(crate) fn optional_checked<T, E>(
        &self,
        column: &'static str,
        check: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, CatalogFault> {
        let text: Option<&str> = self.get(column)?;
        text.map(|text| check(text).map_err(|_| self.corrupt(column, text))).transpose()
    }

    pub(crate) fn word<T: FromStr>(&self, column: &'static str) -> Result<T, CatalogFault> {
        self.checked(column, T::from_str)
    }

    pub(crate) fn optional_word<T: FromStr>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, CatalogFault> {
        let text: Option<&str> = self.get(column)?;
        text.map(|text| text.parse().map_err(|_| self.corrupt(column, text))).transpose()
    }

    pub(crate) fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, CatalogFault> {
        let number: i64 = self.get(column)?;
        T::try_from(number).map_err(|_| self.corrupt(column, &number.to_string()))
    }

    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp, CatalogFault> {
        Ok(Timestamp(self.get(column)?))
    }

    pub(crate) fn optional_time(
        &self,
        column: &'static str,
    ) -> Result<Option<Timestamp>, CatalogFault> {
        Ok(self.get::<Option<i64>>(column)?.map(Timestamp))
    }

    /// Days since 1970-01-01.
    pub(crate) fn day(&self, column: &'static str) -> Result<Day, CatalogFault> {
        let number: i64 = self.get(column)?;
        Day::from_number(number).ok_or_else(|| self.corrupt(column, &number.to_string()))
    }

    pub(crate) fn size(&self, column: &'static str) -> Result<SizeBytes, CatalogFault> {
        let bytes: u64 = self.number(column)?;
        SizeBytes::new(bytes).map_err(|_| self.corrupt(column, &bytes.to_string()))
    }

    pub(crate) fn role(&self, column: &'static str) -> Result<DiskRole, CatalogFault> {
        let number: u8 = self.number(column)?;
        DiskRole::at(usize::from(number)).map_err(|_| self.corrupt(column, &number.to_string()))
    }

    pub(crate) fn bytes32(&self, column: &'static str) -> Result<[u8; 32], CatalogFault> {
        let bytes: &[u8] = self.get(column)?;
        bytes.try_into().map_err(|_| self.corrupt(column, &hex::encode(bytes)))
    }

    pub(crate) fn digest(&self, column: &'static str) -> Result<Digest, CatalogFault> {
        self.bytes32(column).map(Digest)
    }

    pub(crate) fn optional_digest(
        &self,
        column: &'static str,
    ) -> Result<Option<Digest>, CatalogFault> {
        match self.get::<Option<&[u8]>>(column)? {
            Some(_) => self.digest(column).map(Some),
            None => Ok(None),
        }
    }

    /// The columns `cause` and `cause_number`.
    pub(crate) fn cause(&self) -> Result<Option<Cause>, CatalogFault> {
        let Some(word) = self.get::<Option<&str>>("cause")? else { return Ok(None) };
        let number: u64 = self.number("cause_number")?;
        let cause = Cause::from_stored(word, number);
        cause.map(Some).ok_or_else(|| self.corrupt("cause", word))
    }

    /// The columns `origin_region`, `origin_image` and `origin_copy`, without the snapshot.
    pub(crate) fn origin(&self) -> Result<Option<Origin>, CatalogFault> {
        let Some(copy) = self.optional_word("origin_copy")? else { return Ok(None) };
        let (region, image) = (self.word("origin_region")?, self.word("origin_image")?);
        Ok(Some(Origin { region, image, snapshot: None, copy }))
    }
}

/// A number as the database holds it: signed, 64 bits.
pub(crate) fn signed(column: &'static str, value: u64) -> Result<i64, CatalogFault> {
    i64::try_from(value).map_err(|_| CatalogFault::OutOfRange { column, value })
}
