//! Moves what was listed as missing: asks for it, puts it, and keeps the books on what is durable.
//!
//! Listing and moving go on side by side, in one future: whoever drops it stops everything.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use fail::fail_point;
use futures::FutureExt;
use futures::future::{BoxFuture, Fuse};
use futures::stream::{FuturesUnordered, StreamExt};
use store::{ChunkId, ChunkStore, Domain, Ingest, Naming, Recorded, Renaming, TreePart};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::fault::TransferFault;
use crate::ledger::{Batch, Ledger, Spot, Want};
use crate::parcels::target::{self, ParcelWay};
use crate::request::Requests;
use crate::source::ChunkSource;
use crate::watch::{Progress, Reporter, Watch};
use crate::window::{WINDOW_BYTES, Window};

/// Requests for chunks at once. With 8 MiB each they fill the window, which is more than 1 Gbit/s carries in 100 ms.
const REQUESTS: usize = 4;
/// Bytes that one request should bring.
const REQUEST_BYTES: u64 = 4 << 20;
/// Ids in one request. Progress is seen when a request is answered, so the first are small, and on a slow link they stay so;
/// each that is answered quickly doubles the next, so that a fast link is filled after one or two round trips.
const REQUEST_IDS: std::ops::RangeInclusive<u64> = 4..=1_024;
/// A request answered in less time was too small, one that took longer too big.
const REQUEST_TAKES: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(250)..=Duration::from_secs(1);
/// What a frame is taken to be before any was seen: a chunk compressed to a half.
const FRAME_GUESS: u64 = 32 << 10;
/// Ids waiting to be asked for before the walk waits.
const QUEUE_IDS: usize = 2_048;
/// Ids on their way, asked and not durable, before the walk waits: 2 MiB of memory.
pub(crate) const WANTING_IDS: usize = 32_768;
/// The same where chunks come in parcels: two sessions, what waits for the third, and what is not durable yet. 4 MiB, and 1 MiB
/// more in the books of each session.
const PARCEL_WANTING_IDS: usize = 4 * delta::WANTS_MAX;
/// Trees that are walked and not yet recorded before they are.
const RIPE_TREES: usize = 1_024;
/// Most trees recorded in one transaction.
const RECORD_TREES: usize = 4_096;
/// How often it is looked what became durable. The store commits by itself; to ask makes it commit smaller groups.
pub(crate) const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// What a transfer moved. `chunks_received + chunks_reused` is `places`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Bytes received from the source: frames of chunks, nodes and the root, and refused ones.
    pub bytes_received: u64,
    /// Chunks of the disk received and stored. Nodes and the root are not counted.
    pub chunks_received: u64,
    /// Places whose chunk needed no sending: held before, or the same as another place's.
    pub chunks_reused: u64,
    /// Places of the disk that are not zero.
    pub places: u64,
}

/// What a mover works on.
pub(crate) struct Way<'a> {
    pub source: &'a dyn ChunkSource,
    /// How it sends parcels, if chunks are to come in them.
    pub parcels: Option<ParcelWay<'a>>,
    pub store: &'a ChunkStore,
    pub domain: Domain,
    /// How the source names chunks.
    pub naming: Naming,
    pub watch: &'a Watch,
    pub reporter: &'a Reporter<'a>,
}

/// Names of chunks on their way, where the source has others than the store.
#[derive(Default)]
struct Names(Mutex<HashMap<ChunkId, ChunkId>>);

pub(crate) struct Mover<'a> {
    pub store: &'a ChunkStore,
    pub domain: Domain,
    pub requests: Requests<'a>,
    pub ingest: Arc<Ingest>,
    pub naming: Naming,
    parcels: Option<ParcelWay<'a>>,
    /// For a source with other names than ours.
    names: Option<Names>,
    /// A way for what is made here: other nodes, and chunks out of parcels. It was not received as it is stored, so it does not
    /// count in the window as what is received does.
    pub made: Option<Arc<Ingest>>,
    reporter: &'a Reporter<'a>,
    earlier: Moved,
    ledger: Mutex<Ledger>,
    needed: AtomicU64,
    /// Chunks that came, and which of them and how many bytes of all that came were in windows of parcels.
    chunks: AtomicU64,
    windowed: Windowed,
    request_ids: AtomicU64,
    reused: AtomicU64,
    /// Bytes that unanswered requests should bring.
    asked_bytes: AtomicU64,
    is_listed: AtomicBool,
    /// Something was queued, or the lister waits for room.
    more: Notify,
    /// The lister may go on.
    room: Notify,
}

/// What came in windows of parcels.
#[derive(Default)]
struct Windowed {
    chunks: AtomicU64,
    bytes: AtomicU64,
}

impl<'a> Mover<'a> {
    pub fn new(way: &Way<'a>, earlier: Moved) -> Self {
        let ingest = Arc::new(way.store.ingest(way.domain));
        let made = way.parcels.as_ref().map(|_| Arc::new(way.store.ingest(way.domain)));
        let window = match way.parcels {
            None => Window::new(REQUESTS as u64, ingest.durable()),
            Some(_) => Window::with_parcels(ingest.durable()),
        };
        Mover {
            store: way.store,
            domain: way.domain,
            requests: Requests::new(way.source, &way.naming, way.watch, Some(window)),
            ingest,
            naming: way.naming.clone(),
            parcels: way.parcels.clone(),
            names: None,
            made,
            reporter: way.reporter,
            earlier,
            ledger: Mutex::default(),
            needed: AtomicU64::new(0),
            chunks: AtomicU64::new(0),
            windowed: Windowed::default(),
            request_ids: AtomicU64::new(*REQUEST_IDS.start()),
            reused: AtomicU64::new(0),
            asked_bytes: AtomicU64::new(0),
            is_listed: AtomicBool::new(false),
            more: Notify::new(),
            room: Notify::new(),
        }
    }

    /// The same for a source whose chunks have other names in the store.
    pub fn renaming(way: &Way<'a>, earlier: Moved) -> Self {
        let made = Some(Arc::new(way.store.ingest(way.domain)));
        Mover { made, names: Some(Names::default()), ..Mover::new(way, earlier) }
    }

    /// How many places the disk has.
    pub fn need(&self, places: u64) {
        self.needed.store(places, Ordering::Relaxed);
        self.report();
    }

    pub fn earlier(&self) -> Moved {
        self.earlier
    }

    /// Moves what `listing` queues while it runs, and records what is complete.
    pub async fn deliver(
        &self,
        listing: impl Future<Output = Result<(), TransferFault>>,
    ) -> Result<(), TransferFault> {
        let listing = async {
            listing.await?;
            self.is_listed.store(true, Ordering::Release);
            self.more.notify_one();
            Ok(())
        };
        let moving = async {
            if let Some(way) = &self.parcels {
                target::pump(self, way).await?;
                // What no parcel brings comes as frames.
                self.requests.window().frames_alone(REQUESTS as u64);
            }
            self.pump().await
        };
        tokio::try_join!(listing, moving)?;
        self.flush().await?;
        fail_point!("wrk.final_verify", |_| Err(crate::request::injected("verify the disk")));
        self.record_complete().await?;
        self.requests.lacks().map_or(Ok(()), Err)
    }

    /// What became of it: after a fault of others, what was received is kept.
    pub async fn end<T>(&self, ended: Result<T, TransferFault>) -> Result<T, TransferFault> {
        if let Err(fault) = &ended {
            self.keep_what_came(fault).await;
        }
        self.reporter.tell_last(self.progress());
        ended
    }

    /// After a fault of others, what was received is made durable, so that it is not sent again.
    async fn keep_what_came(&self, fault: &TransferFault) {
        if matches!(
            fault,
            TransferFault::Store(_) | TransferFault::Disturbed | TransferFault::Stopped
        ) {
            return;
        }
        let kept = async {
            self.flush().await?;
            self.record_complete().await
        };
        if let Err(error) = kept.await {
            tracing::warn!(%error, "failed to keep what was received before a fault");
        }
    }

    /// Asks for what is queued until there is no more, and looks now and then what has become durable.
    async fn pump(&self) -> Result<(), TransferFault> {
        let mut requests = FuturesUnordered::new();
        let mut flushing: Fuse<BoxFuture<'_, _>> = Fuse::terminated();
        let mut tick = tokio::time::interval_at(Instant::now() + FLUSH_EVERY, FLUSH_EVERY);
        let mut durable = self.ingest.durable();
        let mut is_late = false;
        loop {
            while requests.len() < REQUESTS
                && let Some((batch, bytes)) = self.next_batch()
            {
                requests.push(self.fetch_batch(batch, bytes));
            }
            if requests.is_empty() && self.is_listed() && self.ledger().queued() == 0 {
                return Ok(());
            }
            if futures::future::FusedFuture::is_terminated(&flushing) && self.is_flush_due(is_late)
            {
                is_late = false;
                flushing = self.flush_and_record().boxed().fuse();
            }
            tokio::select! {
                Some(fetched) = requests.next() => fetched?,
                flushed = &mut flushing => flushed?,
                () = self.stirred() => {}
                Ok(()) = durable.changed() => {}
                _ = tick.tick() => is_late = true,
            }
        }
    }

    /// What is asked for next, with the bytes it should bring; none while the window has no room for it. What was asked
    /// for counts at once, since the source may have sent it, whatever the system's buffers let us see of it.
    fn next_batch(&self) -> Option<(Batch, u64)> {
        let chunks = self.chunks.load(Ordering::Relaxed);
        let chunks = chunks - self.windowed.chunks.load(Ordering::Relaxed);
        let bytes = self.requests.bytes() - self.windowed.bytes.load(Ordering::Relaxed);
        let mean = bytes.checked_div(chunks).unwrap_or(FRAME_GUESS).max(1);
        let limit = self.request_ids.load(Ordering::Relaxed).min(REQUEST_BYTES / mean);
        let limit = limit.max(*REQUEST_IDS.start());
        let under_way = self.asked_bytes.load(Ordering::Relaxed) + self.requests.undurable_bytes();
        if under_way > 0 && under_way + limit * mean > WINDOW_BYTES {
            return None;
        }
        let batch = self.ledger().take(limit as usize)?;
        self.make_room();
        let bytes = batch.ids.len() as u64 * mean;
        self.asked_bytes.fetch_add(bytes, Ordering::Relaxed);
        Some((batch, bytes))
    }

    /// What the chunks of a batch are said to be called here.
    fn renaming_of(&self, batch: &Batch) -> Option<Arc<Renaming>> {
        let all = self.names.as_ref()?.lock();
        let names = batch.ids.iter().filter_map(|id| Some((*id, *all.get(id)?))).collect();
        Some(Arc::new(Renaming { naming: self.naming.clone(), names }))
    }

    /// Queues a chunk under the name that the source says it has here. False if it is on its way under another name: then
    /// the source has lied once.
    pub fn want_named(&self, (id, name): (ChunkId, ChunkId), spot: Spot) -> bool {
        let names = self.names.as_ref().expect("only a renaming mover is told names");
        let (mut names, mut ledger) = (names.lock(), self.ledger());
        if ledger.is_wanting(&id) {
            ledger.due_later(spot.places);
            self.reuse(spot.places);
            return names.get(&id) == Some(&name);
        }
        if names.len() >= 2 * WANTING_IDS {
            names.retain(|id, _| ledger.is_wanting(id));
        }
        names.insert(id, name);
        ledger.want(Want { id, spot });
        self.reuse(spot.places - 1);
        true
    }

    /// Learns from a request of this many ids how many the next should have.
    fn size_requests(&self, asked: u64, took: Duration) {
        let ids = self.request_ids.load(Ordering::Relaxed);
        // A small request that was all there was to ask says nothing of a bigger one.
        let next = if took < *REQUEST_TAKES.start() && asked * 2 >= ids {
            ids * 2
        } else if took > *REQUEST_TAKES.end() {
            ids / 2
        } else {
            ids
        };
        let next = next.clamp(*REQUEST_IDS.start(), *REQUEST_IDS.end());
        self.request_ids.store(next, Ordering::Relaxed);
    }

    async fn fetch_batch(&self, batch: Batch, bytes: u64) -> Result<(), TransferFault> {
        let start = Instant::now();
        let answer =
            self.requests.chunks(&batch.ids, (&self.ingest, self.renaming_of(&batch))).await?;
        self.asked_bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.size_requests(batch.ids.len() as u64, start.elapsed());
        self.settle(&batch, (answer.stored, &answer.absent));
        Ok(())
    }

    /// A batch was answered: so many chunks came, these the source lacks.
    pub fn settle(&self, batch: &Batch, (came, absent): (u64, &[ChunkId])) {
        self.chunks.fetch_add(came, Ordering::Relaxed);
        let mut ledger = self.ledger();
        ledger.handed();
        ledger.answered(batch.number, absent);
        drop(ledger);
        self.make_room();
        self.report();
    }

    /// A window of a parcel session was taken: so many bytes, with so many chunks that were true.
    pub fn note_window(&self, chunks: u64, bytes: u64) {
        self.windowed.chunks.fetch_add(chunks, Ordering::Relaxed);
        self.windowed.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn is_flush_due(&self, is_late: bool) -> bool {
        let is_window_filling = self.requests.is_window_filling();
        let ledger = self.ledger();
        let crowded = ledger.wanting() >= self.wanting_ids() / 2 || ledger.ripening() >= RIPE_TREES;
        ledger.is_unflushed() && (is_late || crowded || is_window_filling)
    }

    fn wanting_ids(&self) -> usize {
        if self.parcels.is_some() { PARCEL_WANTING_IDS } else { WANTING_IDS }
    }

    fn queue_ids(&self) -> usize {
        if self.parcels.is_some() { delta::WANTS_MAX } else { QUEUE_IDS }
    }

    /// Whether all that is missing was queued.
    pub fn is_listed(&self) -> bool {
        self.is_listed.load(Ordering::Acquire)
    }

    /// Returns when something was queued, or all of it, or the lister waits for room.
    pub async fn stirred(&self) {
        self.more.notified().await;
    }

    /// Lets the lister go on.
    pub fn make_room(&self) {
        self.room.notify_one();
    }

    /// Whether a chunk is on its way.
    pub fn is_wanting(&self, id: &ChunkId) -> bool {
        self.ledger().is_wanting(id)
    }

    /// Counts places that are held.
    pub fn done(&self, places: u64) {
        self.ledger().done(places);
        self.reuse(places);
    }

    /// Counts places that are done with what was queued before.
    pub fn again(&self, places: u64) {
        self.ledger().due_later(places);
        self.reuse(places);
    }

    /// Everything under this part was listed.
    pub fn walked(&self, part: TreePart, places: u64) {
        self.ledger().walked(part, places);
    }

    /// Something was handed to the store beside what was asked for.
    pub fn handed(&self) {
        self.ledger().handed();
    }

    /// Something was queued.
    pub fn stir(&self) {
        self.more.notify_one();
        self.report();
    }

    async fn flush(&self) -> Result<(), TransferFault> {
        let (mark, handed) = (self.ledger().mark(), self.requests.handed_bytes());
        self.ingest.flush().await?;
        if let Some(made) = &self.made {
            made.flush().await?;
        }
        self.ledger().flushed(mark);
        self.requests.are_durable(handed);
        self.report();
        Ok(())
    }

    pub async fn flush_and_record(&self) -> Result<(), TransferFault> {
        self.flush().await?;
        if self.ledger().ripening() >= RIPE_TREES {
            self.record_complete().await?;
        }
        self.make_room();
        Ok(())
    }

    /// Records the trees that are complete by now, children before parents.
    async fn record_complete(&self) -> Result<(), TransferFault> {
        let complete = self.ledger().take_complete();
        self.record(&complete).await
    }

    pub async fn record(&self, trees: &[(TreePart, u64)]) -> Result<(), TransferFault> {
        for trees in trees.chunks(RECORD_TREES) {
            match self.ingest.record_complete(trees).await? {
                Recorded::Written => {}
                Recorded::Stale => return Err(TransferFault::Disturbed),
            }
        }
        Ok(())
    }

    /// Waits until the books have room for another node.
    pub async fn wait_for_room(&self) {
        loop {
            if !self.is_crowded() {
                return;
            }
            self.more.notify_one();
            self.room.notified().await;
        }
    }

    fn is_crowded(&self) -> bool {
        let ledger = self.ledger();
        ledger.queued() >= self.queue_ids() || ledger.wanting() >= self.wanting_ids()
    }

    /// Takes out the chunks that are on their way for another place.
    pub fn pass_over_wanting(&self, ids: &mut Vec<ChunkId>, spots: &HashMap<ChunkId, Spot>) {
        let mut ledger = self.ledger();
        ids.retain(|id| {
            let is_wanting = ledger.is_wanting(id);
            if is_wanting {
                ledger.due_later(spots[id].places);
                self.reuse(spots[id].places);
            }
            !is_wanting
        });
    }

    /// Queues what is missing and counts what is here.
    pub fn enter_in_ledger<'b>(
        &self,
        ids: impl Iterator<Item = (&'b ChunkId, bool)>,
        spots: &HashMap<ChunkId, Spot>,
    ) {
        let mut ledger = self.ledger();
        for (id, missing) in ids {
            let spot = spots[id];
            if missing {
                ledger.want(Want { id: *id, spot });
                self.reuse(spot.places - 1);
            } else {
                ledger.done(spot.places);
                self.reuse(spot.places);
            }
        }
    }

    /// Places with a chunk that is here, or on its way for another place.
    pub fn reuse(&self, places: u64) {
        self.reused.fetch_add(places, Ordering::Relaxed);
    }

    pub fn moved(&self) -> Moved {
        let places = self.needed.load(Ordering::Relaxed);
        // What an earlier attempt received is held in this one.
        let most = places.saturating_sub(self.earlier.chunks_received);
        Moved {
            bytes_received: self.earlier.bytes_received + self.requests.bytes(),
            chunks_received: self.earlier.chunks_received + self.chunks.load(Ordering::Relaxed),
            chunks_reused: self.reused.load(Ordering::Relaxed).min(most),
            places,
        }
    }

    fn progress(&self) -> Progress {
        let moved = self.moved();
        Progress {
            places_done: self.ledger().places_done(),
            places_needed: moved.places,
            bytes_received: moved.bytes_received,
            chunks_received: moved.chunks_received,
            chunks_reused: moved.chunks_reused,
        }
    }

    pub fn report(&self) {
        self.reporter.tell(self.progress());
    }

    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().expect("no code panics while it holds the ledger")
    }
}

impl Names {
    fn lock(&self) -> MutexGuard<'_, HashMap<ChunkId, ChunkId>> {
        self.0.lock().expect("no code panics while it holds the names")
    }
}
