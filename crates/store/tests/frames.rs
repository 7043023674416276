//! Frames from outside: bounded, checked, refused by name. The transfer protocol's list in RELIABILITY.md, section 2.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use proptest::prelude::*;
use store::{
    CHUNK_BYTES, Chunk, ChunkId, Decoder, Encoder, FRAME_HEADER_BYTES, FrameError, FrameHeader,
    Frames, IngestError, Refused, STORED_MAX, Wanted, encode_absent,
};
use support::{World, Xof, frames, noise, text};

fn frame(plain: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    Encoder::new(3).unwrap().encode(&ChunkId::of(plain), plain, &mut bytes);
    bytes
}

/// A frame whose checksum is right, whatever the rest says: as a peer would make it that means harm.
fn forged(head: [u8; 12], id: ChunkId, stored: &[u8]) -> Vec<u8> {
    let mut sum = crc32c::crc32c(&head);
    sum = crc32c::crc32c_append(sum, id.as_bytes());
    sum = crc32c::crc32c_append(sum, stored);
    [&head[..], &sum.to_le_bytes(), id.as_bytes(), stored].concat()
}

fn head(stored: u32, plain: u32, codec: u8) -> [u8; 12] {
    let mut head = [0; 12];
    head[..4].copy_from_slice(&stored.to_le_bytes());
    head[4..8].copy_from_slice(&plain.to_le_bytes());
    head[8] = codec;
    head
}

#[test]
fn a_frame_opens_to_what_went_in() {
    for plain in [&b"x"[..], &text(1), &noise(1), &[7; 64], &noise(2)[..32_768]] {
        let bytes = frame(plain);
        assert_eq!(Decoder::new().unwrap().open(&bytes).unwrap(), Some(plain));
        assert!(
            bytes.len() <= FRAME_HEADER_BYTES + plain.len(),
            "a frame is never longer than its chunk"
        );
    }
}

#[test]
fn lengths_out_of_bounds_are_refused_before_anything_is_allocated() {
    let id = ChunkId::of(b"x");
    let header =
        |stored, plain, codec| FrameHeader::parse(&forged(head(stored, plain, codec), id, &[]));
    assert_eq!(header(u32::MAX, 1, 1), Err(FrameError::StoredLength { got: u32::MAX }));
    assert_eq!(header(0, 1, 1), Err(FrameError::StoredLength { got: 0 }));
    assert_eq!(
        header(STORED_MAX as u32 + 1, 1, 1),
        Err(FrameError::StoredLength { got: STORED_MAX as u32 + 1 })
    );
    assert_eq!(header(9, u32::MAX, 1), Err(FrameError::PlainLength { got: u32::MAX }));
    assert_eq!(header(9, 0, 1), Err(FrameError::PlainLength { got: 0 }));
    assert_eq!(header(9, 10, 0), Err(FrameError::PlainLength { got: 10 }));
    assert_eq!(header(9, 9, 2), Err(FrameError::Codec { got: 2 }));
    assert_eq!(header(1, 0, 255), Err(FrameError::StoredLength { got: 1 }));
    let mut sealed = head(9, 9, 0);
    sealed[9] = 1;
    assert_eq!(FrameHeader::parse(&forged(sealed, id, &[])), Err(FrameError::Seal { got: 1 }));
    let zero = forged(head(9, 9, 0), ChunkId::ZERO, &[]);
    assert_eq!(FrameHeader::parse(&zero), Err(FrameError::ZeroId));
}

#[test]
fn a_bomb_bursts_within_its_stated_length() {
    let gigabyte = zstd::bulk::compress(&vec![0; 1 << 30], 19).unwrap();
    assert!(gigabyte.len() < STORED_MAX, "the bomb fits a frame: {} bytes", gigabyte.len());
    let id = ChunkId::of(&[0; CHUNK_BYTES]);
    let bomb = forged(head(gigabyte.len() as u32, CHUNK_BYTES as u32, 1), id, &gigabyte);
    assert_eq!(Decoder::new().unwrap().open(&bomb), Err(FrameError::Decompress { id }));
}

#[test]
fn several_zstd_frames_or_bytes_behind_one_are_refused() {
    let (half, id) = (&noise(1)[..32_768], ChunkId::of(&noise(1)));
    let one = zstd::bulk::compress(half, 1).unwrap();
    let other = zstd::bulk::compress(&noise(1)[32_768..], 1).unwrap();
    let two = [&one[..], &other].concat();
    let forged_two = forged(head(two.len() as u32, CHUNK_BYTES as u32, 1), id, &two);
    assert_eq!(Decoder::new().unwrap().open(&forged_two), Err(FrameError::Decompress { id }));
    let id = ChunkId::of(half);
    let behind = [&one[..], b"x"].concat();
    let forged_behind = forged(head(behind.len() as u32, half.len() as u32, 1), id, &behind);
    assert_eq!(Decoder::new().unwrap().open(&forged_behind), Err(FrameError::Decompress { id }));
}

/// Fault 9: a valid frame of another chunk.
#[test]
fn a_wrong_chunk_is_named_with_what_it_hashes_to() {
    let (wanted, plain) = (ChunkId::of(b"wanted"), text(5));
    let stored = zstd::bulk::compress(&plain, 1).unwrap();
    let bytes = forged(head(stored.len() as u32, plain.len() as u32, 1), wanted, &stored);
    let error = Decoder::new().unwrap().open(&bytes).unwrap_err();
    assert_eq!(error, FrameError::WrongChunk { wanted, got: ChunkId::of(&plain) });
    assert!(error.to_string().contains(&wanted.to_string()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Fault 8, api-24: whatever is changed, the decoder neither panics nor hands out bytes of another id.
    #[test]
    fn a_mutated_frame_is_never_taken_for_another(seed in any::<u64>(), changes in 1_usize..6) {
        let mut random = Xof(seed);
        let plain = match random.below(3) { 0 => text(seed), 1 => noise(seed), _ => text(seed).slice(..640) };
        let mut bytes = frame(&plain);
        for _ in 0..changes {
            let at = random.below(bytes.len());
            match random.below(4) {
                0 => bytes[at] ^= 1 << random.below(8),
                1 => bytes[at] = random.next() as u8,
                2 => bytes.truncate(at.max(1)),
                _ => bytes.insert(at, random.next() as u8),
            }
        }
        if let Ok(Some(opened)) = Decoder::new().unwrap().open(&bytes) {
            prop_assert_eq!(ChunkId::of(opened), FrameHeader::parse(&bytes).unwrap().id);
        }
        let cut: Vec<_> = Frames::new(bytes.into()).collect();
        prop_assert!(cut.iter().rev().skip(1).all(Result::is_ok), "nothing is read behind a broken frame");
    }

    /// The same with a right checksum: only the hash is left to tell.
    #[test]
    fn a_forged_frame_is_never_taken_for_another(seed in any::<u64>()) {
        let mut random = Xof(seed);
        let mut stored = zstd::bulk::compress(&text(seed), 1).unwrap();
        let at = random.below(stored.len());
        stored[at] ^= 1 << random.below(8);
        let plain = [CHUNK_BYTES as u32, random.next() as u32 % 65_536 + 1][random.below(2)];
        let bytes = forged(head(stored.len() as u32, plain, 1), ChunkId::of(&text(seed)), &stored);
        if let Ok(Some(opened)) = Decoder::new().unwrap().open(&bytes) {
            prop_assert_eq!(opened, &text(seed)[..]);
        }
    }
}

/// R000-10: what does not match is not stored; what came beside it is.
#[tokio::test]
async fn a_run_with_a_wrong_chunk_stores_the_others_and_names_the_wrong_one() {
    let world = World::new().await;
    let plain: Vec<_> = (0..40).map(noise).collect();
    let (run, ids) = frames(&plain);
    let mut run = run.to_vec();
    let bad = 17;
    run[bad * (FRAME_HEADER_BYTES + CHUNK_BYTES) + 5_000] ^= 1;
    let ingest = world.store.ingest(world.domain);
    let mut wanted = Wanted::new(ids.clone());
    let accepted = ingest.put_frames(run.into(), &mut wanted).await.unwrap();
    let error = FrameError::Checksum { id: ids[bad] };
    assert_eq!(accepted.refused, [Refused { id: ids[bad], error }]);
    assert!(wanted.is_empty());
    ingest.flush().await.unwrap();
    let held = world.held(&ids).await;
    assert!(held.iter().enumerate().all(|(at, held)| *held == (at != bad)), "{held:?}");
    world.assert_true().await;
}

#[tokio::test]
async fn what_was_not_asked_for_or_comes_twice_is_refused_whole() {
    let world = World::new().await;
    let (run, ids) = frames(&[text(1), text(2)]);
    let ingest = world.store.ingest(world.domain);
    let error = ingest.put_frames(run.clone(), &mut Wanted::new([ids[0]])).await.unwrap_err();
    assert!(matches!(error, IngestError::Unwanted { id } if id == ids[1]), "{error}");
    let twice = [&run[..], &run[..]].concat();
    let error = ingest.put_frames(twice.into(), &mut Wanted::new(ids.clone())).await.unwrap_err();
    assert!(matches!(error, IngestError::Unwanted { id } if id == ids[0]), "{error}");
    ingest.flush().await.unwrap();
    assert_eq!(world.held(&ids).await, [false, false]);
}

#[tokio::test]
async fn a_run_that_ends_inside_a_frame_is_refused_at_every_length() {
    let world = World::new().await;
    let (run, ids) = frames(&[text(1), text(2)]);
    let border = FrameHeader::parse(&run).unwrap().frame_bytes();
    let ingest = world.store.ingest(world.domain);
    for length in (1..run.len()).filter(|length| *length != border) {
        let cut = run.slice(..length);
        let error = ingest.put_frames(cut, &mut Wanted::new(ids.clone())).await.unwrap_err();
        assert!(matches!(error, IngestError::Malformed { .. }), "{length}: {error}");
    }
    ingest.flush().await.unwrap();
    assert_eq!(world.held(&ids).await, [false, false]);
}

#[tokio::test]
async fn an_absent_frame_is_told_and_stores_nothing() {
    let world = World::new().await;
    let (gone, here) = (ChunkId::of(b"gone"), Chunk::of(text(3)));
    let mut run = Vec::new();
    encode_absent(&gone, &mut run);
    run.extend_from_slice(&frame(&text(3)));
    encode_absent(&ChunkId::of(b"gone too"), &mut run);
    let ingest = world.store.ingest(world.domain);
    let mut wanted =
        Wanted::new([gone, here.id(), ChunkId::of(b"gone too"), ChunkId::of(b"unanswered")]);
    let accepted = ingest.put_frames(run.into(), &mut wanted).await.unwrap();
    assert_eq!(accepted.absent, [gone, ChunkId::of(b"gone too")]);
    assert_eq!(accepted.stored, [here.id()]);
    assert_eq!(wanted.left().collect::<Vec<_>>(), [ChunkId::of(b"unanswered")]);
}
