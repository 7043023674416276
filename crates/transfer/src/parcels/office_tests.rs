//! The office over real stores, its windows unpacked by the real decoder.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use catalog::{IndexOptions, SqliteIndex};
use delta::{CHUNK_BYTES, Chunks, Decoder, Matching, PAGE_BYTES, Unreadable};
use futures::TryStreamExt;
use futures::future::join_all;
use store::{
    Chunk, ChunkStore, DataKey, DiskRoot, Domain, DomainKeys, FilesBackend, IdKey, StoreOptions,
    TreeBuilder,
};

use super::office::IDLE;
use super::{
    OfficeSource, Opened, Parcel, ParcelFault, ParcelOffice, ParcelOrder, SESSIONS_MAX, SessionId,
    WindowAsk,
};
use crate::fault::SourceFault;
use crate::request::{AskWindow, Requests, WindowCame};
use crate::watch::Watch;
use crate::window::Window;

/// A page of words, another one for each seed. Half of it compresses away.
fn page(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut page = Vec::with_capacity(PAGE_BYTES + 8);
    while page.len() < PAGE_BYTES {
        page.extend_from_slice(format!("{:05x} ", next() & 0xF_FFFF).as_bytes());
    }
    page.truncate(PAGE_BYTES);
    page
}

/// A disk in memory.
#[derive(Clone)]
struct Disk(Vec<u8>);

impl Disk {
    /// A page for each seed; zeros for 0. Whole chunks.
    fn of(seeds: impl IntoIterator<Item = u64>) -> Disk {
        let page = |seed| if seed == 0 { vec![0; PAGE_BYTES] } else { page(seed) };
        let mut bytes: Vec<u8> = seeds.into_iter().flat_map(page).collect();
        bytes.resize(bytes.len().next_multiple_of(CHUNK_BYTES), 0);
        Disk(bytes)
    }

    /// Chunks of one seed each, which no compressor makes smaller.
    fn heavy(seeds: impl IntoIterator<Item = u64>) -> Disk {
        Disk(seeds.into_iter().flat_map(crate::testing::heavy_chunk).collect())
    }

    fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.0.chunks(CHUNK_BYTES)
    }

    fn len(&self) -> u64 {
        (self.0.len() / CHUNK_BYTES) as u64
    }

    fn all(&self) -> Vec<u64> {
        (0..self.len()).collect()
    }
}

impl Chunks for Disk {
    fn read(&mut self, number: u64, into: &mut [u8; CHUNK_BYTES]) -> Result<(), Unreadable> {
        into.copy_from_slice(self.chunks().nth(number as usize).unwrap());
        Ok(())
    }
}

/// What was unpacked, by ordinal.
#[derive(Default)]
struct Earlier(HashMap<u64, Box<[u8; CHUNK_BYTES]>>);

impl Chunks for Earlier {
    fn read(&mut self, number: u64, into: &mut [u8; CHUNK_BYTES]) -> Result<(), Unreadable> {
        into.copy_from_slice(&self.0[&number][..]);
        Ok(())
    }
}

/// A region's store with its office.
struct Source {
    folder: tempfile::TempDir,
    store: ChunkStore,
    domain: Domain,
    office: ParcelOffice,
}

fn keys() -> DomainKeys {
    DomainKeys { id_key: IdKey::new([0x51; 32]), data_key: DataKey::new([0x52; 32]) }
}

impl Source {
    async fn new() -> Source {
        Source::lasting(IDLE).await
    }

    async fn lasting(idle: Duration) -> Source {
        let folder = tempfile::tempdir().unwrap();
        let index = SqliteIndex::open(&folder.path().join("index.db"), IndexOptions::default());
        let backend = FilesBackend::open(folder.path()).unwrap();
        let (backend, index) = (Arc::new(backend), Arc::new(index.unwrap()));
        let store = ChunkStore::open(backend, index, StoreOptions::default()).await.unwrap();
        let domain = store.domain("acct-test").await.unwrap();
        let office = ParcelOffice::with_idle(store.clone(), folder.path().join("parcels"), idle);
        Source { folder, store, domain, office }
    }

    async fn sealed() -> Source {
        let mut source = Source::new().await;
        source.domain = source.store.sealed_domain("acct-test/key").await.unwrap();
        source.store.unlock(source.domain, keys()).unwrap();
        source
    }

    async fn put(&self, disk: &Disk) -> DiskRoot {
        self.put_but(disk, &[]).await
    }

    /// A disk of which some chunks are not here.
    async fn put_but(&self, disk: &Disk, absent: &[u64]) -> DiskRoot {
        let (naming, ingest) =
            (self.store.naming(self.domain).unwrap(), self.store.ingest(self.domain));
        let mut tree = TreeBuilder::named(disk.0.len() as u64, naming.clone()).unwrap();
        for (number, plain) in (0..).zip(disk.chunks()) {
            if store::is_zero(plain) {
                tree.push_zeros(1);
                continue;
            }
            let chunk = Chunk::named(plain.to_vec(), &naming);
            tree.push(chunk.id());
            if !absent.contains(&number) {
                ingest.put_plain(chunk).await.unwrap();
            }
        }
        let mut nodes = tree.take_nodes();
        let (record, last) = tree.finish().unwrap();
        nodes.extend(last);
        for node in nodes {
            ingest.put_plain(node.chunk).await.unwrap();
        }
        ingest.put_plain(Chunk::named(record.encode().to_vec(), &naming)).await.unwrap();
        ingest.flush().await.unwrap();
        record.root_named(&naming)
    }

    async fn open(&self, order: ParcelOrder) -> Result<Opened, ParcelFault> {
        self.office.open(&[self.domain], order).await
    }

    async fn window(&self, id: SessionId, number: u32, stored: u32) -> Result<Parcel, ParcelFault> {
        self.office.window(&[self.domain], WindowAsk::whole(id, number, stored)).await
    }

    async fn bytes(&self, id: SessionId, number: u32, stored: u32) -> Vec<u8> {
        match self.window(id, number, stored).await.unwrap() {
            Parcel::Window(pieces) => pieces.try_collect::<Vec<_>>().await.unwrap().concat(),
            Parcel::End => panic!("window {number} is behind the end"),
            Parcel::Gone => panic!("the session is gone"),
        }
    }

    /// Takes a whole session as a target does, and compares each chunk; the bytes that crossed.
    async fn take(&self, order: ParcelOrder, disk: &Disk, bases: &[(DiskRoot, &Disk)]) -> Taken {
        let wants = order.wants.clone();
        let opened = self.open(order).await.unwrap();
        let base =
            opened.base.map(|root| bases.iter().find(|(known, _)| *known == root).unwrap().1);
        let mut base = base.cloned();
        let mut decoder = Decoder::new(wants.clone(), base.as_ref().map(Disk::len));
        let (mut earlier, mut bytes, mut number) = (Earlier::default(), 0, 0);
        while !decoder.is_done() {
            let window = self.bytes(opened.session, number, number).await;
            let mut new = Vec::new();
            let put = &mut |ordinal: u32, plain: &[u8; CHUNK_BYTES]| {
                let place = wants[ordinal as usize] as usize;
                assert!(disk.chunks().nth(place).unwrap() == plain, "chunk {place} is another");
                new.push((u64::from(ordinal), Box::new(*plain)));
            };
            let held = base.as_mut().map(|base| base as &mut dyn Chunks);
            decoder.window(&window, held, &mut earlier, put).unwrap();
            earlier.0.extend(new);
            bytes += window.len();
            number += 1;
        }
        let end = self.window(opened.session, number, number).await.unwrap();
        assert!(matches!(end, Parcel::End));
        Taken { base: opened.base, bytes, windows: number }
    }

    /// Waits for what another task does.
    async fn until(&self, what: &str, done: impl Fn(&Source) -> bool) {
        for _ in 0..3_000 {
            if done(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("waited in vain until {what}");
    }

    fn indexes(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder.path().join("parcels"));
        let paths = entries.into_iter().flatten().map(|entry| entry.unwrap().path());
        let whole = paths.filter(|path| path.extension().is_some_and(|end| end == "index"));
        let mut paths: Vec<_> = whole.collect();
        paths.sort();
        paths
    }
}

#[derive(Debug)]
struct Taken {
    base: Option<DiskRoot>,
    bytes: usize,
    windows: u32,
}

fn order(root: DiskRoot, wants: &[u64], bases: &[DiskRoot]) -> ParcelOrder {
    ParcelOrder { root, bases: bases.to_vec(), matching: Matching::On, wants: wants.to_vec() }
}

/// 6 MiB of pages, and its next version: shifted by a page, with new pages between and some that differ in a few bytes.
fn versions() -> (Disk, Disk) {
    let old: Vec<u64> = (1..=1_536).collect();
    let mut new = old.clone();
    new.splice(100..100, [90_001, 90_002, 90_003]);
    new.splice(700..720, []);
    new.extend([0; 40]);
    let (old, mut new) = (Disk::of(old), Disk::of(new));
    for page in [300, 301, 900] {
        new.0[page * PAGE_BYTES + 50..][..4].copy_from_slice(b"edit");
    }
    (old, new)
}

/// R003-9: what both sides hold is not sent again, wherever on the disk it lies now.
#[tokio::test]
async fn a_session_sends_of_a_new_version_what_is_new() {
    for source in [Source::new().await, Source::sealed().await] {
        let (old, new) = versions();
        let (old_root, new_root) = (source.put(&old).await, source.put(&new).await);
        let alone = source.take(order(new_root, &new.all(), &[]), &new, &[]).await;
        let wanted = order(new_root, &new.all(), &[old_root]);
        let taken = source.take(wanted, &new, &[(old_root, &old)]).await;
        assert_eq!((alone.base, taken.base), (None, Some(old_root)));
        assert!(taken.bytes * 100 < alone.bytes, "{taken:?} {alone:?}");
        // Matching off: the windows stand alone.
        let plain =
            ParcelOrder { matching: Matching::Off, ..order(new_root, &new.all(), &[old_root]) };
        let taken = source.take(plain, &new, &[]).await;
        assert_eq!(taken.base, None);
        assert!(taken.bytes * 2 > alone.bytes, "{taken:?} {alone:?}");
        // A few chunks are a session like any other.
        let few = [2, 3, 40, 95];
        source.take(order(new_root, &few, &[old_root]), &new, &[(old_root, &old)]).await;
        source.until("all sessions end", |source| source.office.sessions() == 0).await;
    }
}

/// The index of a base in a sealed domain tells nobody without the key which disk it is of or what lies in it.
#[tokio::test]
async fn an_index_in_a_sealed_domain_is_sealed_and_its_name_tells_nothing() {
    let (plain, sealed) = (Source::new().await, Source::sealed().await);
    let (old, new) = versions();
    let mut names = Vec::new();
    for source in [&plain, &sealed] {
        let (old_root, new_root) = (source.put(&old).await, source.put(&new).await);
        source.take(order(new_root, &[1, 2], &[old_root]), &new, &[(old_root, &old)]).await;
        source.until("the disk is indexed ahead", |source| source.indexes().len() == 2).await;
        for file in source.indexes() {
            let bytes = std::fs::read(&file).unwrap();
            let is_sealed = source.store.naming(source.domain).unwrap() != store::Naming::Plain;
            assert_eq!(bytes[8], u8::from(is_sealed), "{}", file.display());
            names.push(file.file_stem().unwrap().to_str().unwrap().to_owned());
            for root in [old_root, new_root] {
                assert!(!root.to_string().contains(names.last().unwrap()));
            }
        }
    }
    names.dedup();
    assert_eq!(names.len(), 4, "{names:?}");
}

#[tokio::test]
async fn the_base_that_shares_most_is_chosen_among_those_that_are_here() {
    let source = Source::new().await;
    let wanted = Disk::of((1..=640).chain(5_000..5_320));
    let sibling = Disk::of((1..=640).chain(7_000..7_320));
    let stranger = Disk::of(20_000..20_960);
    let root = source.put(&wanted).await;
    let (sibling_root, stranger_root) = (source.put(&sibling).await, source.put(&stranger).await);
    let elsewhere = DiskRoot::new(store::ChunkId::of(b"a disk that only the target has"));
    let bases = [elsewhere, stranger_root, root, sibling_root];
    let known = [(sibling_root, &sibling), (stranger_root, &stranger)];
    let taken = source.take(order(root, &wanted.all(), &bases), &wanted, &known).await;
    assert_eq!(taken.base, Some(sibling_root));
    // Where nothing is shared the target's order holds.
    let other = source.put(&Disk::of(40_000..40_100)).await;
    let opened = source.open(order(other, &[0], &[stranger_root, sibling_root])).await.unwrap();
    assert_eq!(opened.base, Some(stranger_root));
}

/// A base whose bytes are not all here is never named.
#[tokio::test]
async fn a_base_that_is_not_whole_here_is_left_out() {
    let source = Source::new().await;
    let (_, new) = versions();
    let new_root = source.put(&new).await;
    let old_root = source.put_but(&Disk::of((1..=1_536).rev()), &[7]).await;
    let taken = source.take(order(new_root, &new.all(), &[old_root]), &new, &[]).await;
    assert_eq!(taken.base, None);
    assert!(!source.office.indexes().is_made((source.domain, old_root)).await);
}

/// fault 8: rot in a base ends the session, and the next one goes on without it.
#[tokio::test]
async fn a_base_that_rots_while_it_is_used_is_dropped() {
    let source = Source::new().await;
    let old = Disk::heavy(1..=60);
    let mut new = old.clone();
    // Near copies, so that a prefix is made of the base.
    (0..60).for_each(|chunk| new.0[chunk * CHUNK_BYTES + 9_000] ^= 1);
    let old_root = source.put(&old).await;
    let packs = packs(source.folder.path());
    let new_root = source.put(&new).await;
    // Indexed while it was sound, rotten afterwards.
    source.take(order(new_root, &[0], &[old_root]), &new, &[(old_root, &old)]).await;
    packs.iter().for_each(rot);
    let opened = source.open(order(new_root, &new.all(), &[old_root])).await.unwrap();
    assert_eq!(opened.base, Some(old_root));
    let mut number = 0;
    loop {
        match source.window(opened.session, number, number).await.unwrap() {
            Parcel::Window(_) => number += 1,
            Parcel::Gone => break,
            Parcel::End => panic!("the rot was not seen"),
        }
    }
    source.until("the session is gone", |source| source.office.sessions() == 0).await;
    let again = source.open(order(new_root, &new.all(), &[old_root])).await.unwrap();
    assert_eq!(again.base, None);
}

/// The packs as they are now, and how much of each is used.
fn packs(folder: &Path) -> Vec<(PathBuf, usize)> {
    let (mut todo, mut found) = (vec![folder.join("packs")], Vec::new());
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            todo.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0);
        found.push((path, used));
    }
    found
}

/// Flips a byte every 30 KB in the part that was used.
fn rot((path, used): &(PathBuf, usize)) {
    let mut bytes = std::fs::read(path).unwrap();
    (100..used * 4 / 5).step_by(30_000).for_each(|at| bytes[at] ^= 0x55);
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_window_may_be_asked_for_again_until_it_is_stored() {
    let source = Source::new().await;
    let disk = Disk::heavy(1..=200);
    let root = source.put(&disk).await;
    let id = source.open(order(root, &disk.all(), &[])).await.unwrap().session;
    let first = source.bytes(id, 0, 0).await;
    let second = source.bytes(id, 1, 0).await;
    assert!(first == source.bytes(id, 0, 0).await && second == source.bytes(id, 1, 1).await);
    assert!(second == source.bytes(id, 1, 1).await);
    let stale = source.window(id, 0, 1).await.unwrap();
    assert!(matches!(stale, Parcel::Gone), "it was said to be stored");
    let mut number = 2;
    while let Parcel::Window(_) = source.window(id, number, number).await.unwrap() {
        number += 1;
    }
    assert_eq!(number, 4, "12.5 MiB in windows of 4 MiB");
    // Nobody can have stored what was never made.
    assert!(matches!(source.window(id, 99, u32::MAX).await.unwrap(), Parcel::End | Parcel::Gone));
    source.until("the session ends", |source| source.office.sessions() == 0).await;
    assert!(matches!(source.window(id, 2, 2).await.unwrap(), Parcel::Gone));
}

/// I15: what a slow target does not take is not made, and the level rises meanwhile.
#[tokio::test]
async fn at_most_eight_windows_are_made_ahead_and_at_a_higher_level() {
    let source = Source::new().await;
    let disk = Disk::heavy(1..=1_100);
    let root = source.put(&disk).await;
    let id = source.open(order(root, &disk.all(), &[])).await.unwrap().session;
    let session = source.office.session(id).unwrap();
    source.until("windows are ahead", |_| session.finished() == 8).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(session.kept(), 8);
    for number in 0..8 {
        drop(source.bytes(id, number, number).await);
        source.until("the buffer is full again", |_| session.finished() == 8).await;
        assert_eq!(session.kept(), 8);
    }
    assert!(session.highest_level() > 3, "{}", session.highest_level());
}

/// I15: a target that asks and does not read keeps no memory beyond its session.
#[tokio::test]
async fn windows_that_nobody_takes_are_kept_no_longer_than_their_session() {
    let source = Source::lasting(Duration::from_millis(200)).await;
    let disk = Disk::heavy(1..=200);
    let root = source.put(&disk).await;
    let id = source.open(order(root, &disk.all(), &[])).await.unwrap().session;
    let Parcel::Window(mut body) = source.window(id, 0, 0).await.unwrap() else {
        panic!("the first window is there")
    };
    let piece = body.try_next().await.unwrap().unwrap();
    assert!(piece.len() < 1 << 20, "a window of 4 MiB comes in pieces");
    source.until("the session is gone", |source| source.office.sessions() == 0).await;
    assert!(matches!(body.try_next().await, Err(SourceFault::NoParcels { .. })));
}

/// However many requests bring a window at once, what they bring is the window.
#[tokio::test]
async fn a_window_that_comes_in_parts_is_whole() {
    let source = Source::new().await;
    let disk = Disk::heavy(1..=100);
    let session = source.open(order(source.put(&disk).await, &disk.all(), &[])).await.unwrap();
    let whole = source.bytes(session.session, 0, 0).await;
    let (from, watch) = (OfficeSource::new(source.office.clone(), source.domain), Watch::default());
    let window = Window::with_parcels(source.store.ingest(source.domain).durable());
    let naming = source.store.naming(source.domain).unwrap();
    let requests = Requests::new(&from, &naming, &watch, Some(window));
    for parts in [1, 2, 7, 16] {
        let window = WindowAsk::whole(session.session, 0, 0);
        let came = requests.parcel(&from, AskWindow { window, parts, ticket: 0 }).await.unwrap();
        let WindowCame::Whole { bytes, .. } = came else { panic!("it is a window") };
        assert!(bytes == whole, "{parts} parts");
    }
}

#[tokio::test]
async fn a_session_that_nobody_asks_is_gone() {
    let source = Source::lasting(Duration::from_millis(200)).await;
    let disk = Disk::of(1..=64);
    let root = source.put(&disk).await;
    let id = source.open(order(root, &disk.all(), &[])).await.unwrap().session;
    source.until("it is gone", |source| source.office.sessions() == 0).await;
    assert!(matches!(source.window(id, 0, 0).await.unwrap(), Parcel::Gone));
}

/// R004-3: orders for what is not there, or not the asker's, are refused with a reason.
#[tokio::test]
async fn orders_that_cannot_be_served_are_refused() {
    let source = Source::new().await;
    let disk = Disk::of(1..=64);
    let root = source.put(&disk).await;
    let beyond = source.open(order(root, &[3, 4], &[])).await.unwrap_err();
    assert!(matches!(beyond, ParcelFault::BeyondDisk { number: 4, chunks: 4 }), "{beyond}");
    let nowhere = DiskRoot::new(store::ChunkId::of(b"nowhere"));
    let fault = source.open(order(nowhere, &[0], &[])).await.unwrap_err();
    assert!(matches!(fault, ParcelFault::NoDisk { .. }), "{fault}");
    // A chunk that is no root record.
    let no_root = DiskRoot::new(store::ChunkId::of(disk.chunks().next().unwrap()));
    let fault = source.open(order(no_root, &[0], &[])).await.unwrap_err();
    assert!(matches!(fault, ParcelFault::NoDisk { .. }), "{fault}");
    // Promise 10: another account's disk, and another account's session.
    let other = source.store.domain("acct-other").await.unwrap();
    let fault = source.office.open(&[other], order(root, &[0], &[])).await.unwrap_err();
    assert!(matches!(fault, ParcelFault::NoDisk { .. }), "{fault}");
    let id = source.open(order(root, &[0], &[])).await.unwrap().session;
    assert!(matches!(
        source.office.window(&[other], WindowAsk::whole(id, 0, 0)).await.unwrap(),
        Parcel::Gone
    ));
    assert!(matches!(source.window(id, 0, 0).await.unwrap(), Parcel::Window(_)));
}

#[tokio::test]
async fn there_are_only_so_many_sessions() {
    let source = Source::new().await;
    let disk = Disk::of(1..=64);
    let root = source.put(&disk).await;
    let mut ids = Vec::new();
    for _ in 0..SESSIONS_MAX {
        ids.push(source.open(order(root, &[0, 1], &[])).await.unwrap().session);
    }
    let fault = source.open(order(root, &[0], &[])).await.unwrap_err();
    assert!(matches!(fault, ParcelFault::Busy), "{fault}");
    // One that ends makes room.
    drop(source.bytes(ids[5], 0, 0).await);
    assert!(matches!(source.window(ids[5], 1, 1).await.unwrap(), Parcel::End));
    source.until("a seat is free", |source| source.office.sessions() < SESSIONS_MAX).await;
    source.open(order(root, &[0], &[])).await.unwrap();
}

/// A source that is still receiving the disk serves what it has; what it lacks is told by name.
#[tokio::test]
async fn a_chunk_that_is_not_here_fails_the_session_with_its_reason() {
    let source = Source::new().await;
    let disk = Disk::heavy(1..=40);
    let root = source.put_but(&disk, &[30]).await;
    let here: Vec<u64> = (0..30).collect();
    source.take(order(root, &here, &[]), &disk, &[]).await;
    let id = source.open(order(root, &disk.all(), &[])).await.unwrap().session;
    let fault = source.window(id, 0, 0).await.err().unwrap();
    let lost = store::ChunkId::of(disk.chunks().nth(30).unwrap());
    assert!(fault.to_string().contains(&lost.to_string()), "{fault}");
}

/// R004-8: a key that is switched off ends what reads with it.
#[tokio::test]
async fn locking_its_domain_ends_a_session() {
    let source = Source::sealed().await;
    let disk = Disk::heavy(1..=200);
    let root = source.put(&disk).await;
    let id = source.open(order(root, &disk.all(), &[])).await.unwrap().session;
    drop(source.bytes(id, 0, 0).await);
    source.store.lock(source.domain);
    assert!(matches!(source.window(id, 0, 0).await.unwrap(), Parcel::Gone));
    source.until("it is gone", |source| source.office.sessions() == 0).await;
    let fault = source.open(order(root, &disk.all(), &[])).await.unwrap_err();
    assert!(matches!(fault, ParcelFault::NoDisk { .. }), "{fault}");
}

#[tokio::test]
async fn stopping_ends_all_sessions() {
    let source = Source::new().await;
    let disk = Disk::heavy(1..=100);
    let root = source.put(&disk).await;
    let id = source.open(order(root, &disk.all(), &[])).await.unwrap().session;
    source.office.stop();
    source.until("all are gone", |source| source.office.sessions() == 0).await;
    assert!(matches!(source.window(id, 0, 0).await.unwrap(), Parcel::Gone));
    let fault = source.open(order(root, &[0], &[])).await.unwrap_err();
    assert!(matches!(fault, ParcelFault::Stopped), "{fault}");
}

#[tokio::test]
async fn a_damaged_index_is_made_again() {
    let source = Source::new().await;
    let (old, new) = versions();
    let (old_root, new_root) = (source.put(&old).await, source.put(&new).await);
    let known = [(old_root, &old)];
    let first = source.take(order(new_root, &new.all(), &[old_root]), &new, &known).await;
    source.until("the disk is indexed ahead", |source| source.indexes().len() == 2).await;
    for file in source.indexes() {
        let bytes = std::fs::read(&file).unwrap();
        std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    }
    let again = source.take(order(new_root, &new.all(), &[old_root]), &new, &known).await;
    assert_eq!((again.base, again.windows), (first.base, first.windows));
}

#[tokio::test]
async fn indexes_used_least_lately_make_room() {
    let source = Source::new().await;
    let mut places = Vec::new();
    for first in [1, 1_001, 2_001] {
        let root = source.put(&Disk::of(first..first + 200)).await;
        places.push((source.domain, root));
        source.office.indexes().get(places[places.len() - 1]).await.unwrap();
    }
    source.office.indexes().get(places[0]).await.unwrap();
    let total: u64 = source.indexes().iter().map(|file| file.metadata().unwrap().len()).sum();
    source.office.indexes().make_room(total - 1);
    let indexes = source.office.indexes();
    let made = || join_all(places.iter().map(|place| indexes.is_made(*place)));
    assert_eq!(made().await, [true, false, true]);
    // What a crash left goes too.
    let left = source.folder.path().join("parcels").join("0123.new");
    std::fs::write(&left, b"half an index").unwrap();
    indexes.make_room(1);
    assert_eq!(made().await, [false, false, false]);
    assert!(!left.exists());
}
