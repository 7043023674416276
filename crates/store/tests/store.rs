//! What goes in comes out, across restarts; packs are shared and tidied; memory and open work are bounded.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, pin_mut};
use store::{
    Chunk, ChunkId, ChunkIndex, FilesBackend, Frames, PACK_BYTES, Pace, StoreBackend, StoreFault,
    StoreOptions, Wanted,
};
use support::actors::{Import, Live, assert_whole};
use support::disk::Disk;
use support::{World, folder, frames, noise, options, put_frames, text};

#[tokio::test]
async fn what_was_flushed_is_there_after_a_restart() {
    let world = World::new().await;
    let plain: Vec<Bytes> = (0..50).map(noise).chain((0..50).map(text)).collect();
    let ids = world.put(&plain).await;
    let world = world.reopened().await;
    assert_eq!(world.held(&ids).await, [true; 100]);
    assert_eq!(world.store.get_many(world.domain, &ids).await.unwrap(), plain);
    let gone = ChunkId::of(b"never put");
    let fault = world.store.get(world.domain, gone).await.unwrap_err();
    assert!(matches!(fault, StoreFault::Missing { id } if id == gone));
    assert_eq!(
        world.store.missing(world.domain, &[gone, ChunkId::ZERO]).await.unwrap(),
        [true, false]
    );
    world.assert_true().await;
}

/// Promise 10: chunks are shared only inside a domain.
#[tokio::test]
async fn one_domain_does_not_see_the_chunks_of_another() {
    let world = World::new().await;
    let ids = world.put(&[text(1)]).await;
    let other = world.store.domain("two").await.unwrap();
    assert_ne!(other, world.domain);
    assert_eq!(world.store.missing(other, &ids).await.unwrap(), [true]);
    assert!(world.store.get(other, ids[0]).await.is_err());
    assert_eq!(world.store.domain("one").await.unwrap(), world.domain);
}

#[tokio::test]
async fn frames_go_out_as_they_lie_and_can_be_put_elsewhere() {
    let (north, south) = (World::new().await, World::new().await);
    let plain: Vec<Bytes> =
        (0..60).map(|seed| if seed % 2 == 0 { noise(seed) } else { text(seed) }).collect();
    let mut ids = north.put(&plain).await;
    let absent = ChunkId::of(b"not in the north");
    ids.push(absent);
    let (ingest, mut wanted) = (south.store.ingest(south.domain), Wanted::new(ids.clone()));
    let sent = north.store.frames(north.domain, ids.clone());
    pin_mut!(sent);
    let mut told = Vec::new();
    while let Some(run) = sent.next().await {
        let run = run.unwrap();
        assert!(Frames::new(run.clone()).all(|frame| frame.is_ok()) && run.len() <= 1 << 20);
        told.extend(ingest.put_frames(run, &mut wanted).await.unwrap().absent);
    }
    ingest.flush().await.unwrap();
    assert_eq!((told, wanted.is_empty()), (vec![absent], true));
    ids.pop();
    assert_eq!(south.store.get_many(south.domain, &ids).await.unwrap(), plain);
    south.assert_true().await;
}

/// Without a flush: quiet commits what is there, and says so.
#[tokio::test]
async fn what_nobody_flushes_becomes_durable_when_it_is_quiet() {
    let world = World::new().await;
    let ingest = world.store.ingest(world.domain);
    let mut durable = ingest.durable();
    put_frames(&ingest, &[noise(1), noise(2)]).await;
    durable.wait_for(|durable| durable.chunks == 2).await.unwrap();
    assert_eq!(durable.borrow().plain_bytes, 2 * 65_536);
    world.backend.assert_rows_are_durable(&world.index).await;
}

/// Promise 3: what is received and not durable stays within the window; so no more is sent again.
#[tokio::test]
async fn no_more_than_the_window_is_in_flight() {
    let window = 2 << 20;
    let options = StoreOptions { window_bytes: window, group_bytes: 1 << 20, ..options() };
    let world = World::open(folder(), options).await;
    let ingest = world.store.ingest(world.domain);
    let (durable, mut received) = (ingest.durable(), 0);
    for seed in 0..200 {
        let (run, ids) = frames(&[noise(seed)]);
        received += run.len() as u64;
        ingest.put_frames(run, &mut Wanted::new(ids)).await.unwrap();
        let left = received - durable.borrow().stored_bytes;
        assert!(left <= window as u64, "{left} bytes are not durable");
    }
}

#[tokio::test]
async fn a_pack_takes_nothing_beyond_64_mib_and_the_next_goes_on() {
    let world = World::open(folder(), StoreOptions { workers: 1, ..options() }).await;
    let plain: Vec<Bytes> = (0..1_100).map(noise).collect();
    for some in plain.chunks(100) {
        world.put(some).await;
    }
    let packs = world.index.packs().await.unwrap();
    let mut used: Vec<u64> = packs.iter().map(|pack| pack.used_bytes).collect();
    used.sort();
    assert_eq!(used.len(), 2);
    assert!(used[1] >= PACK_BYTES && used[1] < PACK_BYTES + 66_608, "{used:?}");
    world.assert_true().await;
}

/// Fault 32: small copies do not make a pack each, and a restart gives back what was reserved ahead.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_small_copies_share_a_few_packs() {
    let world = World::new().await;
    let mut copies = Vec::new();
    for seed in 0..1_000 {
        let (store, domain) = (world.store.clone(), world.domain);
        copies.push(tokio::spawn(async move {
            let ingest = store.ingest(domain);
            let ids = put_frames(&ingest, &[text(seed), text(seed + 1)]).await;
            ingest.flush().await.unwrap();
            assert_eq!(store.missing(domain, &ids).await.unwrap(), [false, false]);
        }));
    }
    for copy in copies {
        copy.await.unwrap();
    }
    let usage = world.store.usage().await.unwrap();
    assert_eq!(usage.chunks, 1_001, "a chunk put twice is recorded once");
    assert!(world.backend.list().unwrap().len() <= 2, "one pack for each worker");
    let world = world.reopened().await;
    let on_disk: u64 = world.backend.list().unwrap().iter().map(|pack| pack.bytes_on_disk).sum();
    assert!(on_disk < usage.pack_bytes + (1 << 20), "{on_disk} bytes for {}", usage.pack_bytes);
    world.assert_true().await;
}

/// A crash leaves frames without rows and packs that nobody knows: they do not exist, and the sweep takes the files.
#[tokio::test]
async fn what_a_crash_left_behind_is_not_there_and_goes_with_the_sweep() {
    let world = World::new().await;
    let ids = world.put(&[noise(1)]).await;
    let header = store::PackHeader { number: store::PackNumber::new(77), domain: world.domain };
    world.backend.create(header).unwrap().append(32, &frames(&[noise(2)]).0).unwrap();
    let world = world.reopened().await;
    assert_eq!(world.held(&[ids[0], ChunkId::of(&noise(2))]).await, [true, false]);
    assert_eq!(world.backend.list().unwrap().len(), 2);
    let live = Live::default();
    // Its only chunk belongs to no disk, so the sweep takes both packs.
    assert_eq!(world.store.sweep(&live, Pace::Full).await.unwrap().packs_deleted, 2);
    assert_eq!(world.backend.list().unwrap(), []);
    assert_eq!(world.store.usage().await.unwrap(), store::Totals::default());
}

async fn rewrite(world: World) {
    let live = Live::default();
    let disk = Arc::new(Disk::named(0, 2, world.naming()));
    let mut import = Import::begin(&world.store, world.domain, Arc::clone(&disk), &live);
    while !import.step().await {}
    live.add(world.domain, disk.root());
    world.put(&(100..160).map(noise).collect::<Vec<_>>()).await;
    let before = world.store.usage().await.unwrap();
    drop(import);
    let mut swept = world.store.sweep(&live, Pace::Full).await.unwrap();
    assert_eq!(swept.condemned, 60);
    // A pack whose writer has not let go of it yet is open, and an open pack waits for the next sweep.
    let mut after = world.store.usage().await.unwrap();
    for _ in 0..100 {
        if after.pack_bytes < before.pack_bytes / 10 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        let next = world.store.sweep(&live, Pace::Full).await.unwrap();
        swept.packs_deleted += next.packs_deleted;
        swept.packs_rewritten += next.packs_rewritten;
        after = world.store.usage().await.unwrap();
    }
    assert!(after.pack_bytes < before.pack_bytes / 10, "{before:?} {after:?}");
    assert!(swept.packs_deleted + swept.packs_rewritten >= 1, "{swept:?}");
    assert_whole(&world.store, world.domain, &disk).await.unwrap();
    world.assert_true().await;
    let domain = world.domain;
    let world = world.reopened().await;
    assert_whole(&world.store, domain, &disk).await.unwrap();
}

#[tokio::test]
async fn a_pack_with_little_left_in_it_is_rewritten_and_reads_go_on() {
    rewrite(World::new().await).await;
}

#[tokio::test]
async fn a_sealed_pack_with_little_left_in_it_is_rewritten_and_reads_go_on() {
    rewrite(World::all_sealed().await).await;
}

/// What an import has sent is reached by no tree yet.
#[tokio::test]
async fn nothing_of_a_kept_domain_is_swept() {
    let world = World::new().await;
    let live = Live::default();
    let beside = world.store.ingest(world.sealed);
    beside
        .put_plain(Chunk::named(text(9), &world.store.naming(world.sealed).unwrap()))
        .await
        .unwrap();
    beside.flush().await.unwrap();
    let disk = Arc::new(Disk::new(0, 3));
    let mut import = Import::begin(&world.store, world.domain, Arc::clone(&disk), &live);
    while !import.step().await {}
    let swept = world.store.sweep(&live, Pace::Full).await.unwrap();
    assert_eq!((swept.condemned, swept.kept.len()), (1, 1), "the other domain is swept");
    assert_whole(&world.store, world.domain, &disk).await.unwrap();
    drop(import);
    let swept = world.store.sweep(&live, Pace::Full).await.unwrap();
    assert_eq!(swept.condemned, disk.ids().len() as u64);
}

#[tokio::test]
async fn two_processes_cannot_open_one_store() {
    let world = World::new().await;
    let Err(fault) = FilesBackend::open(world.folder.path()) else { panic!("it was opened twice") };
    assert!(matches!(fault, StoreFault::InUse { .. }), "{fault}");
}

/// bad input of our own making: the type does not let a caller lie about an id.
#[test]
fn a_chunk_has_the_id_of_its_bytes() {
    assert_eq!(Chunk::of(text(1)).id(), ChunkId::of(&text(1)));
}
