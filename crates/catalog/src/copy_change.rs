//! Moving a copy from state to state, and recording what an attempt achieved. Every write of a worker carries its fence;
//! a write that comes too late changes nothing and says so (I10).

use model::{CopyId, CopyState, Progress, Timestamp};
use sqlx::query;

use crate::copy::StateColumns;
use crate::fault::CatalogFault;
use crate::outcome::Updated;
use crate::stored::{Stored, signed};
use crate::tx::Tx;

/// A move of a copy to the state that the life cycle gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyMove {
    /// The generation on which the move was decided.
    pub generation: u64,
    /// The worker's fence; none where a command moves the copy.
    pub fence: Option<u64>,
    /// Where it goes.
    pub state: CopyState,
    /// When.
    pub at: Timestamp,
}

/// What a worker has achieved so far.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct CopyProgress {
    /// Places present of those needed.
    pub progress: Progress,
    /// Disks here whole.
    pub disks_done: u64,
    /// Bytes that crossed the link since they were last recorded.
    pub bytes_sent_delta: u64,
    /// Bytes that were here already, altogether.
    pub bytes_reused: u64,
}

/// How an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedAttempt {
    /// Attempts in a row that made no progress, this one included.
    pub attempts: u32,
    /// When it is tried again.
    pub next_attempt: Timestamp,
    /// Why, for the copy's user.
    pub reason: String,
}

impl Tx {
    /// Records a copy's new state, if its generation and, where given, its fence are still these. Forgets the failed
    /// attempts and makes the copy due; its worker keeps it unless the state is terminal.
    pub async fn move_copy(
        &mut self,
        copy: &CopyId,
        to: &CopyMove,
    ) -> Result<Updated, CatalogFault> {
        let sql = "UPDATE copy SET state = ?1, digests = ?2, snapshots = ?3, cause = ?4, cause_number = ?5, \
            finished = ?6, worker = iif(?6 IS NULL, worker, NULL), lease_until = iif(?6 IS NULL, lease_until, 0), \
            attempts = 0, reason = NULL, next_attempt = min(next_attempt, ?7), generation = generation + 1 \
            WHERE id = ?8 AND generation = ?9 AND (?10 IS NULL OR fence = ?10)";
        let state = StateColumns::of(&to.state)?;
        let finished = (!to.state.is_live()).then_some(to.at.0);
        let fence = to.fence.map(|fence| signed("fence", fence)).transpose()?;
        let update = query(sql)
            .bind(state.word)
            .bind(state.digests)
            .bind(state.snapshots)
            .bind(state.cause)
            .bind(state.cause_number)
            .bind(finished)
            .bind(to.at.0)
            .bind(copy.as_str())
            .bind(signed("generation", to.generation)?)
            .bind(fence);
        self.run("move a copy", update).await.map(Updated::from_rows)
    }

    /// Records what a worker has achieved. The share done, the disks done and the bytes never go back (R000-9): a pair of
    /// places that says less than the one recorded is left out, so a total that grows late holds the share still.
    pub async fn record_progress(
        &mut self,
        copy: &CopyId,
        fence: u64,
        made: &CopyProgress,
    ) -> Result<Updated, CatalogFault> {
        let find =
            query("SELECT done, needed FROM copy WHERE id = ? AND fence = ? AND finished IS NULL");
        let find = find.bind(copy.as_str()).bind(signed("fence", fence)?);
        let Some(row) = self.one("find a copy's progress", find).await? else {
            return Ok(Updated::No);
        };
        let stored = Stored { table: "copy", row: &row };
        let before = Progress { done: stored.number("done")?, needed: stored.number("needed")? };
        let shown = further(before, made.progress);
        let sql = "UPDATE copy SET done = ?, needed = ?, disks_done = max(disks_done, ?), \
            bytes_sent = bytes_sent + ?, bytes_reused = max(bytes_reused, ?) \
            WHERE id = ? AND fence = ? AND finished IS NULL";
        let update = query(sql)
            .bind(signed("done", shown.done)?)
            .bind(signed("needed", shown.needed)?)
            .bind(signed("disks_done", made.disks_done)?)
            .bind(signed("bytes_sent", made.bytes_sent_delta)?)
            .bind(signed("bytes_reused", made.bytes_reused)?)
            .bind(copy.as_str())
            .bind(signed("fence", fence)?);
        self.run("record progress", update).await.map(Updated::from_rows)
    }

    /// Records why an attempt failed and gives the copy back until its next attempt.
    pub async fn record_failure(
        &mut self,
        copy: &CopyId,
        fence: u64,
        failed: &FailedAttempt,
    ) -> Result<Updated, CatalogFault> {
        let sql = "UPDATE copy SET attempts = ?, next_attempt = ?, reason = ?, worker = NULL, lease_until = 0 \
            WHERE id = ? AND fence = ? AND finished IS NULL";
        let update = query(sql)
            .bind(failed.attempts)
            .bind(failed.next_attempt.0)
            .bind(failed.reason.as_str())
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
