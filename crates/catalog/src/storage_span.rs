//! How long each snapshot has taken its bytes. A span is written with its snapshot, and stays when that is gone.

use crate::statement::query;
use model::{AccountId, SnapshotId, StorageSpan, Timestamp};
use store::CHUNK_BYTES;

use crate::fault::CatalogFault;
use crate::snapshot::SnapshotRow;
use crate::stored::{Stored, signed};
use crate::tx::Tx;

pub(crate) const ENDED: &str = "SELECT bytes, began, ended FROM storage_span \
    WHERE account = ?1 AND ended > ?2 AND began < ?3";
pub(crate) const LASTING: &str = "SELECT bytes, began, ended FROM storage_span \
    WHERE account = ?1 AND ended IS NULL AND began < ?2";
/// Each account once, by as many look-ups as there are accounts.
pub(crate) const ACCOUNTS: &str = "WITH RECURSIVE known (account) AS ( \
        SELECT min(account) FROM storage_span UNION ALL \
        SELECT (SELECT min(account) FROM storage_span WHERE account > known.account) \
        FROM known WHERE known.account IS NOT NULL \
    ) SELECT account FROM known WHERE account IS NOT NULL";

impl Tx {
    /// Meters a snapshot from when it was made on: its chunks that are not zero, as if it were alone (`docs/metering.md`).
    pub(crate) async fn begin_storage_span(
        &mut self,
        snapshot: &SnapshotRow,
    ) -> Result<(), CatalogFault> {
        let bytes = snapshot.places.saturating_mul(CHUNK_BYTES as u64);
        let sql = "INSERT INTO storage_span (snapshot, account, bytes, began, ended) VALUES (?, ?, ?, ?, NULL)";
        let begin = query(sql)
            .bind(snapshot.id.as_str())
            .bind(snapshot.account.as_str())
            .bind(signed("bytes", bytes)?)
            .bind(snapshot.created.0);
        self.run("begin to meter a snapshot", begin).await.map(|_| ())
    }

    /// Ends the metering of a snapshot. A clock that went back ends it when it began.
    pub(crate) async fn end_storage_span(
        &mut self,
        snapshot: &SnapshotId,
        at: Timestamp,
    ) -> Result<(), CatalogFault> {
        let sql =
            "UPDATE storage_span SET ended = max(began, ?) WHERE snapshot = ? AND ended IS NULL";
        let end = query(sql).bind(at.0).bind(snapshot.as_str());
        self.run("end to meter a snapshot", end).await.map(|_| ())
    }

    /// When a snapshot was made, also when it is gone; none where there never was one.
    pub async fn storage_began(
        &mut self,
        snapshot: &SnapshotId,
    ) -> Result<Option<Timestamp>, CatalogFault> {
        let find = query("SELECT began FROM storage_span WHERE snapshot = ?");
        let found = self.one("find when a snapshot was made", find.bind(snapshot.as_str())).await?;
        found.map(|row| Stored { table: "storage_span", row: &row }.time("began")).transpose()
    }

    /// The spans of an account's snapshots that reach into the time from `from` to `until`.
    pub async fn storage_spans(
        &mut self,
        account: &AccountId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<StorageSpan>, CatalogFault> {
        let mut spans = Vec::new();
        let ended = query(ENDED).bind(account.as_str()).bind(from.0).bind(until.0);
        let lasting = query(LASTING).bind(account.as_str()).bind(until.0);
        for find in [ended, lasting] {
            for row in self.all("find what was stored", find).await? {
                let stored = Stored { table: "storage_span", row: &row };
                spans.push(StorageSpan {
                    bytes: stored.number("bytes")?,
                    began: stored.time("began")?,
                    ended: stored.optional_time("ended")?,
                });
            }
        }
        Ok(spans)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Deleted;
    use crate::sample::{self, account, catalog};

    /// R001-5: from creation to deletion, and known when the snapshot is gone.
    #[tokio::test]
    async fn r001_5_a_snapshot_is_metered_from_creation_to_deletion() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        let made = |n, created, places| SnapshotRow {
            created: Timestamp(created),
            places,
            ..sample::snapshot(n, 1)
        };
        for row in [made(1, 100, 2), made(2, 200, 0), made(3, 300, 5)] {
            tx.insert_snapshot(&row).await.unwrap();
        }
        tx.insert_snapshot(&sample::snapshot(4, 2)).await.unwrap();
        assert_eq!(
            tx.delete_snapshot(&made(1, 0, 0).id, Timestamp(150)).await.unwrap(),
            Deleted::Yes
        );
        // A clock that went back never makes a span that ends before it began.
        assert_eq!(
            tx.delete_snapshot(&made(2, 0, 0).id, Timestamp(1)).await.unwrap(),
            Deleted::Yes
        );
        let span = |places: u64, began, ended: Option<i64>| StorageSpan {
            bytes: places << 16,
            began: Timestamp(began),
            ended: ended.map(Timestamp),
        };
        let mut told = async |from, until| {
            tx.storage_spans(&account(1), Timestamp(from), Timestamp(until)).await.unwrap()
        };
        let all = [span(2, 100, Some(150)), span(0, 200, Some(200)), span(5, 300, None)];
        assert_eq!(told(0, 1_000).await, all);
        assert_eq!(told(150, 300).await, [span(0, 200, Some(200))]);
        assert_eq!(told(149, 150).await, [span(2, 100, Some(150))]);
        assert_eq!(told(5_000, 6_000).await, [span(5, 300, None)]);
        assert!(told(0, 100).await.is_empty());
        let began = tx.storage_began(&made(1, 0, 0).id).await.unwrap();
        assert_eq!(began, Some(Timestamp(100)), "although it is gone");
        // A second deletion finds nothing, and the span stays as it ended.
        assert_eq!(
            tx.delete_snapshot(&made(1, 0, 0).id, Timestamp(900)).await.unwrap(),
            Deleted::No
        );
        let kept = tx.storage_spans(&account(1), Timestamp(0), Timestamp(160)).await.unwrap();
        assert_eq!(kept, [span(2, 100, Some(150))]);
    }
}
