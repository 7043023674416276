//! How a copy went: samples of its progress over time, and its last failed attempts. Both go with its row.

use crate::statement::query;
use model::{CopyId, Progress, Timestamp};

use crate::copy::CopyRow;
use crate::fault::CatalogFault;
use crate::stored::{Stored, signed};
use crate::tx::Tx;

/// The most samples of one copy: as many points as a small chart shows.
pub const MAX_SAMPLES: u64 = 120;
/// The failed attempts of a copy that are kept.
pub const MAX_ATTEMPTS_KEPT: u64 = 10;

/// How far a copy was at an instant.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct CopySampleRow {
    /// When.
    pub at: Timestamp,
    /// Bytes that had crossed the link for it, altogether.
    pub bytes_sent: u64,
    /// Places here of those needed, as shown then.
    pub progress: Progress,
}

/// An attempt that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyAttemptRow {
    /// Which attempt of the copy it was, counted from 1 over all its claims.
    pub number: u32,
    /// When it failed.
    pub at: Timestamp,
    /// Why, for the copy's user.
    pub reason: String,
}

pub(crate) const SAMPLES: &str = "SELECT * FROM copy_sample WHERE copy = ? ORDER BY at";
pub(crate) const LAST_SAMPLES: &str = "SELECT sample.at, copy.sample_ms, copy.done, copy.needed, copy.bytes_sent FROM copy \
    LEFT JOIN copy_sample AS sample ON sample.copy = copy.id WHERE copy.id = ? ORDER BY sample.at DESC LIMIT 2";
pub(crate) const ATTEMPTS: &str = "SELECT * FROM copy_attempt WHERE copy = ? ORDER BY number";

impl Tx {
    /// Records how far a copy is now, as its row says. The newest sample follows the copy until it lies the copy's spacing behind
    /// the one before; then it stays, and a new one follows. When there are as many as may be, every second one goes and the
    /// spacing doubles, so that they span the whole copy.
    pub(crate) async fn record_sample(
        &mut self,
        copy: &CopyId,
        now: Timestamp,
    ) -> Result<(), CatalogFault> {
        let find = query(LAST_SAMPLES).bind(copy.as_str());
        let rows = self.all("find the last samples of a copy", find).await?;
        let Some(row) = rows.first() else { return Ok(()) };
        let stored = Stored { table: "copy", row };
        let (last, spacing) = (stored.optional_time("at")?, stored.number::<i64>("sample_ms")?);
        let before = match rows.get(1) {
            Some(row) => Stored { table: "copy_sample", row }.optional_time("at")?,
            None => None,
        };
        let sample = CopySampleRow {
            // A clock that went back does not take the samples back.
            at: last.map_or(now, |last| last.max(now)),
            bytes_sent: stored.number("bytes_sent")?,
            progress: Progress { done: stored.number("done")?, needed: stored.number("needed")? },
        };
        let follows = |last: &Timestamp| {
            let is_near = |before: Timestamp| last.ms_since(before) < spacing;
            *last == sample.at || before.is_some_and(is_near)
        };
        match last.filter(follows) {
            Some(last) => {
                let sql = "DELETE FROM copy_sample WHERE copy = ? AND at = ?";
                let delete = query(sql).bind(copy.as_str()).bind(last.0);
                self.run("move a sample of a copy", delete).await?;
            }
            None => self.make_room_for_sample(copy).await?,
        }
        let sql =
            "INSERT INTO copy_sample (copy, at, bytes_sent, done, needed) VALUES (?, ?, ?, ?, ?)";
        let insert = query(sql)
            .bind(copy.as_str())
            .bind(sample.at.0)
            .bind(signed("bytes_sent", sample.bytes_sent)?)
            .bind(signed("done", sample.progress.done)?)
            .bind(signed("needed", sample.progress.needed)?);
        self.run("record a sample of a copy", insert).await.map(|_| ())
    }

    async fn make_room_for_sample(&mut self, copy: &CopyId) -> Result<(), CatalogFault> {
        let count = query("SELECT count(*) FROM copy_sample WHERE copy = ?").bind(copy.as_str());
        if self.count("count the samples of a copy", count).await? < MAX_SAMPLES {
            return Ok(());
        }
        let sql = "DELETE FROM copy_sample WHERE copy = ?1 AND at IN (SELECT at FROM \
            (SELECT at, row_number() OVER (ORDER BY at) AS place FROM copy_sample WHERE copy = ?1) WHERE place % 2 = 0)";
        self.run("thin out the samples of a copy", query(sql).bind(copy.as_str())).await?;
        let double = query("UPDATE copy SET sample_ms = sample_ms * 2 WHERE id = ?");
        self.run("thin out the samples of a copy", double.bind(copy.as_str())).await.map(|_| ())
    }

    /// How far a copy was over time, the oldest first; at most [`MAX_SAMPLES`].
    pub async fn samples_of_copy(
        &mut self,
        copy: &CopyId,
    ) -> Result<Vec<CopySampleRow>, CatalogFault> {
        let find = query(SAMPLES).bind(copy.as_str());
        let rows = self.all("list the samples of a copy", find).await?;
        let read = |row| {
            let stored = Stored { table: "copy_sample", row };
            let (done, needed) = (stored.number("done")?, stored.number("needed")?);
            Ok(CopySampleRow {
                at: stored.time("at")?,
                bytes_sent: stored.number("bytes_sent")?,
                progress: Progress { done, needed },
            })
        };
        rows.iter().map(read).collect()
    }

    /// Keeps why the present attempt of a copy failed, beside those of the attempts before it; nothing where the copy is another
    /// worker's by now.
    pub async fn record_attempt(
        &mut self,
        copy: &CopyRow,
        at: Timestamp,
        reason: &str,
    ) -> Result<(), CatalogFault> {
        let sql = "INSERT INTO copy_attempt (copy, number, at, reason) \
            SELECT id, total_attempts, ?3, ?4 FROM copy WHERE id = ?1 AND fence = ?2 \
            ON CONFLICT (copy, number) DO UPDATE SET at = excluded.at, reason = excluded.reason";
        let record = query(sql)
            .bind(copy.id.as_str())
            .bind(signed("fence", copy.fence)?)
            .bind(at.0)
            .bind(reason);
        self.run("keep a failed attempt", record).await?;
        let sql = "DELETE FROM copy_attempt WHERE copy = ?1 AND number NOT IN \
            (SELECT number FROM copy_attempt WHERE copy = ?1 ORDER BY number DESC LIMIT ?2)";
        let forget = query(sql).bind(copy.id.as_str()).bind(signed("number", MAX_ATTEMPTS_KEPT)?);
        self.run("forget old attempts", forget).await.map(|_| ())
    }

    /// The last failed attempts of a copy, the oldest first; at most [`MAX_ATTEMPTS_KEPT`].
    pub async fn attempts_of_copy(
        &mut self,
        copy: &CopyId,
    ) -> Result<Vec<CopyAttemptRow>, CatalogFault> {
        let find = query(ATTEMPTS).bind(copy.as_str());
        let rows = self.all("list the attempts of a copy", find).await?;
        let read = |row| {
            let stored = Stored { table: "copy_attempt", row };
            Ok(CopyAttemptRow {
                number: stored.number("number")?,
                at: stored.time("at")?,
                reason: stored.text("reason")?,
            })
        };
        rows.iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, catalog};
    use crate::{Catalog, ClaimLimits, Deleted, Updated};

    const NEEDED: u64 = 1_000_000;

    async fn claimed(tx: &mut Tx) -> CopyRow {
        tx.insert_copy(&sample::copy(1, 1)).await.unwrap();
        let limits = ClaimLimits { per_account: 1, per_region: 1 };
        tx.claim_due("w", Timestamp(100), 50, limits).await.unwrap().pop().unwrap()
    }

    async fn progress(tx: &mut Tx, copy: &CopyRow, (at, done): (i64, u64)) {
        let progress = Progress { done, needed: NEEDED };
        let made = CopyRow { progress, bytes_sent: done * 10, ..copy.clone() };
        let recorded = tx.record_progress(&made, Timestamp(at)).await.unwrap();
        assert_eq!(recorded, Updated::Yes);
    }

    async fn world() -> (tempfile::TempDir, Catalog) {
        catalog().await
    }

    /// `0012_copy_samples`: however long a copy runs, its samples are few, evenly spread, and reach from its begin to its end.
    #[tokio::test]
    async fn samples_span_the_whole_copy_and_are_few() {
        for ticks in [1_u64, 2, 119, 120, 121, 1_000, 5_000] {
            let (_folder, catalog) = world().await;
            let mut tx = catalog.begin().await.unwrap();
            let copy = claimed(&mut tx).await;
            for tick in 0..ticks {
                progress(&mut tx, &copy, (1_000 + 503 * tick as i64, tick)).await;
            }
            let samples = tx.samples_of_copy(&copy.id).await.unwrap();
            assert!(samples.len() as u64 <= MAX_SAMPLES, "{ticks}: {}", samples.len());
            assert!(
                samples.len() as u64 >= ticks.min(MAX_SAMPLES / 2),
                "{ticks}: {}",
                samples.len()
            );
            assert_eq!(samples[0].at, Timestamp(1_000));
            let last = samples.last().unwrap();
            assert_eq!((last.progress.done, last.bytes_sent), (ticks - 1, (ticks - 1) * 10));
            let gaps = samples.windows(2).map(|pair| pair[1].at.ms_since(pair[0].at));
            let gaps: Vec<i64> = gaps.collect();
            let widest = gaps.iter().max().copied().unwrap_or(0);
            // The last one follows the copy; between the others the gaps differ by a tick at most.
            let inner = gaps.split_last().map_or(&[][..], |(_, inner)| inner);
            assert!(inner.iter().all(|gap| gap * 2 + 503 >= widest), "{ticks}: {gaps:?}");
        }
    }

    /// A clock that stands still or goes back makes no second sample of an instant and takes none back.
    #[tokio::test]
    async fn samples_follow_a_clock_that_stands_or_goes_back() {
        let (_folder, catalog) = world().await;
        let mut tx = catalog.begin().await.unwrap();
        let copy = claimed(&mut tx).await;
        for (at, done) in [(1_000, 1), (1_000, 2), (5_000, 3), (4_000, 4)] {
            progress(&mut tx, &copy, (at, done)).await;
        }
        let samples = tx.samples_of_copy(&copy.id).await.unwrap();
        let told: Vec<_> = samples.iter().map(|one| (one.at.0, one.progress.done)).collect();
        assert_eq!(told, [(1_000, 2), (5_000, 4)]);
    }

    #[tokio::test]
    async fn the_last_ten_failed_attempts_are_kept_and_go_with_the_copy() {
        let (_folder, catalog) = world().await;
        let mut tx = catalog.begin().await.unwrap();
        let mut copy = claimed(&mut tx).await;
        progress(&mut tx, &copy, (1_000, 1)).await;
        for number in 1..=12_i64 {
            let (at, reason) = (Timestamp(number * 1_000), format!("reason {number}"));
            tx.record_attempt(&copy, at, &reason).await.unwrap();
            tx.record_attempt(&copy, at, &reason).await.unwrap();
            let stale = CopyRow { fence: copy.fence + 1, ..copy.clone() };
            tx.record_attempt(&stale, at, "another worker's").await.unwrap();
            let limits = ClaimLimits { per_account: 1, per_region: 1 };
            let now = Timestamp(number * 1_000 + 500);
            copy = tx.claim_due("w", now, 50, limits).await.unwrap().pop().unwrap();
        }
        let kept = tx.attempts_of_copy(&copy.id).await.unwrap();
        let numbers: Vec<u32> = kept.iter().map(|one| one.number).collect();
        assert_eq!(numbers, (3..=12).collect::<Vec<_>>());
        let last = CopyAttemptRow { number: 12, at: Timestamp(12_000), reason: "reason 12".into() };
        assert_eq!(kept.last(), Some(&last));
        assert_eq!(tx.delete_copy(&copy.id).await.unwrap(), Deleted::Yes);
        assert!(tx.attempts_of_copy(&copy.id).await.unwrap().is_empty());
        assert!(tx.samples_of_copy(&copy.id).await.unwrap().is_empty());
    }
}
