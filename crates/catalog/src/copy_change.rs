//! Moving a copy from state to state, and recording what an attempt achieved. Every write of a worker carries its fence;
//! a write that comes too late changes nothing and says so (I10).

use model::{CopyId, Progress, Timestamp};
use sqlx::query;

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
    /// Records the state that the worker of `copy` gave it, with what it has achieved, if the row still has the generation
    /// and the fence of `copy`; its generation is one more after. Forgets failed attempts. The worker keeps the copy
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
    pub async fn record_progress(&mut self, copy: &CopyRow) -> Result<Updated, CatalogFault> {
        let find = query("SELECT finished FROM copy WHERE id = ? AND fence = ?");
        let find = find.bind(copy.id.as_str()).bind(signed("fence", copy.fence)?);
        let Some(row) = self.one("find a copy", find).await? else { return Ok(Updated::No) };
        match (Stored { table: "copy", row: &row }).optional_time("finished")? {
            Some(_) => Ok(Updated::No),
            None => self.record_progress_of(copy).await,
        }
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
            bytes_sent = max(bytes_sent, ?), bytes_reused = max(bytes_reused, ?) WHERE id = ? AND fence = ?";
        let update = query(sql)
            .bind(signed("done", shown.done)?)
            .bind(signed("needed", shown.needed)?)
            .bind(signed("disks_done", copy.disks_done)?)
            .bind(signed("bytes_sent", copy.bytes_sent)?)
            .bind(signed("bytes_reused", copy.bytes_reused)?)
            .bind(copy.id.as_str())
            .bind(fence);
        self.run("record progress", update).await.map(Updated::from_rows)
    }

    /// Records why an attempt failed and gives the copy back until `next_attempt`. `attempts` counts those in a row that
    /// made no progress, this one included; `reason` is for the copy's user.
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
