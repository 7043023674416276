//! Links: from each source region into this one, with what is set of them, their speed and their queue.
//!
//! What an operator sets at run time lies in the catalog, and every process that serves the region follows it from there: each
//! claim reads it, and makes it count for what runs already.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use catalog::{AuditEntry, CopyRow, LinkDepth, LinkSettingRow, PausedLinks};
use model::{
    Act, CopyId, Holding, LinkChange, LinkSetting, Pause, RegionId, Rejection, Schedule, Timestamp,
};
use transfer::{Lane, RateLimiter, Share};

use crate::audit::facts;
use crate::commands::Caller;
use crate::refused::Refused;
use crate::region::Region;
use crate::usage::Whose;

/// The links into a region, as this process carries copies over them.
#[derive(Default)]
pub(crate) struct Links {
    known: Mutex<HashMap<RegionId, Link>>,
    /// How the copies that run here share the links, and their parts of those they use.
    lanes: Mutex<HashMap<CopyId, Lanes>>,
    /// Held from reading the catalog until what it says counts, so that nothing older comes behind it.
    pub(crate) following: tokio::sync::Mutex<()>,
}

/// A running copy's parts of links.
struct Lanes {
    share: Share,
    by_source: HashMap<RegionId, Arc<Lane>>,
}

/// One link.
struct Link {
    /// Shared by the copies on it.
    limiter: Arc<RateLimiter>,
    /// Its limit in the configuration, in bytes a second.
    configured: Option<u64>,
    /// What was set of it at run time, as the catalog was read last.
    setting: LinkSetting,
    /// What holds since then.
    holds: Holding,
}

impl Link {
    fn new() -> Link {
        let limiter = Arc::new(RateLimiter::new(None));
        let holds = Holding { limit: None, pause: Pause::Running, until: None };
        Link { limiter, configured: None, setting: LinkSetting::default(), holds }
    }

    /// Makes what holds now count.
    fn apply(&mut self, now: Timestamp) {
        let holds = self.setting.at(now, self.configured);
        if holds.limit != self.limiter.rate() {
            self.limiter.set_rate(holds.limit);
        }
        self.holds = holds;
    }
}

impl Links {
    fn known(&self) -> MutexGuard<'_, HashMap<RegionId, Link>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, (source, now): (&RegionId, Timestamp), change: impl FnOnce(&mut Link)) {
        let mut known = self.known();
        let link = known.entry(source.clone()).or_insert_with(Link::new);
        change(link);
        link.apply(now);
    }

    /// The limiters of the links that are known here.
    pub(crate) fn limiters(&self) -> Vec<(RegionId, Arc<RateLimiter>)> {
        let known = self.known();
        known.iter().map(|(source, link)| (source.clone(), Arc::clone(&link.limiter))).collect()
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<CopyId, Lanes>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy begins to run here: its parts of links are its account's, by its priority and deadline.
    pub(crate) fn begin(&self, copy: &CopyRow) {
        let share = Share {
            of: copy.account.to_string(),
            weight: copy.priority.weight(),
            due: copy.promise.map(|promise| promise.due.0),
        };
        self.lanes().insert(copy.id.clone(), Lanes { share, by_source: HashMap::new() });
    }

    /// A copy runs here no longer.
    pub(crate) fn end(&self, copy: &CopyId) {
        self.lanes().remove(copy);
    }

    /// A running copy's part of the link from `source`, the same each time. Whatever the copy receives over the link passes here.
    pub(crate) fn lane(&self, copy: &CopyId, source: &RegionId) -> Arc<Lane> {
        let limiter = self.limiter(source);
        match self.lanes().get_mut(copy) {
            Some(Lanes { share, by_source }) => {
                let lane = || Arc::new(limiter.lane(share.clone()));
                Arc::clone(by_source.entry(source.clone()).or_insert_with(lane))
            }
            // It has just ended.
            None => {
                let share = Share { of: copy.to_string(), weight: 1, due: None };
                Arc::new(limiter.lane(share))
            }
        }
    }

    /// The limiter of the link from `source`; without a limit until one is set.
    pub(crate) fn limiter(&self, source: &RegionId) -> Arc<RateLimiter> {
        Arc::clone(&self.known().entry(source.clone()).or_insert_with(Link::new).limiter)
    }

    /// The limit in the configuration, in bytes a second.
    pub(crate) fn configured(&self, source: &RegionId) -> Option<u64> {
        self.known().get(source).and_then(|link| link.configured)
    }

    /// Copies at once that the link was limited to when the catalog was read last.
    pub(crate) fn copies_at_once(&self, source: &RegionId) -> Option<u32> {
        self.known().get(source).and_then(|link| link.setting.copies_at_once)
    }

    /// Whether the link was paused when the catalog was read last.
    pub(crate) fn is_paused(&self, source: &RegionId) -> bool {
        self.known().get(source).is_some_and(|link| link.holds.pause == Pause::Paused)
    }
}

/// A link into a region, what is set of it, and what is queued on it.
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
    /// The limit that holds now, in bytes a second; none where there is none.
    pub limit_bytes_per_sec: Option<u64>,
    /// Its limit outside of windows that have another one.
    pub usual_limit_bytes_per_sec: Option<u64>,
    /// Copies over it that run at once, all accounts together; none where only the region's limits count.
    pub copies_at_once: Option<u32>,
    /// Whether it carries copies now.
    pub pause: Pause,
    /// Its weekly windows.
    pub schedule: Schedule,
    /// When a window changes what holds now; none where none does, and while an operator paused it.
    pub until: Option<Timestamp>,
    /// What holds then.
    pub next: Option<Holding>,
    /// How fast it was of late, all copies together; none where nothing has moved.
    pub measured_bytes_per_sec: Option<u64>,
    /// When it was changed last at run time; none where it never was.
    pub changed: Option<Timestamp>,
}

impl Region {
    /// Says how fast the link from `source` into this region may be by its configuration, in bytes a second. It counts from
    /// now on (R000-2), unless a limit was set at run time.
    pub fn set_link_rate(&self, source: &RegionId, bytes_per_sec: Option<u64>) {
        let now = self.inner.clock.now();
        self.inner.links.change((source, now), |link| link.configured = bytes_per_sec);
    }

    /// Changes what is set of the link from `source` into this region: for operators. It counts at once, for what runs too,
    /// and stays until it is changed again. A copy whose link is paused gives its place back and keeps what it has.
    pub async fn set_link(
        &self,
        caller: &Caller,
        source: &RegionId,
        change: LinkChange,
    ) -> Result<LinkView, Refused> {
        caller.must(Act::Operate)?;
        if source == self.id() {
            return Err(Rejection::SameRegion { region: source.clone() }.into());
        }
        // Refuses what is no region of this deployment.
        self.peer(source)?;
        let following = self.inner.links.following.lock().await;
        let mut tx = self.inner.catalog.begin().await?;
        let before = tx.link_setting(source).await?.map(|row| row.setting).unwrap_or_default();
        let setting = before.clone().after(change)?;
        let changed = self.inner.clock.now();
        let row = LinkSettingRow { source: source.clone(), setting, changed };
        if row.setting != before {
            tx.put_link_setting(&row).await?;
            let entry = AuditEntry {
                before: self.link_facts(source, &before),
                after: self.link_facts(source, &row.setting),
                ..self.audit_entry(caller, "link.set", source.as_str())
            };
            tx.record_audit(&entry).await?;
        }
        caller.commit(tx).await?;
        self.follow_links(&[row]);
        drop(following);
        self.changed();
        self.wake();
        let links = self.links(caller, Whose::Everyone).await?;
        let link = links.into_iter().find(|link| link.source == *source);
        link.ok_or_else(|| Rejection::RegionUnknown { region: source.clone() }.into())
    }

    fn link_facts(&self, source: &RegionId, setting: &LinkSetting) -> String {
        let number =
            |value: Option<u64>| value.map_or_else(|| "none".to_owned(), |n| n.to_string());
        let limit = setting.limit.over(self.inner.links.configured(source));
        facts(&[
            ("limit_bytes_per_sec", number(limit)),
            ("copies_at_once", number(setting.copies_at_once.map(u64::from))),
            ("pause", setting.pause.to_string()),
            ("schedule", setting.schedule.to_string()),
        ])
    }

    /// Makes what the catalog says of links count in this process: for the bytes that flow, and for copies that run over a
    /// link that is paused by now.
    pub(crate) fn follow_links(&self, rows: &[LinkSettingRow]) {
        let now = self.inner.clock.now();
        for LinkSettingRow { source, setting, .. } in rows {
            self.inner.links.change((source, now), |link| {
                let configured = link.configured.filter(|_| link.setting != *setting);
                let limit = setting.limit.over(link.configured);
                if configured.is_some() && limit != configured {
                    tracing::info!(target = %self.id(), %source, ?configured, ?limit, "a link has the limit that was set at run time, not the configured one");
                }
                link.setting = setting.clone();
            });
        }
        let paused = PausedLinks::among(rows, now);
        self.stop_transfers(|_, source| paused.contains(source));
    }

    /// The links into this region by their source, each with the depth of its queue: of the caller's own copies, or, for
    /// operators, of another account's or of all (R001-10).
    pub async fn links(&self, caller: &Caller, whose: Whose) -> Result<Vec<LinkView>, Refused> {
        let only = whose.admit(caller)?;
        let mut tx = self.inner.catalog.read().await?;
        let now = self.inner.clock.now();
        let depths = tx.queue_depths(only.as_ref(), now).await?.into_iter();
        let depths: BTreeMap<RegionId, LinkDepth> =
            depths.map(|depth| (depth.source.clone(), depth)).collect();
        let settings = tx.link_settings().await?;
        drop(tx);
        let mut settings: BTreeMap<RegionId, LinkSettingRow> =
            settings.into_iter().map(|row| (row.source.clone(), row)).collect();
        let mut sources: Vec<RegionId> =
            self.other_regions().into_iter().chain(depths.keys().cloned()).collect();
        sources.extend(settings.keys().cloned());
        sources.sort();
        sources.dedup();
        let view = |source: RegionId| {
            let (running, waiting) =
                depths.get(&source).map_or((0, 0), |depth| (depth.running, depth.waiting));
            let row = settings.remove(&source);
            let changed = row.as_ref().map(|row| row.changed);
            let setting = row.map(|row| row.setting).unwrap_or_default();
            let configured = self.inner.links.configured(&source);
            let holds = setting.at(now, configured);
            LinkView {
                limit_bytes_per_sec: holds.limit,
                usual_limit_bytes_per_sec: setting.limit.over(configured),
                copies_at_once: setting.copies_at_once,
                pause: holds.pause,
                until: holds.until,
                next: holds.until.map(|then| setting.at(then, configured)),
                schedule: setting.schedule,
                measured_bytes_per_sec: self.inner.link_speeds.of(&source),
                changed,
                target: self.id().clone(),
                source,
                running,
                waiting,
            }
        };
        Ok(sources.into_iter().map(view).collect())
    }
}
