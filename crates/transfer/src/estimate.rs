//! What a copy would move, found without moving it (a dry run).

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{StreamExt, TryStreamExt};
use store::{ChunkId, ChunkStore, RootRecord, StoreFault, TreePart};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::fault::{SourceFault, TransferFault, TreeError};
use crate::fetch::FetchDisk;
use crate::request::Requests;
use crate::source::ChunkSource;
use crate::walk::{Errand, Walk, read_held};
use crate::watch::Watch;

/// Ids measured in one request (docs/formats.md, section 6).
const MEASURE_IDS: usize = 4_096;
/// Requests to measure at once, so that a round trip of 100 ms does not add up.
const MEASURES: usize = 4;
/// Chunks whose repetition is noticed: 64 GiB of missing contents, 16 MiB of memory. Beyond, a repeated one counts twice.
const NOTICED: usize = 1 << 20;

/// Asks the source how many bytes the frames of these chunks take altogether.
pub type Measure<'a> =
    dyn Fn(Vec<ChunkId>) -> BoxFuture<'a, Result<u64, SourceFault>> + Send + Sync + 'a;

/// What is missing of a disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// Bytes of the frames that a transfer would bring, those of nodes and the root included.
    pub bytes: u64,
    /// Chunks of the disk that the store lacks, each counted once.
    pub chunks: u64,
    /// Places of the disk that are not zero.
    pub places: u64,
    /// Places whose chunk needs no sending: held, or the same as another place's.
    pub chunks_reused: u64,
}

/// Walks the tree as [`crate::fetch_disk`] does, but stores nothing: nodes that the store lacks are fetched, checked and
/// forgotten, and what chunks are missing is measured at the source.
///
/// # Errors
/// As [`crate::fetch_disk`].
pub async fn missing_bytes(
    job: FetchDisk,
    source: &dyn ChunkSource,
    store: &ChunkStore,
    (watch, measure): (&Watch, &Measure<'_>),
) -> Result<Missing, TransferFault> {
    tokio::select! {
        biased;
        () = watch.cancel.cancelled() => Err(TransferFault::Stopped),
        missing = estimate(job, source, store, (watch, measure)) => missing,
    }
}

async fn estimate(
    job: FetchDisk,
    source: &dyn ChunkSource,
    store: &ChunkStore,
    (watch, measure): (&Watch, &Measure<'_>),
) -> Result<Missing, TransferFault> {
    let root = TreePart::Root(job.root.id());
    if let Some(Some(places)) = store.complete(job.domain, &[root]).await?.first().copied() {
        return Ok(Missing { places, chunks_reused: places, ..Missing::default() });
    }
    let (batches, measured) = mpsc::channel(MEASURES);
    let survey = Survey {
        job,
        store,
        requests: Requests::new(source, watch, None),
        batches,
        found: Mutex::default(),
        chunks: AtomicU64::new(0),
        reused: AtomicU64::new(0),
    };
    let bytes = ReceiverStream::new(measured)
        .map(|ids| async move { measure(ids).await.map_err(TransferFault::from) })
        .buffer_unordered(MEASURES)
        .try_fold(0, |sum, bytes: u64| async move { Ok(sum + bytes) });
    let (found, bytes) = tokio::try_join!(survey.run(), bytes)?;
    Ok(Missing { bytes: found.bytes + bytes, ..found })
}

struct Survey<'a> {
    job: FetchDisk,
    store: &'a ChunkStore,
    requests: Requests<'a>,
    batches: mpsc::Sender<Vec<ChunkId>>,
    found: Mutex<Found>,
    chunks: AtomicU64,
    reused: AtomicU64,
}

#[derive(Default)]
struct Found {
    /// The first eight bytes of the chunks found missing.
    noticed: HashSet<u64>,
    /// Chunks found missing and not yet measured.
    batch: Vec<ChunkId>,
}

impl Survey<'_> {
    /// Consumes itself, so that the channel closes with it.
    async fn run(self) -> Result<Missing, TransferFault> {
        let id = self.job.root.id();
        let mut held = read_held(self.store, self.job.domain, &[id]).await?;
        if held.is_empty() {
            held = self.bring(vec![id]).await?;
        }
        let record = match held.get(&id) {
            Some(bytes) => RootRecord::decode(bytes).map_err(TreeError::Root)?,
            None => return Err(self.lacks()),
        };
        let (wanted, got) = (self.job.expected_size, record.size_bytes());
        if wanted != got {
            return Err(TreeError::Size { wanted, got }.into());
        }
        Walk::new(self.store, self.job.domain, &self, &record).run(&record).await?;
        self.send_batch(1).await?;
        if let Some(lacks) = self.requests.lacks() {
            return Err(lacks);
        }
        Ok(Missing {
            bytes: self.requests.bytes(),
            chunks: self.chunks.load(Ordering::Relaxed),
            places: record.places(),
            chunks_reused: self.reused.load(Ordering::Relaxed),
        })
    }

    fn lacks(&self) -> TransferFault {
        self.requests.lacks().expect("a root that did not come is lacking")
    }

    /// Has the batch measured if it has at least so many ids.
    async fn send_batch(&self, least: usize) -> Result<(), TransferFault> {
        let batch = {
            let mut found = self.found.lock().expect("nobody panics while noticing");
            if found.batch.len() < least {
                return Ok(());
            }
            std::mem::take(&mut found.batch)
        };
        // Only a failed measurement closes the channel, and that ends everything with its own fault.
        self.batches.send(batch).await.map_err(|_| StoreFault::Closed.into())
    }

    fn reuse(&self, places: u64) {
        self.reused.fetch_add(places, Ordering::Relaxed);
    }
}

impl Found {
    /// Whether this chunk is missing for the first time.
    fn notice(&mut self, id: &ChunkId) -> bool {
        let (first, _) = id.as_bytes().split_first_chunk().expect("an id has 32 bytes");
        let key = u64::from_le_bytes(*first);
        if self.noticed.len() < NOTICED {
            self.noticed.insert(key)
        } else {
            !self.noticed.contains(&key)
        }
    }
}

#[async_trait]
impl Errand for Survey<'_> {
    async fn bring(&self, ids: Vec<ChunkId>) -> Result<HashMap<ChunkId, Bytes>, TransferFault> {
        Ok(self.requests.nodes(&ids, None).await?.plain)
    }

    async fn visit(&self, ids: &[ChunkId]) -> Result<(), TransferFault> {
        let ids: Vec<ChunkId> = ids.iter().copied().filter(|id| !id.is_zero()).collect();
        let missing = self.store.missing(self.job.domain, &ids).await?;
        {
            let mut found = self.found.lock().expect("nobody panics while noticing");
            for (id, missing) in ids.iter().zip(missing) {
                if missing && found.notice(id) {
                    self.chunks.fetch_add(1, Ordering::Relaxed);
                    found.batch.push(*id);
                } else {
                    self.reuse(1);
                }
            }
        }
        self.send_batch(MEASURE_IDS - store::NODE_IDS).await
    }

    fn whole(&self, places: u64) {
        self.reuse(places);
    }

    fn again(&self, places: u64) {
        self.reuse(places);
    }

    async fn walked(&self, _: TreePart, _: u64) -> Result<(), TransferFault> {
        Ok(())
    }
}
