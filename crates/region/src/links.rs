//! Links: from each source region into this one, with what is set of them, their speed and their queue.
//!
//! What an operator sets at run time lies in the catalog, and every process that serves the region follows it from there: each
//! claim reads it, and makes it count for what runs already.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use catalog::{AuditEntry, LinkSettingRow, LiveCopy};
use model::{Act, LinkChange, LinkSetting, Pause, RegionId, Rejection, Timestamp};
use transfer::RateLimiter;

use crate::audit::facts;
use crate::commands::Caller;
use crate::refused::Refused;
use crate::region::Region;
use crate::usage::Whose;

/// The links into a region, as this process carries copies over them.
#[derive(Default)]
pub(crate) struct Links {
    known: Mutex<HashMap<RegionId, Link>>,
    /// Held from reading the catalog until what it says counts, so that nothing older comes behind it.
    pub(crate) following: tokio::sync::Mutex<()>,
}

/// One link.
struct Link {
    /// Shared by the copies on it.
    limiter: Arc<RateLimiter>,
    /// Its limit in the configuration, in bytes a second.
    configured: Option<u64>,
    /// What was set of it at run time, as the catalog was read last.
    setting: LinkSetting,
}

impl Link {
    fn new() -> Link {
        let limiter = Arc::new(RateLimiter::new(None));
        Link { limiter, configured: None, setting: LinkSetting::default() }
    }

    /// Makes its limit count.
    fn apply(&self) {
        self.limiter.set_rate(self.setting.limit.over(self.configured));
    }
}

impl Links {
    fn known(&self) -> MutexGuard<'_, HashMap<RegionId, Link>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, source: &RegionId, change: impl FnOnce(&mut Link)) {
        let mut known = self.known();
        let link = known.entry(source.clone()).or_insert_with(Link::new);
        change(link);
        link.apply();
    }

    /// The limiter of the link from `source`; without a limit until one is set.
    pub(crate) fn limiter(&self, source: &RegionId) -> Arc<RateLimiter> {
        Arc::clone(&self.known().entry(source.clone()).or_insert_with(Link::new).limiter)
    }

    /// The limit in the configuration, in bytes a second.
    pub(crate) fn configured(&self, source: &RegionId) -> Option<u64> {
        self.known().get(source).and_then(|link| link.configured)
    }

    /// Whether the link was paused when the catalog was read last.
    pub(crate) fn is_paused(&self, source: &RegionId) -> bool {
        self.known().get(source).is_some_and(|link| link.setting.pause == Pause::Paused)
    }
}

/// The sources whose links are paused.
pub(crate) fn paused(settings: &[LinkSettingRow]) -> HashSet<RegionId> {
    let paused = settings.iter().filter(|row| row.setting.pause == Pause::Paused);
    paused.map(|row| row.source.clone()).collect()
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
    /// Its limit, in bytes a second; none where there is none.
    pub limit_bytes_per_sec: Option<u64>,
    /// Copies over it that run at once, all accounts together; none where only the region's limits count.
    pub copies_at_once: Option<u32>,
    /// Whether it carries copies.
    pub pause: Pause,
    /// How fast it was of late, all copies together; none where nothing has moved.
    pub measured_bytes_per_sec: Option<u64>,
    /// When it was changed last at run time; none where it never was.
    pub changed: Option<Timestamp>,
}

/// Copies on a link.
#[derive(Copy, Clone, Default)]
struct Depth {
    running: u64,
    waiting: u64,
}

impl Region {
    /// Says how fast the link from `source` into this region may be by its configuration, in bytes a second. It counts from
    /// now on (R000-2), unless a limit was set at run time.
    pub fn set_link_rate(&self, source: &RegionId, bytes_per_sec: Option<u64>) {
        self.inner.links.change(source, |link| link.configured = bytes_per_sec);
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
        let setting = before.after(change)?;
        let changed = self.inner.clock.now();
        let row = LinkSettingRow { source: source.clone(), setting, changed };
        if setting != before {
            tx.put_link_setting(&row).await?;
            let entry = AuditEntry {
                before: self.link_facts(source, before),
                after: self.link_facts(source, setting),
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

    fn link_facts(&self, source: &RegionId, setting: LinkSetting) -> String {
        let number =
            |value: Option<u64>| value.map_or_else(|| "none".to_owned(), |n| n.to_string());
        let limit = setting.limit.over(self.inner.links.configured(source));
        facts(&[
            ("limit_bytes_per_sec", number(limit)),
            ("copies_at_once", number(setting.copies_at_once.map(u64::from))),
            ("pause", setting.pause.to_string()),
        ])
    }

    /// Makes what the catalog says of links count in this process: for the bytes that flow, and for copies that run over a
    /// link that is paused by now.
    pub(crate) fn follow_links(&self, rows: &[LinkSettingRow]) {
        for LinkSettingRow { source, setting, .. } in rows {
            self.inner.links.change(source, |link| {
                let configured = link.configured.filter(|_| link.setting != *setting);
                let limit = setting.limit.over(link.configured);
                if configured.is_some() && limit != configured {
                    tracing::info!(target = %self.id(), %source, ?configured, ?limit, "a link has the limit that was set at run time, not the configured one");
                }
                link.setting = *setting;
            });
        }
        let paused = paused(rows);
        self.stop_transfers(|_, source| paused.contains(source));
    }

    /// The links into this region by their source, each with the depth of its queue: of the caller's own copies, or, for
    /// operators, of another account's or of all (R001-10).
    pub async fn links(&self, caller: &Caller, whose: Whose) -> Result<Vec<LinkView>, Refused> {
        let only = whose.admit(caller)?;
        let mut tx = self.inner.catalog.read().await?;
        let live = tx.live_copies(only.as_ref()).await?;
        let settings = tx.link_settings().await?;
        drop(tx);
        let depths = self.depths(&live);
        let mut settings: BTreeMap<RegionId, LinkSettingRow> =
            settings.into_iter().map(|row| (row.source.clone(), row)).collect();
        let mut sources: Vec<RegionId> =
            self.other_regions().into_iter().chain(depths.keys().cloned()).collect();
        sources.extend(settings.keys().cloned());
        sources.sort();
        sources.dedup();
        let view = |source: RegionId| {
            let Depth { running, waiting } = depths.get(&source).copied().unwrap_or_default();
            let row = settings.remove(&source);
            let changed = row.as_ref().map(|row| row.changed);
            let setting = row.map(|row| row.setting).unwrap_or_default();
            LinkView {
                limit_bytes_per_sec: setting.limit.over(self.inner.links.configured(&source)),
                copies_at_once: setting.copies_at_once,
                pause: setting.pause,
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

    fn depths(&self, live: &[LiveCopy]) -> BTreeMap<RegionId, Depth> {
        let now = self.inner.clock.now();
        let mut depths: BTreeMap<RegionId, Depth> = BTreeMap::new();
        for copy in live {
            let depth = depths.entry(copy.source.clone()).or_default();
            if copy.lease_until > now {
                depth.running += 1;
            } else {
                depth.waiting += 1;
            }
        }
        depths
    }
}
