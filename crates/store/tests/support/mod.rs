//! A store on the real index in a folder of its own, and a backend that fails when told to.
#![allow(dead_code)]

pub mod actors;
pub mod disk;

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use catalog::index::{IndexOptions, SqliteIndex};
use store::{
    CHUNK_BYTES, Chunk, ChunkId, ChunkIndex, ChunkStore, DataKey, Domain, DomainKeys, Encoder,
    FilesBackend, IdKey, Ingest, Naming, PackFile, PackHeader, PackNumber, PackStat, StoreBackend,
    StoreFault, StoreOptions, Wanted,
};
use tempfile::TempDir;

/// Where syncs cost nothing: these tests are about order, not about disks.
pub fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

pub struct World {
    pub folder: TempDir,
    pub backend: Arc<Faulty>,
    pub index: Arc<SqliteIndex>,
    pub store: ChunkStore,
    pub domain: Domain,
    /// A sealed domain beside it, whose keys are here.
    pub sealed: Domain,
    pub options: StoreOptions,
}

impl World {
    pub async fn new() -> Self {
        World::open(folder(), options()).await
    }

    pub async fn open(folder: TempDir, options: StoreOptions) -> Self {
        let backend = Arc::new(Faulty::new(FilesBackend::open(folder.path()).unwrap()));
        let index = IndexOptions { merge_rows: 50, ..IndexOptions::default() };
        let index = Arc::new(SqliteIndex::open(&folder.path().join("index.db"), index).unwrap());
        let (bytes, rows) = (Arc::clone(&backend), Arc::clone(&index));
        let store = ChunkStore::open(bytes, rows, options).await.unwrap();
        let domain = store.domain("one").await.unwrap();
        let sealed = store.sealed_domain("sealed").await.unwrap();
        store.unlock(sealed, keys()).unwrap();
        World { folder, backend, index, store, domain, sealed, options }
    }

    /// The same with the sealed domain in the plain one's stead.
    pub async fn all_sealed() -> Self {
        let world = World::new().await;
        World { domain: world.sealed, ..world }
    }

    pub fn naming(&self) -> Naming {
        self.store.naming(self.domain).unwrap()
    }

    /// Closes the store and opens it again, as after a restart.
    pub async fn reopened(self) -> Self {
        let World { folder, backend, index, store, options, .. } = self;
        drop((store, backend, index));
        World::open(folder, options).await
    }

    pub async fn put(&self, plain: &[Bytes]) -> Vec<ChunkId> {
        let ingest = self.store.ingest(self.domain);
        let ids = put_named(&ingest, plain, &self.naming()).await;
        ingest.flush().await.unwrap();
        ids
    }

    pub async fn held(&self, ids: &[ChunkId]) -> Vec<bool> {
        let missing = self.store.missing(self.domain, ids).await.unwrap();
        missing.into_iter().map(|missing| !missing).collect()
    }

    /// What `check_world()` asks of a store.
    pub async fn assert_true(&self) {
        assert_eq!(self.store.check().await.unwrap(), []);
    }
}

pub fn options() -> StoreOptions {
    StoreOptions { workers: 2, quiet: Duration::from_millis(5), ..StoreOptions::default() }
}

/// The keys of the worlds' sealed domain.
pub fn keys() -> DomainKeys {
    DomainKeys { id_key: IdKey::new([0x3c; 32]), data_key: DataKey::new([0xa7; 32]) }
}

pub async fn put_frames(ingest: &Ingest, plain: &[Bytes]) -> Vec<ChunkId> {
    put_named(ingest, plain, &Naming::Plain).await
}

pub async fn put_named(ingest: &Ingest, plain: &[Bytes], naming: &Naming) -> Vec<ChunkId> {
    let (run, ids) = frames_named(plain, naming);
    let accepted = ingest.put_frames(run, &mut Wanted::new(ids.clone())).await.unwrap();
    assert!(accepted.refused.is_empty() && accepted.stored.len() == ids.len());
    ids
}

pub fn frames(plain: &[Bytes]) -> (Bytes, Vec<ChunkId>) {
    frames_named(plain, &Naming::Plain)
}

pub fn frames_named(plain: &[Bytes], naming: &Naming) -> (Bytes, Vec<ChunkId>) {
    let (mut encoder, mut run, mut ids) = (Encoder::new(1).unwrap(), Vec::new(), Vec::new());
    for plain in plain {
        let chunk = Chunk::named(plain.clone(), naming);
        encoder.encode(&chunk.id(), plain, &mut run);
        ids.push(chunk.id());
    }
    (run.into(), ids)
}

/// A chunk that zstd cannot shorten, the same for the same seed.
pub fn noise(seed: u64) -> Bytes {
    let mut bytes = vec![0; CHUNK_BYTES];
    let mut reader = Xof(seed);
    bytes.chunks_mut(8).for_each(|word| word.copy_from_slice(&reader.next().to_le_bytes()));
    bytes.into()
}

/// A chunk that zstd shortens to almost nothing.
pub fn text(seed: u64) -> Bytes {
    let line = format!("{seed:020} ferry carries machine images\n");
    line.bytes().cycle().take(CHUNK_BYTES).collect::<Vec<u8>>().into()
}

/// Numbers that look random, the same for the same seed (splitmix64).
pub struct Xof(pub u64);

impl Xof {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Create,
    Append,
    /// Half of the bytes reach the disk.
    AppendShort,
    Sync,
}

/// The files backend, with one call that fails, and a record of how much of each pack is durable.
pub struct Faulty {
    files: FilesBackend,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    armed: Mutex<Option<(Call, io::ErrorKind)>>,
    countdown: AtomicUsize,
    fired: AtomicUsize,
    durable: Mutex<HashMap<PackNumber, u64>>,
}

impl Faulty {
    fn new(files: FilesBackend) -> Self {
        Faulty { files, state: Arc::default() }
    }

    /// The `nth` call of this kind from now on fails, counted from 0.
    pub fn arm(&self, call: Call, nth: usize, error: io::ErrorKind) {
        self.state.countdown.store(nth, Ordering::SeqCst);
        *self.state.armed.lock().unwrap() = Some((call, error));
    }

    pub fn fired(&self) -> usize {
        self.state.fired.load(Ordering::SeqCst)
    }

    /// Every row points at bytes that were synced before.
    pub async fn assert_rows_are_durable(&self, index: &SqliteIndex) {
        let packs: Vec<PackNumber> =
            index.packs().await.unwrap().iter().map(|pack| pack.number).collect();
        let rows = index.rows_in(&packs).await.unwrap();
        let durable = self.state.durable.lock().unwrap();
        for row in rows {
            let synced = durable.get(&row.place.pack).copied().unwrap_or(0);
            assert!(row.place.end() <= synced, "{row:?} but only {synced} bytes are durable");
        }
    }
}

impl State {
    fn hit(&self, call: Call) -> Option<io::Error> {
        let mut armed = self.armed.lock().unwrap();
        let (wanted, error) = (*armed)?;
        if wanted != call {
            return None;
        }
        if self.countdown.load(Ordering::SeqCst) > 0 {
            self.countdown.fetch_sub(1, Ordering::SeqCst);
            return None;
        }
        *armed = None;
        self.fired.fetch_add(1, Ordering::SeqCst);
        Some(io::Error::from(error))
    }
}

impl StoreBackend for Faulty {
    fn create(&self, header: PackHeader) -> Result<Arc<dyn PackFile>, StoreFault> {
        if let Some(error) = self.state.hit(Call::Create) {
            return Err(StoreFault::io("create a pack", error));
        }
        let file = self.files.create(header)?;
        let pack = FaultyPack {
            number: header.number,
            file,
            end: AtomicUsize::new(32),
            state: Arc::clone(&self.state),
        };
        Ok(Arc::new(pack))
    }

    fn read(&self, pack: PackNumber, offset: u64, into: &mut [u8]) -> Result<(), StoreFault> {
        self.files.read(pack, offset, into)
    }

    fn ensure_deleted(&self, pack: PackNumber) -> Result<(), StoreFault> {
        self.files.ensure_deleted(pack)
    }

    fn list(&self) -> Result<Vec<PackStat>, StoreFault> {
        self.files.list()
    }

    fn ensure_trimmed(&self, pack: PackNumber, used: u64) -> Result<(), StoreFault> {
        self.files.ensure_trimmed(pack, used)
    }

    fn scratch(&self) -> Result<File, StoreFault> {
        self.files.scratch()
    }
}

struct FaultyPack {
    number: PackNumber,
    file: Arc<dyn PackFile>,
    end: AtomicUsize,
    state: Arc<State>,
}

impl PackFile for FaultyPack {
    fn append(&self, offset: u64, bytes: &[u8]) -> Result<(), StoreFault> {
        if let Some(error) = self.state.hit(Call::AppendShort) {
            self.file.append(offset, &bytes[..bytes.len() / 2])?;
            return Err(StoreFault::io("write a pack", error));
        }
        if let Some(error) = self.state.hit(Call::Append) {
            return Err(StoreFault::io("write a pack", error));
        }
        self.file.append(offset, bytes)?;
        self.end.store(offset as usize + bytes.len(), Ordering::SeqCst);
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreFault> {
        // What is written while the sync runs may or may not be durable: it does not count.
        let end = self.end.load(Ordering::SeqCst) as u64;
        if let Some(error) = self.state.hit(Call::Sync) {
            return Err(StoreFault::io("sync a pack", error));
        }
        self.file.sync()?;
        self.state.durable.lock().unwrap().insert(self.number, end);
        Ok(())
    }

    fn trim(&self, used: u64) -> Result<(), StoreFault> {
        self.file.trim(used)
    }
}
