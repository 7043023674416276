//! How many windows are asked for at once, and in how many parts: over as many connections as make the transfer faster, and no
//! more.
//!
//! One connection does not fill a link that loses packets, where its rate falls with each loss; there eight carry what one
//! would carry alone eight times. A link that one or two fill is only crowded by more: their queue overflows, and the source
//! is asked for windows that it has not made yet. So twice as many are tried, and kept if they brought more; and where windows
//! come seldom, half as many, which are kept if they brought as much.

use std::time::Duration;

use super::part::PARTS_MAX;

/// Requests at once: each has a connection of its own where the transport has several.
const RUNGS: [usize; 5] = [2, 4, 8, 16, 32];
/// Windows at once, at most: more would be more bytes to send again after a kill. Where there are more requests than windows, each
/// window comes in parts.
const WINDOWS: usize = 8;
/// The rung to begin on, so that the first windows need not wait for a try.
const FIRST: usize = 1;
/// So many rungs are climbed at once where each connection was seen to carry its own.
const JUMP: usize = 2;
/// More connections are kept if they brought so much more.
const BETTER: f64 = 1.15;
/// After a try that did not help, the next one is made after so many periods, and twice as many each time.
const HOLD: [u32; 2] = [8, 64];
/// After fewer that were as good, sooner: few windows come in a period then, and a wrong guess would cost most.
const HOLD_FEW: u32 = 2;
/// Where windows come more seldom than that, all requests together, the link is slow, or it loses packets. Few at once then
/// come one soon after the other on a slow link, not all at the end.
const SLOW: Duration = Duration::from_secs(2);
/// A part that is shorter gains nothing from a connection of its own.
const PART_BYTES: u64 = 128 << 10;

/// What is being tried, and the rate and the rung before.
#[derive(Clone, Copy, Debug)]
enum Trial {
    None,
    More { rate: f64, from: usize },
    Fewer { rate: f64, from: usize },
}

/// Climbs while it helps.
pub(super) struct Climb {
    rung: usize,
    trial: Trial,
    /// Periods until the next try.
    hold: u32,
    /// Periods that are waited after the next try that does not help.
    patience: u32,
    /// Of the period: what came since it began.
    windows: usize,
    bytes: u64,
    began: Duration,
    /// How long the windows took that count for fewer connections, one after the other.
    took: Duration,
    /// Bytes of a window in the period before.
    size: u64,
    /// Windows for which there is room.
    room: usize,
}

impl Climb {
    pub(super) fn new() -> Self {
        Climb {
            rung: FIRST,
            trial: Trial::None,
            hold: 0,
            patience: HOLD[0],
            windows: 0,
            bytes: 0,
            began: Duration::ZERO,
            took: Duration::ZERO,
            size: 0,
            room: WINDOWS,
        }
    }

    /// There is room for so many windows at once.
    pub(super) fn fit(&mut self, windows: usize) {
        self.room = windows.clamp(RUNGS[0], WINDOWS);
    }

    /// Windows that may be asked for at once.
    pub(super) fn windows(&self) -> usize {
        RUNGS[self.rung].min(self.room)
    }

    /// Parts in which each is asked for.
    pub(super) fn parts(&self) -> u8 {
        let parts = RUNGS[self.rung] / self.windows();
        let most = usize::try_from(self.size / PART_BYTES).unwrap_or(usize::MAX);
        u8::try_from(parts.min(most).max(1)).unwrap_or(PARTS_MAX).min(PARTS_MAX)
    }

    /// A window of so many bytes came, so long after the beginning, and so long after it was asked for.
    pub(super) fn came(&mut self, bytes: u64, now: Duration, took: Duration) {
        if let Trial::Fewer { rate, from } = self.trial {
            return self.fewer_brought(bytes, (now, took), (rate, from));
        }
        self.note(bytes);
        let at_once = self.windows();
        let may_try = matches!(self.trial, Trial::None) && self.hold == 0;
        if may_try && self.rung > 0 && took > SLOW * at_once as u32 {
            // The others of these have come nearly as far.
            let rate = per_second(bytes * at_once as u64, took);
            let from = self.rung;
            return self.begin(now, from - 1, Trial::Fewer { rate, from });
        }
        // Twice as many as are asked for at once: half of them were asked for before the period began.
        if self.windows < 2 * at_once {
            return;
        }
        let came = per_second(self.bytes, now.saturating_sub(self.began));
        match self.trial {
            Trial::More { rate, from } if came < rate * BETTER => self.rest(now, from),
            Trial::None if self.hold > 0 => {
                self.hold -= 1;
                self.begin(now, self.rung, Trial::None);
            }
            Trial::None | Trial::More { .. } | Trial::Fewer { .. } => {
                self.try_more(now, (came, self.rung), 1);
            }
        }
    }

    /// Only what was asked for since there are fewer counts: the others still had their connections.
    fn fewer_brought(
        &mut self,
        bytes: u64,
        (now, took): (Duration, Duration),
        (rate, from): (f64, usize),
    ) {
        if now.saturating_sub(took) < self.began {
            return;
        }
        self.note(bytes);
        self.took += took;
        if self.windows < self.windows() {
            return;
        }
        let came = per_second(self.bytes * self.windows as u64, self.took);
        // Where each connection carries its own, fewer bring less in this measure; on a slow link, as much.
        let fewer = self.windows() as f64;
        self.rung = from;
        if came >= rate * (1.0 + fewer / self.windows() as f64) / 2.0 {
            self.hold = HOLD_FEW;
            return self.begin(now, from - 1, Trial::None);
        }
        self.try_more(now, (rate, from), JUMP);
    }

    fn try_more(&mut self, now: Duration, (rate, from): (f64, usize), rungs: usize) {
        let to = (self.rung + rungs).min(RUNGS.len() - 1);
        if to == self.rung {
            return self.rest(now, self.rung);
        }
        if matches!(self.trial, Trial::More { .. }) {
            // It helped, so the next one may too.
            self.patience = HOLD[0];
        }
        self.begin(now, to, Trial::More { rate, from });
    }

    /// Stays on a rung for a while.
    fn rest(&mut self, now: Duration, rung: usize) {
        self.hold = self.patience;
        self.patience = (self.patience * 2).min(HOLD[1]);
        self.begin(now, rung, Trial::None);
    }

    fn note(&mut self, bytes: u64) {
        self.windows += 1;
        self.bytes += bytes;
    }

    fn begin(&mut self, now: Duration, rung: usize, trial: Trial) {
        if self.windows > 0 {
            self.size = self.bytes / self.windows as u64;
        }
        if rung != self.rung {
            tracing::debug!(requests = RUNGS[rung], ?trial, "other requests at once");
        }
        (self.rung, self.trial) = (rung, trial);
        (self.windows, self.bytes, self.began) = (0, 0, now);
        self.took = Duration::ZERO;
    }
}

fn per_second(bytes: u64, time: Duration) -> f64 {
    bytes as f64 / time.as_secs_f64().max(1e-6)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: f64 = 2_000_000.0;

    struct Asked {
        left: f64,
        at: f64,
        parts: f64,
    }

    /// Windows over a link that carries so much by one connection, and so much in all; the connections that are wanted after each.
    fn over(windows: usize, one: f64, all: f64) -> Vec<usize> {
        over_for((windows, WINDOWS), one, all).1
    }

    /// The same, and how long it took.
    fn over_for((windows, room): (usize, usize), one: f64, all: f64) -> (f64, Vec<usize>) {
        let (mut climb, mut now, mut seen) = (Climb::new(), 0.0, Vec::new());
        climb.fit(room);
        let mut asked: Vec<Asked> = Vec::new();
        while seen.len() < windows {
            while asked.len() < climb.windows() {
                asked.push(Asked { left: WINDOW, at: now, parts: f64::from(climb.parts()) });
            }
            let connections: f64 = asked.iter().map(|window| window.parts).sum();
            let each = one.min(all / connections);
            let of = |window: &Asked| window.left / (window.parts * each);
            let next = asked.iter().map(of).fold(f64::INFINITY, f64::min);
            now += next;
            asked.iter_mut().for_each(|window| window.left -= window.parts * each * next);
            let place = asked.iter().position(|window| window.left < 1.0).unwrap();
            let took = now - asked.remove(place).at;
            climb.came(WINDOW as u64, Duration::from_secs_f64(now), Duration::from_secs_f64(took));
            seen.push(climb.windows() * usize::from(climb.parts()));
        }
        (now, seen)
    }

    #[test]
    fn connections_that_lose_packets_are_many() {
        // 4 Mbit/s each is what CUBIC had with 0.1 % loss at 100 ms (BENCHMARKS.md), and a third of it with 1 %.
        // Of large windows there is room for three.
        for (one, room, most) in
            [(0.5e6, 8, 32), (0.33e6, 8, 32), (0.17e6, 8, 32), (0.33e6, 3, 30), (0.17e6, 3, 30)]
        {
            let (took, seen) = over_for((110, room), one, 12.5e6);
            assert_eq!(seen.last(), Some(&most), "{one}: {seen:?}");
            let alone = 110.0 * WINDOW / (4.0 * one);
            assert!(took < alone / 2.5, "{one}: {took} s, by four connections {alone} s");
        }
    }

    #[test]
    fn a_link_that_is_full_is_not_crowded() {
        let seen = over(400, 10e6, 12.5e6);
        let crowded = seen.iter().filter(|connections| **connections > 4).count();
        assert!(crowded < 60, "{crowded} of 400 windows: {seen:?}");
        assert!(seen.iter().all(|connections| *connections >= 4));
    }

    #[test]
    fn on_a_slow_link_windows_come_one_soon_after_the_other() {
        let seen = over(200, 0.2e6, 0.2e6);
        let many = seen.iter().filter(|requests| **requests > 2).count();
        assert!(many < 40, "{many} of 200 windows: {seen:?}");
        assert!(seen.iter().all(|requests| *requests <= 4), "{seen:?}");
    }

    #[test]
    fn short_windows_are_not_cut_into_parts() {
        let mut climb = Climb::new();
        for place in 1..1_000_u32 {
            let now = Duration::from_millis(u64::from(place * 1_000 / climb.windows() as u32));
            climb.came(100_000, now, Duration::from_secs(1));
            assert_eq!(climb.parts(), 1);
        }
    }
}
