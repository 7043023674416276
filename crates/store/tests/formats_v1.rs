//! Golden bytes of `docs/formats.md`, made by another program in another language (Python, with its own BLAKE3 and
//! CRC-32C): what version 1 means must never change.
#![allow(clippy::unwrap_used, missing_docs)]

use store::{
    CHUNK_BYTES, Carried, ChunkId, Codec, Decoder, Domain, Encoder, FrameHeader, PackHeader,
    PackNumber, TreeBuilder, encode_absent,
};

/// Byte j of chunk i is (7j + 3 + i) mod 251.
fn chunk(number: usize) -> Vec<u8> {
    (0..CHUNK_BYTES).map(|j| ((j * 7 + 3 + number) % 251) as u8).collect()
}

/// Disk trees, version 1: 2,000 chunks less one sector; places 0, 1023, 1024 and the last are not zero.
#[test]
fn a_disk_of_known_contents_has_the_known_root() {
    let mut tree = TreeBuilder::new(2_000 * 65_536 - 512).unwrap();
    tree.push(ChunkId::of(&chunk(0)));
    tree.push_zeros(1_022);
    tree.push(ChunkId::of(&chunk(1_023)));
    tree.push(ChunkId::of(&chunk(1_024)));
    tree.push_zeros(974);
    let mut last = vec![0; CHUNK_BYTES];
    last[0] = 9;
    tree.push(ChunkId::of(&last));
    let (record, nodes) = tree.finish().unwrap();
    assert_eq!(
        record.root().to_string(),
        "bfdfb510433c8e107b781c9bd4c0a424167b1180cf6405df7b7092036a9ed64b"
    );
    assert_eq!((record.places(), record.depth(), nodes.len()), (4, 2, 3));
}

/// Disk trees, version 1: the smallest disk, all zeros.
#[test]
fn a_disk_of_zeros_has_the_known_root_and_no_node() {
    let mut tree = TreeBuilder::new(512).unwrap();
    tree.push_zeros(1);
    let (record, nodes) = tree.finish().unwrap();
    assert_eq!(
        record.root().to_string(),
        "ddc6a213c9bb656ef87d677685598020918852384f6d76e560b0d9eb8001326e"
    );
    assert!(nodes.is_empty());
}

const PLAIN: &[u8] = b"ferry carries images";
const FRAME: &str = "1400000014000000000000006a361b73fc51411a0ec2859fac452d8f269c88d6a18f97ab625d0aec0c3726ba4728809566\
    65727279206361727269657320696d61676573";
const ABSENT: &str = "0000000000000000ff0000002e478597fc51411a0ec2859fac452d8f269c88d6a18f97ab625d0aec0c3726ba47288095";

/// Frames, version 1: one that zstd does not shorten, and one that says *not here*.
#[test]
fn frames_have_the_known_bytes() {
    let id = ChunkId::of(PLAIN);
    let mut frame = Vec::new();
    Encoder::new(1).unwrap().encode(&id, PLAIN, &mut frame);
    assert_eq!(hex::encode(&frame), FRAME);
    assert_eq!(Decoder::new().unwrap().open(&frame).unwrap(), Some(PLAIN));
    let mut absent = Vec::new();
    encode_absent(&id, &mut absent);
    assert_eq!(hex::encode(&absent), ABSENT);
}

/// Frames, version 1: codec 1 is one zstd frame; chunk lists and bodies are frames end to end.
#[test]
fn a_chunk_that_zstd_shortens_is_one_zstd_frame() {
    let plain = chunk(0);
    let mut frame = Vec::new();
    Encoder::new(1).unwrap().encode(&ChunkId::of(&plain), &plain, &mut frame);
    let header = FrameHeader::parse(&frame).unwrap();
    let stored = (frame.len() - 48) as u32;
    assert_eq!(header.carried, Carried::Chunk { stored, plain: 65_536, codec: Codec::Zstd });
    assert_eq!(zstd::decode_all(&frame[48..]).unwrap(), plain);
}

/// Packs, version 1: the header.
#[test]
fn a_pack_begins_with_the_known_bytes() {
    let header =
        PackHeader { number: PackNumber::new(0x0123_4567_89ab_cdef), domain: Domain::new(7) };
    assert_eq!(
        hex::encode(header.encode()),
        "4645525259504b31efcdab896745230107000000000000000000000000000000"
    );
}
