//! One parcel session at its source: windows are matched one after the other, compressed beside each other, and kept until
//! the target has stored them.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use bytes::Bytes;
use delta::{EncodeError, Encoder, Planned};
use futures::future::ready;
use futures::{StreamExt, stream};
use store::{ChunkStore, DiskRoot};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::base::Place;
use super::chunks::{Lost, Side};
use super::office::ParcelFault;
use super::{Parcel, Part, SessionId, WindowAsk};
use crate::fault::SourceFault;

/// Windows that are made ahead of what the target has stored.
pub(super) const AHEAD: u32 = 8;
/// Of these, what every session may make at any time; the others are made while the region has room for them.
const OWN: u32 = 2;
/// Levels of zstd, from the first on: what a faster link needs comes first. One core does 128 MB/s of windows at the first, 36 at
/// the third; the fourth takes three times the work of the third for 1 to 2 % (v2, `cargo xtask bench delta`).
const LEVELS: [i32; 4] = [3, 6, 9, 12];

/// The highest of [`LEVELS`] by its place, on a host of so many cores. On two, the third kept the coder's core busy and left a
/// link of 100 Mbit/s a quarter idle for 2 % fewer bytes.
fn highest_of(cores: usize) -> usize {
    match cores {
        ..4 => 1,
        4..8 => 2,
        8.. => 3,
    }
}

/// So many finished windows that the target has not stored say that the link is the slower one.
const LINK_IS_SLOW: usize = 6;
/// How long a request waits for its window: less than a target waits for a byte ([`crate::LeastProgress`]).
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a session looks whether it is still wanted, and the planner whether the region has room.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The body of a window is cut so that what is taken of it can be seen.
const PIECE: usize = 128 << 10;

/// What all sessions of a region share.
#[derive(Clone)]
pub(super) struct Workshop {
    /// Cores for matching and compressing. A window has a permit from when it is matched until it is compressed, so there
    /// are no more uncompressed windows than permits.
    pub(super) cores: Arc<Semaphore>,
    /// Cores that may work at more than the first level: one less, so that serving, and whoever else is on this host, is not
    /// kept waiting for bytes that are merely fewer.
    spare: Arc<Semaphore>,
    /// The highest of [`LEVELS`] here, by its place.
    highest: usize,
    /// Finished windows beyond [`OWN`] of each session.
    pub(super) room: Arc<Semaphore>,
    /// Without a request for so long a session ends.
    pub(super) idle: Duration,
}

impl Workshop {
    pub(super) fn new(cores: usize, room: usize, idle: Duration) -> Self {
        let highest = highest_of(cores);
        let [cores, spare, room] =
            [cores, (cores - 1).max(1), room].map(|permits| Arc::new(Semaphore::new(permits)));
        Workshop { cores, spare, highest, room, idle }
    }
}

/// One session.
pub(super) struct Session {
    pub(super) id: SessionId,
    /// The disk.
    pub(super) disk: Place,
    pub(super) base: Option<Place>,
    workshop: Workshop,
    state: Mutex<State>,
    changed: Notify,
    pub(super) stop: CancellationToken,
}

struct State {
    /// The number of the first window that is kept: those before are stored.
    stored: u32,
    kept: VecDeque<Window>,
    /// How many windows there are, once that is known.
    end: Option<u32>,
    failed: Option<Failed>,
    /// Everything was stored, and the target knows it.
    done: bool,
    /// The target was told that the session is gone.
    over: bool,
    /// Requests that wait for a window.
    waiting: usize,
    used: Instant,
    level: usize,
    told: Told,
}

/// What is said of a session when it ends.
#[derive(Clone, Copy, Default)]
struct Told {
    windows: u32,
    bytes: u64,
    highest: i32,
}

enum Window {
    Making,
    Finished { bytes: Arc<Vec<u8>>, _room: Option<OwnedSemaphorePermit> },
}

#[derive(Clone)]
pub(super) enum Failed {
    /// The base cannot be read any longer: another session goes on without it.
    Base(String),
    /// The disk cannot be read, or the coder failed: frames go on.
    Disk(String),
}

impl Session {
    pub(super) fn new(
        id: SessionId,
        disk: Place,
        base: Option<Place>,
        workshop: Workshop,
        stop: CancellationToken,
    ) -> Arc<Self> {
        let state = State {
            stored: 0,
            kept: VecDeque::new(),
            end: None,
            failed: None,
            done: false,
            over: false,
            waiting: 0,
            used: Instant::now(),
            level: 0,
            told: Told::default(),
        };
        let (state, changed) = (Mutex::new(state), Notify::new());
        Arc::new(Session { id, disk, base, workshop, state, changed, stop })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding a session")
    }

    /// A window, when it is finished.
    pub(super) async fn window(self: &Arc<Self>, ask: WindowAsk) -> Result<Parcel, ParcelFault> {
        self.note_stored(ask.stored);
        let _waits = Waiting::new(self);
        let until = Instant::now() + PATIENCE;
        loop {
            // Before looking, so that no change is missed.
            let changed = self.changed.notified();
            if let Some(found) = self.look(ask.number, ask.part)? {
                return Ok(found);
            }
            tokio::select! {
                () = changed => {}
                () = self.stop.cancelled() => return Ok(Parcel::Gone),
                () = tokio::time::sleep_until(until) => return Err(ParcelFault::Late),
            }
        }
    }

    fn note_stored(&self, stored: u32) {
        let mut state = self.state();
        state.used = Instant::now();
        // Nobody can have stored what was not made.
        while state.stored < stored && matches!(state.kept.front(), Some(Window::Finished { .. })) {
            state.kept.pop_front();
            state.stored += 1;
        }
        drop(state);
        self.changed.notify_waiters();
    }

    fn look(self: &Arc<Self>, number: u32, part: Part) -> Result<Option<Parcel>, ParcelFault> {
        let mut state = self.state();
        if number < state.stored {
            return Ok(Some(Parcel::Gone));
        }
        if state.end.is_some_and(|end| number >= end) {
            state.done |= state.end == Some(state.stored);
            return Ok(Some(Parcel::End));
        }
        if let Some(Window::Finished { bytes, .. }) =
            state.kept.get((number - state.stored) as usize)
        {
            let (range, bytes) = (part.range(bytes.len()), Arc::downgrade(bytes));
            drop(state);
            return Ok(Some(Parcel::Window(self.body(bytes, range))));
        }
        match state.failed.clone() {
            None => Ok(None),
            Some(Failed::Base(_)) => {
                state.over = true;
                Ok(Some(Parcel::Gone))
            }
            Some(Failed::Disk(reason)) => Err(ParcelFault::Failed { reason }),
        }
    }

    /// Some bytes of a window. Whoever takes them uses the session; whoever does not take them keeps no window beyond the
    /// session's end, only the piece in hand.
    fn body(self: &Arc<Self>, window: Weak<Vec<u8>>, range: Range<usize>) -> crate::FrameStream {
        let session = Arc::clone(self);
        let pieces = stream::try_unfold(range.start, move |from| {
            session.state().used = Instant::now();
            let piece = window.upgrade().map(|bytes| {
                let rest = &bytes[from..range.end];
                Bytes::copy_from_slice(&rest[..rest.len().min(PIECE)])
            });
            let reason = "the window is kept no longer";
            let piece = piece.ok_or_else(|| SourceFault::NoParcels { reason: reason.to_owned() });
            ready(
                piece.map(|piece| (!piece.is_empty()).then(|| (piece.clone(), from + piece.len()))),
            )
        });
        pieces.boxed()
    }

    /// Lives as long as it is wanted; makes its windows meanwhile.
    pub(super) async fn run(self: Arc<Self>, encoder: Encoder, store: ChunkStore) {
        let making = async {
            self.make_all(encoder).await;
            // What is made is kept until it is stored.
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = making => {}
            () = self.left(&store) => {}
            () = self.stop.cancelled() => {}
        }
        self.stop.cancel();
        let mut state = self.state();
        state.kept.clear();
        let Told { windows, bytes, highest } = state.told;
        let (base, outcome) = (self.base.map(|(_, root)| root), state.outcome());
        drop(state);
        tracing::info!(session = ?self.id, disk = %self.disk.1, base = base_word(base), windows, bytes,
            highest_level = highest, outcome, "a parcel session ended");
    }

    /// Waits until the session is wanted no longer: done, forgotten by its target, or locked.
    async fn left(&self, store: &ChunkStore) {
        loop {
            tokio::select! {
                () = self.changed.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY.min(self.workshop.idle)) => {}
            }
            let state = self.state();
            let forgotten = state.waiting == 0 && state.used.elapsed() >= self.workshop.idle;
            if state.done || state.over || forgotten || self.is_locked(store) {
                return;
            }
        }
    }

    pub(super) fn is_locked(&self, store: &ChunkStore) -> bool {
        store.is_locked(self.disk.0) || self.base.is_some_and(|(domain, _)| store.is_locked(domain))
    }

    async fn make_all(self: &Arc<Self>, mut encoder: Encoder) {
        loop {
            let room = self.room_for_next().await;
            let cores = Arc::clone(&self.workshop.cores);
            let core = cores.acquire_owned().await.expect("the cores are never closed");
            let planned = tokio::task::spawn_blocking(move || {
                let planned = encoder.plan();
                (encoder, planned)
            });
            let planned = match planned.await {
                Ok((back, planned)) => {
                    encoder = back;
                    planned
                }
                Err(ended) => return self.fail(lost_coder(&ended)),
            };
            match planned {
                Ok(Some(planned)) => self.make(planned, core, room),
                Ok(None) => {
                    let mut state = self.state();
                    state.end = Some(state.stored + state.kept.len() as u32);
                    drop(state);
                    return self.changed.notify_waiters();
                }
                Err(error) => return self.fail(failed(&error)),
            }
        }
    }

    /// Waits until there is room for another window, in the session and in the region.
    async fn room_for_next(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            let changed = self.changed.notified();
            let ahead = self.state().kept.len() as u32;
            if ahead < OWN {
                return None;
            }
            if ahead < AHEAD {
                match Arc::clone(&self.workshop.room).try_acquire_owned() {
                    Ok(room) => return Some(room),
                    Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => {}
                }
            }
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Compresses a window beside the matching of the next one.
    fn make(
        self: &Arc<Self>,
        planned: Planned,
        core: OwnedSemaphorePermit,
        room: Option<OwnedSemaphorePermit>,
    ) {
        let (number, level, spare) = self.begin();
        let session = Arc::clone(self);
        let mut held = vec![core];
        held.extend(spare);
        tokio::spawn(async move {
            let compressed = tokio::task::spawn_blocking(move || planned.compress(level)).await;
            drop(held);
            match compressed {
                Ok(Ok(bytes)) => session.finish(number, (bytes, level), room),
                Ok(Err(error)) => session.fail(failed(&error)),
                Err(ended) => session.fail(lost_coder(&ended)),
            }
        });
    }

    /// Takes a place for the next window, and chooses its level, with what it needs to be more than the first.
    fn begin(&self) -> (u32, i32, Option<OwnedSemaphorePermit>) {
        let spare = Arc::clone(&self.workshop.spare).try_acquire_owned().ok();
        let mut state = self.state();
        let finished = state.finished();
        // A request that waits for a window is a link that could carry more.
        if state.waiting > 0 {
            state.level = state.level.saturating_sub(1);
        } else if finished >= LINK_IS_SLOW && spare.is_some() {
            state.level = (state.level + 1).min(self.workshop.highest);
        }
        let number = state.stored + state.kept.len() as u32;
        state.kept.push_back(Window::Making);
        let level = if spare.is_some() { state.level } else { 0 };
        (number, LEVELS[level], spare.filter(|_| level > 0))
    }

    fn finish(
        &self,
        number: u32,
        (bytes, level): (Vec<u8>, i32),
        room: Option<OwnedSemaphorePermit>,
    ) {
        let mut state = self.state();
        state.told.windows += 1;
        state.told.bytes += bytes.len() as u64;
        state.told.highest = state.told.highest.max(level);
        let at = number.checked_sub(state.stored).map(|at| at as usize);
        // A session that ended meanwhile keeps nothing.
        if let Some(window) = at.and_then(|at| state.kept.get_mut(at)) {
            *window = Window::Finished { bytes: Arc::new(bytes), _room: room };
        }
        drop(state);
        self.changed.notify_waiters();
    }

    fn fail(&self, failed: Failed) {
        if !self.stop.is_cancelled() {
            match &failed {
                Failed::Base(reason) => {
                    tracing::warn!(session = ?self.id, reason, "a base cannot be read any longer")
                }
                Failed::Disk(reason) => {
                    tracing::warn!(session = ?self.id, reason, "a parcel session failed")
                }
            }
        }
        let mut state = self.state();
        state.failed.get_or_insert(failed);
        drop(state);
        self.changed.notify_waiters();
    }

    /// Whether the base is why the session cannot go on.
    pub(super) fn lost_its_base(&self) -> bool {
        matches!(self.state().failed, Some(Failed::Base(_)))
    }

    /// Whether the target has everything that it wanted.
    pub(super) fn is_done(&self) -> bool {
        self.state().done
    }

    /// Windows in memory, finished or not.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.state().kept.len()
    }

    #[cfg(test)]
    pub(super) fn finished(&self) -> usize {
        self.state().finished()
    }

    #[cfg(test)]
    pub(super) fn highest_level(&self) -> i32 {
        self.state().told.highest
    }
}

impl State {
    /// Windows that the target could have and has not stored.
    fn finished(&self) -> usize {
        self.kept.iter().filter(|window| matches!(window, Window::Finished { .. })).count()
    }

    fn outcome(&self) -> &'static str {
        match (&self.failed, self.done) {
            (_, true) => "done",
            (Some(Failed::Base(_)), false) => "base lost",
            (Some(Failed::Disk(_)), false) => "failed",
            (None, false) => "left",
        }
    }
}

fn base_word(base: Option<DiskRoot>) -> String {
    base.map_or_else(|| "none".to_owned(), |root| root.to_string())
}

/// A request that waits for a window.
struct Waiting<'a>(&'a Session);

impl<'a> Waiting<'a> {
    fn new(session: &'a Session) -> Self {
        session.state().waiting += 1;
        Waiting(session)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.waiting -= 1;
        state.used = Instant::now();
    }
}

fn lost_coder(ended: &tokio::task::JoinError) -> Failed {
    Failed::Disk(format!("the coder failed: {ended}"))
}

/// Whose fault it is that a window cannot be made.
fn failed(error: &EncodeError) -> Failed {
    let reason = super::office::in_full(error);
    match error {
        EncodeError::Unreadable(unreadable) => {
            let side = unreadable.source.downcast_ref::<Lost>().map(|lost| lost.side);
            match side {
                Some(Side::Base) => Failed::Base(reason),
                Some(Side::Disk) | None => Failed::Disk(reason),
            }
        }
        EncodeError::Index(_) => Failed::Base(reason),
        EncodeError::Wants { .. } | EncodeError::Compress { .. } => Failed::Disk(reason),
    }
}
