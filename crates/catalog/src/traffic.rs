//! Bytes on the wire of copies into this region, by UTC day. Rows stay when their copy is over or its image is gone.

use crate::statement::query;
use model::{AccountId, CopyId, Day, DayTraffic, RegionId};

use crate::copy::CopyRow;
use crate::fault::CatalogFault;
use crate::stored::{Stored, signed};
use crate::tx::Tx;

pub(crate) const BY_LINK: &str = "SELECT day, source, sum(bytes) AS bytes FROM traffic \
    WHERE account = ? AND day >= ? AND day < ? GROUP BY day, source ORDER BY day, source";
/// Each account once, by as many look-ups as there are accounts.
pub(crate) const ACCOUNTS: &str = "WITH RECURSIVE known (account) AS ( \
        SELECT min(account) FROM traffic UNION ALL \
        SELECT (SELECT min(account) FROM traffic WHERE account > known.account) \
        FROM known WHERE known.account IS NOT NULL \
    ) SELECT account FROM known WHERE account IS NOT NULL";

impl Tx {
    /// Counts bytes that a copy brought on a day; so many of them came from relays, the others from its source.
    pub(crate) async fn add_traffic(
        &mut self,
        copy: &CopyRow,
        (day, bytes): (Day, u64),
        relayed: &[(RegionId, u64)],
    ) -> Result<(), CatalogFault> {
        let mut of_source = bytes;
        for (relay, bytes) in relayed {
            let bytes = of_source.min(*bytes);
            of_source -= bytes;
            let carried = (format!("{}/{relay}", copy.id), relay);
            self.add_traffic_of(copy, carried, (day, bytes)).await?;
        }
        if of_source > 0 {
            let carried = (copy.id.to_string(), &copy.source_region);
            self.add_traffic_of(copy, carried, (day, of_source)).await?;
        }
        Ok(())
    }

    async fn add_traffic_of(
        &mut self,
        copy: &CopyRow,
        (carried, source): (String, &RegionId),
        (day, bytes): (Day, u64),
    ) -> Result<(), CatalogFault> {
        let sql = "INSERT INTO traffic (copy, day, account, source, bytes) VALUES (?, ?, ?, ?, ?) \
            ON CONFLICT (copy, day) DO UPDATE SET bytes = bytes + excluded.bytes";
        let add = query(sql)
            .bind(carried)
            .bind(day.number())
            .bind(copy.account.as_str())
            .bind(source.as_str())
            .bind(signed("bytes", bytes)?);
        self.run("count traffic", add).await.map(|_| ())
    }

    /// Bytes that an account's copies brought from each region on each day, from `from` until the day before `end`.
    pub async fn traffic_by_link(
        &mut self,
        account: &AccountId,
        from: Day,
        end: Day,
    ) -> Result<Vec<DayTraffic>, CatalogFault> {
        let find = query(BY_LINK).bind(account.as_str()).bind(from.number()).bind(end.number());
        let rows = self.all("sum traffic", find).await?;
        let read = |row| {
            let stored = Stored { table: "traffic", row };
            let (source, bytes) = (stored.word("source")?, stored.number("bytes")?);
            Ok(DayTraffic { source, day: stored.day("day")?, bytes })
        };
        rows.iter().map(read).collect()
    }

    /// Bytes that a copy brought from its source on each day.
    pub async fn traffic_of_copy(
        &mut self,
        copy: &CopyId,
    ) -> Result<Vec<(Day, u64)>, CatalogFault> {
        let find = query("SELECT day, bytes FROM traffic WHERE copy = ? ORDER BY day");
        let rows = self.all("find the traffic of a copy", find.bind(copy.as_str())).await?;
        let read = |row| {
            let stored = Stored { table: "traffic", row };
            Ok((stored.day("day")?, stored.number("bytes")?))
        };
        rows.iter().map(read).collect()
    }

    /// The accounts that were ever metered here, by id.
    pub async fn metered_accounts(&mut self) -> Result<Vec<AccountId>, CatalogFault> {
        let mut accounts = Vec::new();
        for sql in [ACCOUNTS, crate::storage_span::ACCOUNTS] {
            for row in self.all("list metered accounts", query(sql)).await? {
                accounts.push(Stored { table: "traffic", row: &row }.word("account")?);
            }
        }
        accounts.sort_unstable();
        accounts.dedup();
        Ok(accounts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, account, catalog};
    use crate::{ClaimLimits, Updated};
    use model::{CopyState, Timestamp};

    const DAY_MS: i64 = 86_400_000;

    fn day(number: i64) -> Day {
        Day::from_number(number).unwrap()
    }

    /// R000-4: what relays sent is traffic of their links, and all of it together is what the copy received.
    #[tokio::test]
    async fn r000_4_bytes_from_relays_are_traffic_of_their_links() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        tx.insert_copy(&sample::copy(1, 1)).await.unwrap();
        let limits = ClaimLimits { per_account: 9, per_region: 9 };
        let claimed = tx.claim_due("w", Timestamp(1), 50, limits).await.unwrap().remove(0);
        let at = |bytes_sent| CopyRow { bytes_sent, ..claimed.clone() };
        let relay = |name: &str, bytes| (name.parse().unwrap(), bytes);
        for (bytes, relayed) in [
            (100, vec![relay("east", 60)]),
            (150, vec![relay("east", 20), relay("west", 30)]),
            // More than came altogether is not counted.
            (160, vec![relay("west", 99)]),
            (170, vec![]),
        ] {
            let recorded = tx.record_relayed_progress(&at(bytes), &relayed, Timestamp(5)).await;
            assert_eq!(recorded.unwrap(), Updated::Yes);
        }
        let told = tx.traffic_by_link(&claimed.account, day(0), day(1)).await.unwrap();
        let told: Vec<_> = told.iter().map(|day| (day.source.as_str(), day.bytes)).collect();
        let source = claimed.source_region.as_str();
        let mut wanted = vec![("east", 80), ("west", 40), (source, 50)];
        wanted.sort_unstable();
        assert_eq!(told, wanted);
        assert_eq!(tx.traffic_of_copy(&claimed.id).await.unwrap(), [(day(0), 50)]);
        tx.commit().await.unwrap();
        let broken = catalog.invariants().await.unwrap();
        assert!(!broken.iter().any(|line| line.contains("r000-4")), "{broken:?}");
    }

    /// R000-4: what a copy sent is counted on the days it was sent, once, and only by who may write.
    #[tokio::test]
    async fn r000_4_bytes_sent_are_traffic_of_the_day_they_are_recorded_on() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        tx.insert_copy(&sample::copy(1, 1)).await.unwrap();
        let limits = ClaimLimits { per_account: 9, per_region: 9 };
        let claimed = tx.claim_due("w", Timestamp(1), 50, limits).await.unwrap().remove(0);
        let at = |bytes_sent| CopyRow { bytes_sent, ..claimed.clone() };
        for (bytes, now) in [(100, 0), (100, 1), (70, 2), (250, DAY_MS - 1), (251, DAY_MS)] {
            let recorded = tx.record_progress(&at(bytes), Timestamp(now)).await.unwrap();
            assert_eq!(recorded, Updated::Yes);
        }
        let told = vec![(day(0), 250), (day(1), 1)];
        assert_eq!(tx.traffic_of_copy(&claimed.id).await.unwrap(), told);
        let stale = CopyRow { fence: claimed.fence + 1, ..at(999) };
        assert_eq!(tx.record_progress(&stale, Timestamp(0)).await.unwrap(), Updated::No);
        // A move does not count bytes: only a record of progress does.
        let held = CopyRow { state: CopyState::Held { digests: vec![] }, ..at(999) };
        assert_eq!(tx.move_copy(&held).await.unwrap(), Updated::Yes);
        assert_eq!(tx.traffic_of_copy(&claimed.id).await.unwrap(), told);
        let row = tx.copy_unscoped(&claimed.id).await.unwrap().unwrap();
        assert_eq!(row.bytes_sent, 251);
    }

    #[tokio::test]
    async fn r000_4_traffic_sums_by_link_and_day_within_an_account() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        let from = |n, source: &str, of| CopyRow {
            source_region: source.parse().unwrap(),
            ..sample::copy(n, of)
        };
        for (copy, at, bytes) in [
            (from(1, "north", 1), 4, 1),
            (from(1, "north", 1), 5, 2),
            (from(2, "north", 1), 5, 4),
            (from(3, "east", 1), 5, 8),
            (from(4, "north", 2), 5, 16),
            (from(2, "north", 1), 6, 32),
        ] {
            tx.add_traffic(&copy, (day(at), bytes), &[]).await.unwrap();
        }
        let told = tx.traffic_by_link(&account(1), day(5), day(6)).await.unwrap();
        let told: Vec<_> = told.iter().map(|row| (row.source.as_str(), row.bytes)).collect();
        assert_eq!(told, [("east", 8), ("north", 6)]);
        assert_eq!(tx.metered_accounts().await.unwrap(), [account(1), account(2)]);
    }

    #[tokio::test]
    async fn an_empty_region_has_metered_nobody() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        assert!(tx.metered_accounts().await.unwrap().is_empty());
        tx.insert_snapshot(&sample::snapshot(1, 3)).await.unwrap();
        assert_eq!(tx.metered_accounts().await.unwrap(), [account(3)]);
    }
}
