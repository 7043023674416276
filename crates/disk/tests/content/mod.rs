//! Disks with seeded content: holes, noise, text-like bytes and single bytes, at no particular alignment.
#![allow(dead_code)] // each test uses what it needs

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

/// A disk that the seed describes fully.
pub struct SeededDisk {
    pub seed: u64,
    pub size_bytes: usize,
}

/// A disk's bytes.
pub struct Disk {
    pub bytes: Vec<u8>,
}

/// SplitMix64: small, and the same everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

impl SeededDisk {
    pub fn make(&self) -> Disk {
        let mut random = Random(self.seed);
        let mut bytes = vec![0; self.size_bytes];
        let mut at = 0;
        while at < bytes.len() {
            let length = (1 + random.below(400_000)) as usize;
            let end = bytes.len().min(at + length);
            match random.below(6) {
                0 => bytes[at..end].fill_with(|| random.next() as u8),
                1 => {
                    bytes[at..end].fill_with(|| b"the quick brown fox "[random.below(20) as usize])
                }
                2 => bytes[at] = 0xff,
                3 => bytes[at..end].fill(0xaa),
                _ => {} // zeros
            }
            at = end;
        }
        Disk { bytes }
    }
}

impl Disk {
    /// Bytes in blocks of 64 KiB that are not all zeros.
    pub fn data_bytes(&self) -> u64 {
        let blocks = self.bytes.chunks(65_536).filter(|block| block.iter().any(|byte| *byte != 0));
        blocks.count() as u64 * 65_536
    }

    /// A raw file with holes where blocks are zeros.
    pub fn write_sparse(&self, path: &Path) {
        let file = File::create(path).unwrap();
        file.set_len(self.bytes.len() as u64).unwrap();
        for (at, block) in self.bytes.chunks(4096).enumerate() {
            if block.iter().any(|byte| *byte != 0) {
                file.write_all_at(block, at as u64 * 4096).unwrap();
            }
        }
    }
}

/// Bytes a file takes on its disk.
pub fn allocated_bytes(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().blocks() * 512
}
