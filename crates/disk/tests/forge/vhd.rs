//! A small vhd, fixed or dynamic.

use super::{Forged, Put};
use crate::content::Random;

/// Offsets of the footer's fields.
pub mod field {
    pub const VERSION: usize = 12;
    pub const HEADER_OFFSET: usize = 16;
    pub const CURRENT_SIZE: usize = 48;
    pub const GEOMETRY: usize = 56;
    pub const TYPE: usize = 60;
    pub const CHECKSUM: usize = 64;
}

/// Offsets of the dynamic header's fields.
pub mod header {
    pub const TABLE_OFFSET: usize = 16;
    pub const TABLE_ENTRIES: usize = 28;
    pub const BLOCK_SIZE: usize = 32;
    pub const CHECKSUM: usize = 36;
    pub const PARENT_NAME: usize = 64;
    pub const LOCATORS: usize = 576;
}

const SECTOR: usize = 512;
/// Bytes in a block.
const BLOCK: usize = 16 << 10;

/// Where a forged vhd has its parts; offsets in the file.
#[derive(Clone)]
pub struct Places {
    pub footer: usize,
    pub header: usize,
    pub table: usize,
    /// Offsets of the block table entries of two blocks that are present.
    pub blocks: [usize; 2],
}

/// Sets the checksum of the footer at `at`.
pub fn seal_footer(bytes: &mut Vec<u8>, at: usize) {
    seal(bytes, (at, SECTOR), field::CHECKSUM);
}

/// Sets the checksum of the dynamic header at `at`.
pub fn seal_header(bytes: &mut Vec<u8>, at: usize) {
    seal(bytes, (at, 1024), header::CHECKSUM);
}

fn seal(bytes: &mut Vec<u8>, (at, length): (usize, usize), checksum: usize) {
    bytes.be32(at + checksum, 0);
    let sum: u32 = bytes[at..at + length].iter().map(|byte| u32::from(*byte)).sum();
    bytes.be32(at + checksum, !sum);
}

/// A sealed footer.
pub fn footer(kind: u32, disk_bytes: u64) -> Vec<u8> {
    let mut bytes = vec![0; SECTOR];
    bytes.text(0, b"conectix").be32(8, 2).be32(field::VERSION, 0x1_0000);
    bytes.be64(field::HEADER_OFFSET, if kind == 2 { u64::MAX } else { 512 }).text(28, b"test");
    bytes.be64(40, disk_bytes).be64(field::CURRENT_SIZE, disk_bytes);
    let cylinders = (disk_bytes / 512 / (4 * 17)) as u16;
    bytes.be16(field::GEOMETRY, cylinders);
    bytes[field::GEOMETRY + 2] = 4;
    bytes[field::GEOMETRY + 3] = 17;
    bytes.be32(field::TYPE, kind);
    seal_footer(&mut bytes, 0);
    bytes
}

fn random_bytes(random: &mut Random, length: usize) -> Vec<u8> {
    let letter = b'a' + random.below(20) as u8;
    (0..length).map(|_| letter + u8::from(random.below(9) == 0)).collect()
}

/// The disk's bytes and a footer.
pub fn forge_fixed(seed: u64) -> Forged<Places> {
    let disk = random_bytes(&mut Random(seed), 100 * SECTOR);
    let mut bytes = disk.clone();
    let at = Places { footer: bytes.len(), header: 0, table: 0, blocks: [0; 2] };
    bytes.extend(footer(2, disk.len() as u64));
    Forged { bytes, disk, at }
}

/// Footer copy, header, block table, blocks, footer. Of one block half the sectors were never written.
pub fn forge_dynamic(seed: u64) -> Forged<Places> {
    let mut random = Random(seed);
    const ENTRIES: usize = 20;
    let disk_bytes = ENTRIES * BLOCK - 3 * SECTOR;
    let mut disk = vec![0; disk_bytes];
    let (header_at, table) = (SECTOR, 3 * SECTOR);
    let mut bytes = footer(3, disk_bytes as u64);
    bytes.resize(4 * SECTOR, 0xff); // the table: no block
    bytes[header_at..table].fill(0);
    bytes.text(header_at, b"cxsparse").be64(header_at + 8, u64::MAX);
    bytes.be64(header_at + header::TABLE_OFFSET, table as u64).be32(header_at + 24, 0x1_0000);
    bytes.be32(header_at + header::TABLE_ENTRIES, ENTRIES as u32);
    bytes.be32(header_at + header::BLOCK_SIZE, BLOCK as u32);
    seal_header(&mut bytes, header_at);
    let mut blocks = Vec::new();
    for nth in 0..4 {
        let index = nth * 4 + random.below(3) as usize;
        let content = random_bytes(&mut random, BLOCK);
        let sector = (bytes.len() / SECTOR) as u32;
        bytes.be32(table + index * 4, sector);
        let mut bitmap = vec![0; SECTOR];
        let written = if nth == 0 { BLOCK / SECTOR / 2 } else { BLOCK / SECTOR };
        bitmap[..written / 8].fill(0xff);
        bytes.extend(bitmap);
        bytes.extend(&content);
        let written = written * SECTOR;
        disk[index * BLOCK..][..written].copy_from_slice(&content[..written]);
        blocks.push(table + index * 4);
    }
    let at =
        Places { footer: bytes.len(), header: header_at, table, blocks: [blocks[0], blocks[1]] };
    bytes.extend_from_within(..SECTOR);
    Forged { bytes, disk, at }
}
