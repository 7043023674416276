//! Disk images for tests, by seeded generators.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

const MEBIBYTE: u64 = 1 << 20;

/// A stream of bytes that no compressor shortens.
pub struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Noise {
        Noise(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            bytes.extend_from_slice(&self.0.to_le_bytes());
        }
        bytes.truncate(length);
        bytes
    }
}

/// A raw disk with noise, text, zeros that are written, and holes; `mebibytes` of noise.
pub fn mixed(path: &Path, mebibytes: u64, seed: u64) {
    let file = File::create(path).unwrap();
    let mut noise = Noise::new(seed);
    // A size that is no multiple of a chunk: the last chunk is a part.
    file.set_len((mebibytes * 4 + 8) * MEBIBYTE + 512 * 7).unwrap();
    for at in 0..mebibytes {
        file.write_all_at(&noise.bytes(MEBIBYTE as usize), at * 4 * MEBIBYTE).unwrap();
        let text = format!("line {at} of {seed}\n").repeat(20_000);
        file.write_all_at(text.as_bytes(), at * 4 * MEBIBYTE + MEBIBYTE + 512).unwrap();
        file.write_all_at(&[0; 100_000], at * 4 * MEBIBYTE + 2 * MEBIBYTE).unwrap();
    }
    let end = file.metadata().unwrap().len();
    file.write_all_at(b"the end", end - 7).unwrap();
}

/// A raw disk of noise alone.
pub fn noise(path: &Path, mebibytes: u64, seed: u64) {
    let file = File::create(path).unwrap();
    let mut noise = Noise::new(seed);
    for at in 0..mebibytes {
        file.write_all_at(&noise.bytes(MEBIBYTE as usize), at * MEBIBYTE).unwrap();
    }
}

/// Whether two files hold the same bytes.
pub fn same(one: &Path, other: &Path) -> bool {
    let (one, other) = (File::open(one).unwrap(), File::open(other).unwrap());
    let length = one.metadata().unwrap().len();
    if length != other.metadata().unwrap().len() {
        return false;
    }
    let (mut a, mut b) = (vec![0; MEBIBYTE as usize], vec![0; MEBIBYTE as usize]);
    let mut at = 0;
    while at < length {
        let part = (length - at).min(MEBIBYTE) as usize;
        one.read_exact_at(&mut a[..part], at).unwrap();
        other.read_exact_at(&mut b[..part], at).unwrap();
        if a[..part] != b[..part] {
            return false;
        }
        at += part as u64;
    }
    true
}
