//! The timer of least progress: a source must send, or be left (faults 11 and 12).

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::fault::SourceFault;

/// The least that a source must send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeastProgress {
    /// This many bytes, over all requests of one transfer together,
    pub bytes: u64,
    /// in this much time spent waiting for the source.
    pub within: Duration,
}

impl Default for LeastProgress {
    /// 64 KiB in 30 s, so that a peer of 1 KiB/s (fault 11) is left.
    fn default() -> Self {
        LeastProgress { bytes: 64 << 10, within: Duration::from_secs(30) }
    }
}

/// Watches one transfer. Time in which we ourselves hold a body back (limit, window, store) does not count.
pub(crate) struct StallTimer {
    least: LeastProgress,
    span: Mutex<Span>,
}

struct Span {
    since: Instant,
    bytes: u64,
}

impl StallTimer {
    pub fn new(least: LeastProgress) -> Self {
        StallTimer { least, span: Mutex::new(Span { since: Instant::now(), bytes: 0 }) }
    }

    /// Bytes came.
    pub fn note(&self, bytes: u64) {
        let mut span = self.span();
        span.bytes += bytes;
        if span.bytes >= self.least.bytes {
            *span = Span { since: Instant::now(), bytes: 0 };
        }
    }

    /// A body was held back by us from `start` until now.
    pub fn forgive(&self, start: Instant) {
        let (now, mut span) = (Instant::now(), self.span());
        span.since = (span.since + start.elapsed()).min(now);
    }

    /// Nothing was asked of the source for a while: waiting begins now.
    pub fn restart(&self) {
        *self.span() = Span { since: Instant::now(), bytes: 0 };
    }

    /// Returns once the source has sent too little for too long.
    pub async fn stalled(&self) -> SourceFault {
        loop {
            let due = self.span().since + self.least.within;
            sleep_until(due).await;
            let span = self.span();
            if span.since + self.least.within <= Instant::now() {
                return SourceFault::Stalled { got_bytes: span.bytes, waited: self.least.within };
            }
        }
    }

    fn span(&self) -> MutexGuard<'_, Span> {
        self.span.lock().expect("no code panics while it holds the span")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_trickle_is_a_stall_and_a_brook_is_not() {
        for (per_second, stalls) in [(1_024, true), (2_100, true), (2_300, false)] {
            let timer = StallTimer::new(LeastProgress::default());
            let trickle = async {
                loop {
                    tokio::time::sleep(SECOND).await;
                    timer.note(per_second);
                }
            };
            tokio::select! {
                _ = timer.stalled() => assert!(stalls, "{per_second}"),
                () = trickle => {}
                () = tokio::time::sleep(300 * SECOND) => assert!(!stalls, "{per_second}"),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_which_we_hold_back_is_forgiven() {
        let timer = StallTimer::new(LeastProgress::default());
        let start = Instant::now();
        tokio::select! {
            _ = timer.stalled() => panic!("it was our own doing"),
            () = async {
                for _ in 0..100 {
                    let held = Instant::now();
                    tokio::time::sleep(20 * SECOND).await;
                    timer.forgive(held);
                }
            } => {}
        }
        timer.stalled().await;
        assert_eq!(start.elapsed(), 2_030 * SECOND);
    }
}
