//! Disks that get other names on the way: from a plain domain into a sealed one, and from one id key to another.
#![allow(clippy::unwrap_used, missing_docs)]

mod rig;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::{FutureExt, StreamExt};
use proptest::prelude::*;
use store::{
    CHUNK_BYTES, ChunkId, ChunkStore, Domain, IdKey, Look, NODE_IDS, Naming, Retry, StoreFault,
};
use transfer::testing::{Counted, Named, SampleDisk, ShelfSource, Tampered, Weight, frame_of};
use transfer::{
    Breach, ChunkSource, FetchDisk, FrameStream, Measure, Moved, Noticed, RekeyDisk, Rekeyed,
    RenamingSource, RenamingStoreSource, SourceFault, StoreSource, TransferFault, TreeError,
    WINDOW_BYTES, Watch, Wire, fetch_disk, rekey_disk, rekey_missing_bytes,
};

/// A disk as its source names it and as the target does.
struct Pair {
    theirs: SampleDisk,
    ours: SampleDisk,
    naming: Naming,
}

fn sealed_naming() -> Naming {
    Naming::Keyed(rig::keys().id_key)
}

impl Pair {
    fn of(places: &[Option<u64>], weight: Weight) -> Self {
        let filled: Vec<(u64, u64)> =
            (0..).zip(places).filter_map(|(at, seed)| seed.map(|seed| (at, seed))).collect();
        Pair::sparse((places.len() * CHUNK_BYTES) as u64, &filled, weight, Naming::Plain)
    }

    fn sparse(size: u64, filled: &[(u64, u64)], weight: Weight, naming: Naming) -> Self {
        let theirs = SampleDisk::named(size, filled, weight, &naming);
        let ours = SampleDisk::named(size, filled, weight, &sealed_naming());
        Pair { theirs, ours, naming }
    }

    fn job(&self, domain: Domain) -> RekeyDisk {
        RekeyDisk {
            source_root: self.theirs.root,
            source_naming: self.naming.clone(),
            domain,
            expected_size: self.theirs.size_bytes,
        }
    }

    fn source(&self) -> (Arc<Counted>, Named) {
        let shelf = Counted::new(Arc::new(ShelfSource::new(self.theirs.frames.clone())));
        let named = Named::new(shelf.clone(), &self.theirs, &self.ours);
        (shelf, named)
    }

    fn name(&self, id: &ChunkId) -> ChunkId {
        self.ours.chunks[self.theirs.chunks.iter().position(|other| other == id).unwrap()]
    }

    async fn assert_whole(&self, target: &ChunkStore, domain: Domain, rekeyed: Rekeyed) {
        assert_eq!(rekeyed.root, self.ours.root, "the tree that an import would have built");
        let check = target.check_tree(domain, rekeyed.root, Look::Bytes).await.unwrap();
        assert_eq!((check.places, check.missing), (self.ours.places, 0));
        let Moved { chunks_received, chunks_reused, places, .. } = rekeyed.moved;
        assert_eq!((chunks_received + chunks_reused, places), (places, self.ours.places));
        let parts = [store::TreePart::Root(rekeyed.root.id())];
        assert_eq!(target.complete(domain, &parts).await.unwrap(), [Some(places)]);
        assert_eq!(target.check().await.unwrap(), []);
    }
}

/// Copies, checks, and copies again.
async fn copy(pair: &Pair) -> (Moved, Vec<ChunkId>) {
    let (target, domain) = rig::new_sealed().await;
    let (shelf, source) = pair.source();
    let watch = Watch::default();
    let rekeyed = rekey_disk(pair.job(domain), &source, &target, &watch).await.unwrap();
    pair.assert_whole(&target, domain, rekeyed).await;
    let asked = shelf.asked();
    let again = rekey_disk(pair.job(domain), &source, &target, &watch).await.unwrap();
    pair.assert_whole(&target, domain, again).await;
    assert_eq!((again.root, again.moved.chunks_received), (rekeyed.root, 0));
    assert_eq!(again.moved.chunks_reused, pair.ours.places);
    // Only nodes were asked for again.
    let chunks: HashSet<&ChunkId> = pair.theirs.chunks.iter().collect();
    assert!(shelf.asked()[asked.len()..].iter().all(|id| !chunks.contains(id)));
    (rekeyed.moved, asked)
}

#[tokio::test]
async fn a_disk_gets_the_tree_that_its_contents_have_under_the_other_naming() {
    let places: Vec<_> = (0..6_000).map(|n| (n % 7 != 0).then_some(n)).collect();
    copy(&Pair::of(&places, Weight::Light)).await;
    copy(&Pair::of(&[Some(1); 3], Weight::Heavy)).await;
    copy(&Pair::sparse(512, &[(0, 9)], Weight::Heavy, Naming::Plain)).await;
    copy(&Pair::sparse(512, &[], Weight::Heavy, Naming::Plain)).await;
    let other = Naming::Keyed(IdKey::new([9; 32]));
    copy(&Pair::sparse(
        5_000 * CHUNK_BYTES as u64 - 512,
        &[(3, 3), (4_000, 4)],
        Weight::Light,
        other,
    ))
    .await;
}

/// R001-9: cost grows with contents, not with virtual size.
#[tokio::test]
async fn a_disk_of_eight_tebibytes_that_holds_little_takes_a_handful_of_nodes() {
    let filled = [(0, 1), (77_000_000, 2), (134_217_727, 3)];
    let (_, asked) = copy(&Pair::sparse(8 << 40, &filled, Weight::Light, Naming::Plain)).await;
    assert_eq!(asked.len(), 1 + 1 + 3 + 3 + 3);
}

/// Promise 3: each chunk crosses once, also when a disk repeats itself, chunk by chunk or node by node.
#[tokio::test]
async fn what_a_disk_repeats_is_sent_once() {
    let places: Vec<_> = (0..9_000).map(|n| Some(n % 700)).collect();
    let (moved, asked) = copy(&Pair::of(&places, Weight::Light)).await;
    assert_eq!((moved.chunks_received, moved.chunks_reused), (700, 8_300));
    let distinct: HashSet<_> = asked.iter().collect();
    assert_eq!(distinct.len(), asked.len(), "no id was asked twice");
    let full = NODE_IDS as u64;
    // 8 full nodes, all alike, zeros in between, and again behind them.
    let places: Vec<_> =
        (0..12 * full + 5).map(|n| (n / full % 3 != 1).then_some(n % full)).collect();
    let (moved, _) = copy(&Pair::of(&places, Weight::Light)).await;
    assert_eq!(moved.chunks_received, full);
    // Whole nodes of level 2 that repeat.
    let filled: Vec<_> = [0, 1 << 20, 2 << 20]
        .into_iter()
        .flat_map(|at| (0..1_500).map(move |n| (at + n, n)))
        .chain([(3 << 20, 7)])
        .collect();
    let size = ((3 << 20) + 1) * CHUNK_BYTES as u64;
    let (moved, _) = copy(&Pair::sparse(size, &filled, Weight::Light, Naming::Plain)).await;
    assert_eq!(moved.chunks_received, 1_500);
}

/// Between real stores, both sealed, with other id keys and other data keys.
#[tokio::test]
async fn a_disk_goes_from_one_sealed_store_to_another() {
    let (from, there) = rig::new_sealed().await;
    let other =
        store::DomainKeys { id_key: IdKey::new([3; 32]), data_key: store::DataKey::new([4; 32]) };
    let theirs = from.sealed_domain("acct-test/other").await.unwrap();
    from.unlock(theirs, other.clone()).unwrap();
    let filled: Vec<_> = (0..3_000).map(|n| (n, n % 2_500)).collect();
    let size = 3_000 * CHUNK_BYTES as u64;
    let pair = Pair::sparse(size, &filled, Weight::Light, Naming::Keyed(other.id_key));
    pair.theirs.put_into(&from, theirs, |_| true).await;
    let (target, domain) = rig::new_sealed().await;
    let stored = StoreSource::new(from.clone(), theirs);
    let source = RenamingStoreSource::new(stored, sealed_naming());
    let rekeyed = rekey_disk(pair.job(domain), &source, &target, &Watch::default()).await.unwrap();
    pair.assert_whole(&target, domain, rekeyed).await;
    // From here on the namings are the same, and a plain fetch does.
    let (third, held) = rig::new_sealed().await;
    let job = FetchDisk { root: rekeyed.root, domain: held, expected_size: pair.ours.size_bytes };
    let source = StoreSource::new(target, domain);
    let moved = fetch_disk(job, Wire::Frames(&source), &third, &Watch::default()).await.unwrap();
    assert_eq!(moved.places, 3_000);
    let check = third.check_tree(held, rekeyed.root, Look::Bytes).await.unwrap();
    assert_eq!((check.places, check.missing), (3_000, 0));
    // And a locked source or target says so, as what may pass.
    from.lock(theirs);
    let fault = rekey_disk(
        pair.job(there),
        &RenamingStoreSource::new(StoreSource::new(from.clone(), theirs), sealed_naming()),
        &from,
        &Watch::default(),
    )
    .await
    .unwrap_err();
    assert_eq!(fault.retry(), Retry::Later);
    third.lock(held);
    let (_, source) = pair.source();
    let fault = rekey_disk(pair.job(held), &source, &third, &Watch::default()).await.unwrap_err();
    assert!(matches!(fault, TransferFault::Store(StoreFault::Locked { .. })), "{fault:?}");
    assert_eq!(fault.retry(), Retry::Later);
}

async fn refusal(pair: &Pair, held: impl Fn(&ChunkId) -> bool, source: &Named) -> TreeError {
    let (target, domain) = rig::new_sealed().await;
    pair.ours.put_into(&target, domain, held).await;
    let fault = rekey_disk(pair.job(domain), source, &target, &Watch::default()).await.unwrap_err();
    assert_eq!(fault.retry(), Retry::Never);
    let TransferFault::Malformed(error) = fault else { panic!("{fault:?}") };
    let part = store::TreePart::Root(pair.ours.root.id());
    assert_eq!(target.complete(domain, &[part]).await.unwrap(), [None]);
    error
}

/// Promise 1: what a source says of names is believed of nothing that was not hashed here.
#[tokio::test]
async fn a_source_that_lies_about_names_is_found_out() {
    let places: Vec<_> = (0..1_500).map(Some).collect();
    let pair = Pair::of(&places, Weight::Light);
    let (one, two) = (pair.theirs.chunks[3], pair.theirs.chunks[1_200]);
    let lie = |name| pair.source().1.telling(one, Some(name));
    // The name of another chunk, fetched or held; a name of nothing; the zero id; its own id.
    for name in [pair.name(&two), ChunkId::of(b"nothing"), ChunkId::ZERO, one] {
        let found = refusal(&pair, |_| false, &lie(name)).await;
        assert!(
            matches!(found, TreeError::WrongName { id, told, .. } if id == one && told == name),
            "{found:?}"
        );
    }
    let held = pair.name(&two);
    let found = refusal(&pair, |id| *id == held, &lie(held)).await;
    assert!(matches!(found, TreeError::WrongName { id, told, .. } if id == one && told == held));
}

/// A source that says one thing first and another later.
struct Wavering {
    inner: Named,
    id: ChunkId,
    other: ChunkId,
    told: AtomicU64,
}

#[async_trait]
impl ChunkSource for Wavering {
    async fn fetch(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        self.inner.fetch(ids).await
    }
}

#[async_trait]
impl RenamingSource for Wavering {
    async fn rename(&self, ids: Vec<ChunkId>) -> Result<Vec<Option<ChunkId>>, SourceFault> {
        let mut names = self.inner.rename(ids.clone()).await?;
        for (id, name) in ids.iter().zip(&mut names) {
            if *id == self.id && self.told.fetch_add(1, Ordering::SeqCst) > 0 {
                *name = Some(self.other);
            }
        }
        Ok(names)
    }
}

#[tokio::test]
async fn a_source_that_gives_one_chunk_two_names_is_found_out() {
    // Chunk 5 is in both leaves, right behind each other.
    let places: Vec<_> = (0..2_048).map(|n| Some(if n == 1_030 { 5 } else { n })).collect();
    let pair = Pair::of(&places, Weight::Light);
    let id = pair.theirs.chunks[5];
    let other = pair.name(&pair.theirs.chunks[6]);
    let source = Wavering { inner: pair.source().1, id, other, told: AtomicU64::new(0) };
    let (target, domain) = rig::new_sealed().await;
    let fault =
        rekey_disk(pair.job(domain), &source, &target, &Watch::default()).await.unwrap_err();
    let found = matches!(fault, TransferFault::Malformed(TreeError::WrongName { .. }));
    assert!(found, "{fault:?}");
}

/// Faults 8 and 9: bytes that are not those of the source's id.
#[tokio::test]
async fn a_source_that_sends_other_bytes_is_left() {
    let pair = Pair::of(&(0..600).map(Some).collect::<Vec<_>>(), Weight::Light);
    let mut frames = pair.theirs.frames.clone();
    let id = pair.theirs.chunks[100];
    frames.insert(id, frame_of(id, &[9; CHUNK_BYTES]));
    let source = Named::new(Arc::new(ShelfSource::new(frames)), &pair.theirs, &pair.ours);
    let (target, domain) = rig::new_sealed().await;
    let fault =
        rekey_disk(pair.job(domain), &source, &target, &Watch::default()).await.unwrap_err();
    assert!(matches!(fault, TransferFault::PeerSendsWrongChunks { .. }), "{fault:?}");
}

/// Fault 10: what the source lacks, as a name or as bytes or as a node; the rest is stored.
#[tokio::test]
async fn what_the_source_lacks_is_named_and_the_rest_is_kept() {
    let pair = Pair::of(&(0..3_000).map(Some).collect::<Vec<_>>(), Weight::Light);
    let gone = pair.theirs.chunks[2_000];
    let without = |id: &ChunkId| {
        let mut frames = pair.theirs.frames.clone();
        frames.remove(id);
        Named::new(Arc::new(ShelfSource::new(frames)), &pair.theirs, &pair.ours)
    };
    let leaf = pair.theirs.nodes[1];
    let cases = [
        (pair.source().1.telling(gone, None), gone, 2_999),
        (without(&gone), gone, 2_999),
        (without(&leaf), leaf, 3_000 - NODE_IDS as u64),
    ];
    for (source, id, kept) in cases {
        let (target, domain) = rig::new_sealed().await;
        let watch = Watch::default();
        let fault = rekey_disk(pair.job(domain), &source, &target, &watch).await.unwrap_err();
        let TransferFault::SourceLacks { count: 1, sample } = fault else { panic!("{fault:?}") };
        assert_eq!(sample, [id]);
        let missing = target.missing(domain, &pair.ours.chunks).await.unwrap();
        assert_eq!(missing.iter().filter(|missing| !**missing).count() as u64, kept);
        let part = store::TreePart::Root(pair.ours.root.id());
        assert_eq!(target.complete(domain, &[part]).await.unwrap(), [None]);
        // Another source has it.
        let (shelf, source) = pair.source();
        let rekeyed = rekey_disk(pair.job(domain), &source, &target, &watch).await.unwrap();
        pair.assert_whole(&target, domain, rekeyed).await;
        assert_eq!(rekeyed.moved.chunks_received, 3_000 - kept);
        drop(shelf);
    }
}

struct Short(Named);

#[async_trait]
impl ChunkSource for Short {
    async fn fetch(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        self.0.fetch(ids).await
    }
}

#[async_trait]
impl RenamingSource for Short {
    async fn rename(&self, ids: Vec<ChunkId>) -> Result<Vec<Option<ChunkId>>, SourceFault> {
        let mut names = self.0.rename(ids).await?;
        names.pop();
        Ok(names)
    }
}

#[tokio::test]
async fn too_few_names_are_a_breach() {
    let pair = Pair::of(&[Some(1), Some(2)], Weight::Light);
    let (target, domain) = rig::new_sealed().await;
    let source = Short(pair.source().1);
    let fault =
        rekey_disk(pair.job(domain), &source, &target, &Watch::default()).await.unwrap_err();
    let breach = Breach::Names { wanted: 2, got: 1 };
    assert!(
        matches!(&fault, TransferFault::Source(SourceFault::Protocol(found)) if *found == breach),
        "{fault:?}"
    );
}

struct Hanging(Named);

#[async_trait]
impl ChunkSource for Hanging {
    async fn fetch(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        self.0.fetch(ids).await
    }
}

#[async_trait]
impl RenamingSource for Hanging {
    async fn rename(&self, _: Vec<ChunkId>) -> Result<Vec<Option<ChunkId>>, SourceFault> {
        futures::future::pending().await
    }
}

/// Faults 11 and 12 while names are asked for, and a stop.
#[tokio::test]
async fn a_source_that_tells_no_names_is_left_and_a_stop_is_at_once() {
    let pair = Pair::of(&[Some(1), Some(2)], Weight::Light);
    let (target, domain) = rig::new_sealed().await;
    let source = Hanging(pair.source().1);
    let mut watch = Watch::default();
    watch.least.within = Duration::from_millis(200);
    let fault = rekey_disk(pair.job(domain), &source, &target, &watch).await.unwrap_err();
    assert!(matches!(fault, TransferFault::Source(SourceFault::Stalled { .. })), "{fault:?}");
    let watch = Watch::default();
    let cancel = watch.cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancel.cancel();
    });
    let start = Instant::now();
    let fault = rekey_disk(pair.job(domain), &source, &target, &watch).await.unwrap_err();
    assert!(matches!(fault, TransferFault::Stopped), "{fault:?}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// A stop in the middle: nothing more is asked, and the next call sends the rest.
#[tokio::test]
async fn a_stop_in_the_middle_loses_no_more_than_the_window() {
    let pair = Pair::of(&(0..1_500).map(Some).collect::<Vec<_>>(), Weight::Heavy);
    let (target, domain) = rig::new_sealed().await;
    let (shelf, whole) = pair.source();
    let mut watch = Watch::default();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = seen.clone();
    watch.progress = Box::new(move |progress| note.lock().unwrap().push(progress));
    // The source itself says when: progress is told by the clock, and all may be over before it is.
    let (cancel, counted) = (watch.cancel.clone(), shelf.clone());
    let source = Tampered::new(shelf.clone(), move |_, _, body| {
        let (cancel, counted) = (cancel.clone(), counted.clone());
        body.inspect(move |_| {
            if counted.sent() > 48 << 20 {
                cancel.cancel();
            }
        })
        .boxed()
    });
    let source = Named::new(source, &pair.theirs, &pair.ours);
    let fault = rekey_disk(pair.job(domain), &source, &target, &watch).await;
    assert!(matches!(fault, Err(TransferFault::Stopped)), "{fault:?}");
    let sent = shelf.sent();
    assert!(sent < pair.theirs.frame_bytes());
    let rekeyed = rekey_disk(pair.job(domain), &whole, &target, &Watch::default()).await.unwrap();
    pair.assert_whole(&target, domain, rekeyed).await;
    let nodes: u64 =
        pair.theirs.nodes.iter().map(|id| pair.theirs.frames[id].len() as u64).sum::<u64>() + 200;
    assert!(shelf.sent() <= pair.theirs.frame_bytes() + WINDOW_BYTES + nodes);
    let seen = seen.lock().unwrap();
    assert!(seen.windows(2).all(|two| two[0].places_done <= two[1].places_done));
    assert!(seen.iter().all(|progress| progress.places_needed == 1_500));
}

/// I3: bytes asked and not durable stay within the window, although seals make them longer at rest.
#[tokio::test]
async fn what_is_under_way_stays_within_the_window() {
    let pair = Pair::of(&(0..1_400).map(Some).collect::<Vec<_>>(), Weight::Heavy);
    let (target, domain) = rig::new_sealed().await;
    let (shelf, _) = pair.source();
    let most = Arc::new(AtomicU64::new(0));
    let (high, counted, store) = (most.clone(), shelf.clone(), target.clone());
    let source = Tampered::new(shelf.clone(), move |_, _, body| {
        let (high, counted, store) = (high.clone(), counted.clone(), store.clone());
        body.then(move |piece| {
            let (high, counted, store) = (high.clone(), counted.clone(), store.clone());
            async move {
                let durable = store.usage().await.unwrap().frame_bytes;
                high.fetch_max(counted.sent().saturating_sub(durable), Ordering::SeqCst);
                piece
            }
        })
        .boxed()
    });
    let source = Named::new(source, &pair.theirs, &pair.ours);
    let rekeyed = rekey_disk(pair.job(domain), &source, &target, &Watch::default()).await.unwrap();
    pair.assert_whole(&target, domain, rekeyed).await;
    let most = most.load(Ordering::SeqCst);
    assert!(most <= WINDOW_BYTES + (1 << 20), "{most} bytes were under way");
}

/// R002-2: the estimate is what the transfer then brings.
#[tokio::test]
async fn an_estimate_is_what_is_then_received() {
    let places: Vec<_> = (0..4_000).map(|n| (n % 5 != 0).then_some(n % 3_000)).collect();
    let pair = Pair::of(&places, Weight::Light);
    let (target, domain) = rig::new_sealed().await;
    pair.ours.put_into(&target, domain, |id| id.as_bytes()[0] < 100).await;
    let (_, source) = pair.source();
    let frames = &pair.theirs.frames;
    let measure = move |ids: Vec<ChunkId>| {
        let bytes: u64 = ids.iter().map(|id| frames[id].len() as u64).sum();
        async move { Ok(bytes) }.boxed()
    };
    let (watch, noticed) = (Watch::default(), Noticed::default());
    let ways: (&Watch, &Measure<'_>, &Noticed) = (&watch, &measure, &noticed);
    let missing = rekey_missing_bytes(pair.job(domain), &source, &target, ways).await.unwrap();
    let rekeyed = rekey_disk(pair.job(domain), &source, &target, &watch).await.unwrap();
    let Moved { bytes_received, chunks_received, chunks_reused, places } = rekeyed.moved;
    assert_eq!((missing.bytes, missing.chunks), (bytes_received, chunks_received));
    assert_eq!((missing.chunks_reused, missing.places), (chunks_reused, places));
    assert!(missing.chunks_reused > 0 && missing.chunks > 0);
}

/// Damage in the target while a disk is re-keyed: what is held but not true is fetched.
#[tokio::test]
async fn what_is_held_and_damaged_is_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let (target, _) = rig::open(folder.path()).await;
    let domain = target.sealed_domain("acct-test/key").await.unwrap();
    target.unlock(domain, rig::keys()).unwrap();
    let pair = Pair::of(&(0..500).map(Some).collect::<Vec<_>>(), Weight::Heavy);
    let held: HashSet<ChunkId> = pair.ours.chunks.iter().copied().collect();
    pair.ours.put_into(&target, domain, |id| held.contains(id)).await;
    let mut packs = Vec::new();
    for folder in std::fs::read_dir(folder.path().join("packs")).unwrap() {
        let files = std::fs::read_dir(folder.unwrap().path()).unwrap();
        packs.extend(files.map(|file| file.unwrap().path()));
    }
    let longest = packs.iter().max_by_key(|path| path.metadata().unwrap().len()).unwrap();
    let mut bytes = std::fs::read(longest).unwrap();
    bytes[1 << 20] ^= 1;
    std::fs::write(longest, bytes).unwrap();
    let (_, source) = pair.source();
    let rekeyed = rekey_disk(pair.job(domain), &source, &target, &Watch::default()).await.unwrap();
    pair.assert_whole(&target, domain, rekeyed).await;
    assert_eq!(rekeyed.moved.chunks_received, 1);
}

/// Runs of places, as in `resume.rs`: how many, of which kind.
fn disks() -> impl Strategy<Value = Vec<Option<u64>>> {
    let run = (1_usize..1_500, 0_u8..4, 0_u64..50);
    prop::collection::vec(run, 1..6).prop_map(|runs| {
        let (mut next, mut places) = (1_000, Vec::new());
        for (length, kind, seed) in runs {
            for n in 0..length as u64 {
                places.push(match kind {
                    0 => None,
                    1 => Some(seed),
                    2 => {
                        next += 1;
                        Some(next)
                    }
                    _ => Some(1_000 + (seed + n) % 400),
                });
            }
        }
        places
    })
}

async fn resume(places: Vec<Option<u64>>, share: u8, cuts: Vec<u64>) {
    let pair = Pair::of(&places, Weight::Light);
    let (target, domain) = rig::new_sealed().await;
    pair.ours.put_into(&target, domain, |id| id.as_bytes()[0] < share).await;
    let bytes = |ids: &mut dyn Iterator<Item = &ChunkId>| -> u64 {
        ids.map(|id| pair.theirs.frames[id].len() as u64).sum()
    };
    let lacking = |id: &&ChunkId| pair.name(id).as_bytes()[0] >= share;
    let chunks = bytes(&mut pair.theirs.chunks.iter().filter(lacking));
    let nodes = bytes(&mut pair.theirs.nodes.iter().chain([&pair.theirs.root.id()]));
    let left = Arc::new(AtomicU64::new(0));
    let budget = left.clone();
    let shelf = Arc::new(ShelfSource::new(pair.theirs.frames.clone()));
    let cut = Tampered::new(shelf, move |_, _, body| {
        let budget = budget.clone();
        body.map(move |piece| {
            let piece = piece?;
            let spend = |left: u64| left.checked_sub(piece.len() as u64);
            match budget.fetch_update(Ordering::SeqCst, Ordering::SeqCst, spend) {
                Ok(_) => Ok(piece),
                Err(_) => {
                    Err(SourceFault::Transport { action: "read the body", source: "cut".into() })
                }
            }
        })
        .boxed()
    });
    let counted = Counted::new(cut);
    let source = Named::new(counted.clone(), &pair.theirs, &pair.ours);
    let restarts = cuts.len() as u64;
    let mut rekeyed = None;
    for bytes in cuts.into_iter().chain([u64::MAX]) {
        left.store(bytes, Ordering::SeqCst);
        match rekey_disk(pair.job(domain), &source, &target, &Watch::default()).await {
            Ok(done) => rekeyed = Some(done),
            Err(TransferFault::Source(SourceFault::Transport { .. })) if bytes != u64::MAX => {}
            Err(fault) => panic!("{fault:?}"),
        }
    }
    pair.assert_whole(&target, domain, rekeyed.expect("the last call is not cut")).await;
    // What came before a cut was kept, so chunks are sent once; nodes with each call.
    assert!(counted.sent() <= chunks + (restarts + 1) * nodes + restarts * WINDOW_BYTES);
    if restarts == 0 {
        assert_eq!(counted.sent(), chunks + nodes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 15, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn after_any_cuts_a_disk_is_whole_under_its_new_names(
        places in disks(),
        share in prop::sample::select(vec![0_u8, 30, 128, 250]),
        cuts in prop::collection::vec(0_u64..300_000, 0..5),
    ) {
        tokio::runtime::Runtime::new().unwrap().block_on(resume(places, share, cuts));
    }
}
