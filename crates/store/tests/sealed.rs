//! Sealed domains: nothing of them is readable at rest, nothing of them opens where it does not belong, and without keys
//! nothing is done with them (R004-8).
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use store::{
    Chunk, ChunkId, ChunkIndex, DataKey, Decoder, Domain, DomainKeys, FrameError, FrameHeader,
    IdKey, IngestError, Look, Naming, Pace, PackNumber, Place, Renaming, Retry, Seal, StoreFault,
    Wanted,
};
use support::actors::{Copy, Live, assert_whole};
use support::disk::Disk;
use support::{World, Xof, frames, frames_named, keys, noise, text};

fn pack_path(world: &World, pack: PackNumber) -> PathBuf {
    let name = format!("{pack}.pack");
    world.folder.path().join("packs").join(&name[14..16]).join(name)
}

async fn place(world: &World, id: ChunkId) -> Place {
    world.index.locate(world.domain, &[id]).await.unwrap()[0].unwrap()
}

async fn frame_at_rest(world: &World, id: ChunkId) -> Vec<u8> {
    let place = place(world, id).await;
    let mut frame = vec![0; place.length as usize];
    let pack = std::fs::File::open(pack_path(world, place.pack)).unwrap();
    pack.read_exact_at(&mut frame, place.offset).unwrap();
    frame
}

async fn write_at_rest(world: &World, id: ChunkId, frame: &[u8]) {
    let place = place(world, id).await;
    assert_eq!(frame.len(), place.length as usize);
    let pack = std::fs::OpenOptions::new().write(true).open(pack_path(world, place.pack)).unwrap();
    pack.write_all_at(frame, place.offset).unwrap();
}

/// Mends the checksum, as one who knows it would.
fn mend(frame: &mut [u8]) {
    let sum = crc32c::crc32c_append(crc32c::crc32c(&frame[..12]), &frame[16..]);
    frame[12..16].copy_from_slice(&sum.to_le_bytes());
}

fn assert_locked<T: std::fmt::Debug>(found: Result<T, StoreFault>, domain: Domain) {
    match found {
        Err(fault @ StoreFault::Locked { domain: locked }) => {
            assert_eq!((locked, fault.retry()), (domain, Retry::Later));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_sealed_reads_back_and_goes_out_without_its_seal() {
    let world = World::all_sealed().await;
    let plain: Vec<Bytes> =
        (0..40).map(|n: u64| if n.is_multiple_of(2) { noise(n) } else { text(n) }).collect();
    let ids = world.put(&plain).await;
    assert!(ids.iter().zip(&plain).all(|(id, plain)| *id != ChunkId::of(plain)));
    assert_eq!(world.store.get_many(world.domain, &ids).await.unwrap(), plain);
    let ingest = world.store.ingest(world.domain);
    let (naming, more) = (world.naming(), text(99));
    ingest.put_plain(Chunk::named(more.clone(), &naming)).await.unwrap();
    ingest.flush().await.unwrap();
    assert_eq!(ingest.durable().borrow().chunks, 1);
    let id = naming.id(&more);
    assert_eq!(world.store.get(world.domain, id).await.unwrap(), more);
    // The body on the wire is the one that came: nothing is compressed anew.
    let (sent, _) = frames_named(&plain, &naming);
    let mut got: Vec<Bytes> = Vec::new();
    for id in &ids {
        let run: Vec<Bytes> =
            world.store.frames(world.domain, vec![*id]).try_collect().await.unwrap();
        got.push(run.concat().into());
    }
    assert_eq!(got.concat(), sent);
    let wire = world.store.frame_bytes(world.domain, &ids).await.unwrap();
    assert_eq!(wire, sent.len() as u64, "R002-2: what a transfer would carry");
    let scrubbed = world.store.scrub(None, Pace::Full).await.unwrap();
    assert_eq!((scrubbed.chunks, scrubbed.locked, scrubbed.damaged.len()), (41, 0, 0));
    world.assert_true().await;
    drop(ingest);
    let domain = world.domain;
    let world = world.reopened().await;
    assert_eq!(world.store.get_many(domain, &ids).await.unwrap(), plain);
}

#[tokio::test]
async fn without_keys_a_sealed_domain_does_nothing_but_count() {
    let world = World::all_sealed().await;
    let (store, domain, naming) = (&world.store, world.domain, world.naming());
    let live = Live::default();
    let disk = Arc::new(Disk::named(0, 1, naming.clone()));
    live.add(domain, disk.root());
    let mut copy = Copy::begin(store, domain, Arc::clone(&disk));
    while !copy.step().await.unwrap() {}
    let ids: Vec<ChunkId> = disk.ids().into_iter().collect();
    store.lock(domain);
    assert!(store.is_locked(domain) && !store.is_locked(support_plain(&world).await));
    assert_locked(store.naming(domain), domain);
    assert_locked(store.get(domain, ids[0]).await, domain);
    assert_locked(store.get_many(domain, &ids).await, domain);
    assert_locked(store.rename(domain, &ids, &Naming::Plain).await, domain);
    assert_locked(store.tree(domain, disk.root()).await.map(drop), domain);
    assert_locked(store.check_tree(domain, disk.root(), Look::Index).await, domain);
    let sent: Result<Vec<Bytes>, _> = store.frames(domain, ids.clone()).try_collect().await;
    assert_locked(sent, domain);
    let ingest = store.ingest(domain);
    assert_locked(ingest.put_plain(Chunk::named(text(50), &naming)).await, domain);
    let (run, new) = frames_named(&[text(51)], &naming);
    match ingest.put_frames(run, &mut Wanted::new(new)).await {
        Err(IngestError::Store(fault)) => assert_locked::<()>(Err(fault), domain),
        other => panic!("{other:?}"),
    }
    // What needs no key is done.
    assert_eq!(store.missing(domain, &ids).await.unwrap(), vec![false; ids.len()]);
    assert!(
        store
            .complete(domain, &disk.parts().iter().map(|part| part.0).collect::<Vec<_>>())
            .await
            .unwrap()
            .iter()
            .all(Option::is_some)
    );
    let scrubbed = store.scrub(None, Pace::Full).await.unwrap();
    assert_eq!((scrubbed.chunks, scrubbed.locked), (0, ids.len() as u64));
    world.assert_true().await;
    let swept = store.sweep(&live, Pace::Full).await.unwrap();
    assert_eq!((swept.condemned, swept.locked.contains(&domain)), (0, true));
    store.unlock(domain, keys()).unwrap();
    assert_whole(store, domain, &disk).await.unwrap();
    world.assert_true().await;
}

async fn support_plain(world: &World) -> Domain {
    world.store.domain("one").await.unwrap()
}

/// An image whose key is gone for good: what nothing names any more makes room all the same.
#[tokio::test]
async fn a_locked_domain_without_roots_is_swept_whole() {
    let world = World::all_sealed().await;
    let ids = world.put(&(0..20).map(noise).collect::<Vec<_>>()).await;
    world.store.lock(world.domain);
    let swept = world.store.sweep(&Live::default(), Pace::Full).await.unwrap();
    assert_eq!((swept.condemned, swept.locked.len()), (20, 0));
    assert!(!world.held(&ids).await.contains(&true));
    assert_eq!(world.store.usage().await.unwrap().frame_bytes, 0);
}

/// Keys that go while chunks come in: the ingest fails, and what it said to be durable is.
#[tokio::test]
async fn keys_that_go_in_the_middle_fail_what_is_under_way() {
    let world = World::all_sealed().await;
    let (store, domain, naming) = (world.store.clone(), world.domain, world.naming());
    for round in 0..20_u64 {
        store.unlock(domain, keys()).unwrap();
        let ingest = store.ingest(domain);
        let plain: Vec<Bytes> = (0..64).map(|n| text(round * 100 + n)).collect();
        let locker = store.clone();
        let locking = tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_micros(round * 150)).await;
            locker.lock(domain);
        });
        let (run, ids) = frames_named(&plain, &naming);
        let put = ingest.put_frames(run, &mut Wanted::new(ids.clone())).await;
        let flushed = ingest.flush().await;
        locking.await.unwrap();
        let is_stored = put.is_ok() && flushed.is_ok();
        match put {
            Ok(_) => {}
            Err(IngestError::Store(fault)) => assert_locked::<()>(Err(fault), domain),
            Err(other) => panic!("{other:?}"),
        }
        store.unlock(domain, keys()).unwrap();
        let held = world.held(&ids).await;
        assert!(!is_stored || !held.contains(&false), "round {round}");
    }
    world.assert_true().await;
}

/// A wrong key is never taken for damage.
#[tokio::test]
async fn other_keys_are_refused_and_nothing_is_set_aside() {
    let world = World::all_sealed().await;
    let ids = world.put(&[text(1)]).await;
    let domain = world.domain;
    let others = [
        DomainKeys { id_key: IdKey::new([9; 32]), ..keys() },
        DomainKeys { data_key: DataKey::new([9; 32]), ..keys() },
    ];
    let world = world.reopened().await;
    for other in others {
        world.store.lock(domain);
        let fault = world.store.unlock(domain, other).unwrap_err();
        assert!(matches!(fault, StoreFault::WrongKeys { .. }), "{fault}");
        assert_eq!(fault.retry(), Retry::Never);
        assert!(world.store.is_locked(domain), "and they are not kept");
    }
    world.store.scrub(None, Pace::Full).await.unwrap();
    world.store.unlock(domain, keys()).unwrap();
    assert_eq!(world.store.get(domain, ids[0]).await.unwrap(), text(1));
}

#[tokio::test]
async fn a_domain_is_plain_or_sealed_for_good() {
    let world = World::new().await;
    let fault = world.store.sealed_domain("one").await.unwrap_err();
    assert!(matches!(fault, StoreFault::NotSealed { .. }), "{fault}");
    let fault = world.store.domain("sealed").await.unwrap_err();
    assert!(matches!(fault, StoreFault::NotPlain { .. }), "{fault}");
    let fault = world.store.unlock(world.domain, keys()).unwrap_err();
    assert!(matches!(fault, StoreFault::NotSealed { .. }), "{fault}");
    world.store.lock(world.domain);
    world.put(&[text(1)]).await;
}

/// Chunks under other names than the domain's own.
#[tokio::test]
async fn a_chunk_of_another_naming_is_not_taken() {
    let world = World::all_sealed().await;
    let ingest = world.store.ingest(world.domain);
    let (run, ids) = frames(&[text(1)]);
    let accepted = ingest.put_frames(run, &mut Wanted::new(ids.clone())).await.unwrap();
    let got = world.naming().id(&text(1));
    assert_eq!(accepted.refused[0].error, FrameError::WrongChunk { wanted: ids[0], got });
    ingest.put_plain(Chunk::of(text(2))).await.unwrap();
    let fault = ingest.flush().await.unwrap_err();
    assert!(matches!(fault, StoreFault::Misnamed { id } if id == ChunkId::of(&text(2))), "{fault}");
    assert_eq!(world.store.usage().await.unwrap().chunks, 0);
}

/// Frames that come sealed are none: seals are a region's own.
#[tokio::test]
async fn a_sealed_frame_from_the_wire_is_refused() {
    let world = World::all_sealed().await;
    let ids = world.put(&[text(1)]).await;
    let frame = frame_at_rest(&world, ids[0]).await;
    let ingest = world.store.ingest(world.domain);
    match ingest.put_frames(frame.into(), &mut Wanted::new(ids)).await {
        Err(IngestError::Malformed { source: FrameError::Seal { got: 1 } }) => {}
        other => panic!("{other:?}"),
    }
}

/// Fault 9: frames moved between ids and domains at rest, their ids and checksums mended.
#[tokio::test]
async fn a_ciphertext_that_was_moved_is_found_and_set_aside() {
    let world = World::all_sealed().await;
    let ids = world.put(&[noise(1), noise(2)]).await;
    let (mut one, two) = (frame_at_rest(&world, ids[0]).await, frame_at_rest(&world, ids[1]).await);
    one[48..].copy_from_slice(&two[48..]);
    mend(&mut one);
    write_at_rest(&world, ids[0], &one).await;
    let fault = world.store.get(world.domain, ids[0]).await.unwrap_err();
    let broken = FrameError::BrokenSeal { id: ids[0] };
    assert!(matches!(&fault, StoreFault::Damaged { source, .. } if *source == broken), "{fault}");
    assert_eq!(world.held(&ids).await, [false, true]);
    // The same keys, another domain.
    let south = world.store.sealed_domain("south").await.unwrap();
    world.store.unlock(south, keys()).unwrap();
    let world = World { domain: south, ..world };
    world.put(&[noise(2)]).await;
    write_at_rest(&world, ids[1], &two).await;
    assert!(matches!(world.store.get(south, ids[1]).await, Err(StoreFault::Damaged { .. })));
}

/// A frame without a seal is none of a sealed domain, even if its checksum and its hash are right.
#[tokio::test]
async fn a_plain_frame_in_a_sealed_domain_is_damage() {
    let world = World::all_sealed().await;
    let naming = world.naming();
    let ids = world.put(&[noise(1)]).await;
    // As long as the sealed one, so that it fits its row: 28 bytes of plaintext more would be too long, so 28 fewer.
    let (run, _) = frames_named(&[noise(1)], &naming);
    let mut frame = run.to_vec();
    frame.resize(place(&world, ids[0]).await.length as usize, 0);
    write_at_rest(&world, ids[0], &frame).await;
    let found = world.store.get(world.domain, ids[0]).await;
    assert!(
        matches!(&found, Err(StoreFault::Damaged { source: FrameError::Seal { got: 0 }, .. })),
        "{found:?}"
    );
}

/// Fault 7 where the keys are away: rot is found by the checksum.
#[tokio::test]
async fn rot_in_a_locked_domain_is_found() {
    let world = World::all_sealed().await;
    let ids = world.put(&(0..30).map(noise).collect::<Vec<_>>()).await;
    let mut random = Xof(3);
    for id in ids.iter().step_by(10) {
        let mut frame = frame_at_rest(&world, *id).await;
        let at = random.below(frame.len());
        frame[at] ^= 1 << random.below(8);
        write_at_rest(&world, *id, &frame).await;
    }
    world.store.lock(world.domain);
    let scrubbed = world.store.scrub(None, Pace::Full).await.unwrap();
    assert_eq!((scrubbed.damaged.len(), scrubbed.locked), (3, 27));
    world.assert_true().await;
}

#[tokio::test]
async fn chunks_are_renamed_as_far_as_they_are_here() {
    let world = World::all_sealed().await;
    let plain: Vec<Bytes> = (0..300).map(text).collect();
    let ids = world.put(&plain).await;
    let mut bad = frame_at_rest(&world, ids[7]).await;
    bad[70] ^= 1;
    write_at_rest(&world, ids[7], &bad).await;
    let mut asked = ids.clone();
    asked.extend([ChunkId::ZERO, ChunkId::of(b"absent"), ids[3]]);
    let names = world.store.rename(world.domain, &asked, &Naming::Plain).await.unwrap();
    for (n, plain) in plain.iter().enumerate() {
        assert_eq!(names[n], (n != 7).then(|| ChunkId::of(plain)), "{n}");
    }
    assert_eq!(names[300..], [Some(ChunkId::ZERO), None, Some(ChunkId::of(&plain[3]))]);
    assert!(!world.held(&ids[7..8]).await[0], "damage is set aside");
    let other = Naming::Keyed(IdKey::new([8; 32]));
    let names = world.store.rename(world.domain, &ids[..2], &other).await.unwrap();
    assert_eq!(names, [Some(other.id(&plain[0])), Some(other.id(&plain[1]))]);
}

#[tokio::test]
async fn frames_of_another_naming_are_stored_under_their_own_names_here() {
    let world = World::all_sealed().await;
    let naming = world.naming();
    let plain: Vec<Bytes> = (0..200).map(text).collect();
    let (run, theirs) = frames(&plain);
    let mut names: std::collections::HashMap<_, _> =
        theirs.iter().copied().zip(plain.iter().map(|plain| naming.id(plain))).collect();
    // One lie, and one chunk that nothing was said of.
    names.insert(theirs[5], naming.id(&plain[6]));
    names.remove(&theirs[9]);
    let renaming = Arc::new(Renaming { naming: Naming::Plain, names });
    let ingest = world.store.ingest(world.domain);
    let mut wanted = Wanted::new(theirs.iter().copied());
    let accepted = ingest.put_renamed(run, &mut wanted, &renaming).await.unwrap();
    ingest.flush().await.unwrap();
    assert_eq!((accepted.stored.len(), accepted.refused.len(), wanted.is_empty()), (198, 2, true));
    for refused in &accepted.refused {
        assert!(matches!(refused.error, FrameError::WrongName { .. }), "{refused:?}");
        assert!([theirs[5], theirs[9]].contains(&refused.id));
    }
    for (n, plain) in plain.iter().enumerate() {
        let got = world.store.get(world.domain, naming.id(plain)).await;
        assert_eq!(got.ok().as_ref(), (n != 5 && n != 9).then_some(plain), "{n}");
    }
}

/// Bytes that a disk's owner would know again: the plaintext of `marked`, plain ids and keys.
fn found_in(folder: &Path, markers: &[Vec<u8>]) -> Vec<(PathBuf, usize)> {
    let (mut found, mut todo) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            todo.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for (n, marker) in markers.iter().enumerate() {
            if bytes.windows(marker.len()).any(|window| window == marker) {
                found.push((path.clone(), n));
            }
        }
    }
    found
}

/// Chunks that zstd shortens and chunks that it does not, each with a marker in it.
fn marked() -> (Vec<Bytes>, Vec<Vec<u8>>) {
    let marker = |n: u64| format!("secret-of-the-owner-{n:04}").into_bytes();
    let chunk = |n: u64| {
        let mut plain = if n.is_multiple_of(2) { noise(n) } else { text(n) }.to_vec();
        plain[1_000..1_000 + marker(n).len()].copy_from_slice(&marker(n));
        Bytes::from(plain)
    };
    ((0..6).map(chunk).collect(), (0..6).map(marker).collect())
}

async fn search(sealed: bool) -> Vec<usize> {
    let world = if sealed { World::all_sealed().await } else { World::new().await };
    let (plain, mut markers) = marked();
    markers.push(ChunkId::of(&plain[0]).as_bytes().to_vec());
    markers.push(keys().id_key.bytes().to_vec());
    markers.push(keys().data_key.bytes().to_vec());
    let folder = world.folder.path().to_owned();
    let mut seen = Vec::new();
    let ingest = world.store.ingest(world.domain);
    for plain in &plain[..3] {
        ingest.put_plain(Chunk::named(plain.clone(), &world.naming())).await.unwrap();
    }
    let (run, ids) = frames_named(&plain[3..], &world.naming());
    ingest.put_frames(run, &mut Wanted::new(ids)).await.unwrap();
    // As a kill leaves it: in the middle of writing.
    seen.extend(found_in(&folder, &markers));
    ingest.flush().await.unwrap();
    let ids: Vec<ChunkId> = plain.iter().map(|plain| world.naming().id(plain)).collect();
    world.store.get_many(world.domain, &ids).await.unwrap();
    world.store.rename(world.domain, &ids, &Naming::Keyed(IdKey::new([1; 32]))).await.unwrap();
    world.store.scrub(None, Pace::Full).await.unwrap();
    seen.extend(found_in(&folder, &markers));
    let live = Live::default();
    let mut sweep = world.store.begin_sweep().await.unwrap();
    while sweep.step(&live).await.unwrap() != store::Phase::Done {
        seen.extend(found_in(&folder, &markers));
    }
    let mut kinds: Vec<usize> = seen.into_iter().map(|(_, n)| n).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// R004-8, promise 11: no plaintext, no id of plaintext and no key in packs, index, WAL or anything else under the folder.
#[tokio::test]
async fn nothing_of_a_sealed_domain_can_be_read_from_its_files() {
    assert_eq!(search(true).await, [0; 0]);
    // The same search finds what a plain domain shows: the search can find.
    assert_eq!(search(false).await, [0, 1, 2, 3, 4, 5, 6]);
}

/// Every frame of a sealed domain at rest is sealed, whichever way it came.
#[tokio::test]
async fn every_frame_of_a_sealed_domain_has_its_seal() {
    let world = World::all_sealed().await;
    let ids = world.put(&(0..50).map(text).collect::<Vec<_>>()).await;
    let ingest = world.store.ingest(world.domain);
    ingest.put_plain(Chunk::named(noise(7), &world.naming())).await.unwrap();
    ingest.flush().await.unwrap();
    for id in ids.into_iter().chain([world.naming().id(&noise(7))]) {
        let frame = frame_at_rest(&world, id).await;
        assert_eq!(FrameHeader::parse_stored(&frame, Seal::Aes256Gcm).unwrap().id, id);
        assert!(Decoder::new().unwrap().open_named(&frame, &world.naming()).is_err());
    }
}
