//! What a copy would move, found without moving it (a dry run).

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt, TryStreamExt};
use store::{ChunkId, ChunkStore, DiskRoot, Domain, Naming, RootRecord, StoreFault, TreePart};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::fault::{SourceFault, TransferFault, TreeError};
use crate::fetch::FetchDisk;
use crate::rekey::RekeyDisk;
use crate::request::Requests;
use crate::source::{ChunkSource, RenamingSource};
use crate::walk::{Again, Errand, Walk, check_size, read_held};
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

/// The chunks that the surveys of an image's disks found missing: what several of its disks hold is sent once.
#[derive(Default)]
pub struct Noticed {
    /// Their first eight bytes.
    keys: Mutex<HashSet<u64>>,
}

impl Noticed {
    /// Whether this chunk is missing for the first time.
    fn notice(&self, id: &ChunkId) -> bool {
        let (first, _) = id.as_bytes().split_first_chunk().expect("an id has 32 bytes");
        let key = u64::from_le_bytes(*first);
        let mut keys = self.keys.lock().expect("nobody panics while noticing");
        if keys.len() < NOTICED { keys.insert(key) } else { !keys.contains(&key) }
    }
}

/// What a survey is told by, asks, and leaves to the surveys of the image's other disks.
pub type Ways<'a> = (&'a Watch, &'a Measure<'a>, &'a Noticed);

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
    ways: Ways<'_>,
) -> Result<Missing, TransferFault> {
    let root = TreePart::Root(job.root.id());
    if let Some(Some(places)) = store.complete(job.domain, &[root]).await?.first().copied() {
        return Ok(Missing { places, chunks_reused: places, ..Missing::default() });
    }
    let naming = store.naming(job.domain)?;
    let disk = Disk { root: job.root, domain: job.domain, expected_size: job.expected_size };
    estimate(disk, (source, naming, None), store, ways).await
}

/// The same for [`crate::rekey_disk`]: what the source says its chunks are called here is believed.
///
/// # Errors
/// As [`crate::rekey_disk`].
pub async fn rekey_missing_bytes(
    job: RekeyDisk,
    source: &dyn RenamingSource,
    store: &ChunkStore,
    ways: Ways<'_>,
) -> Result<Missing, TransferFault> {
    let RekeyDisk { source_root: root, source_naming, domain, expected_size } = job;
    let disk = Disk { root, domain, expected_size };
    estimate(disk, (source, source_naming, Some(source)), store, ways).await
}

#[derive(Clone, Copy)]
struct Disk {
    root: DiskRoot,
    domain: Domain,
    expected_size: u64,
}

/// Whom to ask, how it names chunks, and for their names here if those are others.
type From<'a> = (&'a dyn ChunkSource, Naming, Option<&'a dyn RenamingSource>);

async fn estimate(
    disk: Disk,
    (source, naming, renamer): From<'_>,
    store: &ChunkStore,
    (watch, measure, noticed): Ways<'_>,
) -> Result<Missing, TransferFault> {
    let (batches, measured) = mpsc::channel(MEASURES);
    let survey = Survey {
        disk,
        store,
        requests: Requests::new(source, &naming, watch, None),
        renamer,
        batches,
        noticed,
        batch: Mutex::default(),
        chunks: AtomicU64::new(0),
        reused: AtomicU64::new(0),
    };
    let bytes = ReceiverStream::new(measured)
        .map(|ids| async move { measure(ids).await.map_err(TransferFault::from) })
        .buffer_unordered(MEASURES)
        .try_fold(0, |sum, bytes: u64| async move { Ok(sum + bytes) });
    let surveyed = async {
        let (found, bytes) = tokio::try_join!(survey.run(), bytes)?;
        Ok(Missing { bytes: found.bytes + bytes, ..found })
    };
    tokio::select! {
        biased;
        () = watch.cancel.cancelled() => Err(TransferFault::Stopped),
        missing = surveyed => missing,
    }
}

struct Survey<'a> {
    disk: Disk,
    store: &'a ChunkStore,
    requests: Requests<'a>,
    renamer: Option<&'a dyn RenamingSource>,
    batches: mpsc::Sender<Vec<ChunkId>>,
    noticed: &'a Noticed,
    /// Chunks found missing and not yet measured.
    batch: Mutex<Vec<ChunkId>>,
    chunks: AtomicU64,
    reused: AtomicU64,
}

impl Survey<'_> {
    /// Consumes itself, so that the channel closes with it.
    async fn run(self) -> Result<Missing, TransferFault> {
        let id = self.disk.root.id();
        // By the source's names the store holds something only if it has no others.
        let here = self.renamer.is_none().then_some((self.store, self.disk.domain));
        let mut held = match here {
            Some((store, domain)) => read_held(store, domain, &[id]).await?,
            None => HashMap::new(),
        };
        if held.is_empty() {
            held = self.requests.nodes(&[id], None).await?.plain;
        }
        let record = match held.get(&id) {
            Some(bytes) => RootRecord::decode(bytes).map_err(TreeError::Root)?,
            None => return Err(self.lacks()),
        };
        check_size(&record, self.disk.expected_size)?;
        let surveyor = Surveyor { survey: &self, looking: Default::default() };
        Walk::new(here, &surveyor, self.disk.root, &record).run(&record).await?;
        surveyor.look_on(0).await?;
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

    /// Looks which chunks of a list are missing.
    async fn look(&self, ids: Vec<ChunkId>) -> Result<(), TransferFault> {
        let names = match self.renamer {
            None => ids.clone(),
            Some(renamer) => {
                let names = self.requests.rename(renamer, &ids).await?;
                // What the source lacks ends the survey; it counts as held until then.
                names.into_iter().map(|name| name.unwrap_or(ChunkId::ZERO)).collect()
            }
        };
        let missing = self.store.missing(self.disk.domain, &names).await?;
        {
            let mut batch = self.batch.lock().expect("nobody panics while noticing");
            for (id, missing) in ids.iter().zip(missing) {
                if missing && self.noticed.notice(id) {
                    self.chunks.fetch_add(1, Ordering::Relaxed);
                    batch.push(*id);
                } else {
                    self.reuse(1);
                }
            }
        }
        self.send_batch(MEASURE_IDS - store::NODE_IDS).await
    }

    /// Has the batch measured if it has at least so many ids.
    async fn send_batch(&self, least: usize) -> Result<(), TransferFault> {
        let batch = {
            let mut batch = self.batch.lock().expect("nobody panics while noticing");
            if batch.len() < least {
                return Ok(());
            }
            std::mem::take(&mut *batch)
        };
        // Only a failed measurement closes the channel, and that ends everything with its own fault.
        self.batches.send(batch).await.map_err(|_| StoreFault::Closed.into())
    }

    fn reuse(&self, places: u64) {
        self.reused.fetch_add(places, Ordering::Relaxed);
    }
}

/// Looks at several lists at once: a name may be a round trip away.
struct Surveyor<'a> {
    survey: &'a Survey<'a>,
    looking: tokio::sync::Mutex<FuturesUnordered<BoxFuture<'a, Result<(), TransferFault>>>>,
}

impl Surveyor<'_> {
    /// Looks on until at most so many lists are left.
    async fn look_on(&self, left: usize) -> Result<(), TransferFault> {
        let mut looking = self.looking.lock().await;
        while looking.len() > left {
            looking.next().await.transpose()?;
        }
        Ok(())
    }
}

#[async_trait]
impl Errand for Surveyor<'_> {
    async fn bring(&self, ids: Vec<ChunkId>) -> Result<HashMap<ChunkId, Bytes>, TransferFault> {
        Ok(self.survey.requests.nodes(&ids, None).await?.plain)
    }

    async fn visit(&self, _: u64, ids: &[ChunkId]) -> Result<(), TransferFault> {
        let ids: Vec<ChunkId> = ids.iter().copied().filter(|id| !id.is_zero()).collect();
        let survey = self.survey;
        self.looking.lock().await.push(Box::pin(async move { survey.look(ids).await }));
        self.look_on(MEASURES - 1).await
    }

    fn whole(&self, places: u64) {
        self.survey.reuse(places);
    }

    async fn again(&self, _: Again, places: u64) -> Result<(), TransferFault> {
        self.survey.reuse(places);
        Ok(())
    }

    async fn walked(&self, _: TreePart, _: u64) -> Result<(), TransferFault> {
        Ok(())
    }
}
