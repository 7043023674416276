//! The queue: copies that run or wait, as those see them who ask how long it is.

use model::{AccountId, CopyId, Progress, RegionId, Timestamp};
use sqlx::query;

use crate::fault::CatalogFault;
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

pub(crate) const OF_ACCOUNT: &str = "SELECT * FROM copy INDEXED BY copy_live \
    WHERE account = ? AND finished IS NULL AND state IN ('queued', 'held', 'stored') ORDER BY created, id";
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
    }
}
