//! Watching a copy: its rate, its time left, and a stream of how it stands.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::Stream;
use model::{Act, CopyId, Progress};

use crate::commands::Caller;
use crate::refused::Refused;
use crate::region::Region;
use crate::views::CopyView;

/// How fast a copy moves.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Rate {
    /// Bytes on the wire, a second, of late.
    pub(crate) bytes_per_sec: f64,
    /// Places whose chunks came, a second, since the attempt began.
    places_per_sec: f64,
}

impl Rate {
    /// Whole seconds until every place is present; none while nothing moves.
    pub(crate) fn seconds_left(&self, progress: Progress) -> Option<u64> {
        let left = progress.needed.saturating_sub(progress.done);
        if self.places_per_sec <= 0.0 || progress.needed == 0 {
            return None;
        }
        Some((left as f64 / self.places_per_sec).ceil() as u64)
    }
}

/// The rates of the copies that run in this process. Shown, never decided by.
#[derive(Default)]
pub(crate) struct LiveRates {
    meters: Mutex<HashMap<CopyId, Meter>>,
    received_bytes: AtomicU64,
    foretold: Mutex<Foretold>,
}

/// How well the time left was foretold: each copy's first estimate against the time it took (R000-2).
#[derive(Copy, Clone, Debug, Default, PartialEq)]
pub struct Foretold {
    /// Copies whose time was foretold.
    pub copies: u64,
    /// Sum over them of the error, as a share of the time that the copy took from the estimate on.
    pub error_sum: f64,
}

/// Half of a rate's weight lies in the last few seconds.
const HALF_LIFE: Duration = Duration::from_secs(3);
/// A copy's time is foretold once it has run so long; shorter copies are over before anybody asks.
const FORETELL_AFTER: Duration = Duration::from_secs(3);

struct Meter {
    began: Instant,
    places_before: u64,
    at: Instant,
    bytes: u64,
    rate: Option<Rate>,
    /// When the end was first foretold, and for when.
    foretold: Option<(Instant, Instant)>,
}

impl LiveRates {
    /// Notes how far a copy is: bytes received in this attempt, places whose chunks have come or were here. Answers how many
    /// bytes are new since the last note that counted.
    pub(crate) fn note(&self, copy: &CopyId, bytes: u64, progress: Progress) -> u64 {
        let now = Instant::now();
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(meter) = meters.get_mut(copy) else {
            self.received_bytes.fetch_add(bytes, Ordering::Relaxed);
            let meter = Meter {
                began: now,
                places_before: progress.done,
                at: now,
                bytes,
                rate: None,
                foretold: None,
            };
            meters.insert(copy.clone(), meter);
            return bytes;
        };
        let seconds = now.duration_since(meter.at).as_secs_f64();
        if seconds < 0.05 {
            return 0;
        }
        let new_bytes = bytes.saturating_sub(meter.bytes);
        self.received_bytes.fetch_add(new_bytes, Ordering::Relaxed);
        let latest = new_bytes as f64 / seconds;
        let keep = 0.5_f64.powf(seconds / HALF_LIFE.as_secs_f64());
        let blend = |old: Rate| old.bytes_per_sec * keep + latest * (1.0 - keep);
        let since = now.duration_since(meter.began);
        let places = progress.done.saturating_sub(meter.places_before);
        let rate = Rate {
            bytes_per_sec: meter.rate.map_or(latest, blend),
            places_per_sec: places as f64 / since.as_secs_f64(),
        };
        *meter = Meter { at: now, bytes, rate: Some(rate), ..*meter };
        if meter.foretold.is_none() && since >= FORETELL_AFTER {
            let left = rate.seconds_left(progress);
            meter.foretold = left.map(|left| (now, now + Duration::from_secs(left)));
        }
        new_bytes
    }

    /// A copy that has this rate, whatever the time.
    #[cfg(test)]
    pub(crate) fn put(&self, copy: &CopyId, places_per_sec: f64) {
        let (began, bytes_per_sec) = (Instant::now(), 0.0);
        let rate = Some(Rate { bytes_per_sec, places_per_sec });
        let meter = Meter { began, places_before: 0, at: began, bytes: 0, rate, foretold: None };
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        meters.insert(copy.clone(), meter);
    }

    pub(crate) fn of(&self, copy: &CopyId) -> Option<Rate> {
        let meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        meters.get(copy)?.rate
    }

    /// A copy has everything: its first estimate is held against the time it took.
    pub(crate) fn arrived(&self, copy: &CopyId) {
        let now = Instant::now();
        let meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((told, end)) = meters.get(copy).and_then(|meter| meter.foretold) else { return };
        let wrong = if end > now { end - now } else { now - end };
        let took = now.duration_since(told).max(Duration::from_millis(1));
        let mut foretold = self.foretold.lock().unwrap_or_else(PoisonError::into_inner);
        foretold.copies += 1;
        foretold.error_sum += wrong.as_secs_f64() / took.as_secs_f64();
    }

    pub(crate) fn forget(&self, copy: &CopyId) {
        self.meters.lock().unwrap_or_else(PoisonError::into_inner).remove(copy);
    }

    /// Bytes received by copies since this process began.
    pub(crate) fn received_bytes(&self) -> u64 {
        self.received_bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn foretold(&self) -> Foretold {
        *self.foretold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a watcher waits before it looks again although nothing was said: another process may have moved the copy.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

impl Region {
    /// How a copy stands, now and after each change, until it is settled.
    pub async fn watch_copy(
        &self,
        caller: &Caller,
        copy: &CopyId,
    ) -> Result<impl Stream<Item = Result<CopyView, Refused>> + Send + use<>, Refused> {
        caller.must(Act::Read)?;
        let first = self.copy(caller, copy).await?;
        let changes = self.inner.changes.subscribe();
        let state = Watching {
            region: self.clone(),
            caller: caller.clone(),
            copy: copy.clone(),
            changes,
            last: None,
        };
        Ok(futures::stream::unfold((state, Some(first)), |(state, first)| state.next(first)))
    }
}

struct Watching {
    region: Region,
    caller: Caller,
    copy: CopyId,
    changes: tokio::sync::watch::Receiver<u64>,
    last: Option<CopyView>,
}

impl Watching {
    async fn next(
        mut self,
        mut first: Option<CopyView>,
    ) -> Option<(Result<CopyView, Refused>, (Self, Option<CopyView>))> {
        if self.last.as_ref().is_some_and(CopyView::is_settled) {
            return None;
        }
        loop {
            let view = match first.take() {
                Some(view) => view,
                None => {
                    // A timeout is an answer too: look again.
                    let _changed = tokio::time::timeout(LOOK_AGAIN, self.changes.changed()).await;
                    match self.region.copy(&self.caller, &self.copy).await {
                        Ok(view) => view,
                        Err(refused) => return Some((Err(refused), (self, None))),
                    }
                }
            };
            if self.last.as_ref() != Some(&view) {
                self.last = Some(view.clone());
                return Some((Ok(view), (self, None)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r000_2_time_left_is_places_to_go_over_places_a_second() {
        let rate = Rate { bytes_per_sec: 1.0, places_per_sec: 10.0 };
        assert_eq!(rate.seconds_left(Progress { done: 50, needed: 150 }), Some(10));
        assert_eq!(rate.seconds_left(Progress { done: 0, needed: 0 }), None);
        let still = Rate { bytes_per_sec: 0.0, places_per_sec: 0.0 };
        assert_eq!(still.seconds_left(Progress { done: 0, needed: 10 }), None);
    }
}
