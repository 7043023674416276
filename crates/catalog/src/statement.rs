//! Statements with their values, and the rows that they find, whatever carries them out.

use std::borrow::Cow;
use std::sync::Arc;

/// A value of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value<'q> {
    /// None.
    Null,
    /// A number.
    Number(i64),
    /// A text.
    Text(Cow<'q, str>),
    /// Bytes.
    Bytes(Cow<'q, [u8]>),
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl From<$number> for Value<'_> {
            fn from(number: $number) -> Self {
                Value::Number(i64::from(number))
            }
        }
    )*};
}

numbers!(i64 i32 u32 u16 u8 bool);

impl<'q> From<&'q str> for Value<'q> {
    fn from(text: &'q str) -> Self {
        Value::Text(text.into())
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Value::Text(text.into())
    }
}

impl<'q> From<&'q [u8]> for Value<'q> {
    fn from(bytes: &'q [u8]) -> Self {
        Value::Bytes(bytes.into())
    }
}

impl From<Vec<u8>> for Value<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Value::Bytes(bytes.into())
    }
}

impl<'q, T: Into<Value<'q>>> From<Option<T>> for Value<'q> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

impl<'q, T: Copy + Into<Value<'q>>> From<&Option<T>> for Value<'q> {
    fn from(value: &Option<T>) -> Self {
        Value::from(*value)
    }
}

/// Whether a statement is asked so often that it is kept ready.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It is.
    Ready,
    /// It is asked once.
    Not,
}

/// A statement and its values.
#[derive(Clone, Debug)]
pub(crate) struct Query<'q> {
    /// Its text.
    pub(crate) sql: Cow<'static, str>,
    /// In the order of its places.
    pub(crate) values: Vec<Value<'q>>,
    /// Whether it is kept ready.
    pub(crate) kept: Kept,
}

/// A statement; its values follow.
pub(crate) fn query<'q>(sql: impl Into<Cow<'static, str>>) -> Query<'q> {
    Query { sql: sql.into(), values: Vec::new(), kept: Kept::Ready }
}

impl<'q> Query<'q> {
    /// With the value of its next place.
    pub(crate) fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Not kept ready.
    pub(crate) fn once(self) -> Self {
        Query { kept: Kept::Not, ..self }
    }
}

/// A statement that is put together of parts; every value is bound.
#[derive(Clone, Debug)]
pub(crate) struct Sql {
    text: String,
    values: Vec<Value<'static>>,
}

impl Sql {
    /// Begins with this.
    pub(crate) fn new(text: &str) -> Sql {
        Sql { text: text.to_owned(), values: Vec::new() }
    }

    /// Goes on with this.
    pub(crate) fn push(&mut self, text: &str) -> &mut Sql {
        self.text.push_str(text);
        self
    }

    /// Goes on with a value.
    pub(crate) fn push_bind(&mut self, value: impl Into<Value<'static>>) -> &mut Sql {
        self.values.push(value.into());
        self.push("?")
    }

    /// Goes on with several values, commas between them.
    pub(crate) fn push_list<V: Into<Value<'static>>>(
        &mut self,
        values: impl IntoIterator<Item = V>,
    ) -> &mut Sql {
        for (place, value) in values.into_iter().enumerate() {
            self.push(if place == 0 { "" } else { ", " }).push_bind(value);
        }
        self
    }

    /// Its text so far.
    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// As it is.
    pub(crate) fn build(self) -> Query<'static> {
        Query { sql: self.text.into(), values: self.values, kept: Kept::Ready }
    }
}

/// A row that a statement found.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) columns: Arc<[Box<str>]>,
    pub(crate) values: Vec<Value<'static>>,
}

/// Why a column cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unread {
    /// The statement has no such column.
    #[error("there is no column `{column}`")]
    NoColumn {
        /// Its name, or its number.
        column: String,
    },
    /// What is there is of another kind.
    #[error("column `{column}` holds {found}, not {wanted}")]
    OtherKind {
        /// Its name, or its number.
        column: String,
        /// What is there.
        found: &'static str,
        /// What was to be there.
        wanted: &'static str,
    },
}

/// What a column can be read as.
pub(crate) trait Cell<'r>: Sized {
    /// What it is, in words.
    const WANTED: &'static str;

    /// None where the value is of another kind.
    fn read(value: &'r Value<'static>) -> Option<Self>;
}

impl Cell<'_> for i64 {
    const WANTED: &'static str = "a number";

    fn read(value: &Value<'static>) -> Option<Self> {
        match value {
            Value::Number(number) => Some(*number),
            Value::Null | Value::Text(_) | Value::Bytes(_) => None,
        }
    }
}

impl Cell<'_> for bool {
    const WANTED: &'static str = "0 or 1";

    fn read(value: &Value<'static>) -> Option<Self> {
        i64::read(value).map(|number| number != 0)
    }
}

impl<'r> Cell<'r> for &'r str {
    const WANTED: &'static str = "a text";

    fn read(value: &'r Value<'static>) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            Value::Null | Value::Number(_) | Value::Bytes(_) => None,
        }
    }
}

impl Cell<'_> for String {
    const WANTED: &'static str = "a text";

    fn read(value: &Value<'static>) -> Option<Self> {
        <&str>::read(value).map(str::to_owned)
    }
}

impl<'r> Cell<'r> for &'r [u8] {
    const WANTED: &'static str = "bytes";

    fn read(value: &'r Value<'static>) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes),
            Value::Null | Value::Number(_) | Value::Text(_) => None,
        }
    }
}

impl Cell<'_> for Vec<u8> {
    const WANTED: &'static str = "bytes";

    fn read(value: &Value<'static>) -> Option<Self> {
        <&[u8]>::read(value).map(<[u8]>::to_vec)
    }
}

impl<'r, T: Cell<'r>> Cell<'r> for Option<T> {
    const WANTED: &'static str = T::WANTED;

    fn read(value: &'r Value<'static>) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            Value::Number(_) | Value::Text(_) | Value::Bytes(_) => T::read(value).map(Some),
        }
    }
}

impl Row {
    /// The value of a column by its name.
    pub(crate) fn get<'r, T: Cell<'r>>(&'r self, column: &str) -> Result<T, Unread> {
        let place = self.columns.iter().position(|name| **name == *column);
        self.read(place, column)
    }

    /// The value of a column by its place, from 0.
    pub(crate) fn at<'r, T: Cell<'r>>(&'r self, place: usize) -> Result<T, Unread> {
        self.read(Some(place), &place.to_string())
    }

    fn read<'r, T: Cell<'r>>(&'r self, place: Option<usize>, column: &str) -> Result<T, Unread> {
        let found = place.and_then(|place| self.values.get(place));
        let found = found.ok_or_else(|| Unread::NoColumn { column: column.to_owned() })?;
        T::read(found).ok_or_else(|| {
            let found = match found {
                Value::Null => "nothing",
                Value::Number(_) => "a number",
                Value::Text(_) => "a text",
                Value::Bytes(_) => "bytes",
            };
            Unread::OtherKind { column: column.to_owned(), found, wanted: T::WANTED }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(value: Value<'static>) -> Row {
        Row { columns: ["a".into()].into(), values: vec![value] }
    }

    #[test]
    fn a_column_is_read_as_what_it_is_and_as_nothing_else() {
        assert_eq!(row(Value::from(7)).get::<i64>("a").unwrap(), 7);
        assert_eq!(row(Value::from("字")).at::<&str>(0).unwrap(), "字");
        assert_eq!(row(Value::from(vec![1, 2])).get::<&[u8]>("a").unwrap(), [1, 2]);
        assert_eq!(row(Value::Null).get::<Option<String>>("a").unwrap(), None);
        assert_eq!(row(Value::from(7)).get::<Option<i64>>("a").unwrap(), Some(7));
        let told = row(Value::from("7")).get::<i64>("a").unwrap_err().to_string();
        assert_eq!(told, "column `a` holds a text, not a number");
        assert!(row(Value::Null).get::<&str>("a").is_err());
        assert!(row(Value::Null).at::<Option<i64>>(1).is_err());
        assert!(row(Value::Null).get::<Option<i64>>("A").is_err());
    }

    #[test]
    fn values_stand_in_their_places() {
        let mut sql = Sql::new("SELECT ");
        sql.push_bind(1_i64).push(" WHERE b IN (").push_list(["x", "y"]).push(")");
        assert_eq!(sql.text(), "SELECT ? WHERE b IN (?, ?)");
        let built = sql.build();
        assert_eq!(built.values, [Value::from(1_i64), Value::from("x"), Value::from("y")]);
    }
}
