//! What the index of a large disk costs: `cargo run --release -p delta --example index_bench -- GIB [sealed]`.
//!
//! The disk is made up: GIB of noise, no page twice, so there are as many records as there can be. Says seconds, the most
//! memory, bytes per GiB, and how long a window's look-ups take.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Instant;

use delta::{
    Base, BaseIndex, CHUNK_BYTES, Chunks, Encoder, IndexKey, Matching, Unreadable, build_index,
};

struct Noise;

impl Chunks for Noise {
    fn read(&mut self, number: u64, into: &mut [u8; CHUNK_BYTES]) -> Result<(), Unreadable> {
        let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        for word in into.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_le_bytes());
        }
        Ok(())
    }
}

/// The same disk, each page with a few bytes changed.
struct Edited;

impl Chunks for Edited {
    fn read(&mut self, number: u64, into: &mut [u8; CHUNK_BYTES]) -> Result<(), Unreadable> {
        Noise.read(number, into)?;
        into.chunks_exact_mut(4_096).for_each(|page| page[1_000..1_008].fill(number as u8));
        Ok(())
    }
}

fn memory_mb(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(what)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1_000
}

fn cpu_secs() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

fn main() {
    let gib: u64 = std::env::args().nth(1).map_or(4, |gib| gib.parse().unwrap());
    let key =
        (std::env::args().nth(2).as_deref() == Some("sealed")).then(|| IndexKey::new([1; 32]));
    let chunks = gib << 14;
    let mut file = tempfile::tempfile().unwrap();
    let begin = Instant::now();
    build_index([7; 32], &mut (0..chunks), &mut Noise, key.as_ref(), &mut file).unwrap();
    let (secs, bytes) = (begin.elapsed().as_secs_f64(), file.metadata().unwrap().len());
    println!(
        "{gib} GiB: {secs:.1} s, cpu {:.1} s, most memory {} MB, {:.1} MB a GiB",
        cpu_secs(),
        memory_mb("VmHWM"),
        bytes as f64 / 1e6 / gib as f64
    );
    let begin = Instant::now();
    let index = BaseIndex::open(file, [7; 32], key.as_ref()).unwrap();
    println!("opened in {:.3} s, memory {} MB", begin.elapsed().as_secs_f64(), memory_mb("VmRSS"));
    let wants: Vec<u64> = (0..1_024).map(|want| want * (chunks / 1_024)).collect();
    let base = Base { index, chunks: Box::new(Noise), size_chunks: chunks };
    let mut encoder = Encoder::new(wants, Box::new(Edited), Some(base), Matching::On);
    let (begin, mut windows, mut bytes) = (Instant::now(), 0, 0);
    while let Some(planned) = encoder.plan().unwrap() {
        bytes += planned.compress(3).unwrap().len();
        windows += 1;
    }
    let secs = begin.elapsed().as_secs_f64();
    println!("64 MiB of edited pages: {windows} windows, {bytes} bytes, {secs:.1} s");
}
