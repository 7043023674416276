//! A region's figures, for operators.

use std::collections::BTreeMap;

use store::Totals;

use crate::meters::TimesToAvailable;
use crate::refused::RegionFault;
use crate::region::Region;
use crate::watch::Foretold;

/// What a region has and does just now.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Copies into this region, by the stored name of their state.
    pub copies: BTreeMap<String, u64>,
    /// What the store holds.
    pub store: Totals,
    /// Bytes that copies received since this process began.
    pub received_bytes: u64,
    /// Bytes of these that came from other targets in place of the source.
    pub relayed_bytes: u64,
    /// How well the time left was foretold since this process began.
    pub foretold: Foretold,
    /// How long images took to become available since this process began.
    pub available: TimesToAvailable,
    /// Copies that run or wait on each link into this region, by its source (R001-10).
    pub queues: BTreeMap<String, u64>,
    /// Those of them that take longer than promised (R003-5).
    pub late: u64,
    /// Copies with a deadline, by how they stand with it: live ones, and those that ended since this process began.
    pub deadlines: BTreeMap<&'static str, u64>,
}

impl Region {
    /// The region's figures. Answers only if its catalog and its index do, so it also tells whether the region is ready.
    pub async fn figures(&self) -> Result<Figures, RegionFault> {
        let mut tx = self.inner.catalog.read().await?;
        let copies = tx.count_copies_by_state().await?;
        let depths = tx.queue_depths(None, self.inner.clock.now()).await?.into_iter();
        let late = tx.count_copies_accepted_before(self.late_before()).await?;
        let outlook = self.outlook(&mut tx).await?;
        drop(tx);
        let queues =
            depths.map(|depth| (depth.source.to_string(), depth.running + depth.waiting)).collect();
        Ok(Figures {
            copies,
            queues,
            deadlines: self.deadline_figures(&outlook),
            late,
            available: self.inner.arrivals.times(),
            store: self.inner.store.usage().await?,
            received_bytes: self.inner.rates.received_bytes(),
            relayed_bytes: self.inner.relays.received_bytes(),
            foretold: self.inner.rates.foretold(),
        })
    }
}
