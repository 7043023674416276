//! What a caller sees of a transfer and how it holds the reins.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::limiter::Lane;
use crate::stall::LeastProgress;

/// Least time between two reports, so that a catalog is not flooded: 4 a second.
const REPORT_EVERY: Duration = Duration::from_millis(250);

/// How far a transfer has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Places of the disk whose chunks are checked and durable in the store. Never goes back within a call.
    pub places_done: u64,
    /// Places of the disk that are not zero.
    pub places_needed: u64,
    /// Bytes received from the source in this call, nodes and refused frames included.
    pub bytes_received: u64,
    /// Chunks of the disk received in this call, durable or not yet.
    pub chunks_received: u64,
    /// Places whose chunk needed no sending in this call: held before, or the same as another place's.
    pub chunks_reused: u64,
}

/// A caller's hold on a transfer.
pub struct Watch {
    /// Is told at most four times a second, and once at the end. Must not block.
    pub progress: Box<dyn Fn(Progress) + Send + Sync>,
    /// Stops the transfer at once: not one more byte is asked or read.
    pub cancel: CancellationToken,
    /// Limits the bytes received, beside all who share the limit.
    pub limiter: Option<Arc<Lane>>,
    /// The least that the source must send.
    pub least: LeastProgress,
}

impl Default for Watch {
    /// Tells nobody, limits nothing, and cannot be stopped but by dropping the transfer.
    fn default() -> Self {
        Watch {
            progress: Box::new(|_| {}),
            cancel: CancellationToken::new(),
            limiter: None,
            least: LeastProgress::default(),
        }
    }
}

/// Tells a watch of progress, not too often and never backwards.
pub(crate) struct Reporter<'a> {
    watch: &'a Watch,
    last: Mutex<(Progress, Option<Instant>)>,
}

impl<'a> Reporter<'a> {
    pub fn new(watch: &'a Watch) -> Self {
        Reporter { watch, last: Mutex::default() }
    }

    /// Tells of progress unless something was told a moment ago.
    pub fn tell(&self, now: Progress) {
        let due = |told: Option<Instant>| told.is_none_or(|told| told.elapsed() >= REPORT_EVERY);
        self.tell_if(now, due);
    }

    /// Tells of progress in any case.
    pub fn tell_last(&self, now: Progress) {
        self.tell_if(now, |_| true);
    }

    fn tell_if(&self, now: Progress, due: impl Fn(Option<Instant>) -> bool) {
        let mut last = self.last.lock().expect("no sink panics");
        if !due(last.1) {
            return;
        }
        let before = last.0;
        let now = Progress {
            places_done: now.places_done.max(before.places_done),
            places_needed: now.places_needed,
            bytes_received: now.bytes_received.max(before.bytes_received),
            chunks_received: now.chunks_received.max(before.chunks_received),
            chunks_reused: now.chunks_reused.max(before.chunks_reused),
        };
        *last = (now, Some(Instant::now()));
        (self.watch.progress)(now);
    }
}
