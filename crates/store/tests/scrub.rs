//! Fault 7: bits that flip at rest are found, set aside, never served, and healed by storing the chunk anew.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, pin_mut};
use store::{Carried, ChunkId, ChunkIndex, ChunkRow, Frames, Pace, Recorded, StoreFault, TreePart};
use support::actors::{Copy, Live};
use support::disk::Disk;
use support::{World, Xof, noise, put_frames};

async fn row(world: &World, id: ChunkId) -> ChunkRow {
    let place = world.index.locate(world.domain, &[id]).await.unwrap()[0].unwrap();
    ChunkRow { domain: world.domain, id, place }
}

/// Flips one bit of a chunk's frame on disk.
async fn flip(world: &World, id: ChunkId, random: &mut Xof) {
    let place = row(world, id).await.place;
    let name = format!("{}.pack", place.pack);
    let path = world.folder.path().join("packs").join(&name[14..16]).join(name);
    let file = std::fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    let at = place.offset + random.next() % u64::from(place.length);
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    byte[0] ^= 1 << random.below(8);
    file.write_all_at(&byte, at).unwrap();
}

async fn stored(count: u64) -> (World, Vec<Bytes>, Vec<ChunkId>) {
    let world = World::new().await;
    let plain: Vec<Bytes> = (0..count).map(noise).collect();
    let ids = world.put(&plain).await;
    (world, plain, ids)
}

#[tokio::test]
async fn a_scrub_finds_as_many_as_were_flipped_and_the_next_none() {
    let (world, plain, ids) = stored(100).await;
    let mut random = Xof(7);
    let bad: Vec<ChunkId> = (0..9).map(|n| ids[n * 11]).collect();
    for id in &bad {
        flip(&world, *id, &mut random).await;
    }
    let scrubbed = world.store.scrub(None, Pace::Full).await.unwrap();
    let mut found: Vec<ChunkId> = scrubbed.damaged.iter().map(|row| row.id).collect();
    found.sort();
    let mut wanted = bad.clone();
    wanted.sort();
    assert_eq!((scrubbed.chunks, found), (100, wanted));
    assert_eq!(world.store.usage().await.unwrap().quarantined, 9);
    assert_eq!(world.held(&bad).await, [false; 9]);
    world.assert_true().await;
    let again = world.store.scrub(None, Pace::Full).await.unwrap();
    assert_eq!((again.chunks, again.damaged.len()), (91, 0));

    let healed: Vec<Bytes> = (0..9).map(|n| plain[n * 11].clone()).collect();
    world.put(&healed).await;
    assert_eq!(world.store.usage().await.unwrap().quarantined, 0);
    for (id, plain) in ids.iter().zip(&plain) {
        assert_eq!(world.store.get(world.domain, *id).await.unwrap(), plain);
    }
}

#[tokio::test]
async fn damage_is_told_apart_from_absence_and_never_read_or_served() {
    let (world, _, ids) = stored(20).await;
    flip(&world, ids[3], &mut Xof(1)).await;
    flip(&world, ids[4], &mut Xof(2)).await;
    let fault = world.store.get(world.domain, ids[3]).await.unwrap_err();
    assert!(matches!(fault, StoreFault::Damaged { id, .. } if id == ids[3]), "{fault}");
    let fault = world.store.get(world.domain, ids[3]).await.unwrap_err();
    assert!(matches!(fault, StoreFault::Missing { id } if id == ids[3]), "{fault}");

    let frames = world.store.frames(world.domain, ids.clone());
    pin_mut!(frames);
    let (mut served, mut absent) = (Vec::new(), Vec::new());
    while let Some(run) = frames.next().await {
        for frame in Frames::new(run.unwrap()) {
            let (header, _) = frame.unwrap();
            match header.carried {
                Carried::Chunk { .. } => served.push(header.id),
                Carried::Absent => absent.push(header.id),
            }
        }
    }
    absent.sort();
    let mut wanted = [ids[3], ids[4]];
    wanted.sort();
    assert_eq!((served.len(), &absent[..]), (18, &wanted[..]));
    assert_eq!(world.held(&[ids[4]]).await, [false]);
}

#[tokio::test]
async fn a_pack_that_is_gone_is_damage_not_a_hang() {
    let (world, _, ids) = stored(5).await;
    let pack = row(&world, ids[0]).await.place.pack;
    let lost = world.index.rows_in(&[pack]).await.unwrap().len();
    store::StoreBackend::ensure_deleted(&*world.backend, pack).unwrap();
    let fault = world.store.get(world.domain, ids[0]).await.unwrap_err();
    assert!(matches!(fault, StoreFault::Damaged { .. }), "{fault}");
    // The first read set one aside; two workers may have written two packs.
    assert_eq!(world.store.scrub(None, Pace::Full).await.unwrap().damaged.len(), lost - 1);
}

#[tokio::test]
async fn no_tree_counts_as_complete_once_a_chunk_of_its_domain_is_damaged() {
    let world = World::new().await;
    let (live, disk) = (Live::default(), Arc::new(Disk::new(0, 2)));
    live.add(world.domain, disk.root());
    let mut copy = Copy::begin(&world.store, world.domain, Arc::clone(&disk));
    while !copy.step().await.unwrap() {}
    let root = [TreePart::Root(disk.root().id())];
    assert_eq!(world.store.complete(world.domain, &root).await.unwrap(), [Some(8)]);

    let ingest = world.store.ingest(world.domain);
    let leaf = disk.ids().into_iter().find(|id| disk.plain[id].len() == 65_536).unwrap();
    flip(&world, leaf, &mut Xof(3)).await;
    world.store.scrub(None, Pace::Full).await.unwrap();
    assert_eq!(world.store.complete(world.domain, &root).await.unwrap(), [None]);
    // Whoever began before the damage was found may believe in what is gone.
    assert_eq!(ingest.record_complete(&disk.parts()).await.unwrap(), Recorded::Stale);
    assert_eq!(world.store.complete(world.domain, &root).await.unwrap(), [None]);
    world.assert_true().await;
}

/// A damaged node hides what it lists; nothing of its domain may go until it is healed.
#[tokio::test]
async fn a_sweep_takes_nothing_under_a_damaged_node() {
    let world = World::new().await;
    let (live, disk) = (Live::default(), Arc::new(Disk::new(0, 2)));
    live.add(world.domain, disk.root());
    let mut copy = Copy::begin(&world.store, world.domain, Arc::clone(&disk));
    while !copy.step().await.unwrap() {}
    world.put(&[noise(1)]).await;
    let node = *disk.nodes.iter().find(|(_, (level, _))| *level == 1).unwrap().0;
    flip(&world, node, &mut Xof(4)).await;
    for _ in 0..2 {
        let swept = world.store.sweep(&live, Pace::Full).await.unwrap();
        assert_eq!((swept.condemned, swept.blind.len()), (0, 1));
    }
    put_frames(&world.store.ingest(world.domain), &[disk.plain[&node].clone()]).await;
    let swept = world.store.sweep(&live, Pace::Full).await.unwrap();
    assert_eq!((swept.condemned, swept.blind.len()), (1, 0), "only the noise is unreachable");
    support::actors::assert_whole(&world.store, world.domain, &disk).await.unwrap();
}

#[tokio::test]
async fn a_scrub_goes_on_behind_the_pack_it_finished() {
    let (world, _, _) = stored(10).await;
    let first = world.store.scrub(None, Pace::Full).await.unwrap();
    assert_eq!(first.chunks, 10);
    let rest =
        world.store.scrub(first.last, Pace::Share { bytes_per_sec: Some(1 << 40) }).await.unwrap();
    assert_eq!((rest.chunks, rest.last), (0, None));
}
