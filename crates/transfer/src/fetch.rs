//! Brings a disk into a store: list what is missing, fetch, check, put.
//!
//! Resuming is not a mode: a call begins with what is durable and moves what is still missing. Reading the tree, asking,
//! checking and writing go on side by side, in one future: whoever drops it stops everything.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fail::fail_point;
use futures::FutureExt;
use futures::future::{BoxFuture, Fuse};
use futures::stream::{FuturesUnordered, StreamExt};
use store::{
    ChunkId, ChunkStore, DiskRoot, Domain, Ingest, Recorded, RootRecord, StoreFault, TreePart,
};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::fault::{TransferFault, TreeError};
use crate::ledger::{Batch, Ledger, Want};
use crate::request::Requests;
use crate::source::ChunkSource;
use crate::walk::{Errand, Walk, read_held};
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
const WANTING_IDS: usize = 32_768;
/// Trees that are walked and not yet recorded before they are.
const RIPE_TREES: usize = 1_024;
/// Most trees recorded in one transaction.
const RECORD_TREES: usize = 4_096;
/// How often it is looked what became durable. The store commits by itself; to ask makes it commit smaller groups.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
/// How often a transfer begins anew because damage was found in its domain meanwhile.
const ATTEMPTS: usize = 3;

/// The disk to bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchDisk {
    /// Names its contents.
    pub root: DiskRoot,
    /// Where in the store its chunks belong.
    pub domain: Domain,
    /// The size that was promised, in bytes.
    pub expected_size: u64,
}

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

/// Brings every chunk under the root into the store, checked and durable, and records that the tree is complete.
///
/// Called again after any interruption it fetches only what is still missing, and at most [`crate::WINDOW_BYTES`] are sent
/// again. Called after success it costs two look-ups and moves nothing.
///
/// # Errors
/// [`TransferFault`]; what is durable by then stays.
pub async fn fetch_disk(
    job: FetchDisk,
    source: &dyn ChunkSource,
    store: &ChunkStore,
    watch: &Watch,
) -> Result<Moved, TransferFault> {
    tokio::select! {
        biased;
        () = watch.cancel.cancelled() => Err(TransferFault::Stopped),
        moved = fetch(job, source, store, watch) => moved,
    }
}

async fn fetch(
    job: FetchDisk,
    source: &dyn ChunkSource,
    store: &ChunkStore,
    watch: &Watch,
) -> Result<Moved, TransferFault> {
    let reporter = Reporter::new(watch);
    let mut earlier = Moved::default();
    for _ in 0..ATTEMPTS {
        let ingest = store.ingest(job.domain);
        let window = Window::new(REQUESTS as u64, ingest.durable());
        let transfer = Transfer {
            job,
            store,
            ingest,
            requests: Requests::new(source, watch, Some(window)),
            reporter: &reporter,
            earlier,
            ledger: Mutex::default(),
            needed: AtomicU64::new(0),
            chunks: AtomicU64::new(0),
            request_ids: AtomicU64::new(*REQUEST_IDS.start()),
            reused: AtomicU64::new(0),
            asked_bytes: AtomicU64::new(0),
            is_walked: AtomicBool::new(false),
            more: Notify::new(),
            room: Notify::new(),
        };
        match transfer.run().await {
            Err(TransferFault::Disturbed) => earlier = transfer.moved(),
            ended => return ended,
        }
    }
    Err(TransferFault::Disturbed)
}

struct Transfer<'a> {
    job: FetchDisk,
    store: &'a ChunkStore,
    ingest: Ingest,
    requests: Requests<'a>,
    reporter: &'a Reporter<'a>,
    earlier: Moved,
    ledger: Mutex<Ledger>,
    needed: AtomicU64,
    chunks: AtomicU64,
    request_ids: AtomicU64,
    reused: AtomicU64,
    /// Bytes that unanswered requests should bring.
    asked_bytes: AtomicU64,
    is_walked: AtomicBool,
    /// The walk has queued something, or waits for room.
    more: Notify,
    /// The walk may go on.
    room: Notify,
}

impl Transfer<'_> {
    async fn run(&self) -> Result<Moved, TransferFault> {
        if let Some(moved) = self.held_whole().await? {
            return Ok(moved);
        }
        let brought = self.bring_all().await;
        if let Err(fault) = &brought {
            self.keep_what_came(fault).await;
        }
        self.reporter.tell_last(self.progress());
        brought.map(|()| self.moved())
    }

    async fn bring_all(&self) -> Result<(), TransferFault> {
        let Some(record) = self.root_record().await? else {
            return Err(self.requests.lacks().expect("a root that did not come is lacking"));
        };
        self.needed.store(record.places(), Ordering::Relaxed);
        self.report();
        let walk = async {
            Walk::new(self.store, self.job.domain, self, &record).run(&record).await?;
            self.is_walked.store(true, Ordering::Release);
            self.more.notify_one();
            Ok(())
        };
        tokio::try_join!(walk, self.pump())?;
        self.flush().await?;
        fail_point!("wrk.final_verify", |_| Err(crate::request::injected("verify the disk")));
        self.record_complete().await?;
        if let Some(lacks) = self.requests.lacks() {
            return Err(lacks);
        }
        let root = (TreePart::Root(self.job.root.id()), record.places());
        self.record(&[root]).await
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

    /// A disk that is here already. Its record is read all the same: it must have the size that was promised.
    async fn held_whole(&self) -> Result<Option<Moved>, TransferFault> {
        let (domain, root) = (self.job.domain, self.job.root);
        let complete = self.store.complete(domain, &[TreePart::Root(root.id())]).await?;
        let Some(Some(places)) = complete.first().copied() else { return Ok(None) };
        match self.store.root_record(domain, root).await {
            Ok(record) => {
                self.check_root(&record)?;
                let moved = Moved { places, chunks_reused: places, ..self.earlier };
                let done = Progress {
                    places_done: places,
                    places_needed: places,
                    bytes_received: moved.bytes_received,
                    chunks_received: 0,
                    chunks_reused: places,
                };
                self.reporter.tell_last(done);
                Ok(Some(moved))
            }
            Err(StoreFault::Missing { .. } | StoreFault::Damaged { .. }) => {
                self.store.distrust(domain).await?;
                Err(TransferFault::Disturbed)
            }
            Err(StoreFault::Tree { source, .. }) => Err(TreeError::Root(source).into()),
            Err(fault) => Err(fault.into()),
        }
    }

    /// The root record, from the store or from the source; `None` if neither has it.
    async fn root_record(&self) -> Result<Option<RootRecord>, TransferFault> {
        let id = self.job.root.id();
        let mut held = read_held(self.store, self.job.domain, &[id]).await?;
        if held.is_empty() {
            held = self.bring(vec![id]).await?;
        }
        let Some(bytes) = held.get(&id) else { return Ok(None) };
        fail_point!("wrk.tree_verify", |_| Err(crate::request::injected("verify the root")));
        let record = RootRecord::decode(bytes).map_err(TreeError::Root)?;
        self.check_root(&record)?;
        Ok(Some(record))
    }

    fn check_root(&self, record: &RootRecord) -> Result<(), TreeError> {
        let (wanted, got) = (self.job.expected_size, record.size_bytes());
        if wanted == got { Ok(()) } else { Err(TreeError::Size { wanted, got }) }
    }

    /// Asks for what the walk queues until there is no more, and looks now and then what has become durable.
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
            if requests.is_empty()
                && self.is_walked.load(Ordering::Acquire)
                && self.ledger().queued() == 0
            {
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
                () = self.more.notified() => {}
                Ok(()) = durable.changed() => {}
                _ = tick.tick() => is_late = true,
            }
        }
    }

    /// What is asked for next, with the bytes it should bring; none while the window has no room for it. What was asked
    /// for counts at once, since the source may have sent it, whatever the system's buffers let us see of it.
    fn next_batch(&self) -> Option<(Batch, u64)> {
        let chunks = self.chunks.load(Ordering::Relaxed);
        let mean = self.requests.bytes().checked_div(chunks).unwrap_or(FRAME_GUESS).max(1);
        let limit = self.request_ids.load(Ordering::Relaxed).min(REQUEST_BYTES / mean);
        let limit = limit.max(*REQUEST_IDS.start());
        let under_way = self.asked_bytes.load(Ordering::Relaxed) + self.requests.undurable_bytes();
        if under_way > 0 && under_way + limit * mean > WINDOW_BYTES {
            return None;
        }
        let batch = self.ledger().take(limit as usize)?;
        self.room.notify_one();
        let bytes = batch.ids.len() as u64 * mean;
        self.asked_bytes.fetch_add(bytes, Ordering::Relaxed);
        Some((batch, bytes))
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
        let answer = self.requests.chunks(&batch.ids, &self.ingest).await?;
        self.asked_bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.size_requests(batch.ids.len() as u64, start.elapsed());
        self.chunks.fetch_add(answer.stored, Ordering::Relaxed);
        let mut ledger = self.ledger();
        ledger.handed();
        ledger.answered(batch.number, &answer.absent);
        drop(ledger);
        self.room.notify_one();
        self.report();
        Ok(())
    }

    fn is_flush_due(&self, is_late: bool) -> bool {
        let ledger = self.ledger();
        let crowded = ledger.wanting() >= WANTING_IDS / 2 || ledger.ripening() >= RIPE_TREES;
        ledger.is_unflushed() && (is_late || crowded)
    }

    async fn flush(&self) -> Result<(), TransferFault> {
        let mark = self.ledger().mark();
        self.ingest.flush().await?;
        self.ledger().flushed(mark);
        self.report();
        Ok(())
    }

    async fn flush_and_record(&self) -> Result<(), TransferFault> {
        self.flush().await?;
        if self.ledger().ripening() >= RIPE_TREES {
            self.record_complete().await?;
        }
        self.room.notify_one();
        Ok(())
    }

    /// Records the trees that are complete by now, children before parents.
    async fn record_complete(&self) -> Result<(), TransferFault> {
        let complete = self.ledger().take_complete();
        self.record(&complete).await
    }

    async fn record(&self, trees: &[(TreePart, u64)]) -> Result<(), TransferFault> {
        for trees in trees.chunks(RECORD_TREES) {
            match self.ingest.record_complete(trees).await? {
                Recorded::Written => {}
                Recorded::Stale => return Err(TransferFault::Disturbed),
            }
        }
        Ok(())
    }

    /// Waits until the books have room for another node.
    async fn wait_for_room(&self) {
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
        ledger.queued() >= QUEUE_IDS || ledger.wanting() >= WANTING_IDS
    }

    /// Takes out the chunks that are on their way for another place.
    fn pass_over_wanting(&self, ids: &mut Vec<ChunkId>, places: &HashMap<ChunkId, u64>) {
        let mut ledger = self.ledger();
        ids.retain(|id| {
            let is_wanting = ledger.is_wanting(id);
            if is_wanting {
                ledger.due_later(places[id]);
                self.reuse(places[id]);
            }
            !is_wanting
        });
    }

    /// Queues what is missing and counts what is here.
    fn enter_in_ledger<'b>(
        &self,
        ids: impl Iterator<Item = (&'b ChunkId, bool)>,
        places: &HashMap<ChunkId, u64>,
    ) {
        let mut ledger = self.ledger();
        for (id, missing) in ids {
            let places = places[id];
            if missing {
                ledger.want(Want { id: *id, places });
                self.reuse(places - 1);
            } else {
                ledger.done(places);
                self.reuse(places);
            }
        }
    }

    /// Places with a chunk that is here, or on its way for another place.
    fn reuse(&self, places: u64) {
        self.reused.fetch_add(places, Ordering::Relaxed);
    }

    fn moved(&self) -> Moved {
        Moved {
            bytes_received: self.earlier.bytes_received + self.requests.bytes(),
            chunks_received: self.earlier.chunks_received + self.chunks.load(Ordering::Relaxed),
            chunks_reused: self.reused.load(Ordering::Relaxed),
            places: self.needed.load(Ordering::Relaxed),
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

    fn report(&self) {
        self.reporter.tell(self.progress());
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().expect("no code panics while it holds the ledger")
    }
}

#[async_trait]
impl Errand for Transfer<'_> {
    async fn bring(&self, ids: Vec<ChunkId>) -> Result<HashMap<ChunkId, Bytes>, TransferFault> {
        let answer = self.requests.nodes(&ids, Some(&self.ingest)).await?;
        self.ledger().handed();
        Ok(answer.plain)
    }

    async fn visit(&self, ids: &[ChunkId]) -> Result<(), TransferFault> {
        self.wait_for_room().await;
        fail_point!("wrk.have_query", |_| Err(crate::request::injected("ask what is held")));
        let (mut order, mut places) = (Vec::new(), HashMap::<ChunkId, u64>::new());
        for id in ids.iter().filter(|id| !id.is_zero()) {
            let count = places.entry(*id).or_insert(0);
            if *count == 0 {
                order.push(*id);
            }
            *count += 1;
        }
        self.pass_over_wanting(&mut order, &places);
        let missing = self.store.missing(self.job.domain, &order).await?;
        self.enter_in_ledger(order.iter().zip(missing), &places);
        self.more.notify_one();
        self.report();
        Ok(())
    }

    fn whole(&self, places: u64) {
        self.ledger().done(places);
        self.reuse(places);
    }

    fn again(&self, places: u64) {
        self.ledger().due_later(places);
        self.reuse(places);
    }

    async fn walked(&self, part: TreePart, places: u64) -> Result<(), TransferFault> {
        self.ledger().walked(part, places);
        Ok(())
    }
}
