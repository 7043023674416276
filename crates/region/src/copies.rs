//! Copies into this region, as their owner sees them.

use std::collections::HashSet;

use catalog::{AuditEntry, CopyFilter, CopyRow, Live, Updated};
use model::{Act, Cause, CopyId, CopyState, Phase, RegionId, Rejection, Timestamp};

use crate::audit::facts;
use crate::commands::{Caller, CopyQuery, CopySelection, Cursor, Listed};
use crate::images::{next_cursor, page};
use crate::links::paused;
use crate::refused::{Refused, RegionFault};
use crate::region::Region;
use crate::views::CopyView;
use crate::watch::Rate;

/// What a copy is doing, in the user's words.
pub(crate) fn phase_of(copy: &CopyRow, now: Timestamp) -> Phase {
    let claimed = copy.lease_until > now;
    match &copy.state {
        CopyState::Queued | CopyState::Held { .. } if !claimed => Phase::Waiting,
        CopyState::Queued | CopyState::Held { .. } => Phase::CopyingSnapshots,
        CopyState::Stored { .. } => Phase::Registering,
        CopyState::Published { .. } | CopyState::Done { .. } => Phase::Done,
        CopyState::Unwinding { .. } => Phase::Cancelling,
        CopyState::Ended { cause: Cause::Cancelled } => Phase::Cancelled,
        CopyState::Ended { .. } => Phase::Failed,
    }
}

fn percent_of(copy: &CopyRow) -> u8 {
    match &copy.state {
        CopyState::Published { .. } | CopyState::Done { .. } => 100,
        CopyState::Queued
        | CopyState::Held { .. }
        | CopyState::Stored { .. }
        | CopyState::Unwinding { .. }
        | CopyState::Ended { .. } => copy.progress.percent(),
    }
}

fn failure_of(state: &CopyState) -> Option<Cause> {
    match state {
        CopyState::Unwinding { cause } | CopyState::Ended { cause } => Some(cause.clone()),
        CopyState::Queued
        | CopyState::Held { .. }
        | CopyState::Stored { .. }
        | CopyState::Published { .. }
        | CopyState::Done { .. } => None,
    }
}

/// What is known of a copy beside its row.
struct Beside {
    queue_place: Option<u64>,
    is_late: bool,
    is_link_paused: bool,
}

impl Region {
    /// The caller's copies into this region, newest first.
    pub async fn copies(
        &self,
        caller: &Caller,
        query: CopyQuery,
    ) -> Result<Listed<CopyView>, Refused> {
        caller.must(Act::Read)?;
        let live = match query.selection {
            CopySelection::All => None,
            CopySelection::Live => Some(Live::Only),
            CopySelection::Ended => Some(Live::Ended),
        };
        let mut tx = self.inner.catalog.read().await?;
        let rows = tx
            .list_copies(&caller.account, &CopyFilter { live }, &page(&query.after, query.limit))
            .await?;
        let next = next_cursor(&rows, query.limit, |row| Cursor {
            created: row.created,
            id: row.id.to_string(),
        });
        let paused = paused(&tx.link_settings().await?);
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            let beside = self.beside(&mut tx, &row, &paused).await?;
            items.push(self.copy_view(row, beside));
        }
        Ok(Listed { items, next })
    }

    /// One copy.
    pub async fn copy(&self, caller: &Caller, copy: &CopyId) -> Result<CopyView, Refused> {
        caller.must(Act::Read)?;
        let mut tx = self.inner.catalog.read().await?;
        let row = tx.copy(&caller.account, copy).await?.ok_or_else(|| self.no_copy(copy))?;
        let paused = paused(&tx.link_settings().await?);
        let beside = self.beside(&mut tx, &row, &paused).await?;
        Ok(self.copy_view(row, beside))
    }

    async fn beside(
        &self,
        tx: &mut catalog::Tx,
        row: &CopyRow,
        paused: &HashSet<RegionId>,
    ) -> Result<Beside, RegionFault> {
        let queue_place = match (&row.state, row.attempts) {
            (CopyState::Queued, 0) => tx.queue_place(&row.id).await?,
            (_, _) => None,
        };
        let is_link_paused = paused.contains(&row.source_region);
        Ok(Beside { queue_place, is_late: self.is_late(tx, row).await?, is_link_paused })
    }

    fn copy_view(&self, row: CopyRow, beside: Beside) -> CopyView {
        let now = self.inner.clock.now();
        let phase = phase_of(&row, now);
        let rate = self.rate(&row, phase);
        let is_paused = beside.is_link_paused && phase == Phase::Waiting;
        // Nobody is next while the link is paused.
        let queue_place = beside.queue_place.filter(|_| phase == Phase::Waiting && !is_paused);
        let is_retried = row.attempts > 0 && row.state.is_live() && !is_paused;
        CopyView {
            region: self.id().clone(),
            phase,
            percent: percent_of(&row),
            failure: failure_of(&row.state),
            state: row.state.name(),
            bytes_per_sec: rate.map(|rate| rate.bytes_per_sec as u64),
            seconds_left: self.seconds_left(&row, phase),
            queue_place,
            is_paused,
            next_attempt: is_retried.then_some(row.next_attempt),
            id: row.id,
            image: row.target_image,
            snapshot: row.snapshot,
            source_region: row.source_region,
            source_image: row.source_image,
            progress: row.progress,
            disks: row.disks,
            disks_done: row.disks_done,
            bytes_sent: row.bytes_sent,
            bytes_reused: row.bytes_reused,
            encryption_key: row.encryption_key,
            is_late: beside.is_late,
            attempts: row.attempts,
            reason: row.reason,
            created: row.created,
            finished: row.finished,
        }
    }

    /// How fast a copy moves that is in this phase; none where it does not.
    fn rate(&self, copy: &CopyRow, phase: Phase) -> Option<Rate> {
        self.inner.rates.of(&copy.id).filter(|_| phase == Phase::CopyingSnapshots)
    }

    /// Seconds to go of a copy that is in this phase; none while unknown.
    pub(crate) fn seconds_left(&self, copy: &CopyRow, phase: Phase) -> Option<u64> {
        self.rate(copy, phase)?.seconds_left(copy.progress)
    }

    /// Tries a copy again now instead of at its next attempt.
    pub async fn retry_copy(&self, caller: &Caller, copy: &CopyId) -> Result<CopyView, Refused> {
        caller.must(Act::Change)?;
        let mut tx = self.inner.catalog.begin().await?;
        let row = tx.copy(&caller.account, copy).await?.ok_or_else(|| self.no_copy(copy))?;
        if !row.state.is_live() || row.attempts == 0 || tx.hurry_copy(copy).await? == Updated::No {
            return Err(Rejection::NothingToRetry { copy: copy.clone() }.into());
        }
        let entry = self.audit_entry(caller, "copy.retry", copy.as_str());
        let attempt = |at: Timestamp| {
            facts(&[("state", row.state.name().to_owned()), ("next_attempt", at.0.to_string())])
        };
        let (before, after) = (attempt(row.next_attempt), attempt(self.inner.clock.now()));
        tx.record_audit(&AuditEntry { before, after, ..entry }).await?;
        caller.commit(tx).await?;
        self.wake();
        self.copy(caller, copy).await
    }

    pub(crate) fn no_copy(&self, copy: &CopyId) -> Rejection {
        Rejection::CopyNotFound { copy: copy.clone(), region: self.id().clone() }
    }

    /// The audit entry of what the driver does for a copy.
    pub(crate) fn driver_entry(&self, copy: &CopyRow, action: &str) -> catalog::AuditEntry {
        let request_id = format!("driver-{}", self.inner.options.worker);
        let caller = Caller::of_region(&copy.account, request_id);
        self.audit_entry(&caller, action, copy.id.as_str())
    }
}
