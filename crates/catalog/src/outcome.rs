//! What became of a write that may rightly change nothing.

/// Whether an update found its row as it was expected.
#[must_use = "where no row changed, somebody else moved it: load it again"]
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Updated {
    /// The row was changed.
    Yes,
    /// No row changed: it is gone, or its generation, fence or state is another.
    No,
}

/// Whether a row with a chosen id was taken in.
#[must_use = "after a clash the row is not there: choose another id"]
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is there.
    Yes,
    /// The id, or its leading characters, are taken: choose another.
    Clash,
}

/// Whether a row that is to exist once is there as wanted.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Ensured {
    /// It is, now or since before.
    Yes,
    /// One with this key is there and says something else; nothing was changed.
    Other,
}

/// Whether a quota had room.
#[must_use = "without room nothing is reserved"]
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// It is reserved.
    Yes,
    /// It would pass the limit; nothing was changed.
    No,
}

/// Whether there was something to release.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Released {
    /// There was.
    Yes,
    /// There was nothing.
    No,
}

/// Whether there was a row to delete.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone now.
    Yes,
    /// There was none.
    No,
}

impl Updated {
    pub(crate) fn from_rows(rows: u64) -> Self {
        if rows == 0 { Updated::No } else { Updated::Yes }
    }
}

impl Deleted {
    pub(crate) fn from_rows(rows: u64) -> Self {
        if rows == 0 { Deleted::No } else { Deleted::Yes }
    }
}
