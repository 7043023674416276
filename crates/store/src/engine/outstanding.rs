//! Which jobs are not finished yet, so that one can wait for all that were begun before.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use tokio::sync::Notify;

#[derive(Default)]
pub(crate) struct Outstanding {
    state: Mutex<State>,
    waiting: AtomicUsize,
    ended: Notify,
}

#[derive(Default)]
struct State {
    next: u64,
    open: BTreeSet<u64>,
}

impl Outstanding {
    /// Begins a job; its number ends it.
    pub(crate) fn begin(&self) -> u64 {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        state.open.insert(number);
        number
    }

    pub(crate) fn end(&self, number: u64) {
        self.lock().open.remove(&number);
        self.ended.notify_waiters();
    }

    /// Whether somebody waits.
    pub(crate) fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }

    /// Returns once all jobs begun before have ended. `hurry` is called when there is something to wait for.
    pub(crate) async fn settled(&self, hurry: impl Fn()) {
        let until = self.lock().next;
        let _awaited = Awaited::new(&self.waiting);
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            if self.lock().open.first().is_none_or(|first| *first >= until) {
                return;
            }
            hurry();
            ended.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding the numbers")
    }
}

/// Counts a waiter for as long as it waits, also when its future is dropped.
struct Awaited<'a>(&'a AtomicUsize);

impl<'a> Awaited<'a> {
    fn new(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::SeqCst);
        Awaited(waiting)
    }
}

impl Drop for Awaited<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
