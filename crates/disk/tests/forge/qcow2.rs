//! A small qcow2 with plain, compressed and zero clusters and right refcounts.

use flate2::{Compress, Compression, FlushCompress};

use super::{Forged, Put};
use crate::content::Random;

/// Offsets of the header's fields.
pub mod field {
    pub const VERSION: usize = 4;
    pub const BACKING_OFFSET: usize = 8;
    pub const BACKING_LENGTH: usize = 16;
    pub const CLUSTER_BITS: usize = 20;
    pub const SIZE: usize = 24;
    pub const CRYPT: usize = 32;
    pub const L1_SIZE: usize = 36;
    pub const L1_OFFSET: usize = 40;
    pub const REFCOUNT_OFFSET: usize = 48;
    pub const REFCOUNT_CLUSTERS: usize = 56;
    pub const SNAPSHOTS: usize = 60;
    pub const SNAPSHOTS_OFFSET: usize = 64;
    pub const INCOMPATIBLE: usize = 72;
    pub const REFCOUNT_ORDER: usize = 96;
    pub const HEADER_LENGTH: usize = 100;
    pub const COMPRESSION_TYPE: usize = 104;
    pub const EXTENSIONS: usize = 112;
}

pub const COPIED: u64 = 1 << 63;
pub const PACKED: u64 = 1 << 62;

/// Where a forged qcow2 has its parts; offsets in the file.
#[derive(Clone)]
pub struct Places {
    pub cluster: usize,
    pub refcount_table: usize,
    pub refcount_block: usize,
    pub l1: usize,
    pub l2: usize,
    /// Offset of the L2 entry of one plain cluster, and of another.
    pub plain: [usize; 2],
    /// Offset of the L2 entry of one compressed cluster, and of another.
    pub packed: [usize; 2],
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    Zlib,
    Zstd,
    /// Subclusters, with zlib.
    Extended,
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(bytes.len() + 1024);
    let mut compress = Compress::new(Compression::default(), false);
    compress.compress_vec(bytes, &mut packed, FlushCompress::Finish).unwrap();
    packed
}

/// Makes the image: a disk of three L2 tables, of which only the first exists; with subclusters one table is enough.
/// The file ends with the last compressed cluster, as qemu-img leaves it.
pub fn forge(seed: u64, shape: Shape) -> Forged<Places> {
    let mut random = Random(seed);
    let is_extended = shape == Shape::Extended;
    let (bits, entry_bytes) = if is_extended { (14, 16) } else { (12, 8) };
    let cluster = 1usize << bits;
    let entries = cluster / entry_bytes;
    let clusters = if is_extended { 64 } else { 2 * entries };
    let disk_bytes = clusters * cluster + 512 * (1 + random.below(7) as usize);
    let mut disk = vec![0; disk_bytes];
    let (table, block, l1, l2) = (cluster, 2 * cluster, 3 * cluster, 4 * cluster);
    let mut bytes = vec![0; 5 * cluster];
    let mut refcounts = vec![1u16; 5];
    let (mut plain, mut packed) = (Vec::new(), Vec::new());

    // Plain and compressed clusters at even places, each with a gap behind it.
    let mut free_byte = bytes.len();
    for nth in 0..12 {
        let index = nth * 4 + random.below(3) as usize;
        let letter = b'a' + random.below(20) as u8;
        let content: Vec<u8> =
            (0..cluster).map(|_| letter + u8::from(random.below(9) == 0)).collect();
        let place = index * cluster..(index + 1) * cluster;
        let entry = l2 + index * entry_bytes;
        if nth % 2 == 0 {
            let host = bytes.len().next_multiple_of(cluster);
            bytes.resize(host, 0);
            bytes.extend(&content);
            disk[place].copy_from_slice(&content);
            bytes.be64(entry, host as u64 | COPIED);
            if is_extended {
                bytes.be64(entry + 8, 0xffff_ffff);
            }
            refcounts.resize(host / cluster + 1, 1);
            plain.push(entry);
            free_byte = bytes.len();
        } else {
            let squeezed = match shape {
                Shape::Zstd => zstd::bulk::compress(&content, 3).unwrap(),
                Shape::Zlib | Shape::Extended => deflate(&content),
            };
            let host = free_byte;
            let last = host + squeezed.len() - 1;
            bytes.resize(bytes.len().max((last + 1).next_multiple_of(cluster)), 0);
            bytes.text(host, &squeezed);
            disk[place].copy_from_slice(&content);
            let sectors = (last / 512 - host / 512) as u64;
            bytes.be64(entry, PACKED | sectors << (62 - (bits - 8)) | host as u64);
            refcounts.resize(refcounts.len().max(last / cluster + 1), 0);
            (host / cluster..=last / cluster).for_each(|cluster| refcounts[cluster] += 1);
            packed.push(entry);
            free_byte = last + 1;
        }
    }
    bytes.truncate(free_byte.next_multiple_of(512));
    if is_extended {
        bytes.be64(l2 + 60 * entry_bytes + 8, 0xffff_0000_0000_0000); // half of a cluster is zeros
    } else {
        bytes.be64(l2 + 60 * entry_bytes, 1); // a zero cluster
    }

    write_header(&mut bytes, bits, disk_bytes as u64, shape);
    bytes.be64(table, block as u64).be64(l1, l2 as u64 | COPIED);
    for (cluster, refcount) in refcounts.iter().enumerate() {
        bytes.be16(block + cluster * 2, *refcount);
    }
    let at = Places {
        cluster,
        refcount_table: table,
        refcount_block: block,
        l1,
        l2,
        plain: [plain[0], plain[1]],
        packed: [packed[0], packed[1]],
    };
    Forged { bytes, disk, at }
}

fn write_header(bytes: &mut Vec<u8>, bits: u32, disk_bytes: u64, shape: Shape) {
    let cluster = 1u64 << bits;
    let features = match shape {
        Shape::Zlib => 0,
        Shape::Zstd => 1 << 3,
        Shape::Extended => 1 << 4,
    };
    bytes.text(0, b"QFI\xfb");
    bytes.be32(field::VERSION, 3).be32(field::CLUSTER_BITS, bits).be64(field::SIZE, disk_bytes);
    bytes.be32(field::L1_SIZE, 3).be64(field::L1_OFFSET, 3 * cluster);
    bytes.be64(field::REFCOUNT_OFFSET, cluster).be32(field::REFCOUNT_CLUSTERS, 1);
    bytes.be64(field::INCOMPATIBLE, features).be32(field::REFCOUNT_ORDER, 4);
    bytes.be32(field::HEADER_LENGTH, 112);
    bytes[field::COMPRESSION_TYPE] = u8::from(shape == Shape::Zstd);
}
