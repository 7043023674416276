//! A small vmdk: monolithicSparse, or streamOptimized with a footer as VMware writes it.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::{Forged, Put};
use crate::content::Random;

/// Offsets of the header's fields.
pub mod field {
    pub const VERSION: usize = 4;
    pub const FLAGS: usize = 8;
    pub const CAPACITY: usize = 12;
    pub const GRAIN_SIZE: usize = 20;
    pub const DESCRIPTOR_OFFSET: usize = 28;
    pub const DESCRIPTOR_SIZE: usize = 36;
    pub const TABLE_ENTRIES: usize = 44;
    pub const REDUNDANT_DIRECTORY: usize = 48;
    pub const DIRECTORY: usize = 56;
    pub const NEWLINES: usize = 73;
    pub const COMPRESSION: usize = 77;
}

const SECTOR: usize = 512;
/// Sectors in a grain.
const GRAIN: usize = 8;
const TABLE_ENTRIES: usize = 512;
/// Sectors of the descriptor, from sector 1.
const DESCRIPTOR: usize = 20;

/// Where a forged vmdk has its parts; offsets in the file.
#[derive(Clone)]
pub struct Places {
    pub descriptor: usize,
    pub directory: usize,
    /// Offset of the only grain table.
    pub table: usize,
    /// Offsets of the grain table entries of two grains that are present.
    pub grains: [usize; 2],
    /// Offsets of those grains.
    pub data: [usize; 2],
    /// Offset of the footer, of a stream.
    pub footer: usize,
}

/// A descriptor of one extent line.
pub fn descriptor(create_type: &str, extents: &str) -> String {
    format!(
        "# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\n\
         createType=\"{create_type}\"\n\n# Extent description\n{extents}\n\n# The Disk Data Base\n\
         ddb.adapterType = \"ide\"\n"
    )
}

/// Writes `text` as the embedded descriptor.
pub fn set_descriptor(bytes: &mut Vec<u8>, text: &str) {
    bytes[SECTOR..SECTOR * (1 + DESCRIPTOR)].fill(0);
    bytes.text(SECTOR, text.as_bytes());
}

/// Sectors of the forged disk: more than one grain table maps, and no whole grain at the end.
pub const CAPACITY: usize = GRAIN * TABLE_ENTRIES + 3 * GRAIN + 3;

fn random_grain(random: &mut Random) -> Vec<u8> {
    let letter = b'a' + random.below(20) as u8;
    (0..GRAIN * SECTOR).map(|_| letter + u8::from(random.below(9) == 0)).collect()
}

fn header(bytes: &mut Vec<u8>, (flags, directory): (u32, u64), create_type: &str) {
    bytes.text(0, b"KDMV").le32(field::VERSION, 1).le32(field::FLAGS, flags);
    bytes.le64(field::CAPACITY, CAPACITY as u64).le64(field::GRAIN_SIZE, GRAIN as u64);
    bytes.le64(field::DESCRIPTOR_OFFSET, 1).le64(field::DESCRIPTOR_SIZE, DESCRIPTOR as u64);
    bytes.le32(field::TABLE_ENTRIES, TABLE_ENTRIES as u32).le64(field::DIRECTORY, directory);
    bytes.text(field::NEWLINES, b"\n \r\n");
    set_descriptor(bytes, &descriptor(create_type, &format!("RW {CAPACITY} SPARSE \"d.vmdk\"")));
}

/// monolithicSparse: header, descriptor, directory, table, grains.
pub fn forge_sparse(seed: u64) -> Forged<Places> {
    let mut random = Random(seed);
    let (directory, table) = ((1 + DESCRIPTOR) * SECTOR, (2 + DESCRIPTOR) * SECTOR);
    let mut bytes = vec![0; 32 * SECTOR];
    header(&mut bytes, (1, directory as u64 / 512), "monolithicSparse");
    bytes.le32(directory, (table / SECTOR) as u32);
    let mut disk = vec![0; CAPACITY * SECTOR];
    let (mut grains, mut data) = (Vec::new(), Vec::new());
    for nth in 0..5 {
        let index = nth * 3 + random.below(2) as usize;
        let content = random_grain(&mut random);
        grains.push(table + index * 4);
        data.push(bytes.len());
        let sector = (bytes.len() / SECTOR) as u32;
        bytes.le32(table + index * 4, sector);
        disk[index * content.len()..][..content.len()].copy_from_slice(&content);
        bytes.extend(content);
    }
    let at = Places {
        descriptor: SECTOR,
        directory,
        table,
        grains: [grains[0], grains[1]],
        data: [data[0], data[1]],
        footer: 0,
    };
    Forged { bytes, disk, at }
}

/// streamOptimized: header, descriptor, grains with markers, table, directory, footer, end.
pub fn forge_stream(seed: u64) -> Forged<Places> {
    let mut random = Random(seed);
    let mut bytes = vec![0; 32 * SECTOR];
    header(&mut bytes, (0x3_0001, u64::MAX), "streamOptimized");
    bytes.le32(field::VERSION, 3);
    bytes[field::COMPRESSION] = 1;
    let mut disk = vec![0; CAPACITY * SECTOR];
    let mut table = vec![0; TABLE_ENTRIES * 4];
    let (mut indexes, mut data) = (Vec::new(), Vec::new());
    for nth in 0..5 {
        let index = nth * 3 + random.below(2) as usize;
        let content = random_grain(&mut random);
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&content).unwrap();
        let packed = encoder.finish().unwrap();
        indexes.push(index);
        data.push(bytes.len());
        table.le32(index * 4, (bytes.len() / SECTOR) as u32);
        bytes.extend(((index * GRAIN) as u64).to_le_bytes());
        bytes.extend((packed.len() as u32).to_le_bytes());
        bytes.extend(packed);
        bytes.resize(bytes.len().next_multiple_of(SECTOR), 0);
        disk[index * content.len()..][..content.len()].copy_from_slice(&content);
    }
    push_marker(&mut bytes, (4, 1));
    let table_at = bytes.len();
    bytes.extend(table);
    push_marker(&mut bytes, (1, 2));
    let directory = bytes.len();
    bytes.extend(((table_at / SECTOR) as u32).to_le_bytes());
    bytes.resize(bytes.len().next_multiple_of(SECTOR), 0);
    push_marker(&mut bytes, (1, 3));
    let footer = bytes.len();
    bytes.extend_from_within(..SECTOR);
    bytes.le64(footer + field::DIRECTORY, (directory / SECTOR) as u64);
    push_marker(&mut bytes, (0, 0));
    let at = Places {
        descriptor: SECTOR,
        directory,
        table: table_at,
        grains: [table_at + indexes[0] * 4, table_at + indexes[1] * 4],
        data: [data[0], data[1]],
        footer,
    };
    Forged { bytes, disk, at }
}

/// A marker sector: how many sectors follow, and of what kind they are.
fn push_marker(bytes: &mut Vec<u8>, (sectors, kind): (u64, u32)) {
    let at = bytes.len();
    bytes.resize(at + SECTOR, 0);
    bytes.le64(at, sectors).le32(at + 12, kind);
}
