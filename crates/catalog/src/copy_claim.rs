//! Which copies run: claims by lease, with caps, the oldest first. A claim raises the fence, so a worker that lost its
//! lease changes nothing more (I10, fault 26).

use std::collections::HashMap;

use model::{CopyId, Timestamp};
use sqlx::query;
use sqlx::sqlite::SqliteRow;

use crate::copy::{CopyRow, copy_from};
use crate::fault::CatalogFault;
use crate::outcome::{Released, Updated};
use crate::stored::{Stored, signed};
use crate::tx::Tx;

/// How many copies run at once. Copies that are published or unwinding do not count: they free what others wait for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct ClaimLimits {
    /// Of one account.
    pub per_account: u32,
    /// Of all accounts together.
    pub per_region: u32,
}

/// The most published and unwinding copies that one claim takes, so that the work of one call is bounded.
const FINISHING_AT_ONCE: u32 = 64;

pub(crate) const LEASED: &str = "SELECT account, source_region, state FROM copy INDEXED BY copy_leased \
    WHERE finished IS NULL AND lease_until > ? AND state IN ('queued', 'held', 'stored')";
/// The oldest of each account and link, as many as that account may have at all: no more of them can be chosen. A copy that is
/// stored takes nothing over its link any more, so a pause does not stop it.
pub(crate) const DUE: &str = "SELECT id, account, source_region, state FROM ( \
        SELECT id, account, source_region, state, created, \
        row_number() OVER (PARTITION BY account, source_region, state = 'stored' ORDER BY created, id) AS place \
        FROM copy INDEXED BY copy_live WHERE finished IS NULL AND next_attempt <= ?1 AND lease_until <= ?1 \
        AND state IN ('queued', 'held', 'stored') AND (state = 'stored' \
        OR source_region NOT IN (SELECT source_region FROM link_setting WHERE is_paused = 1)) \
    ) WHERE place <= ?2 ORDER BY created, id";
pub(crate) const LINK_LIMITS: &str =
    "SELECT source_region, copies_at_once FROM link_setting WHERE copies_at_once IS NOT NULL";
pub(crate) const FINISHING: &str = "SELECT id FROM copy INDEXED BY copy_finishing \
    WHERE state IN ('published', 'unwinding') \
    AND next_attempt <= ?1 AND lease_until <= ?1 ORDER BY created, id LIMIT ?2";
pub(crate) const CLAIM: &str = "UPDATE copy SET worker = ?, lease_until = ?, fence = fence + 1, \
    total_attempts = total_attempts + 1, started = coalesce(started, ?) \
    WHERE id IN (SELECT value FROM json_each(?)) RETURNING *";
/// A copy that waits has no lease. Those whose link is paused are passed by, so none behind them waits for them.
pub(crate) const QUEUE_PLACE: &str = "SELECT count(*) FROM copy AS ahead INDEXED BY copy_live \
    WHERE ahead.account = ?1 AND ahead.finished IS NULL AND ahead.state = 'queued' AND ahead.lease_until = 0 \
    AND (ahead.created, ahead.id) <= (?2, ?3) AND (ahead.id = ?3 \
    OR ahead.source_region NOT IN (SELECT source_region FROM link_setting WHERE is_paused = 1))";

impl Tx {
    /// Leases copies that are due to `worker` for `lease_ms` milliseconds from `now`: live, not leased, their next attempt
    /// reached, their link not paused; the oldest first, as many as the limits leave room for, those of links included. A
    /// lease that ran out leaves its copy due, whoever had it. The rows come back as they are after the claim: with the new
    /// fence.
    pub async fn claim_due(
        &mut self,
        worker: &str,
        now: Timestamp,
        lease_ms: i64,
        limits: ClaimLimits,
    ) -> Result<Vec<CopyRow>, CatalogFault> {
        let mut ids = self.ids_finishing(now).await?;
        ids.extend(self.ids_due(now, limits).await?);
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let claim = query(CLAIM)
            .bind(worker)
            .bind(now.plus_ms(lease_ms).0)
            .bind(now.0)
            .bind(format!("[\"{}\"]", ids.join("\",\"")));
        let rows = self.all("claim copies", claim).await?;
        let mut copies = rows.iter().map(copy_from).collect::<Result<Vec<_>, _>>()?;
        copies.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        Ok(copies)
    }

    async fn ids_finishing(&mut self, now: Timestamp) -> Result<Vec<String>, CatalogFault> {
        let find = query(FINISHING).bind(now.0).bind(FINISHING_AT_ONCE);
        self.ids("find copies to finish", find).await
    }

    async fn ids_due(
        &mut self,
        now: Timestamp,
        limits: ClaimLimits,
    ) -> Result<Vec<String>, CatalogFault> {
        let mut room = Room::under(limits);
        for row in self.all("list link limits", query(LINK_LIMITS)).await? {
            let stored = Stored { table: "link_setting", row: &row };
            room.of_links.insert(stored.text("source_region")?, stored.number("copies_at_once")?);
        }
        for row in self.all("list leased copies", query(LEASED).bind(now.0)).await? {
            room.take(&Place::of(&row)?);
        }
        if room.of_region == 0 {
            return Ok(Vec::new());
        }
        let find = query(DUE).bind(now.0).bind(limits.per_account);
        let mut chosen = Vec::new();
        for row in self.all("find copies that are due", find).await? {
            let place = Place::of(&row)?;
            if room.has(&place) {
                room.take(&place);
                chosen.push(copy_id(&row)?);
            }
        }
        Ok(chosen)
    }

    async fn ids(
        &mut self,
        operation: &'static str,
        find: crate::tx::Query<'_>,
    ) -> Result<Vec<String>, CatalogFault> {
        self.all(operation, find).await?.iter().map(copy_id).collect()
    }

    /// Lengthens the lease of a worker that still has it.
    pub async fn renew_lease(
        &mut self,
        copy: &CopyId,
        fence: u64,
        lease_until: Timestamp,
    ) -> Result<Updated, CatalogFault> {
        let sql = "UPDATE copy SET lease_until = max(lease_until, ?) WHERE id = ? AND fence = ? AND worker IS NOT NULL";
        let renew = query(sql).bind(lease_until.0).bind(copy.as_str());
        let renew = renew.bind(signed("fence", fence)?);
        self.run("renew a lease", renew).await.map(Updated::from_rows)
    }

    /// Gives a copy back, to be tried again from `next_attempt`.
    pub async fn release_lease(
        &mut self,
        copy: &CopyId,
        fence: u64,
        next_attempt: Timestamp,
    ) -> Result<Released, CatalogFault> {
        let sql = "UPDATE copy SET worker = NULL, lease_until = 0, next_attempt = ? WHERE id = ? AND fence = ?";
        let release = query(sql).bind(next_attempt.0).bind(copy.as_str());
        let release = release.bind(signed("fence", fence)?);
        match self.run("release a lease", release).await? {
            0 => Ok(Released::No),
            _ => Ok(Released::Yes),
        }
    }

    /// Where a copy stands among those of its account that wait in `queued` without a worker, those on paused links left out:
    /// 1 is next. None for a copy that does not wait there.
    pub async fn queue_place(&mut self, copy: &CopyId) -> Result<Option<u64>, CatalogFault> {
        let sql = "SELECT account, created FROM copy WHERE id = ? AND state = 'queued' AND worker IS NULL";
        let found = self.one("find a waiting copy", query(sql).bind(copy.as_str())).await?;
        let Some(row) = found else { return Ok(None) };
        let stored = Stored { table: "copy", row: &row };
        let (account, created) = (stored.text("account")?, stored.time("created")?);
        let count = query(QUEUE_PLACE).bind(account).bind(created.0).bind(copy.as_str());
        self.count("count the copies ahead", count).await.map(Some)
    }
}

/// A copy's id: parsed, because it goes into a JSON text.
fn copy_id(row: &SqliteRow) -> Result<String, CatalogFault> {
    Stored { table: "copy", row }.word::<CopyId>("id").map(|id| id.to_string())
}

/// What a copy takes up while it runs.
struct Place {
    account: String,
    /// By which link it comes; none where it takes nothing over one any more.
    link: Option<String>,
}

impl Place {
    fn of(row: &SqliteRow) -> Result<Place, CatalogFault> {
        let stored = Stored { table: "copy", row };
        let link = match stored.text("state")?.as_str() {
            "stored" => None,
            _ => Some(stored.text("source_region")?),
        };
        Ok(Place { account: stored.text("account")?, link })
    }
}

/// How many more copies may run.
struct Room {
    of_region: u32,
    of_each_account: u32,
    /// Of accounts that have any.
    of_accounts: HashMap<String, u32>,
    /// Of links that have a limit.
    of_links: HashMap<String, u32>,
}

impl Room {
    fn under(limits: ClaimLimits) -> Room {
        Room {
            of_region: limits.per_region,
            of_each_account: limits.per_account,
            of_accounts: HashMap::new(),
            of_links: HashMap::new(),
        }
    }

    fn has(&self, place: &Place) -> bool {
        let of_account = self.of_accounts.get(&place.account).unwrap_or(&self.of_each_account);
        let of_link = place.link.as_ref().and_then(|link| self.of_links.get(link));
        self.of_region > 0 && *of_account > 0 && of_link != Some(&0)
    }

    /// Takes a place up, also one that a limit which was lowered later has no room for.
    fn take(&mut self, place: &Place) {
        let of_account = self.of_accounts.entry(place.account.clone());
        let of_account = of_account.or_insert(self.of_each_account);
        *of_account = of_account.saturating_sub(1);
        self.of_region = self.of_region.saturating_sub(1);
        if let Some(of_link) = place.link.as_ref().and_then(|link| self.of_links.get_mut(link)) {
            *of_link = of_link.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalog;
    use crate::LinkSettingRow;
    use crate::sample::{self, catalog};
    use model::{Cause, CopyState, LinkSetting, Pause};
    use std::collections::HashSet;

    const MANY: ClaimLimits = ClaimLimits { per_account: 1_000, per_region: 1_000 };

    async fn claim(tx: &mut Tx, now: i64, limits: ClaimLimits) -> Vec<i64> {
        let rows = tx.claim_due("w", Timestamp(now), 50, limits).await.unwrap();
        assert!(rows.iter().all(|row| row.lease_until == Timestamp(now + 50)));
        rows.iter().map(|row| row.created.0 - 1_000).collect()
    }

    async fn insert(tx: &mut Tx, copies: impl IntoIterator<Item = (u64, u64)>) {
        for (n, of) in copies {
            tx.insert_copy(&sample::copy(n, of)).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_claim_leases_raises_the_fence_and_counts() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        insert(&mut tx, [(1, 1)]).await;
        let before = sample::copy(1, 1);
        let claimed = tx.claim_due("w-1", Timestamp(100), 50, MANY).await.unwrap();
        let expected = CopyRow {
            worker: Some("w-1".into()),
            lease_until: Timestamp(150),
            fence: 1,
            total_attempts: 1,
            started: Some(Timestamp(100)),
            ..before
        };
        assert_eq!(claimed, [expected]);
        assert_eq!(claim(&mut tx, 149, MANY).await, [] as [i64; 0]);
        let renewed = tx.renew_lease(&claimed[0].id, 1, Timestamp(300)).await.unwrap();
        assert_eq!(renewed, Updated::Yes);
        assert_eq!(claim(&mut tx, 299, MANY).await, [] as [i64; 0]);
        let taken_over = tx.claim_due("w-2", Timestamp(300), 50, MANY).await.unwrap();
        assert_eq!((taken_over[0].fence, taken_over[0].started), (2, Some(Timestamp(100))));
        let released = tx.release_lease(&claimed[0].id, 2, Timestamp(400)).await.unwrap();
        assert_eq!(released, Released::Yes);
        assert_eq!(tx.renew_lease(&claimed[0].id, 2, Timestamp(900)).await.unwrap(), Updated::No);
        assert_eq!(claim(&mut tx, 399, MANY).await, [] as [i64; 0]);
        assert_eq!(claim(&mut tx, 400, MANY).await, [1]);
    }

    #[tokio::test]
    async fn fault_32_caps_hold_and_the_oldest_go_first() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        // One account has asked for many before others came; two accounts wait behind it.
        insert(&mut tx, (0..10).map(|n| (n, 1))).await;
        insert(&mut tx, [(10, 2), (11, 2), (12, 3)]).await;
        let limits = ClaimLimits { per_account: 2, per_region: 4 };
        assert_eq!(claim(&mut tx, 100, limits).await, [0, 1, 10, 11]);
        assert_eq!(claim(&mut tx, 100, limits).await, [] as [i64; 0]);
        let first = sample::copy(0, 1).id;
        let released = tx.release_lease(&first, 1, Timestamp(1_000)).await.unwrap();
        assert_eq!(released, Released::Yes);
        assert_eq!(claim(&mut tx, 101, limits).await, [2]);
        // Every lease has run out: whoever had them, all are due again.
        assert_eq!(claim(&mut tx, 151, limits).await, [1, 2, 10, 11]);
        let wide = ClaimLimits { per_account: 2, per_region: 9 };
        assert_eq!(claim(&mut tx, 152, wide).await, [12]);
    }

    #[tokio::test]
    async fn published_and_unwinding_copies_do_not_wait_for_a_place() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        insert(&mut tx, [(0, 1), (1, 1)]).await;
        let states = [
            CopyState::Published { snapshots: vec![] },
            CopyState::Unwinding { cause: Cause::Cancelled },
        ];
        for (n, state) in (2..).zip(states) {
            tx.insert_copy(&CopyRow { state, ..sample::copy(n, 1) }).await.unwrap();
        }
        let done = CopyState::Done { snapshots: vec![] };
        let finished = Some(Timestamp(5));
        tx.insert_copy(&CopyRow { state: done, finished, ..sample::copy(4, 1) }).await.unwrap();
        let limits = ClaimLimits { per_account: 1, per_region: 1 };
        assert_eq!(claim(&mut tx, 100, limits).await, [0, 2, 3]);
        let none = ClaimLimits { per_account: 0, per_region: 0 };
        assert_eq!(claim(&mut tx, 150, none).await, [2, 3]);
    }

    /// Copies from a source, so many of each account in turn.
    async fn insert_from(tx: &mut Tx, source: &str, copies: impl IntoIterator<Item = (u64, u64)>) {
        for (n, of) in copies {
            let source_region = source.parse().unwrap();
            tx.insert_copy(&CopyRow { source_region, ..sample::copy(n, of) }).await.unwrap();
        }
    }

    async fn set(tx: &mut Tx, source: &str, copies_at_once: Option<u32>, pause: Pause) {
        let setting = LinkSetting { copies_at_once, pause, ..LinkSetting::default() };
        let source = source.parse().unwrap();
        let row = LinkSettingRow { source, setting, changed: Timestamp(1) };
        tx.put_link_setting(&row).await.unwrap();
    }

    #[tokio::test]
    async fn no_copy_over_a_paused_link_is_claimed_and_those_that_need_it_no_more_are() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        insert_from(&mut tx, "east", [(0, 1), (1, 2)]).await;
        insert_from(&mut tx, "west", [(2, 1)]).await;
        let states = [
            CopyState::Stored { digests: vec![] },
            CopyState::Published { snapshots: vec![] },
            CopyState::Unwinding { cause: Cause::Cancelled },
        ];
        for (n, state) in (3..).zip(states) {
            let source_region = "east".parse().unwrap();
            let copy = CopyRow { state, source_region, ..sample::copy(n, 1) };
            tx.insert_copy(&copy).await.unwrap();
        }
        set(&mut tx, "east", None, Pause::Paused).await;
        assert_eq!(claim(&mut tx, 100, MANY).await, [2, 3, 4, 5]);
        set(&mut tx, "east", None, Pause::Running).await;
        assert_eq!(claim(&mut tx, 101, MANY).await, [0, 1]);
    }

    #[tokio::test]
    async fn fault_32_a_links_copies_at_once_count_over_all_accounts_and_hold_nobody_else_up() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        // One account asked for many over the narrow link, then for some over the other; another account came later.
        insert_from(&mut tx, "east", (0..10).map(|n| (n, 1))).await;
        insert_from(&mut tx, "west", [(10, 1), (11, 1), (12, 1)]).await;
        insert_from(&mut tx, "east", [(13, 2), (14, 2)]).await;
        set(&mut tx, "east", Some(3), Pause::Running).await;
        let limits = ClaimLimits { per_account: 2, per_region: 20 };
        // Account 1 has two places, so the link's third goes to account 2.
        assert_eq!(claim(&mut tx, 100, limits).await, [0, 1, 13]);
        // The link is full; what comes by the other one passes it.
        tx.release_lease(&sample::copy(0, 1).id, 1, Timestamp(1_000)).await.unwrap();
        set(&mut tx, "east", Some(1), Pause::Running).await;
        assert_eq!(claim(&mut tx, 101, limits).await, [10]);
        set(&mut tx, "east", None, Pause::Running).await;
        assert_eq!(claim(&mut tx, 102, limits).await, [14]);
    }

    #[tokio::test]
    async fn r001_10_places_in_the_queue_are_counted_per_account() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        insert(&mut tx, [(1, 1), (2, 2), (3, 1), (4, 1)]).await;
        let limits = ClaimLimits { per_account: 1, per_region: 1 };
        assert_eq!(claim(&mut tx, 100, limits).await, [1]);
        let mut places = Vec::new();
        for (n, of) in [(1, 1), (2, 2), (3, 1), (4, 1), (9, 1)] {
            places.push(tx.queue_place(&sample::copy(n, of).id).await.unwrap());
        }
        assert_eq!(places, [None, Some(1), Some(1), Some(2), None]);
    }

    /// Those whose link is paused are passed by: no place behind them counts them.
    #[tokio::test]
    async fn r001_10_a_paused_link_takes_no_places_in_the_queue() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        insert_from(&mut tx, "east", [(1, 1), (2, 1)]).await;
        insert_from(&mut tx, "west", [(3, 1), (4, 1)]).await;
        let places = async |tx: &mut Tx| {
            let mut places = Vec::new();
            for n in 1..=4 {
                places.push(tx.queue_place(&sample::copy(n, 1).id).await.unwrap().unwrap());
            }
            places
        };
        assert_eq!(places(&mut tx).await, [1, 2, 3, 4]);
        set(&mut tx, "east", None, Pause::Paused).await;
        assert_eq!(places(&mut tx).await, [1, 1, 1, 2]);
        set(&mut tx, "east", Some(1), Pause::Running).await;
        assert_eq!(places(&mut tx).await, [1, 2, 3, 4]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn fault_26_no_copy_is_claimed_by_two() {
        let (folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        insert(&mut tx, (0..200).map(|n| (n, n % 3))).await;
        tx.commit().await.unwrap();
        let other = Catalog::open(&folder.path().join("catalog.db")).await.unwrap();
        let workers = (0..6).map(|n| {
            let catalog = if n % 2 == 0 { catalog.clone() } else { other.clone() };
            tokio::spawn(claim_until_none(catalog, format!("w-{n}")))
        });
        let claimed: Vec<CopyId> =
            futures::future::join_all(workers).await.into_iter().flat_map(Result::unwrap).collect();
        assert_eq!(claimed.len(), 200);
        assert_eq!(claimed.iter().collect::<HashSet<_>>().len(), 200);
    }

    /// Claims a few at a time and puts each off, until there are none.
    async fn claim_until_none(catalog: Catalog, worker: String) -> Vec<CopyId> {
        let limits = ClaimLimits { per_account: 2, per_region: 5 };
        let mut claimed = Vec::new();
        loop {
            let mut tx = catalog.begin().await.unwrap();
            let rows = tx.claim_due(&worker, Timestamp(100), 50, limits).await.unwrap();
            tx.commit().await.unwrap();
            for row in &rows {
                assert_eq!(row.worker.as_deref(), Some(worker.as_str()));
                let mut tx = catalog.begin().await.unwrap();
                tx.release_lease(&row.id, row.fence, Timestamp(1_000)).await.unwrap();
                tx.commit().await.unwrap();
            }
            let waiting = "SELECT count(*) FROM copy WHERE next_attempt = 0";
            let left = catalog.read().await.unwrap().count("count", query(waiting)).await.unwrap();
            claimed.extend(rows.into_iter().map(|row| row.id));
            if left == 0 {
                return claimed;
            }
        }
    }
}
