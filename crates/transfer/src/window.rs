//! The window: bytes that were received and are not durable yet, and would be sent again after a crash (promise 3, I3).
//!
//! Frames go to the store as they come. What comes in parcels waits for its turn first: it has a share of the window of its
//! own, so that what must come first is never kept out by what came too early.

use std::sync::atomic::{AtomicU64, Ordering};

use store::Durable;
use tokio::sync::watch;

/// Most bytes received and not durable. Promise 3 (DESIGN.md, section 9) names this number.
pub const WINDOW_BYTES: u64 = 32 << 20;
/// What each request may read at once beyond what it has been told is free: a run of frames of a local store.
const PIECE_BYTES: u64 = 1 << 20;
/// The share of what comes in parcels before its turn. The one whose turn it is may come whatever is there.
const EARLY_BYTES: u64 = 12 << 20;
/// The share of all else where parcels come. The last 8 MiB are for what is read at once beyond a share, and hold the largest
/// window that can be.
const OTHER_BYTES: u64 = WINDOW_BYTES - EARLY_BYTES - (8 << 20);
const _: () = assert!(delta::WINDOW_BYTES_MAX as u64 <= 8 << 20);

/// Counts what comes in against what has become durable.
pub(crate) struct Window {
    limit: AtomicU64,
    /// Frames.
    received: AtomicU64,
    discarded: AtomicU64,
    durable: watch::Receiver<Durable>,
    /// What came in parcels and waits for its turn.
    early: AtomicU64,
    /// What came in parcels and was handed to the store, and how much of it is durable.
    handed: AtomicU64,
    handed_durable: AtomicU64,
    /// Whose turn it is. Sent anew whenever there may be room.
    turn: watch::Sender<u64>,
}

/// Bytes that came in a parcel, for as long as they wait for their turn.
pub(crate) struct Early<'a> {
    window: &'a Window,
    ticket: u64,
    bytes: u64,
}

impl Window {
    /// A window for this many requests at once, over what an ingest makes durable.
    pub fn new(requests: u64, durable: watch::Receiver<Durable>) -> Self {
        Window::limited(WINDOW_BYTES - requests * PIECE_BYTES, durable)
    }

    /// A window for frames and parcels.
    pub fn with_parcels(durable: watch::Receiver<Durable>) -> Self {
        Window::limited(OTHER_BYTES, durable)
    }

    fn limited(limit: u64, durable: watch::Receiver<Durable>) -> Self {
        let [received, discarded, early, handed, handed_durable] = [const { AtomicU64::new(0) }; 5];
        let (limit, turn) = (AtomicU64::new(limit), watch::Sender::new(0));
        Window { limit, received, discarded, durable, early, handed, handed_durable, turn }
    }

    /// From now on only frames come, from so many requests at once.
    pub fn frames_alone(&self, requests: u64) {
        self.limit.store(WINDOW_BYTES - requests * PIECE_BYTES, Ordering::Relaxed);
    }

    /// Waits until another piece may be read.
    pub async fn room(&self) {
        let (mut durable, mut turn) = (self.durable.clone(), self.turn.subscribe());
        loop {
            turn.borrow_and_update();
            if self.filled(durable.borrow_and_update().stored_bytes)
                < self.limit.load(Ordering::Relaxed)
            {
                return;
            }
            tokio::select! {
                changed = durable.changed() => if changed.is_err() {
                    return; // The store is closing: the next put says so.
                },
                changed = turn.changed() => changed.expect("the window itself holds the sender"),
            }
        }
    }

    /// Bytes received that are not durable yet.
    pub fn undurable(&self) -> u64 {
        let durable = self.durable.borrow().stored_bytes;
        self.filled(durable) + self.early.load(Ordering::Relaxed)
    }

    fn filled(&self, durable: u64) -> u64 {
        let gone = durable + self.discarded.load(Ordering::Relaxed);
        let frames = self.received.load(Ordering::Relaxed).saturating_sub(gone);
        frames + self.handed_undurable()
    }

    fn handed_undurable(&self) -> u64 {
        let durable = self.handed_durable.load(Ordering::Relaxed);
        self.handed.load(Ordering::Relaxed).saturating_sub(durable)
    }

    /// Whether another parcel may be handed to the store.
    pub fn may_hand_over(&self) -> bool {
        let durable = self.durable.borrow().stored_bytes;
        self.filled(durable) < OTHER_BYTES - (delta::WINDOW_BYTES_MAX as u64)
    }

    fn takes_parcels(&self) -> bool {
        self.limit.load(Ordering::Relaxed) == OTHER_BYTES
    }

    /// Whether so much is not durable that it should be made so, before parcels must wait. Where frames come alone the store
    /// commits by itself, in larger groups.
    pub fn is_filling(&self) -> bool {
        let durable = self.durable.borrow().stored_bytes;
        self.takes_parcels() && self.filled(durable) >= OTHER_BYTES / 3
    }

    /// Bytes came in.
    pub fn received(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes that came in will not be stored.
    pub fn discarded(&self, bytes: u64) {
        self.discarded.fetch_add(bytes, Ordering::Relaxed);
    }

    /// What of a parcel comes before its turn. Tickets are in the order of the turns.
    pub fn early(&self, ticket: u64) -> Early<'_> {
        Early { window: self, ticket, bytes: 0 }
    }

    /// How many parcels of this size may come early at once.
    pub fn fitting(&self, bytes: u64) -> usize {
        usize::try_from(EARLY_BYTES / bytes.max(1)).unwrap_or(usize::MAX)
    }

    /// Whether another parcel of this size may be asked for, beside those that were.
    pub fn room_for_early(&self, asked: u64, bytes: u64) -> bool {
        self.early.load(Ordering::Relaxed) + (asked + 1) * bytes <= EARLY_BYTES
    }

    /// It is this ticket's turn.
    pub fn turn_to(&self, ticket: u64) {
        self.turn.send_replace(ticket);
    }

    /// Bytes of parcels handed to the store since the beginning.
    pub fn handed(&self) -> u64 {
        self.handed.load(Ordering::Relaxed)
    }

    /// So many of them are durable.
    pub fn are_durable(&self, handed: u64) {
        self.handed_durable.fetch_max(handed, Ordering::Relaxed);
        self.turn.send_modify(|_| {});
    }
}

impl Early<'_> {
    /// Waits until another piece may be read.
    pub async fn room(&self) {
        let mut turn = self.window.turn.subscribe();
        while *turn.borrow_and_update() < self.ticket
            && self.window.early.load(Ordering::Relaxed) >= EARLY_BYTES
        {
            turn.changed().await.expect("the window itself holds the sender");
        }
    }

    /// Bytes came in.
    pub fn received(&mut self, bytes: u64) {
        self.bytes += bytes;
        self.window.early.fetch_add(bytes, Ordering::Relaxed);
    }

    /// They were handed to the store.
    pub fn hand_over(self) {
        self.window.handed.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

impl Drop for Early<'_> {
    fn drop(&mut self) {
        self.window.early.fetch_sub(self.bytes, Ordering::Relaxed);
        self.window.turn.send_modify(|_| {});
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

    /// To ask for a commit makes the store commit smaller groups, which is dear on a fast link.
    #[test]
    fn frames_alone_hurry_nobody() {
        let (_sender, durable) = watch::channel(Durable::default());
        let (window, mixed) = (Window::new(4, durable.clone()), Window::with_parcels(durable));
        for window in [&window, &mixed] {
            window.received(11 << 20);
        }
        assert!(!window.is_filling() && mixed.is_filling());
        mixed.frames_alone(4);
        assert!(!mixed.is_filling());
    }

    /// Promise 3, and nobody waits for what waits for it.
    #[test]
    fn what_came_too_early_waits_for_its_turn_and_never_keeps_out_what_comes_first() {
        let (_sender, durable) = watch::channel(Durable::default());
        let window = Window::with_parcels(durable);
        let (mut first, mut second) = (window.early(0), window.early(1));
        second.received(EARLY_BYTES);
        assert!(second.room().now_or_never().is_none(), "its share is full");
        assert!(first.room().now_or_never().is_some(), "it is its turn");
        assert!(!window.room_for_early(0, 1));
        assert!(window.room().now_or_never().is_some(), "frames have a share of their own");

        first.received(OTHER_BYTES);
        first.hand_over();
        assert!(window.room().now_or_never().is_none(), "it is not durable");
        assert_eq!(window.undurable(), EARLY_BYTES + OTHER_BYTES);
        window.turn_to(1);
        assert!(second.room().now_or_never().is_some());
        window.are_durable(window.handed());
        assert!(window.room().now_or_never().is_some());
        drop(second);
        assert_eq!(window.undurable(), 0);
    }
}
