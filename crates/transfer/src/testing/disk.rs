//! Sample disks, with all their frames.

use std::collections::BTreeMap;

use bytes::Bytes;
use store::{
    CHUNK_BYTES, ChunkId, ChunkStore, DiskRoot, Domain, Encoder, Naming, TreeBuilder, Wanted,
};

/// How many bytes the frames of a sample disk's chunks take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// About 100 bytes: many chunks at little cost.
    Light,
    /// All 65,536: zstd finds nothing.
    Heavy,
}

/// A chunk that compresses to about 100 bytes, another one for each seed.
pub fn light_chunk(seed: u64) -> Vec<u8> {
    let mut plain = vec![7; CHUNK_BYTES];
    plain[..8].copy_from_slice(&seed.to_le_bytes());
    plain
}

/// A chunk that does not compress, another one for each seed.
pub fn heavy_chunk(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.take(CHUNK_BYTES / 8).flatten().collect()
}

/// A frame that claims to be of this chunk, whatever the plaintext is. Its checksum is right.
pub fn frame_of(id: ChunkId, plain: &[u8]) -> Bytes {
    let mut frame = Vec::new();
    Encoder::new(1).expect("zstd knows level 1").encode(&id, plain, &mut frame);
    frame.into()
}

/// A disk with its tree and the frame of every chunk, node and root.
#[derive(Clone, Debug)]
pub struct SampleDisk {
    /// Names the contents.
    pub root: DiskRoot,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Places that are not zero.
    pub places: u64,
    /// Distinct chunks of the disk, in its order.
    pub chunks: Vec<ChunkId>,
    /// Distinct nodes, children before parents.
    pub nodes: Vec<ChunkId>,
    /// All frames, by id.
    pub frames: BTreeMap<ChunkId, Bytes>,
}

impl SampleDisk {
    /// A disk with these chunks in order: the seed of each, or `None` for zeros.
    pub fn of(places: &[Option<u64>], weight: Weight) -> Self {
        let filled: Vec<(u64, u64)> =
            (0..).zip(places).filter_map(|(at, seed)| seed.map(|seed| (at, seed))).collect();
        SampleDisk::sparse((places.len() * CHUNK_BYTES) as u64, &filled, weight)
    }

    /// A disk of this size with a chunk at each of these places, in order: place in chunks, and seed.
    pub fn sparse(size_bytes: u64, filled: &[(u64, u64)], weight: Weight) -> Self {
        SampleDisk::named(size_bytes, filled, weight, &Naming::Plain)
    }

    /// The same disk as another naming has it.
    pub fn named(size_bytes: u64, filled: &[(u64, u64)], weight: Weight, naming: &Naming) -> Self {
        let plain = |seed| match weight {
            Weight::Light => light_chunk(seed),
            Weight::Heavy => heavy_chunk(seed),
        };
        SampleDisk::made(size_bytes, filled, plain, naming)
    }

    /// A disk with chunks that the test makes itself of the seeds.
    pub fn made(
        size_bytes: u64,
        filled: &[(u64, u64)],
        plain: impl Fn(u64) -> Vec<u8>,
        naming: &Naming,
    ) -> Self {
        let mut encoder = Encoder::new(1).expect("zstd knows level 1");
        let mut tree =
            TreeBuilder::named(size_bytes, naming.clone()).expect("a sample disk has a legal size");
        let (mut frames, mut chunks, mut nodes, mut next) =
            (BTreeMap::new(), Vec::new(), Vec::new(), 0);
        let mut add = |id: ChunkId, plain: &[u8], list: &mut Vec<ChunkId>| {
            frames.entry(id).or_insert_with(|| {
                let mut frame = Vec::new();
                encoder.encode(&id, plain, &mut frame);
                list.push(id);
                Bytes::from(frame)
            });
        };
        for (place, seed) in filled {
            let plain = plain(*seed);
            let id = naming.id(&plain);
            tree.push_zeros(place - next);
            tree.push(id);
            next = place + 1;
            add(id, &plain, &mut chunks);
            for node in tree.take_nodes() {
                add(node.chunk.id(), node.chunk.plain(), &mut nodes);
            }
        }
        tree.push_zeros(size_bytes.div_ceil(CHUNK_BYTES as u64) - next);
        let (record, made) = tree.finish().expect("every chunk of the sample was pushed");
        for node in made {
            add(node.chunk.id(), node.chunk.plain(), &mut nodes);
        }
        let mut roots = Vec::new();
        let (root, places) = (record.root_named(naming), record.places());
        add(root.id(), &record.encode(), &mut roots);
        SampleDisk { root, size_bytes, places, chunks, nodes, frames }
    }

    /// Bytes of all frames together.
    pub fn frame_bytes(&self) -> u64 {
        self.frames.values().map(|frame| frame.len() as u64).sum()
    }

    /// Puts those frames into a store that the test wants there, and makes them durable.
    ///
    /// # Panics
    /// When the store does not take them.
    pub async fn put_into(
        &self,
        store: &ChunkStore,
        domain: Domain,
        chosen: impl Fn(&ChunkId) -> bool,
    ) {
        let ingest = store.ingest(domain);
        for (id, frame) in self.frames.iter().filter(|(id, _)| chosen(id)) {
            let mut wanted = Wanted::new([*id]);
            let accepted = ingest.put_frames(frame.clone(), &mut wanted).await;
            assert_eq!(accepted.expect("a sample frame is true").stored, [*id]);
        }
        ingest.flush().await.expect("the test's store works");
    }
}
