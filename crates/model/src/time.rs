//! Instants as numbers, and the clock as a trait.

/// An instant: milliseconds since 1970-01-01 UTC.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This instant and `milliseconds` more.
    #[must_use]
    pub fn plus_ms(self, milliseconds: i64) -> Self {
        Timestamp(self.0.saturating_add(milliseconds))
    }

    /// Milliseconds from `earlier` to this instant; 0 where the clock went back.
    pub fn ms_since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0).max(0)
    }
}

impl std::fmt::Display for Timestamp {
    /// RFC 3339 in UTC, as `2026-11-22T06:30:00Z`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => instant.fmt(f),
            // Beyond the year 9999 there is no such text.
            Err(_) => write!(f, "{} ms since 1970", self.0),
        }
    }
}

/// The one way to ask what time it is, so that a test can set it. Correctness never depends on it (RELIABILITY I11).
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}
