//! Copies into this region, as their owner sees them.

use catalog::{AuditEntry, CopyFilter, CopyRow, Live, Tx, Updated};
use model::{AccountId, Act, Cause, CopyId, CopyState, Phase, Rejection, Timestamp};

use crate::audit::facts;
use crate::commands::{Caller, CopyQuery, CopySelection, Cursor, Listed};
use crate::deadlines::{DeadlineView, Outlook};
use crate::images::{next_cursor, page};
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

/// Whether it waits for its first attempt.
fn is_queued(copy: &CopyRow) -> bool {
    copy.state == CopyState::Queued && copy.attempts == 0
}

/// What is known of a copy beside its row.
struct Beside {
    queue_place: Option<u64>,
    is_late: bool,
    is_link_paused: bool,
    paused_until: Option<Timestamp>,
    deadline: Option<DeadlineView>,
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
        let (region, account) = (self.clone(), caller.account.clone());
        let look = async move |mut tx: Tx| {
            let page = page(&query.after, query.limit);
            let rows = tx.list_copies(&account, &CopyFilter { live }, &page).await?;
            let next = next_cursor(&rows, query.limit, |row| Cursor {
                created: row.created,
                id: row.id.to_string(),
            });
            let items = region.copy_views(&mut tx, &account, rows).await?;
            Ok(Listed { items, next })
        };
        self.inner.catalog.read().await?.off_thread(look).await
    }

    /// Copies of an account as it sees them.
    async fn copy_views(
        &self,
        tx: &mut Tx,
        account: &AccountId,
        rows: Vec<CopyRow>,
    ) -> Result<Vec<CopyView>, RegionFault> {
        let outlook = self.outlook(tx).await?;
        let waits = |row: &&CopyRow| is_queued(row);
        let waiting: Vec<CopyId> = rows.iter().filter(waits).map(|row| row.id.clone()).collect();
        let at = (outlook.now, &outlook.paused);
        let places = tx.queue_places(account, &waiting, at).await?;
        let mut views = Vec::with_capacity(rows.len());
        for row in rows {
            let place = places.get(&row.id).copied();
            let beside = self.beside(tx, &row, (&outlook, place)).await?;
            views.push(self.copy_view(row, beside));
        }
        Ok(views)
    }

    /// One copy.
    pub async fn copy(&self, caller: &Caller, copy: &CopyId) -> Result<CopyView, Refused> {
        caller.must(Act::Read)?;
        let mut tx = self.inner.catalog.read().await?;
        let row = tx.copy(&caller.account, copy).await?.ok_or_else(|| self.no_copy(copy))?;
        let outlook = self.outlook(&mut tx).await?;
        let place = match is_queued(&row) {
            true => tx.queue_place(&row.id, outlook.now, &outlook.paused).await?,
            false => None,
        };
        let beside = self.beside(&mut tx, &row, (&outlook, place)).await?;
        Ok(self.copy_view(row, beside))
    }

    async fn beside(
        &self,
        tx: &mut Tx,
        row: &CopyRow,
        (outlook, queue_place): (&Outlook, Option<u64>),
    ) -> Result<Beside, RegionFault> {
        let is_link_paused = outlook.paused.contains(&row.source_region);
        let holds = || outlook.setting(&row.source_region).at(outlook.now, None);
        Ok(Beside {
            queue_place,
            is_late: self.is_late(tx, row).await?,
            is_link_paused,
            paused_until: if is_link_paused { holds().until } else { None },
            deadline: self.deadline_of(tx, row, outlook).await?,
        })
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
            paused_until: beside.paused_until.filter(|_| is_paused),
            priority: row.priority,
            deadline: beside.deadline,
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
