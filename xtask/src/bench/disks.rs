//! What raw disks hold, counted without any of Ferry's code, and disks made to measure.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::failure::Failure;

/// As `docs/formats.md` section 1 cuts disks.
const CHUNK_BYTES: usize = 65_536;

/// Bytes of the blocks of 4 KiB of a disk that are not all zero.
pub fn non_zero_bytes(file: &Path) -> Result<u64, Failure> {
    let failed = || Failure::file("read", file);
    let mut disk = File::open(file).map_err(failed())?;
    let (mut buffer, mut bytes) = (vec![0; 1 << 20], 0);
    loop {
        let length = disk.read(&mut buffer).map_err(failed())?;
        if length == 0 {
            return Ok(bytes);
        }
        let held =
            buffer[..length].chunks(4_096).filter(|block| block.iter().any(|byte| *byte != 0));
        bytes += held.map(|block| block.len() as u64).sum::<u64>();
    }
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

/// Writes every tenth stretch of a disk of [`scattered`] anew, with other bytes.
pub fn change(file: &Path, size_bytes: u64, stretches: u64) -> Result<(), Failure> {
    let failed = || Failure::file("change", file);
    let mut disk = File::options().write(true).open(file).map_err(failed())?;
    let mut stretch = vec![0; 1 << 20];
    for number in (0..stretches).step_by(10) {
        noise(&format!("{size_bytes} {number} anew"), &mut stretch);
        let at = size_bytes / stretches * number;
        disk.seek(SeekFrom::Start(at / 4096 * 4096)).map_err(failed())?;
        disk.write_all(&stretch).map_err(failed())?;
    }
    disk.sync_all().map_err(failed())
}

/// What a file has of the disk, holes left out.
pub fn allocated_bytes(file: &Path) -> Result<u64, Failure> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(fs::metadata(file).map_err(Failure::file("look at", file))?.blocks() * 512)
}

/// What the disk of this folder has left for us.
pub fn free_bytes(folder: &Path) -> Result<u64, Failure> {
    let told = rustix::fs::statvfs(folder);
    let told = told.map_err(|error| Failure::file("look at the disk of", folder)(error.into()))?;
    Ok(told.f_bavail * told.f_frsize)
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
    fn zero_blocks_do_not_count_and_repeated_ones_do() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut disk = vec![0; 4 * 4_096 + 512];
        disk[0] = 1;
        disk[2 * 4_096] = 1;
        disk[4 * 4_096] = 2;
        fs::write(file.path(), &disk).unwrap();
        assert_eq!(non_zero_bytes(file.path()).unwrap(), 2 * 4_096 + 512);
    }
}
