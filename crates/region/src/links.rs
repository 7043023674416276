//! Links: from each source region into this one, with their limits, their speed and their queue.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use model::RegionId;
use transfer::RateLimiter;

use crate::commands::Caller;
use crate::refused::Refused;
use crate::region::Region;
use crate::usage::Whose;

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

/// A link into a region, and what is queued on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkView {
    /// From where.
    pub source: RegionId,
    /// To where.
    pub target: RegionId,
    /// Copies that run.
    pub running: u64,
    /// Copies that wait, in the queue or for their next attempt.
    pub waiting: u64,
    /// Its limit, in bytes a second; none where there is none.
    pub limit_bytes_per_sec: Option<u64>,
    /// How fast it was of late, all copies together; none where nothing has moved.
    pub measured_bytes_per_sec: Option<u64>,
}

impl Region {
    /// Limits the link from `source` into this region, in bytes a second, from now on; none lifts the limit (R000-2).
    pub fn set_link_rate(&self, source: &RegionId, bytes_per_sec: Option<u64>) {
        self.inner.links.limiter(source).set_rate(bytes_per_sec);
    }

    /// The links into this region by their source, each with the depth of its queue: of the caller's own copies, or, for
    /// operators, of another account's or of all (R001-10).
    pub async fn links(&self, caller: &Caller, whose: Whose) -> Result<Vec<LinkView>, Refused> {
        let only = whose.admit(caller)?;
        let live = self.inner.catalog.read().await?.live_copies(only.as_ref()).await?;
        let now = self.inner.clock.now();
        let mut links: BTreeMap<RegionId, (u64, u64)> =
            self.other_regions().into_iter().map(|source| (source, (0, 0))).collect();
        for copy in live {
            let (running, waiting) = links.entry(copy.source).or_default();
            *(if copy.lease_until > now { running } else { waiting }) += 1;
        }
        let view = |(source, (running, waiting))| LinkView {
            limit_bytes_per_sec: self.inner.links.limiter(&source).rate(),
            measured_bytes_per_sec: self.inner.link_speeds.of(&source),
            target: self.id().clone(),
            source,
            running,
            waiting,
        };
        Ok(links.into_iter().map(view).collect())
    }
}
