//! Chunks of a disk by number, out of a store: what the coder reads. Every chunk was hashed on its way.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use delta::{CHUNK_BYTES, Chunks, Unreadable};
use store::{ChunkId, ChunkStore, DiskRoot, Domain, NODE_IDS, RootRecord, StoreFault, decode_node};
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Nodes of a tree in memory: 32 KiB each, half a MiB in all.
const NODES: usize = 16;
/// Chunks read at once where the next ones are known: 2 MiB.
const BATCH: usize = 32;
/// Chunks read at once where one follows the last.
const NEIGHBOURS: u64 = 8;
/// How far behind the last chunk the next one may lie to count as following it.
const GAP: u64 = 4;
/// Chunks in memory: two batches and a little, about 5 MiB.
const KEPT: usize = 2 * BATCH + 16;

/// Whose chunk it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The disk's that is sent.
    Disk,
    /// The base's.
    Base,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Disk => "disk",
            Side::Base => "base",
        })
    }
}

/// Why a chunk cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Cause {
    #[error(transparent)]
    Store(#[from] StoreFault),
    #[error("chunk `{id}` has `{got}` bytes, not 65,536")]
    Length { id: ChunkId, got: usize },
    #[error("it was told to stop")]
    Stopped,
}

/// A chunk that cannot be read, of one side or the other.
#[derive(Debug, thiserror::Error)]
#[error("failed to read the {side}")]
pub(super) struct Lost {
    pub(super) side: Side,
    #[source]
    pub(super) cause: Cause,
}

type Node = ((u8, u64), Arc<Vec<ChunkId>>);
type Loaded = Vec<(u64, Option<Bytes>)>;
type Reading = JoinHandle<Result<Loaded, Cause>>;

/// A disk's tree, looked up by chunk number.
pub(super) struct Numbered {
    store: ChunkStore,
    domain: Domain,
    record: RootRecord,
    /// The nodes used last; the last one is the newest.
    nodes: VecDeque<Node>,
}

impl Numbered {
    /// # Errors
    /// As [`ChunkStore::root_record`].
    pub(super) async fn open(
        store: &ChunkStore,
        domain: Domain,
        root: DiskRoot,
    ) -> Result<Self, StoreFault> {
        let record = store.root_record(domain, root).await?;
        Ok(Numbered { store: store.clone(), domain, record, nodes: VecDeque::new() })
    }

    /// Chunks of the disk, zeros included.
    pub(super) fn chunks(&self) -> u64 {
        self.record.shape().chunks()
    }

    /// The id of a chunk; the zero id beyond the disk's end.
    async fn id(&mut self, number: u64) -> Result<ChunkId, StoreFault> {
        if number >= self.chunks() {
            return Ok(ChunkId::ZERO);
        }
        let shape = self.record.shape();
        let (mut id, mut level) = (self.record.top(), self.record.depth());
        while level > 0 && !id.is_zero() {
            let stride = shape.stride(level);
            let node = self.node((level, number / stride / NODE_IDS as u64), id).await?;
            id = node[(number / stride % NODE_IDS as u64) as usize];
            level -= 1;
        }
        Ok(id)
    }

    async fn node(
        &mut self,
        place: (u8, u64),
        id: ChunkId,
    ) -> Result<Arc<Vec<ChunkId>>, StoreFault> {
        if let Some(at) = self.nodes.iter().position(|(known, _)| *known == place) {
            let node = self.nodes.remove(at).expect("it was found");
            self.nodes.push_back(node.clone());
            return Ok(node.1);
        }
        let bytes = self.store.get(self.domain, id).await?;
        let (level, index) = place;
        let ids = decode_node(&bytes, level, self.record.shape().node_ids(level, index))
            .map_err(|source| StoreFault::Tree { id, source })?;
        let node = Arc::new(ids);
        self.nodes.push_back((place, Arc::clone(&node)));
        if self.nodes.len() > NODES {
            self.nodes.pop_front();
        }
        Ok(node)
    }

    /// These chunks; none for one that is zero.
    async fn load(&mut self, numbers: &[u64]) -> Result<Loaded, Cause> {
        let mut ids = Vec::with_capacity(numbers.len());
        for number in numbers {
            ids.push(self.id(*number).await?);
        }
        let mut wanted: Vec<ChunkId> = ids.iter().copied().filter(|id| !id.is_zero()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let plain = self.store.get_many(self.domain, &wanted).await?;
        let found: HashMap<ChunkId, Bytes> = wanted.into_iter().zip(plain).collect();
        if let Some((id, plain)) = found.iter().find(|(_, plain)| plain.len() != CHUNK_BYTES) {
            return Err(Cause::Length { id: *id, got: plain.len() });
        }
        Ok(numbers.iter().zip(ids).map(|(number, id)| (*number, found.get(&id).cloned())).collect())
    }
}

/// Numbers in ascending order, neighbours together.
#[derive(Clone, Default)]
pub(super) struct Runs(Vec<Range<u64>>);

impl Runs {
    /// Adds a number behind all others.
    pub(super) fn push(&mut self, number: u64) {
        match self.0.last_mut() {
            Some(last) if last.end == number => last.end += 1,
            Some(_) | None => self.0.push(number..number + 1),
        }
    }

    pub(super) fn of(numbers: &[u64]) -> Self {
        let mut runs = Runs::default();
        numbers.iter().for_each(|number| runs.push(*number));
        runs
    }

    pub(super) fn into_numbers(self) -> impl Iterator<Item = u64> {
        self.0.into_iter().flatten()
    }

    /// The first `count` from `number` on, if it is one of them.
    fn following(&self, number: u64, count: usize) -> Option<Vec<u64>> {
        let at = self.0.partition_point(|run| run.end <= number);
        let run = self.0.get(at).filter(|run| run.contains(&number))?;
        let rest = (number..run.end).chain(self.0[at + 1..].iter().cloned().flatten());
        Some(rest.take(count).collect())
    }
}

/// Chunks as the coder reads them, beside the runtime: what will be read next is read ahead.
pub(super) struct StoredChunks {
    side: Side,
    disk: Arc<Mutex<Numbered>>,
    chunks: u64,
    /// What will be read, in this order, at least once.
    plan: Runs,
    /// Where the plan goes on; what lies before was read.
    planned: u64,
    last: u64,
    kept: VecDeque<(u64, Option<Bytes>)>,
    ahead: Option<(Vec<u64>, Reading)>,
    runtime: Handle,
    stop: CancellationToken,
}

impl StoredChunks {
    /// Must be made inside a runtime and read outside of it.
    pub(super) fn new(
        side: Side,
        disk: Numbered,
        plan: Runs,
        stop: &CancellationToken,
    ) -> StoredChunks {
        StoredChunks {
            side,
            chunks: disk.chunks(),
            disk: Arc::new(Mutex::new(disk)),
            plan,
            planned: 0,
            last: u64::MAX,
            kept: VecDeque::new(),
            ahead: None,
            runtime: Handle::current(),
            stop: stop.clone(),
        }
    }

    /// Chunks of the disk.
    pub(super) fn size(&self) -> u64 {
        self.chunks
    }

    fn find(&mut self, number: u64) -> Result<Option<Bytes>, Cause> {
        if let Some(found) = self.kept(number) {
            return Ok(found);
        }
        if self.ahead.as_ref().is_some_and(|(numbers, _)| numbers.contains(&number)) {
            let (numbers, loading) = self.ahead.take().expect("it was looked at");
            // What failed with the others may still be read alone.
            if let Ok(Ok(loaded)) = self.runtime.block_on(loading) {
                self.keep(loaded);
                self.read_ahead(&numbers);
                return Ok(self.kept(number).expect("it was among them"));
            }
            return self.one(number);
        }
        let numbers = match self.plan.following(number, BATCH) {
            Some(numbers) if number >= self.planned => numbers,
            Some(_) | None => self.neighbours(number),
        };
        if numbers.len() == 1 {
            return self.one(number);
        }
        match self.load(&numbers) {
            Ok(loaded) => self.keep(loaded),
            Err(_) => return self.one(number),
        }
        if number >= self.planned {
            self.read_ahead(&numbers);
        }
        Ok(self.kept(number).expect("it was among them"))
    }

    fn kept(&self, number: u64) -> Option<Option<Bytes>> {
        let found = self.kept.iter().rev().find(|(known, _)| *known == number);
        found.map(|(_, plain)| plain.clone())
    }

    fn keep(&mut self, loaded: Loaded) {
        self.kept.extend(loaded);
        let surplus = self.kept.len().saturating_sub(KEPT);
        self.kept.drain(..surplus);
    }

    /// One chunk that nothing is known to follow, with those behind it where it follows another itself.
    fn neighbours(&self, number: u64) -> Vec<u64> {
        let follows = number > self.last && number - self.last <= GAP;
        let end = if follows { (number + NEIGHBOURS).min(self.chunks) } else { 0 };
        (number..end.max(number + 1)).collect()
    }

    fn load(&self, numbers: &[u64]) -> Result<Loaded, Cause> {
        let disk = Arc::clone(&self.disk);
        self.runtime.block_on(async move { disk.lock().await.load(numbers).await })
    }

    fn one(&mut self, number: u64) -> Result<Option<Bytes>, Cause> {
        let loaded = self.load(&[number])?;
        let plain = loaded[0].1.clone();
        self.keep(loaded);
        Ok(plain)
    }

    /// Begins to read what the plan has behind these.
    fn read_ahead(&mut self, numbers: &[u64]) {
        let Some(last) = numbers.last() else { return };
        let Some(next) = self.plan.following(*last, BATCH + 1) else { return };
        self.planned = last + 1;
        if next.len() > 1 {
            let (numbers, disk) = (next[1..].to_vec(), Arc::clone(&self.disk));
            let wanted = numbers.clone();
            let loading = async move { disk.lock().await.load(&wanted).await };
            self.ahead = Some((numbers, self.runtime.spawn(loading)));
        }
    }
}

impl Drop for StoredChunks {
    fn drop(&mut self) {
        if let Some((_, loading)) = &self.ahead {
            loading.abort();
        }
    }
}

impl Chunks for StoredChunks {
    fn read(&mut self, number: u64, into: &mut [u8; CHUNK_BYTES]) -> Result<(), Unreadable> {
        let found = if self.stop.is_cancelled() { Err(Cause::Stopped) } else { self.find(number) };
        let lost = |cause| Unreadable { number, source: Box::new(Lost { side: self.side, cause }) };
        match found.map_err(lost)? {
            Some(plain) => into.copy_from_slice(&plain),
            None => into.fill(0),
        }
        self.last = number;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_tell_what_follows_a_number() {
        let runs = Runs::of(&[0, 1, 2, 7, 9, 10]);
        assert_eq!(runs.clone().into_numbers().collect::<Vec<_>>(), [0, 1, 2, 7, 9, 10]);
        assert_eq!(runs.following(1, 3), Some(vec![1, 2, 7]));
        assert_eq!(runs.following(10, 3), Some(vec![10]));
        assert_eq!(runs.following(8, 3), None);
        assert_eq!(runs.following(11, 3), None);
    }
}
