//! A source and a target for tests of parcels, disks with pages in common, and a source that does what a test wants.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::stream::{StreamExt, TryStreamExt};
use store::{CHUNK_BYTES, ChunkId, ChunkStore, DiskRoot, Domain, FrameHeader, Look, Naming, Seal};
use transfer::testing::SampleDisk;
use transfer::{
    ChunkSource, FetchDisk, FrameStream, Moved, OfficeSource, Opened, Parcel, ParcelOffice,
    ParcelOrder, ParcelSource, ParcelTerms, SessionId, SourceFault, TransferFault, Watch,
    WindowAsk, Wire, fetch_disk,
};

use crate::rig;

pub(crate) const PAGES: u64 = 16;

/// A page that compresses to a half; another one for each seed. With `touched` it differs in a few bytes.
pub(crate) fn page(seed: u64, touched: bool) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut word = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let mut page: Vec<u8> = (0..256).flat_map(|_| word()).collect();
    page.extend_from_within(..);
    if touched {
        page[100..140].fill(0xa5);
    }
    page
}

/// A disk whose pages are those that `page_of` says: a seed, and whether it is touched. Seed 0 is a page of zeros.
pub(crate) fn pages(
    chunks: u64,
    naming: &Naming,
    page_of: impl Fn(u64) -> (u64, bool),
) -> SampleDisk {
    let filled: Vec<(u64, u64)> = (0..chunks).map(|n| (n, n)).collect();
    let chunk = |n: u64| {
        let pages = (n * PAGES..(n + 1) * PAGES).map(&page_of);
        let page = |(seed, touched)| if seed == 0 { vec![0; 4_096] } else { page(seed, touched) };
        pages.flat_map(page).collect()
    };
    SampleDisk::made(chunks * CHUNK_BYTES as u64, &filled, chunk, naming)
}

/// The first version of a disk.
pub(crate) fn first(chunks: u64) -> SampleDisk {
    pages(chunks, &Naming::Plain, |page| (page + 1, false))
}

/// The same with two pages put in near the beginning, some touched ones, and some that are new.
pub(crate) fn second(chunks: u64, naming: &Naming) -> SampleDisk {
    pages(chunks, naming, |page| match page {
        0..30 => (page + 1, false),
        30..32 => (1_000_000 + page, false),
        _ if page % 97 == 0 => (2_000_000 + page, false),
        _ => (page - 1, page % 41 == 0),
    })
}

/// Without anything in common with the others: nothing but literals.
pub(crate) fn strange(chunks: u64) -> SampleDisk {
    pages(chunks, &Naming::Plain, |page| (9_000_000 + page, false))
}

pub(crate) type OnOrder = dyn Fn(usize, &mut ParcelOrder) -> Result<(), SourceFault> + Send + Sync;
pub(crate) type OnWindow = dyn Fn(usize, u32, Parcel) -> Result<Parcel, SourceFault> + Send + Sync;

/// A source that keeps count, and does what a test wants with orders, told their number, and with windows, told the numbers of
/// their session and their own.
pub(crate) struct Odd {
    pub(crate) inner: OfficeSource,
    pub(crate) on_order: Box<OnOrder>,
    pub(crate) on_window: Box<OnWindow>,
    pub(crate) opened: Mutex<HashMap<SessionId, usize>>,
    pub(crate) orders: Mutex<Vec<ParcelOrder>>,
    pub(crate) served: Mutex<Vec<(usize, u32)>>,
    pub(crate) ended: Mutex<HashSet<usize>>,
    pub(crate) frames: Mutex<Vec<ChunkId>>,
    pub(crate) sent: Arc<AtomicU64>,
}

impl Odd {
    pub(crate) fn new(inner: OfficeSource) -> Self {
        Odd {
            inner,
            on_order: Box::new(|_, _| Ok(())),
            on_window: Box::new(|_, _, parcel| Ok(parcel)),
            opened: Mutex::default(),
            orders: Mutex::default(),
            served: Mutex::default(),
            ended: Mutex::default(),
            frames: Mutex::default(),
            sent: Arc::default(),
        }
    }

    pub(crate) fn orders(&self) -> Vec<ParcelOrder> {
        self.orders.lock().unwrap().clone()
    }

    /// Windows that were served, by the session's place in the row of orders and the window's number.
    pub(crate) fn served(&self) -> Vec<(usize, u32)> {
        self.served.lock().unwrap().clone()
    }

    /// How many sessions told their end.
    pub(crate) fn ended(&self) -> usize {
        self.ended.lock().unwrap().len()
    }

    /// Ids of chunks of this disk that were asked for as frames.
    pub(crate) fn frames(&self, disk: &SampleDisk) -> Vec<ChunkId> {
        let chunks: HashSet<_> = disk.chunks.iter().collect();
        let asked = self.frames.lock().unwrap();
        asked.iter().filter(|id| chunks.contains(id)).copied().collect()
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }

    pub(crate) fn counted(&self, body: FrameStream) -> FrameStream {
        let sent = self.sent.clone();
        body.inspect_ok(move |piece| {
            sent.fetch_add(piece.len() as u64, Ordering::SeqCst);
        })
        .boxed()
    }
}

#[async_trait]
impl ChunkSource for Odd {
    async fn fetch(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        self.frames.lock().unwrap().extend(&ids);
        Ok(self.counted(self.inner.fetch(ids).await?))
    }
}

#[async_trait]
impl ParcelSource for Odd {
    async fn open(&self, mut order: ParcelOrder) -> Result<Opened, SourceFault> {
        let nth = {
            let mut orders = self.orders.lock().unwrap();
            orders.push(order.clone());
            orders.len() - 1
        };
        (self.on_order)(nth, &mut order)?;
        let opened = self.inner.open(order).await?;
        self.opened.lock().unwrap().insert(opened.session, nth);
        Ok(opened)
    }

    async fn window(&self, ask: WindowAsk) -> Result<Parcel, SourceFault> {
        let nth = self.opened.lock().unwrap()[&ask.session];
        let parcel = self.inner.window(ask).await?;
        Ok(match (self.on_window)(nth, ask.number, parcel)? {
            Parcel::Window(body) => {
                self.served.lock().unwrap().push((nth, ask.number));
                Parcel::Window(self.counted(body))
            }
            Parcel::End => {
                self.ended.lock().unwrap().insert(nth);
                Parcel::End
            }
            Parcel::Gone => Parcel::Gone,
        })
    }
}

/// A source and a target for one test.
pub(crate) struct Scene {
    pub(crate) disk: SampleDisk,
    pub(crate) source: Odd,
    pub(crate) from: (ChunkStore, Domain),
    pub(crate) target: ChunkStore,
    pub(crate) domain: Domain,
    pub(crate) folder: PathBuf,
    pub(crate) bases: Vec<DiskRoot>,
}

pub(crate) async fn put_whole(disk: &SampleDisk, store: &ChunkStore, domain: Domain) {
    disk.put_into(store, domain, |_| true).await;
    let shelf = transfer::testing::ShelfSource::new(Default::default());
    let job = FetchDisk { root: disk.root, domain, expected_size: disk.size_bytes };
    fetch_disk(job, Wire::Frames(&shelf), store, &Watch::default()).await.unwrap();
}

impl Scene {
    /// A target that holds `base`, if any, and a source that holds both.
    pub(crate) async fn new(disk: SampleDisk, base: Option<&SampleDisk>) -> Self {
        let (store, domain) = rig::new_store().await;
        let folder = tempfile::tempdir().unwrap().keep();
        let (target, into) = rig::open(&folder).await;
        Scene::between((store, domain), (target, into, folder), (disk, base)).await
    }

    pub(crate) async fn between(
        (store, from): (ChunkStore, Domain),
        (target, domain, folder): (ChunkStore, Domain, PathBuf),
        (disk, base): (SampleDisk, Option<&SampleDisk>),
    ) -> Self {
        put_whole(&disk, &store, from).await;
        if let Some(base) = base {
            put_whole(base, &store, from).await;
            put_whole(base, &target, domain).await;
        }
        let bases = base.map(|base| base.root).into_iter().collect();
        let cache = tempfile::tempdir().unwrap().keep();
        let office = ParcelOffice::new(store.clone(), cache);
        let source = Odd::new(OfficeSource::new(office, from));
        Scene { disk, source, from: (store, from), target, domain, folder, bases }
    }

    pub(crate) fn on_window(
        mut self,
        on: impl Fn(usize, u32, Parcel) -> Result<Parcel, SourceFault> + Send + Sync + 'static,
    ) -> Self {
        self.source.on_window = Box::new(on);
        self
    }

    pub(crate) fn on_order(
        mut self,
        on: impl Fn(usize, &mut ParcelOrder) -> Result<(), SourceFault> + Send + Sync + 'static,
    ) -> Self {
        self.source.on_order = Box::new(on);
        self
    }

    /// Sends the windows of another disk in place of the one that was ordered, in the first so many sessions.
    pub(crate) async fn lying(self, lie: &SampleDisk, sessions: usize) -> Self {
        put_whole(lie, &self.from.0, self.from.1).await;
        let root = lie.root;
        self.on_order(move |nth, order| {
            if nth < sessions {
                order.root = root;
            }
            Ok(())
        })
    }

    pub(crate) async fn fetch(&self, watch: &Watch) -> Result<Moved, TransferFault> {
        let (root, expected_size) = (self.disk.root, self.disk.size_bytes);
        let job = FetchDisk { root, domain: self.domain, expected_size };
        let terms = ParcelTerms { bases: self.bases.clone() };
        fetch_disk(job, Wire::Parcels(&self.source, terms), &self.target, watch).await
    }

    /// Copies, and sees that every chunk is there and true (I1), counted once, and that a second call moves nothing.
    pub(crate) async fn copy(&self) -> Moved {
        let moved = self.fetch(&Watch::default()).await.unwrap();
        self.assert_whole(&self.disk).await;
        assert_eq!(moved.places, self.disk.places);
        assert_eq!(moved.bytes_received, self.source.sent());
        let sent = self.source.sent();
        let again = self.fetch(&Watch::default()).await.unwrap();
        assert_eq!((again.bytes_received, again.chunks_reused), (0, self.disk.places));
        assert_eq!(self.source.sent(), sent);
        moved
    }

    pub(crate) async fn assert_whole(&self, disk: &SampleDisk) {
        let check = self.target.check_tree(self.domain, disk.root, Look::Bytes).await.unwrap();
        assert_eq!((check.places, check.missing), (disk.places, 0), "{:?}", check.examples);
    }

    pub(crate) async fn held(&self) -> HashSet<ChunkId> {
        let missing = self.target.missing(self.domain, &self.disk.chunks).await.unwrap();
        let chunks = self.disk.chunks.iter().zip(missing);
        chunks.filter_map(|(id, missing)| (!missing).then_some(*id)).collect()
    }

    /// Bytes that a copy in frames would take.
    pub(crate) fn frame_bytes(&self) -> u64 {
        self.disk.frame_bytes()
    }
}

/// Gathers a window and sends it changed, in pieces.
pub(crate) fn changed(
    parcel: Parcel,
    change: impl FnOnce(&mut Vec<u8>) + Send + 'static,
) -> Parcel {
    match parcel {
        Parcel::Window(body) => Parcel::Window(transfer::testing::gather(body, 50_000, change)),
        Parcel::End => Parcel::End,
        Parcel::Gone => Parcel::Gone,
    }
}

pub(crate) fn cut() -> SourceFault {
    SourceFault::Transport { action: "read a window", source: "the line is cut".into() }
}

/// A window that ends with a broken connection after so many bytes.
pub(crate) fn broken_off(parcel: Parcel, bytes: usize) -> Parcel {
    let Parcel::Window(body) = parcel else { return parcel };
    let mut left = bytes;
    let cut_off = body.and_then(move |piece| {
        let passes = left.checked_sub(piece.len());
        left = passes.unwrap_or(0);
        async move { passes.map(|_| piece).ok_or_else(cut) }
    });
    Parcel::Window(cut_off.boxed())
}

pub(crate) fn find(folder: &Path, id: ChunkId) -> (PathBuf, usize) {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "pack") {
                let bytes = std::fs::read(&path).unwrap();
                // Nodes list ids too: what is looked for is the frame.
                let is_frame = |at: usize| {
                    at >= 16
                        && FrameHeader::parse_stored(&bytes[at - 16..], Seal::None)
                            .is_ok_and(|header| header.id == id)
                };
                let mut found = (0..bytes.len().saturating_sub(32))
                    .filter(|at| bytes[*at..].starts_with(id.as_bytes()));
                if let Some(at) = found.find(|at| is_frame(*at)) {
                    return (path, at);
                }
            }
        }
    }
    panic!("chunk `{id}` is in no pack")
}

/// Flips a bit of a chunk at rest.
pub(crate) fn rot(folder: &Path, id: ChunkId) {
    let (path, at) = find(folder, id);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[at + 32 + 9] ^= 4;
    std::fs::write(&path, bytes).unwrap();
}
