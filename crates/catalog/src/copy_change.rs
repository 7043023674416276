//! Moving a copy from state to state, and recording what an attempt achieved. Every write of a worker carries its fence;
//! a write that comes too late changes nothing and says so (I10).

use crate::statement::query;
use model::{AccountId, CopyId, Day, EncryptionKeyId, Progress, RegionId, Timestamp};

use crate::copy::{CopyRow, StateColumns};
use crate::fault::CatalogFault;
use crate::outcome::Updated;
use crate::stored::{Stored, signed};
use crate::tx::Tx;

const MOVE: &str = "UPDATE copy SET state = ?4, digests = ?5, snapshots = ?6, cause = ?7, cause_number = ?8, \
    finished = ?9, worker = iif(?9 IS NULL, worker, NULL), lease_until = iif(?9 IS NULL, lease_until, 0), \
    attempts = 0, reason = NULL, generation = generation + 1 \
    WHERE id = ?1 AND generation = ?2 AND fence = ?3";
const TAKE: &str = "UPDATE copy SET state = ?4, digests = ?5, snapshots = ?6, cause = ?7, cause_number = ?8, \
    finished = ?9, worker = NULL, lease_until = 0, next_attempt = 0, fence = fence + 1, \
    attempts = 0, reason = NULL, generation = generation + 1 \
    WHERE id = ?1 AND generation = ?2";

impl Tx {
    /// Records the state that the worker of `copy` gave it, with what it has achieved but the bytes it sent, if the row
    /// still has the generation and the fence of `copy`; its generation is one more after. Forgets failed attempts. The worker keeps the copy
    /// unless `finished` is set, which it must be in a terminal state and only there.
    pub async fn move_copy(&mut self, copy: &CopyRow) -> Result<Updated, CatalogFault> {
        match self.set_state(MOVE, copy).await? {
            Updated::Yes => self.record_progress_of(copy).await,
            Updated::No => Ok(Updated::No),
        }
    }

    /// Records the state that a command gave `copy`, whoever works on it, if the row still has its generation. The worker
    /// loses the copy: the fence is one more after, no lease is left, and the copy is due at once.
    pub async fn take_copy(&mut self, copy: &CopyRow) -> Result<Updated, CatalogFault> {
        self.set_state(TAKE, copy).await
    }

    async fn set_state(
        &mut self,
        sql: &'static str,
        copy: &CopyRow,
    ) -> Result<Updated, CatalogFault> {
        let state = StateColumns::of(&copy.state)?;
        let update = query(sql)
            .bind(copy.id.as_str())
            .bind(signed("generation", copy.generation)?)
            .bind(signed("fence", copy.fence)?)
            .bind(state.word)
            .bind(state.digests)
            .bind(state.snapshots)
            .bind(state.cause)
            .bind(state.cause_number)
            .bind(copy.finished.map(|at| at.0));
        self.run("move a copy", update).await.map(Updated::from_rows)
    }

    /// Records what the worker of `copy` has achieved: progress, disks done, bytes sent and reused, each altogether. None
    /// of them goes back (R000-9): a pair of places that says a smaller share than the one recorded is left out, so a
    /// total that grows late holds the share still. [`Updated::No`] where the fence is another or the copy has finished.
    ///
    /// The bytes sent since the last record are traffic of the day of `now` (R000-4): the one place that counts both. How far
    /// the copy is then is a sample of its course.
    pub async fn record_progress(
        &mut self,
        copy: &CopyRow,
        now: Timestamp,
    ) -> Result<Updated, CatalogFault> {
        self.record_relayed_progress(copy, &[], now).await
    }

    /// The same where so many of the bytes since the last record came from other regions than the copy's source: they are
    /// traffic of the links from there.
    pub async fn record_relayed_progress(
        &mut self,
        copy: &CopyRow,
        relayed: &[(RegionId, u64)],
        now: Timestamp,
    ) -> Result<Updated, CatalogFault> {
        let find = query("SELECT finished, bytes_sent FROM copy WHERE id = ? AND fence = ?");
        let find = find.bind(copy.id.as_str()).bind(signed("fence", copy.fence)?);
        let Some(row) = self.one("find a copy", find).await? else { return Ok(Updated::No) };
        let stored = Stored { table: "copy", row: &row };
        if stored.optional_time("finished")?.is_some() {
            return Ok(Updated::No);
        }
        let before: u64 = stored.number("bytes_sent")?;
        if copy.bytes_sent > before {
            let bytes = signed("bytes_sent", copy.bytes_sent)?;
            let sent = query("UPDATE copy SET bytes_sent = ? WHERE id = ?");
            self.run("record bytes sent", sent.bind(bytes).bind(copy.id.as_str())).await?;
            self.add_traffic(copy, (Day::of(now), copy.bytes_sent - before), relayed).await?;
        }
        let updated = self.record_progress_of(copy).await?;
        if updated == Updated::Yes {
            self.record_sample(&copy.id, now).await?;
        }
        Ok(updated)
    }

    async fn record_progress_of(&mut self, copy: &CopyRow) -> Result<Updated, CatalogFault> {
        let fence = signed("fence", copy.fence)?;
        let find = query("SELECT done, needed FROM copy WHERE id = ? AND fence = ?");
        let found = self.one("find progress", find.bind(copy.id.as_str()).bind(fence)).await?;
        let Some(row) = found else { return Ok(Updated::No) };
        let stored = Stored { table: "copy", row: &row };
        let before = Progress { done: stored.number("done")?, needed: stored.number("needed")? };
        let shown = further(before, copy.progress);
        let sql = "UPDATE copy SET done = ?, needed = ?, disks_done = max(disks_done, ?), \
            bytes_reused = max(bytes_reused, ?) WHERE id = ? AND fence = ?";
        let update = query(sql)
            .bind(signed("done", shown.done)?)
            .bind(signed("needed", shown.needed)?)
            .bind(signed("disks_done", copy.disks_done)?)
            .bind(signed("bytes_reused", copy.bytes_reused)?)
            .bind(copy.id.as_str())
            .bind(fence);
        self.run("record progress", update).await.map(Updated::from_rows)
    }

    /// Records why an attempt failed and gives the copy back until `next_attempt`. `attempts` counts those in a row that
    /// made no progress, this one included; `reason` is for the copy's user.
    #[allow(clippy::too_many_arguments)] // five plain values, each used once
    pub async fn record_failure(
        &mut self,
        copy: &CopyId,
        fence: u64,
        attempts: u32,
        next_attempt: Timestamp,
        reason: &str,
    ) -> Result<Updated, CatalogFault> {
        let sql = "UPDATE copy SET attempts = ?, next_attempt = ?, reason = ?, worker = NULL, lease_until = 0 \
            WHERE id = ? AND fence = ? AND finished IS NULL";
        let update = query(sql)
            .bind(attempts)
            .bind(next_attempt.0)
            .bind(reason)
            .bind(copy.as_str())
            .bind(signed("fence", fence)?);
        self.run("record a failed attempt", update).await.map(Updated::from_rows)
    }

    /// Makes a copy that waits between two attempts due now.
    pub async fn hurry_copy(&mut self, copy: &CopyId) -> Result<Updated, CatalogFault> {
        let hurry = query("UPDATE copy SET next_attempt = 0 WHERE id = ? AND finished IS NULL");
        self.run("hurry a copy", hurry.bind(copy.as_str())).await.map(Updated::from_rows)
    }

    /// Makes an account's copies due now that are sealed with a key and wait between two attempts: the key is back.
    pub async fn hurry_copies_of_key(
        &mut self,
        account: &AccountId,
        key: &EncryptionKeyId,
    ) -> Result<u64, CatalogFault> {
        let sql = "UPDATE copy SET next_attempt = 0 WHERE account = ? AND encryption_key = ? \
            AND finished IS NULL AND next_attempt > 0";
        let hurry = query(sql).bind(account.as_str()).bind(key.as_str());
        self.run("hurry the copies of a key", hurry).await
    }
}

/// The one of two that says more is done.
fn further(before: Progress, now: Progress) -> Progress {
    let ahead = u128::from(now.done) * u128::from(before.needed);
    let behind = u128::from(before.done) * u128::from(now.needed);
    let is_further = match (before.needed, now.needed) {
        (0, _) => true,
        (_, 0) => false,
        (_, _) => ahead > behind || (ahead == behind && now.done >= before.done),
    };
    if is_further { now } else { before }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, catalog, digest};
    use crate::{Catalog, ClaimLimits};
    use model::{Cause, CopyState};
    use proptest::prelude::*;

    /// One copy, claimed once.
    async fn claimed() -> (tempfile::TempDir, Catalog, CopyRow) {
        let (folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        tx.insert_copy(&sample::copy(1, 1)).await.unwrap();
        let copy = claim(&mut tx, 100).await;
        tx.commit().await.unwrap();
        (folder, catalog, copy)
    }

    async fn claim(tx: &mut Tx, now: i64) -> CopyRow {
        let limits = ClaimLimits { per_account: 1, per_region: 1 };
        let mut rows = tx.claim_due("w", Timestamp(now), 50, limits).await.unwrap();
        rows.pop().unwrap()
    }

    async fn load(tx: &mut Tx, copy: &CopyRow) -> CopyRow {
        tx.copy_unscoped(&copy.id).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn a_copy_moves_through_its_life_under_one_lease() {
        let (_folder, catalog, mut copy) = claimed().await;
        let mut tx = catalog.begin().await.unwrap();
        let digests = vec![digest(1), digest(2)];
        for state in [CopyState::Held { digests: digests.clone() }, CopyState::Stored { digests }] {
            let next = CopyRow { state, progress: Progress { done: 3, needed: 4 }, ..copy.clone() };
            assert_eq!(tx.move_copy(&next).await.unwrap(), Updated::Yes);
            copy = load(&mut tx, &copy).await;
            assert_eq!(copy, CopyRow { generation: next.generation + 1, ..next });
        }
        let state = CopyState::Published { snapshots: vec![] };
        let next = CopyRow { state, ..copy };
        assert_eq!(tx.move_copy(&next).await.unwrap(), Updated::Yes);
        let state = CopyState::Done { snapshots: vec![] };
        let finished = Some(Timestamp(140));
        let done = CopyRow { state, finished, ..load(&mut tx, &next).await };
        assert_eq!(tx.move_copy(&done).await.unwrap(), Updated::Yes);
        let end = load(&mut tx, &done).await;
        assert_eq!((end.worker, end.lease_until, end.finished), (None, Timestamp(0), finished));
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn i10_a_stale_fence_changes_nothing() {
        let (_folder, catalog, old) = claimed().await;
        let mut tx = catalog.begin().await.unwrap();
        let new = claim(&mut tx, 200).await;
        assert_eq!((old.fence, new.fence, new.total_attempts), (1, 2, 2));
        let moved = CopyRow { state: CopyState::Held { digests: vec![] }, ..old.clone() };
        let progress = CopyRow { bytes_sent: 5, ..old.clone() };
        assert_eq!(tx.move_copy(&moved).await.unwrap(), Updated::No);
        assert_eq!(tx.record_progress(&progress, Timestamp(100)).await.unwrap(), Updated::No);
        let failure = tx.record_failure(&old.id, old.fence, 9, Timestamp(999), "late").await;
        assert_eq!(failure.unwrap(), Updated::No);
        let renewed = tx.renew_lease(&old.id, old.fence, Timestamp(999)).await;
        assert_eq!(renewed.unwrap(), Updated::No);
        let released = tx.release_lease(&old.id, old.fence, Timestamp(999)).await;
        assert_eq!(released.unwrap(), crate::Released::No);
        assert_eq!(load(&mut tx, &old).await, new);
    }

    #[tokio::test]
    async fn i10_a_stale_generation_changes_nothing() {
        let (_folder, catalog, old) = claimed().await;
        let mut tx = catalog.begin().await.unwrap();
        let held = CopyRow { state: CopyState::Held { digests: vec![] }, ..old.clone() };
        assert_eq!(tx.move_copy(&held).await.unwrap(), Updated::Yes);
        let now = load(&mut tx, &old).await;
        let unwinding = CopyState::Unwinding { cause: Cause::Cancelled };
        let late = CopyRow { state: unwinding, progress: Progress { done: 9, needed: 9 }, ..old };
        assert_eq!(tx.move_copy(&late).await.unwrap(), Updated::No);
        assert_eq!(tx.take_copy(&late).await.unwrap(), Updated::No);
        assert_eq!(load(&mut tx, &late).await, now);
    }

    #[tokio::test]
    async fn fault_20_a_command_takes_the_copy_from_its_worker() {
        let (_folder, catalog, old) = claimed().await;
        let mut tx = catalog.begin().await.unwrap();
        let unwinding = CopyState::Unwinding { cause: Cause::Cancelled };
        let cancelled = CopyRow { state: unwinding.clone(), ..old.clone() };
        assert_eq!(tx.take_copy(&cancelled).await.unwrap(), Updated::Yes);
        assert_eq!(tx.take_copy(&cancelled).await.unwrap(), Updated::No);
        assert_eq!(tx.record_progress(&old, Timestamp(100)).await.unwrap(), Updated::No);
        // Within the lease that the worker had, somebody can unwind it.
        let now = claim(&mut tx, 101).await;
        assert_eq!((now.state, now.fence), (unwinding, 3));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn fault_19_of_cancel_and_completion_exactly_one_wins() {
        for _ in 0..20 {
            let (_folder, catalog, copy) = claimed().await;
            let cancel =
                CopyRow { state: CopyState::Unwinding { cause: Cause::Cancelled }, ..copy.clone() };
            let publish =
                CopyRow { state: CopyState::Published { snapshots: vec![] }, ..copy.clone() };
            let (one, two) = (catalog.clone(), catalog.clone());
            let cancel = tokio::spawn(async move {
                let mut tx = one.begin().await.unwrap();
                let won = tx.take_copy(&cancel).await.unwrap();
                tx.commit().await.unwrap();
                won
            });
            let publish = tokio::spawn(async move {
                let mut tx = two.begin().await.unwrap();
                let won = tx.move_copy(&publish).await.unwrap();
                tx.commit().await.unwrap();
                won
            });
            let (cancelled, published) = (cancel.await.unwrap(), publish.await.unwrap());
            assert_ne!(cancelled, published);
            let state = load(&mut catalog.read().await.unwrap(), &copy).await.state;
            assert_eq!(state.name() == "published", published == Updated::Yes);
        }
    }

    #[tokio::test]
    async fn r000_9_progress_never_goes_back() {
        let (_folder, catalog, copy) = claimed().await;
        let mut tx = catalog.begin().await.unwrap();
        let mut shown = 0;
        for (done, needed, disks_done, bytes) in [
            (50, 100, 1, 500),
            (10, 100, 0, 100),
            (60, 200, 2, 600),
            (150, 200, 1, 550),
            (0, 0, 0, 0),
        ] {
            let made = CopyRow {
                progress: Progress { done, needed },
                disks_done,
                bytes_sent: bytes,
                bytes_reused: bytes,
                ..copy.clone()
            };
            assert_eq!(tx.record_progress(&made, Timestamp(100)).await.unwrap(), Updated::Yes);
            let row = load(&mut tx, &copy).await;
            assert!(row.progress.percent() >= shown && row.disks_done >= disks_done);
            assert!(row.bytes_sent >= bytes && row.bytes_reused >= bytes);
            shown = row.progress.percent();
        }
        let row = load(&mut tx, &copy).await;
        assert_eq!(row.progress, Progress { done: 150, needed: 200 });
        assert_eq!((row.disks_done, row.bytes_sent, row.bytes_reused), (2, 600, 600));
        // A move that was decided on old numbers does not bring them back.
        let state = CopyState::Held { digests: vec![] };
        assert_eq!(tx.move_copy(&CopyRow { state, ..copy.clone() }).await.unwrap(), Updated::Yes);
        assert_eq!(load(&mut tx, &copy).await.progress, row.progress);
    }

    proptest! {
        #[test]
        fn r000_9_no_pair_shows_less_than_the_one_before(pairs in prop::collection::vec((0u64..1 << 40, 0u64..1 << 40), 1..20)) {
            let mut shown = Progress::default();
            for (done, needed) in pairs {
                let next = further(shown, Progress { done, needed });
                prop_assert!(next.percent() >= shown.percent());
                shown = next;
            }
        }
    }

    #[tokio::test]
    async fn a_failed_attempt_is_told_and_waits_until_hurried() {
        let (_folder, catalog, copy) = claimed().await;
        let mut tx = catalog.begin().await.unwrap();
        let next = Timestamp(5_000);
        let failed = tx.record_failure(&copy.id, copy.fence, 3, next, "no route").await;
        assert_eq!(failed.unwrap(), Updated::Yes);
        let row = load(&mut tx, &copy).await;
        let expected = CopyRow {
            attempts: 3,
            next_attempt: next,
            reason: Some("no route".into()),
            worker: None,
            lease_until: Timestamp(0),
            ..copy.clone()
        };
        assert_eq!(row, expected);
        let limits = ClaimLimits { per_account: 1, per_region: 1 };
        assert!(tx.claim_due("w", Timestamp(4_999), 50, limits).await.unwrap().is_empty());
        assert_eq!(tx.hurry_copy(&copy.id).await.unwrap(), Updated::Yes);
        let again = claim(&mut tx, 200).await;
        assert_eq!(again.attempts, 3, "only a move forgets them");
        let state = CopyState::Held { digests: vec![] };
        assert_eq!(tx.move_copy(&CopyRow { state, ..again.clone() }).await.unwrap(), Updated::Yes);
        let moved = load(&mut tx, &again).await;
        assert_eq!((moved.attempts, moved.reason, moved.total_attempts), (0, None, 2));
    }
}
