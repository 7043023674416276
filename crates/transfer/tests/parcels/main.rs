//! What a target makes of parcels: a copy that ends whole with few bytes, and what it does when windows, sessions, bases or
//! sources are not what they should be. Nothing wrong is ever stored: whatever comes, the tree is read and hashed at the end.
#![allow(clippy::unwrap_used, missing_docs)]

mod mishaps;
#[path = "../rig/mod.rs"]
mod rig;
mod scene;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{StreamExt, TryStreamExt};
use store::{ChunkId, ChunkStore, Domain, Naming};
use tokio_util::sync::CancellationToken;
use transfer::testing::{SampleDisk, Weight};
use transfer::{
    Matching, OfficeSource, Parcel, ParcelOffice, RateLimiter, Share, SourceFault, TransferFault,
    WANTS_MAX, WINDOW_BYTES, Watch,
};

use crate::scene::{
    Odd, Scene, broken_off, changed, cut, first, pages, put_whole, rot, second, strange,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_in_parcels_is_the_source_s_and_takes_few_bytes() {
    let (old, new) = (first(300), second(300, &Naming::Plain));
    let scene = Scene::new(new, Some(&old)).await;
    let moved = scene.copy().await;
    assert!(moved.bytes_received < scene.frame_bytes() / 8, "{moved:?} of {}", scene.frame_bytes());
    assert_eq!(moved.chunks_received + moved.chunks_reused, moved.places);
    assert_eq!(scene.source.frames(&scene.disk), [], "nothing had to be sent as a frame");
    let order = scene.source.orders().remove(0);
    assert_eq!((order.bases, order.matching), (vec![old.root], Matching::On));
    scene.assert_whole(&old).await;
}

/// A current-thread runtime has nobody else to drive it while windows are put together.
#[tokio::test]
async fn a_copy_ends_on_a_runtime_of_one_thread() {
    let scene = Scene::new(second(150, &Naming::Plain), Some(&first(150))).await;
    scene.copy().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_base_the_windows_name_each_other() {
    // Each third of the disk has the pages of the one before, moved on.
    let scene = Scene::new(
        pages(300, &Naming::Plain, |page| (1 + (page + page / 1_600) % 1_600, false)),
        None,
    );
    let scene = scene.await;
    let moved = scene.copy().await;
    assert!(moved.bytes_received < scene.frame_bytes() / 2, "{moved:?} of {}", scene.frame_bytes());
    assert!(scene.source.served().len() >= 2, "several windows");
}

/// Promise 3: each byte crosses once, also when a disk repeats itself; a disk of more than one session.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_of_several_sessions_that_repeats_itself_is_sent_once() {
    let places: Vec<Option<u64>> = (0..45_000)
        .map(|n| (n % 11 != 0).then_some(if n % 3 == 0 { n % 600 } else { n }))
        .collect();
    let scene = Scene::new(SampleDisk::of(&places, Weight::Light), None).await;
    let moved = scene.copy().await;
    let distinct = scene.disk.chunks.len() as u64;
    assert_eq!((moved.chunks_received, moved.chunks_reused), (distinct, moved.places - distinct));
    let orders = scene.source.orders();
    assert_eq!(orders.len(), (distinct as usize).div_ceil(WANTS_MAX));
    let numbers: Vec<u64> = orders.iter().flat_map(|order| &order.wants).copied().collect();
    assert!(numbers.is_sorted_by(|one, two| one < two), "in the order of the disk, none twice");
    assert_eq!(numbers.len() as u64, distinct);
    let served = scene.source.served();
    assert_eq!(served.iter().collect::<HashSet<_>>().len(), served.len(), "no window twice");
    assert_eq!(
        scene.source.ended(),
        orders.len(),
        "the source knows of each session that it is whole"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_target_lacks_is_ordered() {
    let scene = Scene::new(strange(200), None).await;
    scene.disk.put_into(&scene.target, scene.domain, |id| id.as_bytes()[0] < 200).await;
    let held = scene.held().await;
    let moved = scene.copy().await;
    let wants: usize = scene.source.orders().iter().map(|order| order.wants.len()).sum();
    assert_eq!(wants, scene.disk.chunks.len() - held.len());
    assert_eq!(moved.chunks_reused, held.len() as u64);
}

/// R000-9: what a key seals is nowhere in the clear, and comes in parcels too.
#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_domain_gets_its_disk_in_parcels() {
    let naming = Naming::Keyed(rig::keys().id_key);
    let old = pages(200, &naming, |page| (page + 1, false));
    let from = rig::new_sealed().await;
    let folder = tempfile::tempdir().unwrap().keep();
    let (target, _) = rig::open(&folder).await;
    let domain = target.sealed_domain("acct-test/key").await.unwrap();
    target.unlock(domain, rig::keys()).unwrap();
    let disks = (second(200, &naming), Some(&old));
    let scene = Scene::between(from, (target, domain, folder), disks).await;
    let moved = scene.copy().await;
    assert!(moved.bytes_received < scene.frame_bytes() / 4, "{moved:?} of {}", scene.frame_bytes());
}

/// Fault 9: a window of chunks that are not what was wanted. Later windows name them, so they come right before those.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_chunk_comes_again_as_a_frame_and_nothing_else_does() {
    let repeating = |page: u64| 1 + (page + page / 1_600) % 1_600;
    let disk = pages(300, &Naming::Plain, |page| (repeating(page), false));
    // A page in the first window is another; every later one that is the same will be made of it.
    let lie = pages(300, &Naming::Plain, |page| (repeating(page), page == 333));
    let scene = Scene::new(disk, None).await.lying(&lie, 1).await;
    let moved = scene.copy().await;
    let frames = scene.source.frames(&scene.disk);
    assert_eq!(frames, [scene.disk.chunks[333 / 16]], "one chunk, once");
    assert_eq!(scene.source.orders().len(), 1, "the session went on");
    assert_eq!(moved.chunks_received, scene.disk.chunks.len() as u64);
    // The wrong one is nowhere: what is held is this disk, and not a chunk more.
    let usage = scene.target.usage().await.unwrap();
    assert_eq!(usage.chunks, scene.disk.frames.len() as u64);
}

/// Faults 8 and 9: a source that keeps sending wrong chunks is asked without matching, and then for frames.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_whose_parcels_keep_being_wrong_is_asked_for_frames() {
    let scene = Scene::new(strange(900), None).await;
    let lie = pages(900, &Naming::Plain, |page| (9_000_000 + page, page % 32 == 0));
    let scene = scene.lying(&lie, usize::MAX).await;
    let moved = scene.copy().await;
    let matching: Vec<Matching> =
        scene.source.orders().iter().map(|order| order.matching).collect();
    assert_eq!(matching.first(), Some(&Matching::On));
    assert!(matching.contains(&Matching::Off), "{matching:?}");
    let frames = scene.source.frames(&scene.disk);
    assert!(frames.len() > 450, "the rest came as frames: {}", frames.len());
    assert_eq!(frames.iter().collect::<HashSet<_>>().len(), frames.len(), "none twice");
    let most = scene.frame_bytes() + 2 * WINDOW_BYTES;
    assert!(moved.bytes_received <= most, "{moved:?} of {}", scene.frame_bytes());
}

/// A source that errs while it matches is not left for frames.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_wrong_only_while_it_matches_still_sends_parcels() {
    let scene = Scene::new(strange(900), None).await;
    let lie = pages(900, &Naming::Plain, |page| (9_000_000 + page, page % 320 == 0));
    put_whole(&lie, &scene.from.0, scene.from.1).await;
    let root = lie.root;
    let scene = scene.on_order(move |_, order| {
        if order.matching == Matching::On {
            order.root = root;
        }
        Ok(())
    });
    scene.copy().await;
    let last = scene.source.orders().pop().unwrap();
    assert_eq!(last.matching, Matching::Off);
    assert!(last.wants.len() > 100, "the rest came in parcels: {}", last.wants.len());
    assert!(scene.source.frames(&scene.disk).len() < 100);
}

/// Fault 7: a base that has rotted here is seen when it is read, set aside, and costs bytes.
#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_rots_is_set_aside_and_the_copy_ends_whole() {
    let (old, new) = (first(300), second(300, &Naming::Plain));
    let scene = Scene::new(new, Some(&old)).await;
    for at in [40, 41, 150, 290] {
        rot(&scene.folder, old.chunks[at]);
    }
    let moved = scene.fetch(&Watch::default()).await.unwrap();
    scene.assert_whole(&scene.disk).await;
    let aside = scene.target.quarantined().await.unwrap();
    assert!(!aside.is_empty(), "the scrub need not find it");
    assert!(aside.iter().all(|row| old.chunks.contains(&row.row.id)));
    assert!(moved.bytes_received <= scene.frame_bytes() * 11 / 10, "{moved:?}");
    let frames = scene.source.frames(&scene.disk);
    assert_eq!(frames.iter().collect::<HashSet<_>>().len(), frames.len(), "none twice");
}

/// The same for the base's tree: another session is opened without it.
#[tokio::test(flavor = "multi_thread")]
async fn a_base_whose_root_is_gone_is_not_offered_again() {
    let (old, new) = (first(100), second(100, &Naming::Plain));
    let scene = Scene::new(new, Some(&old)).await;
    rot(&scene.folder, old.root.id());
    scene.fetch(&Watch::default()).await.unwrap();
    scene.assert_whole(&scene.disk).await;
    let bases: Vec<usize> = scene.source.orders().iter().map(|order| order.bases.len()).collect();
    assert_eq!(bases[..2], [1, 0]);
}

/// bad: bytes that are no window.
#[tokio::test(flavor = "multi_thread")]
async fn one_malformed_window_costs_its_chunks_as_frames_at_most() {
    type Change = fn(&mut Vec<u8>);
    let changes: [(&str, Change); 6] = [
        ("cut", |bytes| bytes.truncate(bytes.len() / 2)),
        ("flipped in the middle", |bytes| {
            let at = bytes.len() / 2;
            bytes[at] ^= 0x40;
        }),
        ("longer", |bytes| bytes.extend_from_slice(b"and more")),
        ("no window at all", |bytes| bytes.fill(0xee)),
        ("empty", Vec::clear),
        ("endless", |bytes| bytes.resize(20 << 20, 7)),
    ];
    for (name, change) in changes {
        let scene = Scene::new(strange(300), None).await.on_window(move |nth, number, parcel| {
            Ok(if (nth, number) == (0, 1) { changed(parcel, change) } else { parcel })
        });
        let moved = scene.copy().await;
        let resent = moved.bytes_received.saturating_sub(scene.frame_bytes());
        assert!(resent <= WINDOW_BYTES, "{name}: {resent} bytes twice");
        assert!(scene.source.frames(&scene.disk).len() < 150, "{name}: parcels went on");
        assert!(scene.source.orders().iter().all(|order| order.matching == Matching::On), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_sends_nothing_but_malformed_windows_is_asked_for_frames() {
    for fill in [0x00, 0x28, 0xee] {
        let scene = Scene::new(strange(200), None)
            .await
            .on_window(move |_, _, parcel| Ok(changed(parcel, move |bytes| bytes.fill(fill))));
        let moved = scene.copy().await;
        assert_eq!(scene.source.frames(&scene.disk).len(), 200);
        assert!(moved.bytes_received < scene.frame_bytes() + 5 * WINDOW_BYTES, "{moved:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_session_is_opened_anew_for_what_is_still_missing() {
    for lost in [Parcel::Gone, Parcel::End] {
        let is_gone = matches!(lost, Parcel::Gone);
        let scene = Scene::new(strange(400), None).await.on_window(move |nth, number, parcel| {
            Ok(match (nth, number) {
                (0, 3..) if is_gone => Parcel::Gone,
                (0, 3..) => Parcel::End,
                _ => parcel,
            })
        });
        scene.copy().await;
        let orders = scene.source.orders();
        assert_eq!(orders.len(), 2);
        assert!(orders[1].wants.len() < orders[0].wants.len());
        assert!(orders[0].wants.ends_with(&orders[1].wants));
        assert_eq!(scene.source.frames(&scene.disk), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_without_parcels_is_asked_for_frames() {
    let none = || SourceFault::NoParcels { reason: "an older version".to_owned() };
    let refuses = Scene::new(strange(100), None).await.on_order(move |_, _| Err(none()));
    let breaks = Scene::new(strange(100), None).await.on_order(|_, _| Err(cut()));
    let forgets = Scene::new(strange(100), None).await.on_window(|_, _, _| Ok(Parcel::Gone));
    let cannot = Scene::new(strange(100), None).await.on_window(move |_, _, _| Err(none()));
    let other = strange(1);
    let names_a_stranger = Scene::new(strange(100), None).await.on_order({
        let root = other.root;
        move |_, order| {
            order.bases = vec![root];
            Ok(())
        }
    });
    put_whole(&other, &names_a_stranger.from.0, names_a_stranger.from.1).await;
    for scene in [refuses, breaks, forgets, cannot, names_a_stranger] {
        let moved = scene.copy().await;
        assert_eq!(scene.source.frames(&scene.disk).len(), 100);
        assert_eq!(moved.chunks_received, 100);
    }
}

/// Fault 14: a connection breaks inside a window.
#[tokio::test(flavor = "multi_thread")]
async fn a_window_whose_connection_breaks_is_asked_for_again_alone() {
    let scene = Scene::new(strange(300), None).await.on_window({
        let broken = Mutex::new(HashSet::new());
        move |nth, number, parcel| {
            let is_first = number % 2 == 1 && broken.lock().unwrap().insert((nth, number));
            Ok(if is_first { broken_off(parcel, 100_000) } else { parcel })
        }
    });
    scene.copy().await;
    assert_eq!(scene.source.orders().len(), 1);
    assert_eq!(scene.source.frames(&scene.disk), []);
    let mut times = HashMap::<_, usize>::new();
    scene.source.served().into_iter().for_each(|window| *times.entry(window).or_default() += 1);
    assert!(times.iter().all(|((_, number), times)| *times <= 1 + (*number % 2) as usize));
}

/// Fault 10: what the source lacks is named after everything else is stored.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_source_lacks_is_named_after_all_others_are_stored() {
    let scene = Scene::new(strange(300), None).await;
    let gone = scene.disk.chunks[170];
    let folder = tempfile::tempdir().unwrap().keep();
    let (store, domain) = rig::open(&folder).await;
    put_whole(&scene.disk, &store, domain).await;
    rot(&folder, gone);
    let office = ParcelOffice::new(store, tempfile::tempdir().unwrap().keep());
    let scene = Scene { source: Odd::new(OfficeSource::new(office, domain)), ..scene };
    let fault = scene.fetch(&Watch::default()).await.unwrap_err();
    let TransferFault::SourceLacks { count: 1, sample } = fault else { panic!("{fault:?}") };
    assert_eq!(sample, [gone]);
    assert_eq!(scene.held().await.len(), 299);
}

/// I3, promise 3: a target that is killed again and again asks for nothing that was durable, and at most a window is sent
/// twice each time.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_what_is_durable_is_not_asked_for_again() {
    let disk = SampleDisk::of(&(0..1_200).map(Some).collect::<Vec<_>>(), Weight::Heavy);
    let mut scene = Scene::new(disk, None).await;
    let mut held = HashSet::new();
    for kill_at in [3 << 20, 30 << 20, 20 << 20] {
        let before = (scene.source.sent(), scene.source.orders().len());
        let watch = Watch::default();
        tokio::select! {
            moved = scene.fetch(&watch) => panic!("it was to be killed: {moved:?}"),
            () = async {
                while scene.source.sent() - before.0 < kill_at {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            } => {}
        }
        let asked: HashSet<ChunkId> = scene.source.orders()[before.1..]
            .iter()
            .flat_map(|order| &order.wants)
            .map(|number| scene.disk.chunks[*number as usize])
            .collect();
        assert!(asked.is_disjoint(&held), "what was durable was asked for again");
        // The store is opened anew, as after a crash: what it then holds is durable.
        let nothing = rig::new_store().await.0;
        drop(std::mem::replace(&mut scene.target, nothing));
        (scene.target, scene.domain) = reopen(&scene.folder).await;
        held = scene.held().await;
    }
    assert!(held.len() > 200, "{}", held.len());
    scene.fetch(&Watch::default()).await.unwrap();
    scene.assert_whole(&scene.disk).await;
    assert!(scene.source.sent() <= scene.frame_bytes() + 3 * (WINDOW_BYTES + (8 << 20)));
}

async fn reopen(folder: &Path) -> (ChunkStore, Domain) {
    for _ in 0..500 {
        let folder = folder.to_owned();
        match tokio::spawn(async move { rig::open(&folder).await }).await {
            Ok(opened) => return opened,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    panic!("the packs' folder is not let go of")
}

/// I3: at every moment, so also if the target died now.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_received_and_not_durable_stays_within_the_window() {
    let disk = SampleDisk::of(&(0..1_600).map(Some).collect::<Vec<_>>(), Weight::Heavy);
    let mut scene = Scene::new(disk, None).await;
    let most = Arc::new(AtomicU64::new(0));
    let (target, sent, seen) = (scene.target.clone(), scene.source.sent.clone(), most.clone());
    scene.source.on_window = Box::new(move |_, _, parcel| {
        let Parcel::Window(body) = parcel else { return Ok(parcel) };
        let (target, sent, seen) = (target.clone(), sent.clone(), seen.clone());
        let body = transfer::testing::gather(body, 60_000, |_| {}).and_then(move |piece: Bytes| {
            let (target, sent, seen) = (target.clone(), sent.clone(), seen.clone());
            async move {
                let durable = target.usage().await.unwrap().frame_bytes;
                let sent = sent.load(Ordering::SeqCst) + piece.len() as u64;
                seen.fetch_max(sent.saturating_sub(durable), Ordering::SeqCst);
                Ok(piece)
            }
        });
        Ok(Parcel::Window(body.boxed()))
    });
    scene.copy().await;
    let most = most.load(Ordering::SeqCst);
    assert!(most <= WINDOW_BYTES, "{most} bytes were sent and not durable");
    assert!(most >= WINDOW_BYTES / 8, "{most}: nothing overlaps");
}

/// Promise 5 begins here.
#[tokio::test(flavor = "multi_thread")]
async fn cancelling_stops_at_once_and_keeps_what_is_durable() {
    let cancel = CancellationToken::new();
    let disk = SampleDisk::of(&(0..1_500).map(Some).collect::<Vec<_>>(), Weight::Heavy);
    let mut scene = Scene::new(disk, None).await;
    let (stop, sent) = (cancel.clone(), scene.source.sent.clone());
    scene.source.on_window = Box::new(move |_, _, parcel| {
        if sent.load(Ordering::SeqCst) > 60 << 20 {
            stop.cancel();
        }
        Ok(parcel)
    });
    let watch = Watch { cancel: cancel.clone(), ..Watch::default() };
    let fault = scene.fetch(&watch).await.unwrap_err();
    assert!(matches!(fault, TransferFault::Stopped), "{fault:?}");
    let stopped_at = scene.source.sent();
    assert!(matches!(scene.fetch(&watch).await, Err(TransferFault::Stopped)));
    assert_eq!(scene.source.sent(), stopped_at, "not one more byte is read");
    scene.source.on_window = Box::new(|_, _, parcel| Ok(parcel));
    let moved = scene.fetch(&Watch::default()).await.unwrap();
    assert!(moved.bytes_received < scene.frame_bytes() - (10 << 20));
    scene.assert_whole(&scene.disk).await;
}

/// R000-2: what comes in parcels is limited and told as what comes in frames is.
#[tokio::test(flavor = "multi_thread")]
async fn windows_keep_to_the_limit_and_are_told_of() {
    let disk = SampleDisk::of(&(0..200).map(Some).collect::<Vec<_>>(), Weight::Heavy);
    let scene = Scene::new(disk, None).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = told.clone();
    let limiter = Arc::new(RateLimiter::new(Some(6 << 20)));
    let lane = limiter.lane(Share { of: "a".to_owned(), weight: 1, due: None });
    let watch = Watch {
        progress: Box::new(move |now| tell.lock().unwrap().push(now)),
        limiter: Some(Arc::new(lane)),
        ..Watch::default()
    };
    let start = std::time::Instant::now();
    let moved = scene.fetch(&watch).await.unwrap();
    let ideal = moved.bytes_received as f64 / f64::from(6 << 20);
    let took = start.elapsed().as_secs_f64();
    assert!(took > ideal * 0.95 - 0.15, "{took} s for {ideal} s");
    let told = told.lock().unwrap();
    let last = told.last().unwrap();
    assert_eq!((last.places_done, last.chunks_received), (200, 200));
    assert!(told.iter().any(|now| now.bytes_received > 0 && now.chunks_received < 200));
    assert!(told.windows(2).all(|pair| pair[0].places_done <= pair[1].places_done));
}
