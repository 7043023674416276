//! How many windows are asked for at once: as many as make the transfer faster, and no more.
//!
//! One connection does not fill a link that loses packets, where its rate falls with each loss; there eight carry what one
//! would carry alone eight times. A link that one or two fill is only crowded by more: their queue overflows, and the source
//! is asked for windows that it has not made yet. So two more are tried, and kept if they brought more.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Requests at once, each on a connection of its own where the transport has several.
const AT_ONCE: RangeInclusive<usize> = 2..=8;
/// As many at first, so that the first windows need not wait for a try.
const AT_FIRST: usize = 4;
/// So many more are tried.
const STEP: usize = 2;
/// A try is kept if it brought so much more.
const BETTER: f64 = 1.15;
/// Else the next one is made after so many periods.
const HOLD: u32 = 8;
/// Where windows come more seldom than that, all requests together, the link is slow: few at once then come one soon after the
/// other, not all at the end. One request alone may well take longer where packets are lost.
const SLOW: Duration = Duration::from_secs(2);

/// Climbs while it helps.
pub(super) struct Climb {
    at_once: usize,
    /// Of the period: what came since it began.
    windows: usize,
    bytes: u64,
    began: Duration,
    /// The rate before more were tried; none while none is tried.
    before: Option<f64>,
    hold: u32,
}

impl Climb {
    pub(super) fn new() -> Self {
        Climb {
            at_once: AT_FIRST,
            windows: 0,
            bytes: 0,
            began: Duration::ZERO,
            before: None,
            hold: 0,
        }
    }

    /// Requests that may be open.
    pub(super) fn at_once(&self) -> usize {
        self.at_once
    }

    /// A window of so many bytes came, so long after the beginning, and so long after it was asked for.
    pub(super) fn came(&mut self, bytes: u64, now: Duration, took: Duration) {
        self.windows += 1;
        self.bytes += bytes;
        if took > SLOW * self.at_once as u32 {
            self.at_once = (self.at_once - 1).max(*AT_ONCE.start());
            return self.begin(now, None, HOLD);
        }
        // Twice as many as are asked for at once: half of them were asked for before the period began.
        if self.windows < 2 * self.at_once {
            return;
        }
        let rate = self.bytes as f64 / now.saturating_sub(self.began).as_secs_f64().max(1e-6);
        match self.before {
            Some(before) if rate < before * BETTER => {
                self.at_once = (self.at_once - STEP).max(*AT_ONCE.start());
                self.begin(now, None, HOLD);
            }
            None if self.hold > 0 => self.begin(now, None, self.hold - 1),
            _ if self.at_once + STEP <= *AT_ONCE.end() => {
                self.at_once += STEP;
                self.begin(now, Some(rate), 0);
            }
            _ => self.begin(now, None, HOLD),
        }
    }

    fn begin(&mut self, now: Duration, before: Option<f64>, hold: u32) {
        (self.windows, self.bytes, self.began) = (0, 0, now);
        (self.before, self.hold) = (before, hold);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: u64 = 2_000_000;

    /// Windows over a link that carries so much by one connection, and so much in all; how many are asked for after each.
    fn over(windows: usize, one: f64, all: f64) -> Vec<usize> {
        let (mut climb, mut now) = (Climb::new(), 0.0);
        let mut seen = Vec::new();
        for _ in 0..windows {
            let at_once = climb.at_once() as f64;
            let rate = (one * at_once).min(all);
            now += WINDOW as f64 / rate;
            let took = WINDOW as f64 * at_once / rate;
            climb.came(WINDOW, Duration::from_secs_f64(now), Duration::from_secs_f64(took));
            seen.push(climb.at_once());
        }
        seen
    }

    #[test]
    fn connections_that_lose_packets_are_many() {
        // 4 Mbit/s each is what CUBIC had with 0.1 % loss at 100 ms (BENCHMARKS.md); half of it takes 8 s a window.
        for one in [0.5e6, 0.6e6, 0.26e6] {
            assert_eq!(over(60, one, 12.5e6).last(), Some(&8), "{one}");
        }
    }

    #[test]
    fn a_link_that_is_full_is_not_crowded() {
        let seen = over(200, 10e6, 12.5e6);
        let crowded = seen.iter().filter(|at_once| **at_once > AT_FIRST).count();
        assert!(crowded < 50, "{crowded} of 200 windows: {seen:?}");
        assert!(seen.iter().all(|at_once| *at_once >= AT_FIRST));
    }

    #[test]
    fn on_a_slow_link_windows_come_one_soon_after_the_other() {
        let seen = over(20, 0.2e6, 0.2e6);
        assert_eq!(seen.last(), Some(&2));
    }
}
