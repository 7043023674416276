//! Page indexes: files that lie in a cache, opened and looked up by an encoder. Their checks are set right, or nothing would
//! get past them. What an index claims may be false: the windows still decode, to wrong chunks at worst.
#![no_main]

use std::fs::File;
use std::os::unix::fs::FileExt;

use delta::{Base, BaseIndex, CHUNK_BYTES, Chunks, Decoder, Encoder, Matching, Unreadable};
use libfuzzer_sys::fuzz_target;
use rustix::fs::{MemfdFlags, memfd_create};
use xxhash_rust::xxh3::xxh3_64_with_seed;

const ROOT: [u8; 32] = [7; 32];

/// Chunks of few different pages.
struct Disk;

impl Chunks for Disk {
    fn read(&mut self, number: u64, into: &mut [u8; CHUNK_BYTES]) -> Result<(), Unreadable> {
        for (at, page) in into.chunks_exact_mut(4_096).enumerate() {
            let seed = number as usize % 3 * 5 + at % 7;
            page.iter_mut().enumerate().for_each(|(at, byte)| *byte = (at * seed >> 3) as u8);
        }
        Ok(())
    }
}

fn open_and_encode(bytes: &[u8]) {
    let file = File::from(memfd_create("index", MemfdFlags::CLOEXEC).expect("memory for a file"));
    file.write_all_at(bytes, 0).expect("memory for the bytes");
    let Ok(index) = BaseIndex::open(file, ROOT, None) else { return };
    let base = Base { index, chunks: Box::new(Disk), size_chunks: 6 };
    let wants: Vec<u64> = (1..9).collect();
    let mut encoder = Encoder::new(wants.clone(), Box::new(Disk), Some(base), Matching::On);
    let mut decoder = Decoder::new(wants, Some(6));
    while let Ok(Some(planned)) = encoder.plan() {
        let window = planned.compress(1).expect("zstd has memory");
        let decoded = decoder.window(&window, Some(&mut Disk), &mut Later, &mut |_, _| {});
        decoded.expect("an encoder names nothing that is not there");
    }
}

/// The chunks by ordinal.
struct Later;

impl Chunks for Later {
    fn read(&mut self, number: u64, into: &mut [u8; CHUNK_BYTES]) -> Result<(), Unreadable> {
        Disk.read(number + 1, into)
    }
}

/// A file out of three tables' records, cut as the bytes say; fences and checks as they must be.
fn file_of(bytes: &[u8]) -> Vec<u8> {
    let [held, pages, rest @ ..] = bytes else { return Vec::new() };
    let (held, rest) = rest.split_at((usize::from(*held) * 6).min(rest.len() / 6 * 6));
    let (pages, rest) = rest.split_at((usize::from(*pages) * 12).min(rest.len() / 12 * 12));
    let features = &rest[..rest.len() / 8 * 8];
    let (mut blocks, mut fences, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    let mut number = 0;
    let mut close = |block: &[u8], blocks: &mut Vec<u8>| {
        blocks.extend(block);
        blocks.extend(xxh3_64_with_seed(block, number).to_le_bytes());
        number += 1;
    };
    for (table, record, key_at) in [(held, 6, 2), (pages, 12, 4), (features, 8, 4)] {
        counts.extend((table.len() as u64 / record as u64).to_le_bytes());
        for block in table.chunks(256 * record) {
            let mut fence = [0; 8];
            fence[..record - key_at].copy_from_slice(&block[key_at..record]);
            fences.extend(fence);
            close(block, &mut blocks);
        }
    }
    fences.chunks(4_096).for_each(|block| close(block, &mut blocks));
    let mut file = b"FERRYPX1".to_vec();
    file.resize(16, 0);
    file.extend(ROOT);
    file.resize(80, 0);
    file.extend(counts);
    file.resize(112, 0);
    let check = xxh3_64_with_seed(&file, u64::MAX);
    file.extend(check.to_le_bytes());
    file.resize(128, 0);
    file.extend(blocks);
    file
}

fuzz_target!(|bytes: &[u8]| {
    open_and_encode(bytes);
    open_and_encode(&file_of(bytes));
});
