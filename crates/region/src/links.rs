//! Links: from each source region into this one, with their limits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::RegionId;
use transfer::RateLimiter;

use crate::region::Region;

/// The limiter of each link into a region, shared by the copies on it.
#[derive(Default)]
pub(crate) struct Links {
    limiters: Mutex<HashMap<RegionId, Arc<RateLimiter>>>,
}

impl Links {
    /// The limiter of the link from `source`; without a limit until one is set.
    pub(crate) fn limiter(&self, source: &RegionId) -> Arc<RateLimiter> {
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(
            limiters.entry(source.clone()).or_insert_with(|| Arc::new(RateLimiter::new(None))),
        )
    }
}

impl Region {
    /// Limits the link from `source` into this region, in bytes a second, from now on; none lifts the limit (R000-2).
    pub fn set_link_rate(&self, source: &RegionId, bytes_per_sec: Option<u64>) {
        self.inner.links.limiter(source).set_rate(bytes_per_sec);
    }
}
