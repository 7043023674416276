//! The objective: how long a copy may take until its image is available. Late ones are told, never treated otherwise.

use catalog::{CopyRow, Tx};
use model::{CopyState, Timestamp, is_late};

use crate::refused::RegionFault;
use crate::region::Region;

impl Region {
    /// How long a copy may take, in milliseconds.
    fn objective_ms(&self) -> i64 {
        i64::try_from(self.inner.options.copy_objective.as_millis()).unwrap_or(i64::MAX)
    }

    /// Whether an image takes, or took, longer to become available than promised (R003-5). One that never will be is not
    /// late.
    pub(crate) async fn is_late(&self, tx: &mut Tx, row: &CopyRow) -> Result<bool, RegionFault> {
        let (now, objective) = (self.inner.clock.now(), self.objective_ms());
        match &row.state {
            CopyState::Queued | CopyState::Held { .. } | CopyState::Stored { .. } => {
                Ok(is_late(row.created, None, now, objective))
            }
            CopyState::Published { snapshots } | CopyState::Done { snapshots } => {
                let in_time = !is_late(row.created, row.finished, now, objective);
                let Some(snapshot) = snapshots.first().filter(|_| !in_time) else {
                    return Ok(false);
                };
                // The copy ends when its source lets go, which may be much later.
                let available = tx.storage_began(snapshot).await?;
                Ok(is_late(row.created, available, now, objective))
            }
            CopyState::Unwinding { .. } | CopyState::Ended { .. } => Ok(false),
        }
    }

    /// Live copies that were accepted before this instant take longer than promised.
    pub(crate) fn late_before(&self) -> Timestamp {
        self.inner.clock.now().plus_ms(-self.objective_ms())
    }

    /// Logs each copy that has become late, once. How many there were.
    pub(crate) async fn tell_late_copies(&self) -> Result<usize, RegionFault> {
        let mut tx = self.inner.catalog.read().await?;
        let late = tx.copies_accepted_before(self.late_before()).await?;
        drop(tx);
        let new = self.inner.arrivals.newly_late(late);
        for copy in &new {
            let objective_secs = self.inner.options.copy_objective.as_secs();
            tracing::warn!(region = %self.id(), %copy, objective_secs, "a copy takes longer than promised");
        }
        Ok(new.len())
    }
}
