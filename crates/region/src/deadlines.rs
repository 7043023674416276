//! Deadlines of copies: promised where the link can keep them, kept beside other copies, and told when they are at risk.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use catalog::{CopyRow, LinkSettingRow, PausedLinks, PromisedCopy, Tx};
use model::{
    CopyId, CopyState, DeadlineStanding, EncryptionKeyId, LinkSetting, Promise, RegionId, Road,
    Timestamp,
};
use transfer::Promised;

use crate::meters::Bound;
use crate::peer::CopyOffer;
use crate::refused::{Refused, RegionFault};
use crate::region::Region;

/// A copy's deadline, and how it stands with it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct DeadlineView {
    /// Until when the image is to be available.
    pub at: Timestamp,
    /// How it stands with that.
    pub standing: DeadlineStanding,
}

/// What is known of an offer before the transaction that promises it.
#[derive(Copy, Clone, Default)]
pub(crate) struct Weighed<'a> {
    /// What seals the copy.
    pub(crate) key: Option<&'a EncryptionKeyId>,
    /// What it must bring over the link; none where nobody needs to know, because it has no deadline.
    pub(crate) bytes: Option<u64>,
}

/// How copies stood with their deadlines: who was told of what, and how those went that are through.
#[derive(Default)]
pub(crate) struct Deadlines {
    told: Mutex<HashMap<CopyId, DeadlineStanding>>,
    ended: Mutex<BTreeMap<&'static str, u64>>,
}

/// The links and the promises as they are at a moment.
pub(crate) struct Outlook {
    pub(crate) now: Timestamp,
    pub(crate) settings: Vec<LinkSettingRow>,
    pub(crate) paused: PausedLinks,
    pub(crate) promised: Vec<PromisedCopy>,
}

impl Outlook {
    /// What is set of the link from `source`.
    pub(crate) fn setting(&self, source: &RegionId) -> LinkSetting {
        let row = self.settings.iter().find(|row| row.source == *source);
        row.map(|row| row.setting.clone()).unwrap_or_default()
    }

    /// What was promised over the link from `source` and is not over.
    fn promises(&self, source: &RegionId) -> Vec<Promise> {
        let open = |copy: &&PromisedCopy| copy.source == *source && copy.promise.due > self.now;
        self.promised.iter().filter(open).map(|copy| copy.promise).collect()
    }
}

impl Deadlines {
    fn told(&self) -> MutexGuard<'_, HashMap<CopyId, DeadlineStanding>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that an image with a deadline became available.
    pub(crate) fn note(&self, due: Timestamp, at: Timestamp) {
        let standing = if at <= due { DeadlineStanding::Met } else { DeadlineStanding::Missed };
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        *ended.entry(standing.as_str()).or_default() += 1;
    }

    fn ended(&self) -> BTreeMap<&'static str, u64> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Region {
    /// The links and the promises now.
    pub(crate) async fn outlook(&self, tx: &mut Tx) -> Result<Outlook, RegionFault> {
        let now = self.inner.clock.now();
        let settings = tx.link_settings().await?;
        let paused = PausedLinks::among(&settings, now);
        Ok(Outlook { now, paused, settings, promised: tx.promised_copies().await? })
    }

    /// What is known of the link from `source` for the time to come.
    fn road(&self, source: &RegionId, setting: LinkSetting) -> Road {
        Road {
            limit: setting.limit.over(self.inner.links.configured(source)),
            proved: self.inner.link_speeds.proved(source),
            pause: setting.pause,
            schedule: setting.schedule,
        }
    }

    /// What an offered copy must bring over the link, where it has a deadline.
    pub(crate) async fn weigh(
        &self,
        offer: &CopyOffer,
        key: &Result<Option<EncryptionKeyId>, Refused>,
    ) -> Result<Option<u64>, Refused> {
        match (offer.urgency.deadline, key) {
            (Some(_), Ok(key)) => {
                let key = key.clone();
                let domain = model::DomainName { account: offer.account.clone(), key };
                Ok(Some(self.measure_offer(offer, &domain).await?.bytes))
            }
            // What refuses the key refuses the copy.
            (Some(_), Err(_)) | (None, _) => Ok(None),
        }
    }

    /// Judges the deadline of an offer, in the transaction that promises the copy: what it must bring by when; none where it has
    /// no deadline.
    pub(crate) async fn judge_deadline(
        &self,
        tx: &mut Tx,
        offer: &CopyOffer,
        bytes: Option<u64>,
    ) -> Result<Option<Promise>, Refused> {
        let (Some(deadline), Some(bytes)) = (offer.urgency.deadline, bytes) else {
            return Ok(None);
        };
        let outlook = self.outlook(tx).await?;
        let promise = Promise { due: deadline.after(outlook.now), bytes };
        let road = self.road(&offer.source, outlook.setting(&offer.source));
        let promised = outlook.promises(&offer.source);
        road.admit(&offer.source, outlook.now, (promise, &promised))?;
        Ok(Some(promise))
    }

    /// How a copy stands with its deadline; none where it has none.
    pub(crate) async fn deadline_of(
        &self,
        tx: &mut Tx,
        row: &CopyRow,
        outlook: &Outlook,
    ) -> Result<Option<DeadlineView>, RegionFault> {
        let Some(Promise { due, .. }) = row.promise else { return Ok(None) };
        let standing = match &row.state {
            CopyState::Queued | CopyState::Held { .. } | CopyState::Stored { .. } => {
                self.live_standing(&row.source_region, due, outlook)
            }
            CopyState::Published { snapshots } | CopyState::Done { snapshots } => {
                let mut available = row.finished.unwrap_or(outlook.now);
                // The copy ends when its source lets go, which may be much later.
                if available > due
                    && let Some(snapshot) = snapshots.first()
                    && let Some(began) = tx.storage_began(snapshot).await?
                {
                    available = began;
                }
                if available <= due { DeadlineStanding::Met } else { DeadlineStanding::Missed }
            }
            CopyState::Unwinding { .. } | CopyState::Ended { .. } => DeadlineStanding::Void,
        };
        Ok(Some(DeadlineView { at: due, standing }))
    }

    fn live_standing(
        &self,
        source: &RegionId,
        due: Timestamp,
        outlook: &Outlook,
    ) -> DeadlineStanding {
        if outlook.now > due {
            return DeadlineStanding::Missed;
        }
        let road = self.road(source, outlook.setting(source));
        match road.is_at_risk(outlook.now, due, &outlook.promises(source)) {
            true => DeadlineStanding::AtRisk,
            false => DeadlineStanding::Promised,
        }
    }

    /// Makes the promises count on the links of this process, and tells of those that are at risk or missed, once each.
    pub(crate) fn follow_promises(&self, outlook: &Outlook) {
        for (source, limiter) in self.inner.links.limiters() {
            let bound = if limiter.has_held() { Bound::Limit } else { Bound::Link };
            self.inner.link_speeds.settle(&source, bound);
            let promised = outlook.promises(&source);
            let road = self.road(&source, outlook.setting(&source));
            limiter.promise(Promised {
                share: road.share_needed(outlook.now, &promised),
                over: outlook.now.0,
                carries: self.inner.link_speeds.proved(&source),
            });
        }
        let mut told = self.inner.deadlines.told();
        let live: HashSet<&CopyId> = outlook.promised.iter().map(|copy| &copy.id).collect();
        told.retain(|copy, _| live.contains(copy));
        for PromisedCopy { id, source, promise } in &outlook.promised {
            let standing = self.live_standing(source, promise.due, outlook);
            let before = told.insert(id.clone(), standing);
            if before == Some(standing) {
                continue;
            }
            self.changed();
            let (region, due, left) = (self.id(), promise.due, promise.bytes);
            match standing {
                DeadlineStanding::AtRisk => {
                    tracing::warn!(%region, copy = %id, %source, %due, left, "a copy will miss its deadline, as the link is now");
                }
                DeadlineStanding::Missed => {
                    tracing::warn!(%region, copy = %id, %source, %due, left, "a copy missed its deadline");
                }
                DeadlineStanding::Promised if before.is_some() => {
                    tracing::info!(%region, copy = %id, %source, %due, left, "a copy will meet its deadline after all");
                }
                DeadlineStanding::Promised | DeadlineStanding::Met | DeadlineStanding::Void => {}
            }
        }
    }

    /// Copies with a deadline, by how they stand with it: those that are live, and those that ended since this process began.
    pub(crate) fn deadline_figures(&self, outlook: &Outlook) -> BTreeMap<&'static str, u64> {
        let mut figures = self.inner.deadlines.ended();
        for standing in DeadlineStanding::ALL {
            figures.entry(standing.as_str()).or_default();
        }
        // Nobody counts those that ended without an image.
        figures.remove(DeadlineStanding::Void.as_str());
        for PromisedCopy { source, promise, .. } in &outlook.promised {
            let standing = self.live_standing(source, promise.due, outlook);
            *figures.entry(standing.as_str()).or_default() += 1;
        }
        figures
    }
}
