//! A region's figures, for operators.

use std::collections::BTreeMap;

use store::Totals;

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
    /// How well the time left was foretold since this process began.
    pub foretold: Foretold,
}

impl Region {
    /// The region's figures. Answers only if its catalog and its index do, so it also tells whether the region is ready.
    pub async fn figures(&self) -> Result<Figures, RegionFault> {
        Ok(Figures {
            copies: self.inner.catalog.read().await?.count_copies_by_state().await?,
            store: self.inner.store.usage().await?,
            received_bytes: self.inner.rates.received_bytes(),
            foretold: self.inner.rates.foretold(),
        })
    }
}
