//! A limit on the bytes per second that all copies of a link receive together.

use std::time::Duration;

use store::FRAME_MAX;
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, sleep_until};

/// How long the limiter may save up what was not used: 100 ms, so that bursts stay short.
const SAVED: Duration = Duration::from_millis(100);

/// Limits received bytes per second over everyone who shares it. Waiters are served in the order they came, a slice each,
/// so that none starves. The rate may be changed at any time; whoever waits feels it at once.
pub struct RateLimiter {
    rate: watch::Sender<Option<u64>>,
    bucket: Mutex<Bucket>,
}

struct Bucket {
    /// Bytes that may pass now.
    tokens: f64,
    filled_at: Instant,
}

impl RateLimiter {
    /// A limiter of this many bytes per second; `None` lets everything pass, 0 lets nothing pass.
    pub fn new(bytes_per_sec: Option<u64>) -> Self {
        let bucket = Bucket { tokens: 0.0, filled_at: Instant::now() };
        RateLimiter { rate: watch::Sender::new(bytes_per_sec), bucket: Mutex::new(bucket) }
    }

    /// Changes the rate, in bytes per second.
    pub fn set_rate(&self, bytes_per_sec: Option<u64>) {
        self.rate.send_replace(bytes_per_sec);
    }

    /// The rate in bytes per second.
    pub fn rate(&self) -> Option<u64> {
        *self.rate.borrow()
    }

    /// Waits until this many bytes may pass. A future that is dropped has taken only the slices it waited for.
    pub async fn take(&self, bytes: u64) {
        let mut left = bytes;
        while left > 0 {
            // The lock is fair, so slices of different waiters alternate.
            let mut bucket = self.bucket.lock().await;
            left -= self.take_slice(&mut bucket, left).await;
        }
    }

    /// Takes what fits into the bucket at once, and says how much that was.
    async fn take_slice(&self, bucket: &mut Bucket, left: u64) -> u64 {
        let mut changed = self.rate.subscribe();
        loop {
            let Some(rate) = *changed.borrow_and_update() else { return left };
            let depth = (rate as f64 * SAVED.as_secs_f64()).max(FRAME_MAX as f64);
            let slice = left.min(depth as u64);
            bucket.fill(rate, depth);
            if bucket.tokens >= slice as f64 {
                bucket.tokens -= slice as f64;
                return slice;
            }
            let wait = (slice as f64 - bucket.tokens) / rate as f64;
            let due = Duration::try_from_secs_f64(wait)
                .ok()
                .and_then(|wait| bucket.filled_at.checked_add(wait));
            let ready = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = ready => {}
                changed = changed.changed() => changed.expect("the limiter itself holds the sender"),
            }
        }
    }
}

impl Bucket {
    fn fill(&mut self, rate: u64, depth: f64) {
        let now = Instant::now();
        let passed = now.duration_since(self.filled_at).as_secs_f64();
        self.tokens = (self.tokens + passed * rate as f64).min(depth);
        self.filled_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::join_all;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    async fn secs(limiter: &RateLimiter, pieces: &[u64]) -> f64 {
        let start = Instant::now();
        for piece in pieces {
            limiter.take(*piece).await;
        }
        start.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_pass_at_the_rate_within_five_per_cent() {
        for (rate, piece) in [
            (100_000_u64, 30_000_u64),
            (1 << 20, 1 << 20),
            (10 << 20, 20_000),
            (125_000_000, 1 << 20),
        ] {
            let pieces = (rate * 10).div_ceil(piece);
            let took = secs(&RateLimiter::new(Some(rate)), &vec![piece; pieces as usize]).await;
            let ideal = (pieces * piece) as f64 / rate as f64;
            assert!((took / ideal - 1.0).abs() < 0.05, "{rate} by {piece}: {took} s for {ideal} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_not_used_is_saved_for_a_tenth_of_a_second_only() {
        let limiter = RateLimiter::new(Some(10 << 20));
        tokio::time::sleep(Duration::from_secs(60)).await;
        let took = secs(&limiter, &[1 << 20; 20]).await;
        assert!((1.89..=2.0).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn waiters_share_the_rate_fairly() {
        let limiter = Arc::new(RateLimiter::new(Some(1 << 20)));
        let taken: Vec<_> = (0..4).map(|_| AtomicU64::new(0)).collect();
        let greedy = taken.iter().map(|taken| {
            let limiter = limiter.clone();
            async move {
                loop {
                    limiter.take(50_000).await;
                    taken.fetch_add(50_000, Ordering::Relaxed);
                }
            }
        });
        let _ = tokio::time::timeout(Duration::from_secs(20), join_all(greedy)).await;
        let taken: Vec<u64> = taken.iter().map(|taken| taken.load(Ordering::Relaxed)).collect();
        let (least, most) = (taken.iter().min().unwrap(), taken.iter().max().unwrap());
        assert!(most - least <= 50_000, "{taken:?}");
        assert!(
            (20.0 * 0.95..20.0 * 1.05).contains(&(taken.iter().sum::<u64>() as f64 / 1_048_576.0))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_of_the_rate_is_felt_by_whoever_waits() {
        let limiter = Arc::new(RateLimiter::new(Some(0)));
        let start = Instant::now();
        let waiter = tokio::spawn({
            let limiter = limiter.clone();
            async move { limiter.take(2 << 20).await }
        });
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        assert!(!waiter.is_finished(), "a rate of 0 lets nothing pass");
        limiter.set_rate(Some(1 << 20));
        tokio::time::sleep(Duration::from_secs(1)).await;
        limiter.set_rate(None);
        waiter.await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 3_601);
    }
}
