//! What raw disks hold, counted without any of Ferry's code, and disks made to measure.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::failure::Failure;

/// As `docs/formats.md` section 1 cuts disks.
pub const CHUNK_BYTES: usize = 65_536;

/// The distinct chunks of a disk that are not all zero.
pub fn chunks(file: &Path) -> Result<HashSet<[u8; 32]>, Failure> {
    let failed = || Failure::file("read", file);
    let mut disk = File::open(file).map_err(failed())?;
    let mut found = HashSet::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let mut length = 0;
        while length < CHUNK_BYTES {
            match disk.read(&mut chunk[length..]).map_err(failed())? {
                0 => break,
                more => length += more,
            }
        }
        if length == 0 {
            return Ok(found);
        }
        if chunk[..length].iter().any(|byte| *byte != 0) {
            chunk[length..].fill(0);
            found.insert(*blake3::hash(&chunk).as_bytes());
        }
    }
}

/// The bytes of so many chunks.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub fn bytes_of(chunks: usize) -> f64 {
    (chunks * CHUNK_BYTES) as f64
}

/// Brings a file into the page cache, as one that has just been built is.
pub fn warm(file: &Path) -> Result<(), Failure> {
    let failed = || Failure::file("read", file);
    let mut disk = File::open(file).map_err(failed())?;
    std::io::copy(&mut disk, &mut std::io::sink()).map_err(failed())?;
    Ok(())
}

/// A sparse disk of `size_bytes`: `stretches` of 1 MiB that no compressor can shrink, evenly over its whole length.
pub fn scattered(file: &Path, size_bytes: u64, stretches: u64) -> Result<(), Failure> {
    let failed = || Failure::file("write", file);
    let mut disk = File::create(file).map_err(failed())?;
    disk.set_len(size_bytes).map_err(failed())?;
    let mut stretch = vec![0; 1 << 20];
    for number in 0..stretches {
        noise(&format!("{size_bytes} {number}"), &mut stretch);
        let at = size_bytes / stretches * number;
        disk.seek(SeekFrom::Start(at / 4096 * 4096)).map_err(failed())?;
        disk.write_all(&stretch).map_err(failed())?;
    }
    disk.sync_all().map_err(failed())
}

/// A disk of 1 MiB, a few chunks of it its own.
pub fn small(file: &Path, number: usize) -> Result<(), Failure> {
    let mut disk = vec![0; 1 << 20];
    noise(&format!("small {number}"), &mut disk[..3 * CHUNK_BYTES]);
    fs::write(file, &disk).map_err(Failure::file("write", file))
}

/// Fills with bytes that follow from the seed alone.
fn noise(seed: &str, bytes: &mut [u8]) {
    blake3::Hasher::new().update(seed.as_bytes()).finalize_xof().fill(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_chunks_and_repeated_chunks_do_not_count() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut disk = vec![0; 4 * CHUNK_BYTES + 512];
        disk[0] = 1;
        disk[2 * CHUNK_BYTES] = 1;
        disk[4 * CHUNK_BYTES] = 2;
        fs::write(file.path(), &disk).unwrap();
        assert_eq!(chunks(file.path()).unwrap().len(), 2);
    }
}
