//! How much of the disk chores may have: the sweep and the scrub rest between their pieces of work, and pause while others
//! move bytes.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// The share of its time that a chore works while nobody else moves bytes: one part in five.
const SHARE_ALONE: f64 = 0.2;
/// The share while copies, imports or exports move bytes: it pauses, but not for good, so that a store that is never quiet
/// is swept and scrubbed too. A scrub that reads 1 GB/s then comes to 20 MB/s: 50 TB in the 30 days of DESIGN section 5.
const SHARE_BESIDE: f64 = 0.02;
/// So long after bytes moved the store counts as quiet again.
const QUIET_AFTER: Duration = Duration::from_millis(500);
/// How often a resting chore looks whether the store is quiet.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How fast a chore may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As fast as it can.
    Full,
    /// A fifth of the time, a fiftieth while copies, imports or exports move bytes; and at most so many bytes of packs a
    /// second, where the chore counts them.
    Share {
        /// The limit; none for no other than the share.
        bytes_per_sec: Option<u64>,
    },
}

/// When others last moved bytes.
#[derive(Default)]
pub(crate) struct Activity(Mutex<Option<Instant>>);

impl Activity {
    /// Bytes of a copy, an import or an export pass.
    pub(crate) fn note(&self) {
        *self.last() = Some(Instant::now());
    }

    fn is_quiet(&self) -> bool {
        self.last().is_none_or(|last| last.elapsed() >= QUIET_AFTER)
    }

    /// Rests for a piece of work that took so long, until the work is no more than its share of the time.
    pub(crate) async fn rest_for(&self, worked: Duration) {
        // Work that is not made up for yet, in seconds.
        let mut owed = worked.as_secs_f64();
        while owed > 0.0 {
            let share = if self.is_quiet() { SHARE_ALONE } else { SHARE_BESIDE };
            let rest_per_work = (1.0 - share) / share;
            let rest = (owed * rest_per_work).min(LOOK_EVERY.as_secs_f64());
            tokio::time::sleep(Duration::from_secs_f64(rest)).await;
            owed -= rest / rest_per_work;
            // What floats leave over is no work.
            if owed < 1e-9 {
                return;
            }
        }
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.0.lock().expect("no code panics while it holds the instant")
    }
}

/// The time of one chore: what it may not use up at once.
pub(crate) struct Pacer<'a> {
    pace: Pace,
    activity: &'a Activity,
    begun: Instant,
    working_since: Instant,
}

impl<'a> Pacer<'a> {
    pub(crate) fn new(pace: Pace, activity: &'a Activity) -> Self {
        let now = Instant::now();
        Pacer { pace, activity, begun: now, working_since: now }
    }

    /// Rests after a piece of work; `bytes` are those of all pieces so far.
    pub(crate) async fn rest(&mut self, bytes: u64) {
        let Pace::Share { bytes_per_sec } = self.pace else { return };
        self.activity.rest_for(self.working_since.elapsed()).await;
        if let Some(rate) = bytes_per_sec {
            let due = Duration::from_secs_f64(bytes as f64 / rate.max(1) as f64);
            tokio::time::sleep(due.saturating_sub(self.begun.elapsed())).await;
        }
        self.working_since = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIECE: Duration = Duration::from_millis(10);

    /// How long a chore rests for a piece of 10 ms, in milliseconds, while bytes move as `busy` says of each instant.
    async fn rest_ms(busy: impl Fn(Duration) -> bool) -> u128 {
        let (activity, begun) = (Activity::default(), Instant::now());
        let others = async {
            loop {
                if busy(begun.elapsed()) {
                    activity.note();
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            biased;
            () = others => unreachable!("it has no end"),
            () = activity.rest_for(PIECE) => begun.elapsed().as_millis(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn alone_a_chore_works_a_fifth_of_the_time() {
        assert_eq!(rest_ms(|_| false).await, 40);
    }

    #[tokio::test(start_paused = true)]
    async fn beside_copies_a_chore_pauses_and_works_a_fiftieth_of_the_time() {
        assert_eq!(rest_ms(|_| true).await, 490);
    }

    #[tokio::test(start_paused = true)]
    async fn a_chore_goes_on_sooner_once_the_store_is_quiet() {
        let (activity, begun) = (Activity::default(), Instant::now());
        activity.note();
        activity.rest_for(Duration::from_secs(1)).await;
        let rested = begun.elapsed();
        // 0.5 s of pause make up for 10 ms of work, the rest follows at a fifth: 990 ms of work are 3.96 s.
        assert!((4_300..4_600).contains(&rested.as_millis()), "{rested:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_in_bytes_counts_beside_the_share() {
        let (activity, begun) = (Activity::default(), Instant::now());
        let mut pacer = Pacer::new(Pace::Share { bytes_per_sec: Some(1_000) }, &activity);
        pacer.rest(2_000).await;
        assert_eq!(begun.elapsed(), Duration::from_secs(2));
        let mut full = Pacer::new(Pace::Full, &activity);
        full.rest(u64::MAX).await;
        assert_eq!(begun.elapsed(), Duration::from_secs(2));
    }
}
