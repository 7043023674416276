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

/// The parts of an image being made.
struct Draft {
    shape: Shape,
    bytes: Vec<u8>,
    refcounts: Vec<u16>,
    /// Where the next compressed cluster goes.
    free_byte: usize,
}

impl Draft {
    fn bits(&self) -> u32 {
        if self.shape == Shape::Extended { 14 } else { 12 }
    }

    fn cluster(&self) -> usize {
        1 << self.bits()
    }

    /// Stores `content` as it is, at the next cluster, for the L2 entry at `entry`.
    fn put_plain(&mut self, entry: usize, content: &[u8]) {
        let host = self.bytes.len().next_multiple_of(self.cluster());
        self.bytes.resize(host, 0);
        self.bytes.extend(content);
        self.bytes.be64(entry, host as u64 | COPIED);
        if self.shape == Shape::Extended {
            self.bytes.be64(entry + 8, 0xffff_ffff);
        }
        self.refcounts.resize(host / self.cluster() + 1, 1);
        self.free_byte = self.bytes.len();
    }

    /// Stores `content` compressed, right behind what was stored last.
    fn put_packed(&mut self, entry: usize, content: &[u8]) {
        let packed = match self.shape {
            Shape::Zstd => zstd::bulk::compress(content, 3).unwrap(),
            Shape::Zlib | Shape::Extended => deflate(content),
        };
        let (host, cluster) = (self.free_byte, self.cluster());
        let last = host + packed.len() - 1;
        self.bytes.resize(self.bytes.len().max((last + 1).next_multiple_of(cluster)), 0);
        self.bytes.text(host, &packed);
        let sectors = (last / 512 - host / 512) as u64;
        let value = PACKED | sectors << (62 - (self.bits() - 8)) | host as u64;
        self.bytes.be64(entry, value);
        self.refcounts.resize(self.refcounts.len().max(last / cluster + 1), 0);
        (host / cluster..=last / cluster).for_each(|cluster| self.refcounts[cluster] += 1);
        self.free_byte = last + 1;
    }
}

/// Makes the image: a disk of three L2 tables, of which only the first exists; with subclusters one table is enough.
/// The file ends with the last compressed cluster, as qemu-img leaves it.
pub fn forge(seed: u64, shape: Shape) -> Forged<Places> {
    let mut random = Random(seed);
    let mut draft = Draft { shape, bytes: Vec::new(), refcounts: vec![1; 5], free_byte: 0 };
    let cluster = draft.cluster();
    draft.bytes.resize(5 * cluster, 0);
    let (entry_bytes, clusters) = if shape == Shape::Extended { (16, 64) } else { (8, 1024) };
    let mut disk = vec![0; clusters * cluster + 512 * (1 + random.below(7) as usize)];
    let (table, block, l1, l2) = (cluster, 2 * cluster, 3 * cluster, 4 * cluster);

    // Plain and compressed clusters in turn, each with a gap behind it.
    let (mut plain, mut packed) = (Vec::new(), Vec::new());
    for nth in 0..12 {
        let index = nth * 4 + random.below(3) as usize;
        let letter = b'a' + random.below(20) as u8;
        let content: Vec<u8> =
            (0..cluster).map(|_| letter + u8::from(random.below(9) == 0)).collect();
        disk[index * cluster..(index + 1) * cluster].copy_from_slice(&content);
        let entry = l2 + index * entry_bytes;
        if nth % 2 == 0 {
            draft.put_plain(entry, &content);
            plain.push(entry);
        } else {
            draft.put_packed(entry, &content);
            packed.push(entry);
        }
    }
    let Draft { mut bytes, refcounts, free_byte, .. } = draft;
    bytes.truncate(free_byte.next_multiple_of(512));
    if shape == Shape::Extended {
        bytes.be64(l2 + 60 * entry_bytes + 8, 0xffff_0000_0000_0000); // half of a cluster is zeros
    } else {
        bytes.be64(l2 + 60 * entry_bytes, 1); // a zero cluster
    }
    write_header(&mut bytes, cluster.ilog2(), disk.len() as u64, shape);
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
