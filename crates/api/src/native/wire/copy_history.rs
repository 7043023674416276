//! How a copy went: its rate over time, and its failed attempts.

use region::{AttemptView, RateSample};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rfc3339;

/// How fast a copy was until an instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CopyRate {
    /// The instant.
    pub at: String,
    /// Bytes a second on the link since the one before; of the first, since the copy was first begun.
    pub bytes_per_sec: u64,
    /// The copy's percent then, which never falls; 99 at most.
    pub progress: u8,
}

/// How fast a copy was over time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CopyRates {
    /// At most 120, the oldest first, from the copy's begin to its end.
    pub items: Vec<CopyRate>,
}

/// A failed attempt of a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CopyAttempt {
    /// Which attempt it was, counted from 1 over all that the copy had.
    pub number: u32,
    /// When it failed.
    pub at: String,
    /// Why.
    pub reason: String,
}

/// The failed attempts of a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CopyAttempts {
    /// The last ten, the oldest first.
    pub items: Vec<CopyAttempt>,
}

impl From<Vec<RateSample>> for CopyRates {
    fn from(samples: Vec<RateSample>) -> Self {
        let item = |sample: RateSample| CopyRate {
            at: rfc3339(sample.at),
            bytes_per_sec: sample.bytes_per_sec,
            progress: sample.percent,
        };
        CopyRates { items: samples.into_iter().map(item).collect() }
    }
}

impl From<Vec<AttemptView>> for CopyAttempts {
    fn from(attempts: Vec<AttemptView>) -> Self {
        let item = |attempt: AttemptView| CopyAttempt {
            number: attempt.number,
            at: rfc3339(attempt.at),
            reason: attempt.reason,
        };
        CopyAttempts { items: attempts.into_iter().map(item).collect() }
    }
}
