//! How fast other regions answered of late, as this region measured it: what the choice of who serves goes by.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::RegionId;

/// A measure that is older says nothing: the region is tried again.
const GOOD_FOR: Duration = Duration::from_secs(60);
/// How much the newest answer weighs.
const NEWEST: f64 = 0.3;
/// A shorter body says nothing of the rate.
const BODY_BYTES: u64 = 128 << 10;
/// Regions are compared by how long they would take to answer with so many bytes: one request of a transfer.
const COMPARED_BYTES: f64 = (4 << 20) as f64;
/// A holder that takes at most so many times as long as the source is about as fast.
const ABOUT: f64 = 1.5;
/// And so is one that takes at most so much longer, in seconds: what a distance alone makes of it.
const ABOUT_SECS: f64 = 0.05;

/// An answer that came whole.
#[derive(Copy, Clone, Debug)]
pub(super) struct Answered {
    /// From the question to the first byte.
    pub(super) first_byte: Duration,
    /// From there to the last, without the time in which nobody read.
    pub(super) body: Duration,
    /// Bytes of it.
    pub(super) bytes: u64,
}

#[derive(Copy, Clone, Debug)]
struct Speed {
    at: Instant,
    latency: f64,
    bytes_per_sec: Option<f64>,
}

/// Latencies and rates of the regions that were asked.
#[derive(Default)]
pub(crate) struct Speeds(Mutex<HashMap<RegionId, Speed>>);

impl Speeds {
    /// Notes how a region answered a request that did not have to wait for anything.
    pub(super) fn note(&self, region: &RegionId, answered: Answered) {
        let latest = (answered.bytes >= BODY_BYTES)
            .then(|| answered.bytes as f64 / answered.body.as_secs_f64().max(1e-6));
        let latency = answered.first_byte.as_secs_f64();
        let mut speeds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = speeds.get(region).filter(|speed| speed.at.elapsed() < GOOD_FOR).copied();
        let blend = |old: f64, new: f64| old * (1.0 - NEWEST) + new * NEWEST;
        let old_rate = before.and_then(|before| before.bytes_per_sec);
        let speed = Speed {
            at: Instant::now(),
            latency: before.map_or(latency, |before| blend(before.latency, latency)),
            bytes_per_sec: match (old_rate, latest) {
                (Some(old), Some(new)) => Some(blend(old, new)),
                (old, new) => new.or(old),
            },
        };
        speeds.insert(region.clone(), speed);
    }

    /// Whether a region that holds everything would answer about as fast as the source. One that was not measured is tried.
    /// Limits of the links from them, in bytes a second, bound both.
    pub(super) fn is_about_as_fast(
        &self,
        (holder, holder_limit): (&RegionId, Option<u64>),
        (source, source_limit): (&RegionId, Option<u64>),
    ) -> bool {
        match (self.seconds(holder, holder_limit), self.seconds(source, source_limit)) {
            (Some(holder), Some(source)) => holder <= source * ABOUT + ABOUT_SECS,
            (_, None) | (None, _) => true,
        }
    }

    /// How long a region would take to answer one request; none where it is not known.
    fn seconds(&self, region: &RegionId, limit: Option<u64>) -> Option<f64> {
        let speeds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let measured = speeds.get(region).filter(|speed| speed.at.elapsed() < GOOD_FOR);
        let measured = measured
            .and_then(|speed| Some(speed.latency + COMPARED_BYTES / speed.bytes_per_sec?.max(1.0)));
        let limited = limit.map(|limit| COMPARED_BYTES / (limit.max(1) as f64));
        match (measured, limited) {
            (Some(measured), Some(limited)) => Some(measured.max(limited)),
            (measured, limited) => measured.or(limited),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str) -> RegionId {
        name.parse().unwrap()
    }

    fn answered(first_ms: u64, bytes_per_sec: u64) -> Answered {
        let first_byte = Duration::from_millis(first_ms);
        Answered { first_byte, body: Duration::from_secs(1), bytes: bytes_per_sec }
    }

    #[test]
    fn who_is_not_measured_is_tried_and_who_is_slow_is_not() {
        let (speeds, source, holder) = (Speeds::default(), region("north"), region("east"));
        let fast = |holder_limit, source_limit| {
            speeds.is_about_as_fast((&holder, holder_limit), (&source, source_limit))
        };
        assert!(fast(None, None));
        speeds.note(&source, answered(10, 10 << 20));
        assert!(fast(None, None), "it is tried");
        speeds.note(&holder, answered(10, 8 << 20));
        assert!(fast(None, None), "about as fast");
        // A limit of the link counts whatever was measured.
        assert!(!fast(Some(1 << 20), None));
        assert!(fast(Some(1 << 20), Some(1 << 20)));
        for _ in 0..20 {
            speeds.note(&holder, answered(10, 2 << 20));
        }
        assert!(!fast(None, None));
        // A short body tells its latency and nothing else.
        speeds.note(&holder, Answered { bytes: 1_000, ..answered(10, 0) });
        assert!(!fast(None, None));
    }
}
