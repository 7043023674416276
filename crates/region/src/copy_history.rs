//! How a copy went: its rate over time, and its failed attempts.

use catalog::{CopyRow, CopySampleRow};
use model::{Act, CopyId, Timestamp};

use crate::commands::Caller;
use crate::refused::Refused;
use crate::region::Region;

/// How fast a copy was until an instant.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct RateSample {
    /// The instant.
    pub at: Timestamp,
    /// Bytes a second on the link since the sample before; of the first, since the copy was first begun.
    pub bytes_per_sec: u64,
    /// The copy's percent then. It never falls, and is 99 at most (R000-9).
    pub percent: u8,
}

/// A failed attempt of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptView {
    /// Which attempt it was, counted from 1 over all that the copy had, those that went well included.
    pub number: u32,
    /// When it failed.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

impl Region {
    /// How fast a copy into this region was over time, the oldest sample first. They span the whole copy, and are 120 at most.
    pub async fn copy_rates(
        &self,
        caller: &Caller,
        copy: &CopyId,
    ) -> Result<Vec<RateSample>, Refused> {
        caller.must(Act::Read)?;
        let mut tx = self.inner.catalog.read().await?;
        let row = tx.copy(&caller.account, copy).await?.ok_or_else(|| self.no_copy(copy))?;
        Ok(rates(&row, &tx.samples_of_copy(copy).await?))
    }

    /// The last ten failed attempts of a copy into this region, the oldest first.
    pub async fn copy_attempts(
        &self,
        caller: &Caller,
        copy: &CopyId,
    ) -> Result<Vec<AttemptView>, Refused> {
        caller.must(Act::Read)?;
        let mut tx = self.inner.catalog.read().await?;
        tx.copy(&caller.account, copy).await?.ok_or_else(|| self.no_copy(copy))?;
        let rows = tx.attempts_of_copy(copy).await?.into_iter();
        let view = |row: catalog::CopyAttemptRow| AttemptView {
            number: row.number,
            at: row.at,
            reason: row.reason,
        };
        Ok(rows.map(view).collect())
    }
}

/// The rates between samples. A first one of the very instant in which the copy began has no rate yet.
fn rates(copy: &CopyRow, samples: &[CopySampleRow]) -> Vec<RateSample> {
    let (mut at, mut bytes) = (copy.started.unwrap_or(copy.created), 0);
    let mut rates = Vec::with_capacity(samples.len());
    for sample in samples {
        let ms = u64::try_from(sample.at.ms_since(at)).unwrap_or(0);
        let new = u128::from(sample.bytes_sent.saturating_sub(bytes));
        let bytes_per_sec = (new * 1_000).checked_div(u128::from(ms)).unwrap_or(0);
        rates.push(RateSample {
            at: sample.at,
            bytes_per_sec: u64::try_from(bytes_per_sec).unwrap_or(u64::MAX),
            percent: sample.progress.percent(),
        });
        (at, bytes) = (sample.at, sample.bytes_sent);
    }
    rates
}
