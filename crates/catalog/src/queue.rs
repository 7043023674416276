//! The queue: copies that run or wait, as those see them who ask how long it is.

use model::{AccountId, CopyId, Progress, Promise, RegionId, Timestamp, promised_left};

use crate::fault::CatalogFault;
use crate::statement::query;
use crate::stored::Stored;
use crate::tx::Tx;

/// A copy whose image is not available yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveCopy {
    /// The copy.
    pub id: CopyId,
    /// From where it comes.
    pub source: RegionId,
    /// When it was accepted.
    pub created: Timestamp,
    /// Until when a worker has it; 0 where it waits.
    pub lease_until: Timestamp,
    /// Places present of those needed.
    pub progress: Progress,
    /// Bytes that crossed the link.
    pub bytes_sent: u64,
    /// Bytes that were here already.
    pub bytes_reused: u64,
}

/// How many copies come over a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkDepth {
    /// From where.
    pub source: RegionId,
    /// Those that run.
    pub running: u64,
    /// Those that wait, in the queue or for their next attempt.
    pub waiting: u64,
}

/// A copy whose deadline was promised, and what it still has to bring for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromisedCopy {
    /// The copy.
    pub id: CopyId,
    /// From where it comes.
    pub source: RegionId,
    /// Until when it is promised, and the bytes that are left.
    pub promise: Promise,
}

pub(crate) const PROMISED: &str = "SELECT * FROM copy INDEXED BY copy_promised \
    WHERE finished IS NULL AND deadline IS NOT NULL AND state IN ('queued', 'held', 'stored') ORDER BY deadline, id";
pub(crate) const OF_ACCOUNT: &str = "SELECT * FROM copy INDEXED BY copy_live \
    WHERE account = ? AND finished IS NULL AND state IN ('queued', 'held', 'stored') ORDER BY created, id";
/// Counted in the index, of one account or, without one, of all.
pub(crate) const DEPTHS_OF_ACCOUNT: &str = "SELECT source_region, sum(lease_until > ?1) AS running, \
    sum(lease_until <= ?1) AS waiting FROM copy INDEXED BY copy_live \
    WHERE account = ?2 AND finished IS NULL AND state IN ('queued', 'held', 'stored') GROUP BY source_region";
pub(crate) const DEPTHS: &str = "SELECT source_region, sum(lease_until > ?1) AS running, \
    sum(lease_until <= ?1) AS waiting FROM copy INDEXED BY copy_live \
    WHERE finished IS NULL AND state IN ('queued', 'held', 'stored') GROUP BY source_region";
pub(crate) const ACCEPTED_BEFORE: &str = "SELECT id FROM copy INDEXED BY copy_live \
    WHERE finished IS NULL AND state IN ('queued', 'held', 'stored') AND created < ?1";
pub(crate) const COUNT_ACCEPTED_BEFORE: &str = "SELECT count(*) FROM copy INDEXED BY copy_live \
    WHERE finished IS NULL AND state IN ('queued', 'held', 'stored') AND created < ?1";
pub(crate) const OF_ALL: &str = "SELECT * FROM copy INDEXED BY copy_live \
    WHERE finished IS NULL AND state IN ('queued', 'held', 'stored')";

impl Tx {
    /// The copies of an account, or of all, whose image is neither available nor given up. An account's come oldest first.
    pub async fn live_copies(
        &mut self,
        account: Option<&AccountId>,
    ) -> Result<Vec<LiveCopy>, CatalogFault> {
        let find = match account {
            Some(account) => query(OF_ACCOUNT).bind(account.as_str()),
            None => query(OF_ALL),
        };
        let rows = self.all("list live copies", find).await?;
        let read = |row| {
            let stored = Stored { table: "copy", row };
            Ok(LiveCopy {
                id: stored.word("id")?,
                source: stored.word("source_region")?,
                created: stored.time("created")?,
                lease_until: stored.time("lease_until")?,
                progress: Progress {
                    done: stored.number("done")?,
                    needed: stored.number("needed")?,
                },
                bytes_sent: stored.number("bytes_sent")?,
                bytes_reused: stored.number("bytes_reused")?,
            })
        };
        rows.iter().map(read).collect()
    }
}

impl Tx {
    /// How many copies of an account, or of all, run and wait on each link. A link without any has no entry.
    pub async fn queue_depths(
        &mut self,
        account: Option<&AccountId>,
        now: Timestamp,
    ) -> Result<Vec<LinkDepth>, CatalogFault> {
        let count = match account {
            Some(account) => query(DEPTHS_OF_ACCOUNT).bind(now.0).bind(account.as_str()),
            None => query(DEPTHS).bind(now.0),
        };
        let rows = self.all("count live copies", count).await?;
        let read = |row| {
            let stored = Stored { table: "copy", row };
            Ok(LinkDepth {
                source: stored.word("source_region")?,
                running: stored.number("running")?,
                waiting: stored.number("waiting")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// The live copies of all accounts that were accepted before an instant.
    pub async fn copies_accepted_before(
        &mut self,
        before: Timestamp,
    ) -> Result<Vec<CopyId>, CatalogFault> {
        let rows = self.all("list live copies", query(ACCEPTED_BEFORE).bind(before.0)).await?;
        rows.iter().map(|row| Stored { table: "copy", row }.word("id")).collect()
    }

    /// How many those are.
    pub async fn count_copies_accepted_before(
        &mut self,
        before: Timestamp,
    ) -> Result<u64, CatalogFault> {
        self.count("count live copies", query(COUNT_ACCEPTED_BEFORE).bind(before.0)).await
    }
}

impl Tx {
    /// The copies of all accounts that have a deadline and are not through, the earliest first, those that are late included.
    pub async fn promised_copies(&mut self) -> Result<Vec<PromisedCopy>, CatalogFault> {
        let rows = self.all("list copies with deadlines", query(PROMISED)).await?;
        let read = |row| {
            let stored = Stored { table: "copy", row };
            let progress =
                Progress { done: stored.number("done")?, needed: stored.number("needed")? };
            let moved = (stored.number("bytes_sent")?, stored.number("bytes_reused")?);
            let bytes = match stored.text("state")?.as_str() {
                // It has everything.
                "stored" => 0,
                _ => promised_left(stored.number("deadline_bytes")?, progress, moved),
            };
            Ok(PromisedCopy {
                id: stored.word("id")?,
                source: stored.word("source_region")?,
                promise: Promise { due: stored.time("deadline")?, bytes },
            })
        };
        rows.iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, account, catalog};
    use crate::{ClaimLimits, CopyRow, Updated};
    use model::{Cause, CopyState};

    /// R001-10: what runs and waits, of one account or of all; nothing that is over.
    #[tokio::test]
    async fn r001_10_the_queue_is_what_runs_and_waits() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        for (n, of) in [(1, 1), (2, 1), (3, 2), (4, 1)] {
            tx.insert_copy(&sample::copy(n, of)).await.unwrap();
        }
        let unwinding = CopyState::Unwinding { cause: Cause::Cancelled };
        let given_up = CopyRow { state: unwinding, ..sample::copy(4, 1) };
        assert_eq!(tx.take_copy(&given_up).await.unwrap(), Updated::Yes);
        let limits = ClaimLimits { per_account: 1, per_region: 1 };
        let claimed = tx.claim_due("w", Timestamp(2_000), 50, limits).await.unwrap();
        assert!(claimed.iter().any(|copy| copy.id == sample::copy(1, 1).id));
        let own = tx.live_copies(Some(&account(1))).await.unwrap();
        let told: Vec<_> = own.iter().map(|copy| (copy.id.clone(), copy.lease_until.0)).collect();
        assert_eq!(told, [(sample::copy(1, 1).id, 2_050), (sample::copy(2, 1).id, 0)]);
        assert_eq!(tx.live_copies(None).await.unwrap().len(), 3);
        let depth =
            |running, waiting| LinkDepth { source: "north".parse().unwrap(), running, waiting };
        let now = Timestamp(2_000);
        let of_one = tx.queue_depths(Some(&account(1)), now).await.unwrap();
        assert_eq!(of_one, [depth(1, 1)]);
        assert_eq!(tx.queue_depths(None, now).await.unwrap(), [depth(1, 2)]);
        assert_eq!(tx.queue_depths(None, Timestamp(2_050)).await.unwrap(), [depth(0, 3)]);
        assert_eq!(tx.queue_depths(Some(&account(3)), now).await.unwrap(), []);
        let third = sample::copy(3, 2).created;
        let late = tx.copies_accepted_before(third).await.unwrap();
        assert_eq!(late, [sample::copy(1, 1).id, sample::copy(2, 1).id]);
        assert_eq!(tx.count_copies_accepted_before(third).await.unwrap(), 2);
    }
}
