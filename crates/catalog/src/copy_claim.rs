//! Which copies run: claims by lease, with caps; `copy_choice.rs` says which go first. A claim raises the fence, so a worker
//! that lost its lease changes nothing more (I10, fault 26).

use std::cmp::Reverse;
use std::collections::HashMap;

use model::{AGEING_MS, CopyId, Timestamp};

use crate::copy::{CopyRow, copy_from};
use crate::copy_choice::{Candidate, Place, Room, choose, displaced};
use crate::fault::CatalogFault;
use crate::outcome::{Released, Updated};
use crate::statement::{Row, query};
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

pub(crate) const LEASED: &str = "SELECT id, account, source_region, state, created, \
    iif(deadline > ?1, deadline, NULL) AS due, priority AS urgency \
    FROM copy INDEXED BY copy_leased \
    WHERE finished IS NULL AND lease_until > ?1 AND state IN ('queued', 'held', 'stored')";
/// The oldest of each account, link and priority, as many as that account may have at all: no more of them can be chosen. Those that
/// have waited longer are never less urgent, so these are the most urgent of their kind but for those with a deadline, which are
/// found by [`PROMISED`]. `head` steps from the first copy of one such kind to the first of the next, so that the others are not
/// read. A deadline that is over is none; a copy counts as of the next higher priority for each ?4 milliseconds that it has waited.
pub(crate) const DUE: &str = "WITH RECURSIVE head (id) AS ( \
        SELECT (SELECT n.id FROM copy AS n INDEXED BY copy_due WHERE n.finished IS NULL AND n.state IN ('queued', 'held') \
            ORDER BY n.account, n.source_region, n.priority, n.created, n.id LIMIT 1) \
        UNION ALL SELECT coalesce( \
            (SELECT n.id FROM copy AS n INDEXED BY copy_due WHERE n.finished IS NULL AND n.state IN ('queued', 'held') \
                AND n.account = c.account AND n.source_region = c.source_region AND n.priority > c.priority \
                ORDER BY n.priority, n.created, n.id LIMIT 1), \
            (SELECT n.id FROM copy AS n INDEXED BY copy_due WHERE n.finished IS NULL AND n.state IN ('queued', 'held') \
                AND n.account = c.account AND n.source_region > c.source_region \
                ORDER BY n.source_region, n.priority, n.created, n.id LIMIT 1), \
            (SELECT n.id FROM copy AS n INDEXED BY copy_due WHERE n.finished IS NULL AND n.state IN ('queued', 'held') \
                AND n.account > c.account ORDER BY n.account, n.source_region, n.priority, n.created, n.id LIMIT 1)) \
        FROM head CROSS JOIN copy AS c ON c.id = head.id) \
    SELECT w.id, w.account, w.source_region, w.state, w.created, iif(w.deadline > ?1, w.deadline, NULL) AS due, \
        min(2, w.priority + max(0, ?1 - w.created) / ?4) AS urgency \
    FROM head CROSS JOIN copy AS kind ON kind.id = head.id CROSS JOIN copy AS w ON w.id IN ( \
        SELECT x.id FROM copy AS x INDEXED BY copy_due WHERE x.finished IS NULL AND x.state IN ('queued', 'held') \
            AND x.account = kind.account AND x.source_region = kind.source_region AND x.priority = kind.priority \
            AND x.next_attempt <= ?1 AND x.lease_until <= ?1 ORDER BY x.created, x.id LIMIT ?2) \
    WHERE kind.source_region NOT IN (SELECT value FROM json_each(?3))";
/// Copies with a deadline: a link promises no more of them than it can carry.
pub(crate) const PROMISED: &str = "SELECT id, account, source_region, state, created, deadline AS due, \
    min(2, priority + max(0, ?1 - created) / ?3) AS urgency \
    FROM copy INDEXED BY copy_promised WHERE finished IS NULL AND deadline > ?1 AND next_attempt <= ?1 AND lease_until <= ?1 \
    AND state IN ('queued', 'held') AND source_region NOT IN (SELECT value FROM json_each(?2)) ORDER BY deadline, id";
/// A copy that is stored takes nothing over its link any more, so a pause does not stop it. Few are: those whose worker ended before
/// the next step.
pub(crate) const STORED: &str = "SELECT id, account, source_region, state, created, iif(deadline > ?1, deadline, NULL) AS due, \
    min(2, priority + max(0, ?1 - created) / ?2) AS urgency \
    FROM copy INDEXED BY copy_by_state WHERE state = 'stored' AND next_attempt <= ?1 AND lease_until <= ?1";
/// Copies with a deadline that wait for a place.
pub(crate) const PRESSED: &str = "SELECT id, account, source_region, state, created, deadline AS due, priority AS urgency \
    FROM copy INDEXED BY copy_promised WHERE finished IS NULL AND deadline > ?1 AND next_attempt <= ?1 \
    AND lease_until <= ?1 AND state IN ('queued', 'held') \
    AND source_region NOT IN (SELECT value FROM json_each(?2)) ORDER BY deadline, id LIMIT 64";
pub(crate) const LINK_LIMITS: &str =
    "SELECT source_region, copies_at_once FROM link_setting WHERE copies_at_once IS NOT NULL";
pub(crate) const FINISHING: &str = "SELECT id FROM copy INDEXED BY copy_finishing \
    WHERE state IN ('published', 'unwinding') \
    AND next_attempt <= ?1 AND lease_until <= ?1 ORDER BY created, id LIMIT ?2";
pub(crate) const CLAIM: &str = "UPDATE copy SET worker = ?, lease_until = ?, fence = fence + 1, \
    total_attempts = total_attempts + 1, started = coalesce(started, ?) \
    WHERE id IN (SELECT value FROM json_each(?)) RETURNING *";
impl Tx {
    /// Leases copies that are due to `worker` for `lease_ms` milliseconds from `now`: live, not leased, their next attempt
    /// reached, their link not paused; as many as the limits leave room for, those of links included. Those with a deadline
    /// go first, the earliest of them before all; then the more urgent, then those of the account that has the fewest running,
    /// then the oldest. A lease that ran out leaves its copy due, whoever had it. The rows come back as they are after the claim:
    /// with the new fence.
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
        copies.sort_by_cached_key(|copy| {
            let due = copy.promise.map_or(i64::MAX, |promise| promise.due.0);
            (due, Reverse(copy.priority.number()), copy.created, copy.id.clone())
        });
        Ok(copies)
    }

    /// Copies that run and must give their places to others that have an earlier deadline and no place: without a deadline first,
    /// the least urgent and the newest of them before others. Their leases stay until their workers give them back.
    pub async fn displaced_by_deadlines(
        &mut self,
        now: Timestamp,
        limits: ClaimLimits,
    ) -> Result<Vec<CopyId>, CatalogFault> {
        let paused = self.paused_links(now).await?;
        let find = query(PRESSED).bind(now.0).bind(paused.json());
        let rows = self.all("find copies with deadlines", find).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let pressed = rows.iter().map(candidate).collect::<Result<Vec<_>, _>>()?;
        let (room, running) = self.room(now, limits).await?;
        displaced(pressed, running, room)
            .iter()
            .map(|id| {
                id.parse().map_err(|_| CatalogFault::Corrupt {
                    table: "copy",
                    column: "id",
                    value: id.clone(),
                })
            })
            .collect()
    }

    /// What the limits leave room for, and who has the rest.
    pub(crate) async fn room(
        &mut self,
        now: Timestamp,
        limits: ClaimLimits,
    ) -> Result<(Room, Vec<Candidate>), CatalogFault> {
        let mut room = Room::under(limits);
        for row in self.all("list link limits", query(LINK_LIMITS)).await? {
            let stored = Stored { table: "link_setting", row: &row };
            room.limit_link(stored.text("source_region")?, stored.number("copies_at_once")?);
        }
        let rows = self.all("list leased copies", query(LEASED).bind(now.0)).await?;
        let running = rows.iter().map(candidate).collect::<Result<Vec<_>, _>>()?;
        running.iter().for_each(|copy| room.take(&copy.place));
        Ok((room, running))
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
        let (room, _) = self.room(now, limits).await?;
        if !room.has_any() {
            return Ok(Vec::new());
        }
        let paused = self.paused_links(now).await?;
        let paused = paused.json();
        let finds = [
            query(DUE).bind(now.0).bind(limits.per_account).bind(paused).bind(AGEING_MS),
            query(PROMISED).bind(now.0).bind(paused).bind(AGEING_MS),
            query(STORED).bind(now.0).bind(AGEING_MS),
        ];
        let mut due = HashMap::new();
        for find in finds {
            for row in self.all("find copies that are due", find).await? {
                let copy = candidate(&row)?;
                due.insert(copy.id.clone(), copy);
            }
        }
        Ok(choose(due.into_values().collect(), room))
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
}

/// A copy's id: parsed, because it goes into a JSON text.
fn copy_id(row: &Row) -> Result<String, CatalogFault> {
    Stored { table: "copy", row }.word::<CopyId>("id").map(|id| id.to_string())
}

/// A copy that runs or wants to, as `LEASED`, `DUE` and `PRESSED` tell of it.
pub(crate) fn candidate(row: &Row) -> Result<Candidate, CatalogFault> {
    let stored = Stored { table: "copy", row };
    let link = match stored.text("state")?.as_str() {
        "stored" => None,
        _ => Some(stored.text("source_region")?),
    };
    Ok(Candidate {
        id: copy_id(row)?,
        place: Place { account: stored.text("account")?, link },
        due: stored.optional_time("due")?,
        urgency: stored.number("urgency")?,
        created: stored.time("created")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalog;
    use crate::LinkSettingRow;
    use crate::sample::{self, catalog};
    use model::{Cause, CopyState, LinkSetting, Pause, Priority, Promise};
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
        // Each account has one before any has two.
        assert_eq!(claim(&mut tx, 100, limits).await, [0, 1, 10, 12]);
        assert_eq!(claim(&mut tx, 100, limits).await, [] as [i64; 0]);
        let first = sample::copy(0, 1).id;
        let released = tx.release_lease(&first, 1, Timestamp(1_000)).await.unwrap();
        assert_eq!(released, Released::Yes);
        assert_eq!(claim(&mut tx, 101, limits).await, [2]);
        // Every lease has run out: whoever had them, all are due again.
        assert_eq!(claim(&mut tx, 151, limits).await, [1, 2, 10, 12]);
        let wide = ClaimLimits { per_account: 2, per_region: 9 };
        assert_eq!(claim(&mut tx, 152, wide).await, [11]);
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
        // Each account has a place before any has two, so the link's third goes to account 2.
        assert_eq!(claim(&mut tx, 100, limits).await, [0, 1, 13]);
        // The link is full; what comes by the other one passes it.
        tx.release_lease(&sample::copy(0, 1).id, 1, Timestamp(1_000)).await.unwrap();
        set(&mut tx, "east", Some(1), Pause::Running).await;
        assert_eq!(claim(&mut tx, 101, limits).await, [10]);
        set(&mut tx, "east", None, Pause::Running).await;
        assert_eq!(claim(&mut tx, 102, limits).await, [14]);
    }

    async fn place(tx: &mut Tx, copy: &CopyId, now: i64) -> Option<u64> {
        let paused = tx.paused_links(Timestamp(now)).await.unwrap();
        tx.queue_place(copy, Timestamp(now), &paused).await.unwrap()
    }

    /// A copy of an account with this priority and deadline.
    async fn insert_urgent(tx: &mut Tx, (n, of): (u64, u64), priority: Priority, due: Option<i64>) {
        let promise = due.map(|due| Promise { due: Timestamp(due), bytes: 1 });
        tx.insert_copy(&CopyRow { priority, promise, ..sample::copy(n, of) }).await.unwrap();
    }

    #[tokio::test]
    async fn deadlines_go_first_then_the_more_urgent_then_who_has_least() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        insert_urgent(&mut tx, (0, 1), Priority::Low, None).await;
        insert_urgent(&mut tx, (1, 1), Priority::Normal, None).await;
        insert_urgent(&mut tx, (2, 1), Priority::Normal, None).await;
        insert_urgent(&mut tx, (3, 2), Priority::Normal, None).await;
        insert_urgent(&mut tx, (4, 1), Priority::High, None).await;
        insert_urgent(&mut tx, (5, 1), Priority::Low, Some(9_000)).await;
        insert_urgent(&mut tx, (6, 1), Priority::Low, Some(8_000)).await;
        // Its deadline is over: it is as any other.
        insert_urgent(&mut tx, (7, 3), Priority::Low, Some(1_999)).await;
        let places = async |tx: &mut Tx, now| {
            let mut places = Vec::new();
            for n in [0, 1, 2, 4, 5, 6] {
                places.push(place(tx, &sample::copy(n, 1).id, now).await.unwrap());
            }
            places
        };
        assert_eq!(places(&mut tx, 2_000).await, [6, 4, 5, 3, 2, 1]);
        let limits = ClaimLimits { per_account: 9, per_region: 1 };
        let mut order = Vec::new();
        for more in 1..9 {
            let limits = ClaimLimits { per_region: more, ..limits };
            order.extend(claim(&mut tx, 2_000, limits).await);
        }
        assert_eq!(order, [6, 5, 4, 3, 1, 2, 7, 0]);
    }

    /// None waits for ever: after an hour what was low goes before what is high and came later.
    #[tokio::test]
    async fn who_waits_long_becomes_more_urgent() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        insert_urgent(&mut tx, (0, 1), Priority::Low, None).await;
        insert_urgent(&mut tx, (1, 1), Priority::High, None).await;
        let low = sample::copy(0, 1).id;
        let one = ClaimLimits { per_account: 1, per_region: 1 };
        let later = 1_000 + 2 * AGEING_MS;
        assert_eq!(place(&mut tx, &low, later - 1).await, Some(2));
        assert_eq!(place(&mut tx, &low, later).await, Some(1));
        assert_eq!(claim(&mut tx, later - 1, one).await, [1]);
        assert_eq!(claim(&mut tx, later + 50, one).await, [0]);
    }

    /// A copy with a deadline never waits for a place that one without has, nor for one whose deadline is later.
    #[tokio::test]
    async fn a_deadline_without_a_place_has_that_of_who_can_wait_best() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        let limits = ClaimLimits { per_account: 2, per_region: 3 };
        insert_urgent(&mut tx, (0, 1), Priority::High, None).await;
        insert_urgent(&mut tx, (1, 1), Priority::Low, None).await;
        insert_urgent(&mut tx, (2, 2), Priority::Low, None).await;
        assert_eq!(claim(&mut tx, 100, limits).await.len(), 3);
        let displaced = async |tx: &mut Tx, now| {
            let ids = tx.displaced_by_deadlines(Timestamp(now), limits).await.unwrap();
            let known = (0..9).filter(|n| ids.contains(&sample::copy(*n, 1).id));
            known.collect::<Vec<u64>>()
        };
        assert_eq!(displaced(&mut tx, 101).await, [] as [u64; 0]);
        // Another account's takes the newest of the least urgent.
        insert_urgent(&mut tx, (3, 3), Priority::Normal, Some(5_000)).await;
        assert_eq!(displaced(&mut tx, 101).await, [2]);
        tx.release_lease(&sample::copy(2, 2).id, 1, Timestamp(0)).await.unwrap();
        assert_eq!(displaced(&mut tx, 101).await, [] as [u64; 0]);
        assert_eq!(claim(&mut tx, 101, limits).await, [3]);
        // An account that has as many as it may gives one of its own.
        insert_urgent(&mut tx, (4, 1), Priority::Normal, Some(6_000)).await;
        assert_eq!(displaced(&mut tx, 102).await, [1]);
        insert_urgent(&mut tx, (5, 2), Priority::Normal, Some(4_000)).await;
        insert_urgent(&mut tx, (6, 2), Priority::Normal, Some(7_000)).await;
        // Three deadlines and three places: the fourth, which is the latest, waits.
        assert_eq!(displaced(&mut tx, 102).await, [0, 1]);
        // A deadline that is over takes nobody's place, nor does one whose link is paused.
        assert_eq!(displaced(&mut tx, 7_000).await, [] as [u64; 0]);
        set(&mut tx, "north", None, Pause::Paused).await;
        assert_eq!(displaced(&mut tx, 102).await, [] as [u64; 0]);
    }

    /// A window's pause holds copies back as an operator's does, until its end.
    #[tokio::test]
    async fn no_copy_is_claimed_while_a_window_pauses_its_link() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        insert(&mut tx, [(0, 1)]).await;
        // 1970 began on a Thursday.
        let schedule = "thu 00:00-00:10 pause".parse().unwrap();
        let setting = LinkSetting { schedule, ..LinkSetting::default() };
        let source = "north".parse().unwrap();
        tx.put_link_setting(&LinkSettingRow { source, setting, changed: Timestamp(1) })
            .await
            .unwrap();
        assert_eq!(claim(&mut tx, 599_999, MANY).await, [] as [i64; 0]);
        assert_eq!(claim(&mut tx, 600_000, MANY).await, [0]);
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
            places.push(place(&mut tx, &sample::copy(n, of).id, 100).await);
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
                places.push(place(tx, &sample::copy(n, 1).id, 100).await.unwrap());
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
