//! What a transfer does with trees, with what is held, and with whoever watches it.
#![allow(clippy::unwrap_used, missing_docs)]

mod rig;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{FutureExt, StreamExt, TryStreamExt};
use store::{ChunkId, ChunkStore, DiskRoot, Domain, Look, NODE_IDS, Retry, RootRecord};
use transfer::testing::{
    Counted, SampleDisk, ShelfSource, Tampered, Weight, frame_of, light_chunk,
};
use transfer::{
    ChunkSource, FetchDisk, Missing, Moved, Noticed, Progress, RateLimiter, Share, StoreSource,
    TransferFault, TreeError, Watch, Wire, fetch_disk, missing_bytes,
};

const CHUNK: u64 = store::CHUNK_BYTES as u64;

fn job(disk: &SampleDisk, domain: Domain) -> FetchDisk {
    FetchDisk { root: disk.root, domain, expected_size: disk.size_bytes }
}

fn shelf(disk: &SampleDisk) -> Arc<Counted> {
    Counted::new(Arc::new(ShelfSource::new(disk.frames.clone())))
}

async fn assert_whole(disk: &SampleDisk, target: &ChunkStore, domain: Domain) {
    let check = target.check_tree(domain, disk.root, Look::Bytes).await.unwrap();
    assert_eq!((check.places, check.missing), (disk.places, 0));
}

/// Copies into a new store, twice, and checks the books.
async fn copy(disk: &SampleDisk, held: impl Fn(&ChunkId) -> bool) -> (Moved, Vec<ChunkId>) {
    let (target, domain) = rig::new_store().await;
    disk.put_into(&target, domain, &held).await;
    let source = shelf(disk);
    let moved = fetch_disk(job(disk, domain), Wire::Frames(&*source), &target, &Watch::default())
        .await
        .unwrap();
    assert_whole(disk, &target, domain).await;
    let lacked = disk.frames.iter().filter(|(id, _)| !held(id));
    let lacked: u64 = lacked.map(|(_, frame)| frame.len() as u64).sum();
    assert_eq!(moved.bytes_received, lacked, "what was missing, once");
    assert_eq!(moved.places, disk.places);
    assert_eq!(moved.chunks_received + moved.chunks_reused, moved.places);
    let asked = source.asked();
    let again = fetch_disk(job(disk, domain), Wire::Frames(&*source), &target, &Watch::default())
        .await
        .unwrap();
    assert_eq!((again.bytes_received, again.chunks_reused), (0, disk.places));
    assert_eq!(source.asked().len(), asked.len(), "not even the root is asked for again");
    (moved, asked)
}

/// R001-9: cost grows with contents, not with virtual size.
#[tokio::test]
async fn a_disk_of_eight_tebibytes_that_holds_little_takes_a_handful_of_nodes() {
    let (_, asked) = copy(&SampleDisk::sparse(8 << 40, &[], Weight::Light), |_| false).await;
    assert_eq!(asked.len(), 1, "the root alone");
    let filled = [(0, 1), (77_000_000, 2), (134_217_727, 3)];
    let (_, asked) = copy(&SampleDisk::sparse(8 << 40, &filled, Weight::Light), |_| false).await;
    assert_eq!(asked.len(), 1 + 1 + 3 + 3 + 3);
}

#[tokio::test]
async fn the_smallest_disk_is_copied() {
    copy(&SampleDisk::sparse(512, &[(0, 9)], Weight::Heavy), |_| false).await;
    copy(&SampleDisk::sparse(512, &[], Weight::Heavy), |_| false).await;
}

/// Promise 3: each byte crosses once, also when a disk repeats itself.
#[tokio::test]
async fn what_a_disk_repeats_is_sent_once() {
    let places: Vec<_> = (0..9_000).map(|n| Some(n % 700)).collect();
    let (moved, asked) = copy(&SampleDisk::of(&places, Weight::Light), |_| false).await;
    assert_eq!((moved.chunks_received, moved.chunks_reused), (700, 8_300));
    let distinct: std::collections::HashSet<_> = asked.iter().collect();
    assert_eq!(distinct.len(), asked.len(), "no id was asked twice");
    // Nodes repeat too: 20 full ones, all alike.
    let places: Vec<_> = (0..20 * NODE_IDS as u64 + 5).map(|n| Some(n % NODE_IDS as u64)).collect();
    let (_, asked) = copy(&SampleDisk::of(&places, Weight::Light), |_| false).await;
    assert_eq!(asked.len(), 1 + 1 + 2 + NODE_IDS);
}

#[tokio::test]
async fn only_what_the_target_lacks_is_sent() {
    let places: Vec<_> = (0..6_000).map(|n| (n % 7 != 0).then_some(n)).collect();
    let disk = SampleDisk::of(&places, Weight::Light);
    let (moved, _) = copy(&disk, |id| id.as_bytes()[0] < 200).await;
    assert!(moved.chunks_reused > moved.chunks_received);
    let nodes = disk.nodes.clone();
    copy(&disk, move |id| nodes.contains(id)).await;
    let chunks = disk.chunks.clone();
    let (moved, asked) = copy(&disk, move |id| chunks.contains(id)).await;
    assert_eq!((moved.chunks_received, asked.len()), (0, 1 + disk.nodes.len()));
    copy(&disk, |_| true).await;
}

/// An image made from another: what both have is known by its nodes alone.
#[tokio::test]
async fn an_unchanged_part_of_a_disk_costs_nothing_to_compare() {
    let (target, domain) = rig::new_store().await;
    let old = SampleDisk::of(&(0..20_480).map(Some).collect::<Vec<_>>(), Weight::Light);
    let watch = Watch::default();
    fetch_disk(job(&old, domain), Wire::Frames(&*shelf(&old)), &target, &watch).await.unwrap();
    let mut places: Vec<_> = (0..20_480).map(Some).collect();
    places[15_000] = Some(1 << 40);
    let new = SampleDisk::of(&places, Weight::Light);
    let source = shelf(&new);
    let moved =
        fetch_disk(job(&new, domain), Wire::Frames(&*source), &target, &watch).await.unwrap();
    assert_eq!(source.asked().len(), 4, "the root, the top, one node, one chunk");
    assert_eq!((moved.chunks_received, moved.chunks_reused), (1, 20_479));
    assert_whole(&new, &target, domain).await;
}

/// A tree over these frames with a root record that says what the test wants.
async fn refusal(
    frames: BTreeMap<ChunkId, Bytes>,
    root: DiskRoot,
    expected_size: u64,
) -> TreeError {
    let (target, domain) = rig::new_store().await;
    let source = ShelfSource::new(frames);
    let job = FetchDisk { root, domain, expected_size };
    let start = Instant::now();
    let fault =
        fetch_disk(job, Wire::Frames(&source), &target, &Watch::default()).await.unwrap_err();
    assert_eq!(fault.retry(), Retry::Never);
    assert!(start.elapsed() < Duration::from_secs(5), "refused in bounded time");
    let TransferFault::Malformed(error) = fault else { panic!("{fault:?}") };
    let part = store::TreePart::Root(root.id());
    assert_eq!(target.complete(domain, &[part]).await.unwrap(), [None]);
    error
}

/// The frames of a disk with another root record, and its root.
fn with_root(
    disk: &SampleDisk,
    places: u64,
    top: ChunkId,
    change: impl Fn(&mut [u8; 64]),
) -> (BTreeMap<ChunkId, Bytes>, DiskRoot) {
    let mut record = RootRecord::new(disk.size_bytes, places, top).unwrap().encode();
    change(&mut record);
    let (mut frames, id) = (disk.frames.clone(), ChunkId::of(&record));
    frames.insert(id, frame_of(id, &record));
    (frames, DiskRoot::new(id))
}

#[tokio::test]
async fn a_tree_that_is_not_what_its_root_says_is_refused() {
    let disk = SampleDisk::of(&(0..3_000).map(Some).collect::<Vec<_>>(), Weight::Light);
    let top = *disk.nodes.last().unwrap();
    let size = disk.size_bytes;
    for places in [2_999, 1] {
        let (frames, root) = with_root(&disk, places, top, |_| {});
        assert!(matches!(refusal(frames, root, size).await, TreeError::Places { .. }));
    }
    let sparse = SampleDisk::sparse(size, &[(7, 7)], Weight::Light);
    let (frames, root) = with_root(&sparse, 2, *sparse.nodes.last().unwrap(), |_| {});
    assert_eq!(refusal(frames, root, size).await, TreeError::Places { stated: 2, counted: 1 });
    let (frames, root) = with_root(&disk, 3_000, top, |record| record[24] = 3);
    assert!(matches!(refusal(frames, root, size).await, TreeError::Root(_)));
    let wrong_size = refusal(disk.frames.clone(), disk.root, size + 512).await;
    assert_eq!(wrong_size, TreeError::Size { wanted: size + 512, got: size });
}

#[tokio::test]
async fn a_node_of_the_wrong_length_is_refused() {
    let disk = SampleDisk::of(&(0..3_000).map(Some).collect::<Vec<_>>(), Weight::Light);
    // The first of level 1 has 1,024 ids where the top of this disk has three.
    let (frames, root) = with_root(&disk, 3_000, disk.nodes[0], |_| {});
    let error = refusal(frames, root, disk.size_bytes).await;
    assert_eq!(
        error,
        TreeError::Node {
            id: disk.nodes[0],
            source: store::FormatError::NodeLength { level: 2, wanted: 96, got: 32_768 },
        }
    );
}

/// bad: a tree of a few nodes that claims 2^40 entries.
#[tokio::test]
async fn a_tree_that_claims_more_than_can_be_is_refused_at_once() {
    let mut frames = BTreeMap::new();
    let mut add = |bytes: &[u8]| {
        let id = ChunkId::of(bytes);
        frames.insert(id, frame_of(id, bytes));
        id
    };
    let mut id = add(&light_chunk(1));
    for _ in 0..4 {
        id = add(&id.as_bytes().repeat(NODE_IDS));
    }
    let size = CHUNK << 40;
    let record = RootRecord::new(size, 1_000_000, id).unwrap();
    let root = DiskRoot::new(add(&record.encode()));
    let error = refusal(frames.clone(), root, size).await;
    assert!(matches!(error, TreeError::Places { stated: 1_000_000, .. }));

    // The same with the number that is true: 2^40 places over four nodes and one chunk. Honest, and cheap.
    let record = RootRecord::new(size, 1 << 40, id).unwrap();
    let root = record.root();
    frames.insert(root.id(), frame_of(root.id(), &record.encode()));
    let (target, domain) = rig::new_store().await;
    let (source, job) = (ShelfSource::new(frames), FetchDisk { root, domain, expected_size: size });
    let moved = fetch_disk(job, Wire::Frames(&source), &target, &Watch::default()).await.unwrap();
    assert_eq!((moved.places, moved.chunks_received), (1 << 40, 1));
}

#[tokio::test]
async fn a_node_used_at_two_levels_or_as_a_chunk_is_refused() {
    let disk = SampleDisk::of(&(0..1_025).map(Some).collect::<Vec<_>>(), Weight::Light);
    let mut frames = disk.frames.clone();
    let mut add = |bytes: Vec<u8>| {
        let id = ChunkId::of(&bytes);
        frames.insert(id, frame_of(id, &bytes));
        id
    };
    // The second node of level 1 lists the first one.
    let second = add(disk.nodes[0].as_bytes().to_vec());
    let top = add([*disk.nodes[0].as_bytes(), *second.as_bytes()].concat());
    let record = RootRecord::new(disk.size_bytes, 1_025, top).unwrap();
    let root = DiskRoot::new(add(record.encode().to_vec()));
    let error = refusal(frames.clone(), root, disk.size_bytes).await;
    assert_eq!(error, TreeError::TwoLevels { id: disk.nodes[0] });
    // A chunk of the disk that is too short.
    let mut add = |bytes: Vec<u8>| {
        let id = ChunkId::of(&bytes);
        frames.insert(id, frame_of(id, &bytes));
        id
    };
    let short = add(vec![5; 100]);
    let top = add(short.as_bytes().to_vec());
    let root = DiskRoot::new(add(RootRecord::new(CHUNK, 1, top).unwrap().encode().to_vec()));
    assert_eq!(refusal(frames, root, CHUNK).await, TreeError::ChunkLength { id: short, got: 100 });
}

#[tokio::test]
async fn progress_counts_durable_places_and_never_goes_back() {
    let disk = SampleDisk::of(&(0..5_000).map(Some).collect::<Vec<_>>(), Weight::Heavy);
    let (target, domain) = rig::new_store().await;
    disk.put_into(&target, domain, |id| id.as_bytes()[0] < 64).await;
    let told = Arc::new(Mutex::new(Vec::<Progress>::new()));
    let sink = told.clone();
    let watch =
        Watch { progress: Box::new(move |now| sink.lock().unwrap().push(now)), ..Watch::default() };
    let start = Instant::now();
    let moved = fetch_disk(job(&disk, domain), Wire::Frames(&*shelf(&disk)), &target, &watch)
        .await
        .unwrap();
    let told = told.lock().unwrap();
    assert!(told.is_sorted_by(|one, other| {
        one.places_done <= other.places_done && one.bytes_received <= other.bytes_received
    }));
    let last = told.last().unwrap();
    assert_eq!((last.places_done, last.places_needed), (5_000, 5_000));
    assert_eq!(
        (last.bytes_received, last.chunks_reused),
        (moved.bytes_received, moved.chunks_reused)
    );
    // A report that falls between the last place and the end says the same as the end.
    let all = |told: &Progress| (told.places_done, told.bytes_received);
    assert!(told.iter().all(|told| told.places_done < 5_000 || all(told) == all(last)));
    assert!(told.len() as u64 <= 3 + start.elapsed().as_millis() as u64 / 250, "{}", told.len());
}

/// The limit holds on received bytes, and reaches the source: nothing is read far ahead of it.
#[tokio::test]
async fn a_limit_holds_back_the_source_itself() {
    let disk = SampleDisk::of(&(0..400).map(Some).collect::<Vec<_>>(), Weight::Heavy);
    let (target, domain) = rig::new_store().await;
    let (source, start) = (shelf(&disk), Instant::now());
    let limiter = Arc::new(RateLimiter::new(Some(20 << 20)));
    let lane = limiter.lane(Share { of: "a".to_owned(), weight: 1, due: None });
    let watch = Watch { limiter: Some(Arc::new(lane)), ..Watch::default() };
    let job = job(&disk, domain);
    let watcher = async {
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let sent = source.sent();
            let allowed = start.elapsed().as_secs_f64() * f64::from(20 << 20) + f64::from(10 << 20);
            assert!((sent as f64) < allowed, "{sent} bytes");
        }
    };
    tokio::select! {
        moved = fetch_disk(job, Wire::Frames(&*source), &target, &watch) => drop(moved.unwrap()),
        () = watcher => {}
    }
    let ideal = disk.frame_bytes() as f64 / f64::from(20 << 20);
    let took = start.elapsed().as_secs_f64();
    // How much longer it takes is the machine's: the limiter's own tests hold the rate to 5 %.
    assert!(took >= ideal * 0.95, "{took} s for {ideal} s");
}

/// Over a long way nodes must come ahead of the walk, many to a request, and several requests at once.
#[tokio::test]
async fn nodes_are_loaded_ahead_of_the_walk() {
    // 256 nodes, one chunk changed in each: 16 GiB.
    let filled: Vec<(u64, u64)> = (0..256).map(|n| (n * 1_024, n)).collect();
    let disk = SampleDisk::sparse(256 * 1_024 * CHUNK, &filled, Weight::Light);
    let (open, most, requests) =
        (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (peak, count, chunks) = (most.clone(), requests.clone(), disk.chunks.clone());
    let far = Tampered::new(shelf(&disk), move |_, ids, body| {
        count.fetch_add(1, Ordering::SeqCst);
        let (open, most, is_node) = (open.clone(), peak.clone(), !chunks.contains(&ids[0]));
        let late = async move {
            if is_node {
                most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            if is_node {
                open.fetch_sub(1, Ordering::SeqCst);
            }
            body
        };
        late.into_stream().flatten().boxed()
    });
    let (target, domain) = rig::new_store().await;
    fetch_disk(job(&disk, domain), Wire::Frames(&*far), &target, &Watch::default()).await.unwrap();
    assert_eq!(most.load(Ordering::SeqCst), 4, "requests for nodes at once");
    let requests = requests.load(Ordering::SeqCst);
    assert!(requests <= 2 + 8 + 30, "{requests} requests");
}

async fn measure_of(
    disk: &SampleDisk,
    store: &ChunkStore,
    domain: Domain,
    noticed: &Noticed,
) -> (Missing, Vec<ChunkId>) {
    let (frames, asked) = (Arc::new(disk.frames.clone()), Arc::new(Mutex::new(Vec::new())));
    let list = asked.clone();
    let measure = move |ids: Vec<ChunkId>| {
        assert!(ids.len() <= 4_096);
        let bytes = ids.iter().map(|id| frames[id].len() as u64).sum();
        list.lock().unwrap().extend(ids);
        async move { Ok(bytes) }.boxed()
    };
    let source = shelf(disk);
    let watch = Watch::default();
    let missing =
        missing_bytes(job(disk, domain), &*source, store, (&watch, &measure, noticed)).await;
    let missing = missing.unwrap();
    let asked = asked.lock().unwrap().clone();
    (missing, asked)
}

/// R000 dry run: the estimate is what the copy then moves, to the byte, and nothing is stored.
#[tokio::test]
async fn an_estimate_says_what_the_copy_then_moves() {
    let places: Vec<_> = (0..9_000).map(|n| (n % 11 != 0).then_some(n % 6_000)).collect();
    let disk = SampleDisk::of(&places, Weight::Light);
    for share in [0, 100, 255] {
        let (target, domain) = rig::new_store().await;
        disk.put_into(&target, domain, |id| id.as_bytes()[0] < share).await;
        let before = target.usage().await.unwrap();
        let (missing, asked) = measure_of(&disk, &target, domain, &Noticed::default()).await;
        assert_eq!(target.usage().await.unwrap(), before, "nothing is stored");
        assert_eq!(asked.len() as u64, missing.chunks);
        let moved = fetch_disk(
            job(&disk, domain),
            Wire::Frames(&*shelf(&disk)),
            &target,
            &Watch::default(),
        )
        .await
        .unwrap();
        assert_eq!((missing.bytes, missing.chunks), (moved.bytes_received, moved.chunks_received));
        assert_eq!((missing.places, missing.chunks_reused), (moved.places, moved.chunks_reused));
        let (nothing, _) = measure_of(&disk, &target, domain, &Noticed::default()).await;
        assert_eq!((nothing.bytes, nothing.chunks), (0, 0));
    }
}

/// R002-2: what several disks of an image hold is told once, as it is sent once.
#[tokio::test]
async fn r002_2_disks_that_share_contents_are_estimated_together() {
    let one = SampleDisk::of(&(0..3_000).map(Some).collect::<Vec<_>>(), Weight::Light);
    let other = SampleDisk::of(&(1_500..4_500).map(Some).collect::<Vec<_>>(), Weight::Light);
    let (target, domain) = rig::new_store().await;
    let noticed = Noticed::default();
    for (disk, reused) in [(&one, 0), (&other, 1_500)] {
        let (told, _) = measure_of(disk, &target, domain, &noticed).await;
        assert_eq!((told.chunks, told.chunks_reused), (3_000 - reused, reused));
    }
    let noticed = Noticed::default();
    for disk in [&one, &other] {
        let (told, _) = measure_of(disk, &target, domain, &noticed).await;
        let watch = Watch::default();
        let moved = fetch_disk(job(disk, domain), Wire::Frames(&*shelf(disk)), &target, &watch)
            .await
            .unwrap();
        assert_eq!((told.bytes, told.chunks), (moved.bytes_received, moved.chunks_received));
    }
}

/// Damage that a scrub finds while a disk is copied is not built upon: the copy looks anew and fetches it (fault 7).
#[tokio::test]
async fn a_chunk_found_damaged_meanwhile_is_fetched_again() {
    let disk = SampleDisk::of(&(0..2_000).map(Some).collect::<Vec<_>>(), Weight::Light);
    let (target, domain) = rig::new_store().await;
    disk.put_into(&target, domain, |id| *id != disk.chunks[1_999]).await;
    let (store, done) = (target.clone(), Arc::new(AtomicU64::new(0)));
    let source = Tampered::new(shelf(&disk), move |_, _, body| {
        let (store, done) = (store.clone(), done.clone());
        body.and_then(move |piece| {
            let (store, done) = (store.clone(), done.clone());
            async move {
                if done.fetch_add(1, Ordering::SeqCst) == 0 {
                    store.distrust(domain).await.unwrap();
                }
                Ok(piece)
            }
        })
        .boxed()
    });
    let moved = fetch_disk(job(&disk, domain), Wire::Frames(&*source), &target, &Watch::default())
        .await
        .unwrap();
    assert_eq!(moved.places, 2_000);
    assert_whole(&disk, &target, domain).await;
}

#[tokio::test]
async fn two_copies_into_one_store_at_once_both_end_whole() {
    let one = SampleDisk::of(&(0..3_000).map(Some).collect::<Vec<_>>(), Weight::Light);
    let other = SampleDisk::of(&(1_500..4_500).map(Some).collect::<Vec<_>>(), Weight::Light);
    let (target, domain) = rig::new_store().await;
    let (from_one, from_other, watch) = (shelf(&one), shelf(&other), Watch::default());
    let (a, b) = tokio::join!(
        fetch_disk(job(&one, domain), Wire::Frames(&*from_one), &target, &watch),
        fetch_disk(job(&other, domain), Wire::Frames(&*from_other), &target, &watch),
    );
    assert_eq!((a.unwrap().places, b.unwrap().places), (3_000, 3_000));
    assert_whole(&one, &target, domain).await;
    assert_whole(&other, &target, domain).await;
    let onward = StoreSource::new(target, domain);
    let (next, domain) = rig::new_store().await;
    let onward: &dyn ChunkSource = &onward;
    fetch_disk(job(&one, domain), Wire::Frames(onward), &next, &watch).await.unwrap();
    assert_whole(&one, &next, domain).await;
}
