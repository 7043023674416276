//! Copies into this region, as their owner sees them.

use catalog::{CopyFilter, CopyRow, Live, Updated};
use model::{Cause, CopyId, CopyState, Phase, Rejection, Timestamp};

use crate::commands::{Caller, CopyQuery, CopySelection, Cursor, Listed};
use crate::images::{next_cursor, page};
use crate::refused::{Refused, RegionFault};
use crate::region::Region;
use crate::views::CopyView;

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

impl Region {
    /// The caller's copies into this region, newest first.
    pub async fn copies(
        &self,
        caller: &Caller,
        query: CopyQuery,
    ) -> Result<Listed<CopyView>, Refused> {
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
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            let place = self.queue_place(&mut tx, &row).await?;
            items.push(self.copy_view(row, place));
        }
        Ok(Listed { items, next })
    }

    /// One copy.
    pub async fn copy(&self, caller: &Caller, copy: &CopyId) -> Result<CopyView, Refused> {
        let mut tx = self.inner.catalog.read().await?;
        let row = tx.copy(&caller.account, copy).await?.ok_or_else(|| self.no_copy(copy))?;
        let place = self.queue_place(&mut tx, &row).await?;
        Ok(self.copy_view(row, place))
    }

    async fn queue_place(
        &self,
        tx: &mut catalog::Tx,
        row: &CopyRow,
    ) -> Result<Option<u64>, RegionFault> {
        match (&row.state, row.attempts) {
            (CopyState::Queued, 0) => Ok(tx.queue_place(&row.id).await?),
            (_, _) => Ok(None),
        }
    }

    fn copy_view(&self, row: CopyRow, queue_place: Option<u64>) -> CopyView {
        let now = self.inner.clock.now();
        let phase = phase_of(&row, now);
        let queue_place = queue_place.filter(|_| phase == Phase::Waiting);
        let rate = self.inner.rates.of(&row.id).filter(|_| phase == Phase::CopyingSnapshots);
        CopyView {
            region: self.id().clone(),
            phase,
            percent: percent_of(&row),
            failure: failure_of(&row.state),
            state: row.state.name(),
            bytes_per_sec: rate.map(|rate| rate.bytes_per_sec as u64),
            seconds_left: rate.and_then(|rate| rate.seconds_left(row.progress)),
            queue_place,
            next_attempt: (row.attempts > 0 && row.state.is_live()).then_some(row.next_attempt),
            id: row.id,
            image: row.target_image,
            source_region: row.source_region,
            source_image: row.source_image,
            progress: row.progress,
            disks: row.disks,
            disks_done: row.disks_done,
            bytes_sent: row.bytes_sent,
            bytes_reused: row.bytes_reused,
            encryption_key: row.encryption_key,
            attempts: row.attempts,
            reason: row.reason,
            created: row.created,
            finished: row.finished,
        }
    }

    /// Tries a copy again now instead of at its next attempt.
    pub async fn retry_copy(&self, caller: &Caller, copy: &CopyId) -> Result<CopyView, Refused> {
        let mut tx = self.inner.catalog.begin().await?;
        let row = tx.copy(&caller.account, copy).await?.ok_or_else(|| self.no_copy(copy))?;
        if !row.state.is_live() || row.attempts == 0 || tx.hurry_copy(copy).await? == Updated::No {
            return Err(Rejection::NothingToRetry { copy: copy.clone() }.into());
        }
        tx.record_audit(&self.audit_entry(caller, "copy.retry", copy.as_str())).await?;
        tx.commit().await?;
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
