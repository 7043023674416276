//! What a region measures of itself while it runs: how fast its links have been of late, and how long images took to
//! become available. Shown to people and machines; only deadlines over links without a limit are decided by it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::{CopyId, RegionId};

/// A link's speed is taken over windows of this length while bytes come.
const WINDOW: Duration = Duration::from_millis(500);
/// A pause as long as this is none of the link's slowness: nobody asked for bytes.
const PAUSE: Duration = Duration::from_secs(2);
/// Half of a speed's weight lies in so much time of the link's use.
const HALF_LIFE: Duration = Duration::from_secs(10);

/// How fast each link into the region was when it was last used, all its copies together.
#[derive(Default)]
pub(crate) struct LinkSpeeds {
    links: Mutex<HashMap<RegionId, LinkMeter>>,
}

struct LinkMeter {
    began: Instant,
    last: Instant,
    bytes: u64,
    bytes_per_sec: Option<f64>,
    /// The best window since it was last settled.
    best: Option<f64>,
    /// What the link has proved to carry, where no limit held it back.
    proved: Option<f64>,
}

/// What kept a link from carrying more.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// A limit of ours.
    Limit,
    /// The link itself, or that nobody wanted more.
    Link,
}

/// What a link has proved is believed less with each second of its use in which it carried less and nothing held it back: half
/// after 69. A choice of ours.
const PROVED_KEPT: f64 = 0.99;

impl LinkSpeeds {
    /// Notes bytes that came from a region.
    pub(crate) fn note(&self, source: &RegionId, bytes: u64) {
        self.note_at(source, bytes, Instant::now());
    }

    fn note_at(&self, source: &RegionId, bytes: u64, now: Instant) {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || LinkMeter {
            began: now,
            last: now,
            bytes: 0,
            bytes_per_sec: None,
            best: None,
            proved: None,
        };
        let meter = links.entry(source.clone()).or_insert_with(new);
        if now.duration_since(meter.last) >= PAUSE {
            (meter.began, meter.bytes) = (now, 0);
        }
        meter.last = now;
        meter.bytes += bytes;
        let took = now.duration_since(meter.began);
        if took < WINDOW {
            return;
        }
        let latest = meter.bytes as f64 / took.as_secs_f64();
        let keep = 0.5_f64.powf(took.as_secs_f64() / HALF_LIFE.as_secs_f64());
        let blended = meter.bytes_per_sec.map_or(latest, |old| old * keep + latest * (1.0 - keep));
        *meter = LinkMeter {
            began: now,
            last: now,
            bytes: 0,
            bytes_per_sec: Some(blended).filter(|rate| *rate >= 1.0),
            best: Some(meter.best.map_or(latest, |best| best.max(latest))),
            proved: meter.proved,
        };
    }

    /// Settles what came since the last time: whether a limit held it back, or the link itself was all there was.
    pub(crate) fn settle(&self, source: &RegionId, bound: Bound) {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(meter) = links.get_mut(source) else { return };
        let Some(best) = meter.best.take() else { return };
        meter.proved = match (bound, meter.proved) {
            (Bound::Limit, proved) => proved.map(|proved| proved.max(best)),
            (Bound::Link, proved) => {
                Some(proved.map_or(best, |proved| best.max(proved * PROVED_KEPT)))
            }
        };
    }

    /// Bytes a second that the link has proved to carry when no limit held it back; none before that.
    pub(crate) fn proved(&self, source: &RegionId) -> Option<u64> {
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        Some(links.get(source)?.proved? as u64)
    }

    /// Bytes a second from a region, of late; none before anything has come for half a second.
    pub(crate) fn of(&self, source: &RegionId) -> Option<u64> {
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        Some(links.get(source)?.bytes_per_sec? as u64)
    }
}

/// Upper bounds of the buckets of [`TimesToAvailable`], in seconds: from a copy that had everything to a day. The seed's
/// 10 and 30 minutes are among them (R003-5).
pub const AVAILABLE_WITHIN_SECS: [u64; 12] =
    [1, 5, 15, 60, 180, 600, 1_200, 1_800, 3_600, 10_800, 28_800, 86_400];

/// How long images took from the promise to being available, since this process began (R003-5).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TimesToAvailable {
    /// Copies that took at most so many seconds and more than the bound before; those beyond the last bound are only
    /// in `copies`.
    pub within: BTreeMap<u64, u64>,
    /// All of them.
    pub copies: u64,
    /// The sum of their times, in seconds.
    pub seconds: f64,
}

/// Copies that ended well, and those that are late.
#[derive(Default)]
pub(crate) struct Arrivals {
    times: Mutex<TimesToAvailable>,
    told: Mutex<HashSet<CopyId>>,
}

impl Arrivals {
    /// Notes that an image became available after so many milliseconds.
    pub(crate) fn note(&self, ms: i64) {
        let seconds = ms as f64 / 1_000.0;
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        times.copies += 1;
        times.seconds += seconds;
        if let Some(bound) = AVAILABLE_WITHIN_SECS.iter().find(|bound| seconds <= **bound as f64) {
            *times.within.entry(*bound).or_default() += 1;
        }
    }

    pub(crate) fn times(&self) -> TimesToAvailable {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Those of the copies that are late now of which nobody was told yet. Copies that are no longer late are forgotten.
    pub(crate) fn newly_late(&self, late: Vec<CopyId>) -> Vec<CopyId> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|copy| late.contains(copy));
        late.into_iter().filter(|copy| told.insert(copy.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn north() -> RegionId {
        "north".parse().unwrap()
    }

    /// R002-2: the link's speed of late, whoever's copies moved on it.
    #[test]
    fn what_a_link_has_proved_is_the_best_it_did_and_fades_slowly() {
        let (speeds, begun) = (LinkSpeeds::default(), Instant::now());
        let second = |at: u64, bytes: u64| {
            let half = |ms| begun + Duration::from_millis(at * 1_000 + ms);
            speeds.note_at(&north(), 0, half(0));
            speeds.note_at(&north(), bytes / 2, half(499));
            speeds.note_at(&north(), bytes / 2, half(999));
        };
        second(0, 9_000_000);
        speeds.settle(&north(), Bound::Limit);
        assert_eq!(speeds.proved(&north()), None, "a limit proves nothing of the link");
        second(1, 5_000_000);
        speeds.settle(&north(), Bound::Link);
        let proved = speeds.proved(&north()).unwrap();
        assert!((4_000_000..6_000_000).contains(&proved), "{proved}");
        // A copy of little says little.
        for at in 2..12 {
            second(at, 100_000);
            speeds.settle(&north(), Bound::Link);
        }
        let kept = speeds.proved(&north()).unwrap();
        assert!(kept < proved && kept > proved * 85 / 100, "{kept} of {proved}");
        second(12, 20_000_000);
        speeds.settle(&north(), Bound::Limit);
        assert!(speeds.proved(&north()).unwrap() > 15_000_000);
    }

    #[test]
    fn r002_2_a_links_speed_is_what_came_while_it_was_used() {
        let speeds = LinkSpeeds::default();
        let begun = Instant::now();
        assert_eq!(speeds.of(&north()), None);
        for step in 0..=20 {
            speeds.note_at(&north(), 1_000, begun + Duration::from_millis(100 * step));
        }
        let told = speeds.of(&north()).unwrap();
        assert!((9_900..12_100).contains(&told), "{told}");
        // An hour's rest does not make the link slow.
        let later = begun + Duration::from_secs(3_600);
        for step in 0..=10 {
            speeds.note_at(&north(), 1_000, later + Duration::from_millis(100 * step));
        }
        let told = speeds.of(&north()).unwrap();
        assert!((9_900..12_100).contains(&told), "{told}");
        assert_eq!(speeds.of(&"east".parse().unwrap()), None);
    }

    #[test]
    fn r003_5_times_fall_into_buckets_and_beyond() {
        let arrivals = Arrivals::default();
        for ms in [0, 1_000, 1_001, 1_800_000, 1_800_001, 86_400_001] {
            arrivals.note(ms);
        }
        let times = arrivals.times();
        assert_eq!(times.copies, 6);
        let within: Vec<_> = times.within.into_iter().collect();
        assert_eq!(within, [(1, 2), (5, 1), (1_800, 1), (3_600, 1)]);
    }

    #[test]
    fn r003_5_a_late_copy_is_told_once() {
        let arrivals = Arrivals::default();
        let copy = |n: u8| CopyId::from_random(move || n);
        assert_eq!(arrivals.newly_late(vec![copy(1)]), [copy(1)]);
        assert_eq!(arrivals.newly_late(vec![copy(1), copy(2)]), [copy(2)]);
        assert!(arrivals.newly_late(vec![copy(2)]).is_empty());
        assert_eq!(arrivals.newly_late(vec![copy(1)]), [copy(1)], "it was forgotten");
    }
}
