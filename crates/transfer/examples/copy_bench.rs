//! Times a cold copy from one store into another, both in this process: a 2 GiB image that holds 484 MB and compresses
//! about 2:1, the shape of the image in studies/lan.md.
//!
//! `cargo run --release -p transfer --example copy_bench [rounds] [folder]`
#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/rig/mod.rs"]
mod rig;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use store::{CHUNK_BYTES, Chunk, ChunkStore, DiskRoot, Domain, TreeBuilder};
use transfer::{FetchDisk, StoreSource, Watch, Wire, fetch_disk};

const SIZE: u64 = 2 << 30;
const HELD: u64 = 484_000_000 / CHUNK_BYTES as u64;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let rounds: u32 = arguments.next().map_or(5, |rounds| rounds.parse().unwrap());
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(folder).unwrap();
    let (source, domain) = rig::open(&folder.path().join("source")).await;
    let root = build(&source, domain).await;
    let held = source.usage().await.unwrap();
    println!("source: {} chunks, {} bytes of frames", held.chunks, held.frame_bytes);
    let mut walls = Vec::new();
    for round in 0..rounds {
        let target = folder.path().join(format!("target-{round}"));
        walls.push(copy(&source, domain, root, &target).await);
    }
    walls.sort();
    println!("median {:?} of {rounds} rounds", walls[walls.len() / 2]);
}

async fn copy(source: &ChunkStore, domain: Domain, root: DiskRoot, folder: &Path) -> Duration {
    let (target, into) = rig::open(folder).await;
    let source = StoreSource::new(source.clone(), domain);
    reset_peak();
    let (start, cpu) = (Instant::now(), cpu());
    let job = FetchDisk { root, domain: into, expected_size: SIZE };
    let moved = fetch_disk(job, Wire::Frames(&source), &target, &Watch::default()).await.unwrap();
    let (wall, cpu) = (start.elapsed(), self::cpu() - cpu);
    println!(
        "wall {wall:?}, CPU {cpu:?} both ends, peak {} KiB, {} bytes, {} chunks",
        peak_kib(),
        moved.bytes_received,
        moved.chunks_received
    );
    wall
}

async fn build(store: &ChunkStore, domain: Domain) -> DiskRoot {
    let ingest = store.ingest(domain);
    let mut tree = TreeBuilder::new(SIZE).unwrap();
    let (chunks, mut filled) = (SIZE / CHUNK_BYTES as u64, 0);
    let mut mixture = Mixture::new();
    for place in 0..chunks {
        // Runs of contents of 64 chunks, spread over the disk.
        if filled == HELD || place % 282 >= 64 {
            tree.push_zeros(1);
            continue;
        }
        filled += 1;
        let chunk = Chunk::of(mixture.chunk());
        tree.push(chunk.id());
        ingest.put_plain(chunk).await.unwrap();
        for node in tree.take_nodes() {
            ingest.put_plain(node.chunk).await.unwrap();
        }
    }
    let (record, nodes) = tree.finish().unwrap();
    for node in nodes {
        ingest.put_plain(node.chunk).await.unwrap();
    }
    ingest.put_plain(Chunk::of(record.encode().to_vec())).await.unwrap();
    ingest.flush().await.unwrap();
    record.root()
}

/// Words from a vocabulary, and noise between them: zstd makes about half of it.
struct Mixture {
    state: u64,
    words: Vec<Vec<u8>>,
}

impl Mixture {
    fn new() -> Self {
        let mut mixture = Mixture { state: 0x5eed, words: Vec::new() };
        for _ in 0..1_024 {
            let length = 8 + mixture.next() % 20;
            let word = (0..length).map(|_| b'a' + (mixture.next() % 26) as u8).collect();
            mixture.words.push(word);
        }
        mixture
    }

    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    fn chunk(&mut self) -> Vec<u8> {
        let mut plain = Vec::with_capacity(CHUNK_BYTES + 512);
        while plain.len() < CHUNK_BYTES {
            if self.next().is_multiple_of(12) {
                for _ in 0..48 {
                    plain.extend_from_slice(&self.next().to_le_bytes());
                }
            }
            for _ in 0..8 {
                let word = (self.next() % 1_024) as usize;
                plain.extend_from_slice(&self.words[word]);
            }
        }
        plain.truncate(CHUNK_BYTES);
        plain
    }
}

/// CPU time of this process, in ticks of 10 ms.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn reset_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
