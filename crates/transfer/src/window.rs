//! The window: bytes that were received and are not durable yet, and would be sent again after a crash (promise 3, I3).

use std::sync::atomic::{AtomicU64, Ordering};

use store::Durable;
use tokio::sync::watch;

/// Most bytes received and not durable. Promise 3 (DESIGN.md, section 9) names this number.
pub const WINDOW_BYTES: u64 = 32 << 20;
/// What each request may read at once beyond what it has been told is free: a run of frames of a local store.
const PIECE_BYTES: u64 = 1 << 20;

/// Counts what comes in against what has become durable.
pub(crate) struct Window {
    limit: u64,
    received: AtomicU64,
    discarded: AtomicU64,
    durable: watch::Receiver<Durable>,
}

impl Window {
    /// A window for this many requests at once, over what an ingest makes durable.
    pub fn new(requests: u64, durable: watch::Receiver<Durable>) -> Self {
        let limit = WINDOW_BYTES - requests * PIECE_BYTES;
        Window { limit, received: AtomicU64::new(0), discarded: AtomicU64::new(0), durable }
    }

    /// Waits until another piece may be read.
    pub async fn room(&self) {
        let mut durable = self.durable.clone();
        while self.filled(durable.borrow_and_update().stored_bytes) >= self.limit {
            if durable.changed().await.is_err() {
                return; // The store is closing: the next put says so.
            }
        }
    }

    /// Bytes received that are not durable yet.
    pub fn undurable(&self) -> u64 {
        let durable = self.durable.borrow().stored_bytes;
        self.filled(durable)
    }

    fn filled(&self, durable: u64) -> u64 {
        let gone = durable + self.discarded.load(Ordering::Relaxed);
        self.received.load(Ordering::Relaxed).saturating_sub(gone)
    }

    /// Bytes came in.
    pub fn received(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes that came in will not be stored.
    pub fn discarded(&self, bytes: u64) {
        self.discarded.fetch_add(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn nothing_more_is_read_while_too_much_is_not_durable() {
        let (sender, durable) = watch::channel(Durable::default());
        let window = Window::new(4, durable);
        window.received(28 << 20);
        assert!(window.room().now_or_never().is_none());
        window.discarded(1);
        assert!(window.room().now_or_never().is_some());
        window.received(10 << 20);
        assert!(window.room().now_or_never().is_none());
        sender.send_modify(|durable| durable.stored_bytes = 10 << 20);
        assert!(window.room().now_or_never().is_some());
    }
}
