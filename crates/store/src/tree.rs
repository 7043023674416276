//! Disk trees: the root record, the shape that a size gives a tree, and the lists of ids in its nodes.

use std::fmt;
use std::str::FromStr;

use crate::chunk::{CHUNK_BYTES, ChunkId, InvalidChunkId};
use crate::keys::Naming;

/// Most ids in one node.
pub const NODE_IDS: usize = 1_024;
/// Length of a root record in bytes.
pub const ROOT_BYTES: usize = 64;
const MAGIC: &[u8; 8] = b"FERRYDT1";
const SECTOR: u64 = 512;

/// Names a disk's size and contents, and nothing else: the id of its root record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DiskRoot(ChunkId);

impl DiskRoot {
    /// The root whose record has this id.
    pub const fn new(id: ChunkId) -> Self {
        DiskRoot(id)
    }

    /// Id of the root record.
    pub const fn id(self) -> ChunkId {
        self.0
    }
}

impl fmt::Display for DiskRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for DiskRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DiskRoot({})", self.0)
    }
}

impl FromStr for DiskRoot {
    type Err = InvalidChunkId;

    fn from_str(text: &str) -> Result<Self, InvalidChunkId> {
        text.parse().map(DiskRoot)
    }
}

/// Bytes that claim to be a root or a node, and are not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum FormatError {
    #[error("root record has `{got}` bytes, not 64")]
    RootLength { got: usize },
    #[error("root record does not begin with `FERRYDT1`")]
    RootMagic,
    #[error("disk size `{size_bytes}` is not a positive multiple of 512")]
    DiskSize { size_bytes: u64 },
    #[error("root record states depth `{got}`, its size needs `{wanted}`")]
    Depth { wanted: u8, got: u8 },
    #[error("root record has bytes that are not zero where they must be")]
    Reserved,
    #[error("root record states `{places}` places that are not zero, which cannot be")]
    Places { places: u64 },
    #[error("node of level `{level}` has `{got}` bytes, not `{wanted}`")]
    NodeLength { level: u8, wanted: usize, got: usize },
    #[error("node of level `{level}` lists only zero ids")]
    ZeroNode { level: u8 },
}

/// How many nodes of which length a disk of some size has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    chunks: u64,
    depth: u8,
}

impl Shape {
    /// The shape of a disk.
    ///
    /// # Errors
    /// [`FormatError::DiskSize`] unless the size is a positive multiple of 512.
    pub fn of(size_bytes: u64) -> Result<Self, FormatError> {
        if size_bytes == 0 || !size_bytes.is_multiple_of(SECTOR) {
            return Err(FormatError::DiskSize { size_bytes });
        }
        let chunks = size_bytes.div_ceil(CHUNK_BYTES as u64);
        let (mut depth, mut reach) = (1, NODE_IDS as u64);
        while reach < chunks {
            (depth, reach) = (depth + 1, reach * NODE_IDS as u64);
        }
        Ok(Shape { chunks, depth })
    }

    /// Chunks of the disk, zeros included.
    pub fn chunks(self) -> u64 {
        self.chunks
    }

    /// Level of the top node.
    pub fn depth(self) -> u8 {
        self.depth
    }

    /// How many chunks one id in a node of `level` covers.
    pub fn stride(self, level: u8) -> u64 {
        (NODE_IDS as u64).pow(u32::from(level) - 1)
    }

    /// How many ids the node of `level` has that is the `index`-th of its level, from 0; 0 beyond the last.
    pub fn node_ids(self, level: u8, index: u64) -> usize {
        let entries = self.chunks.div_ceil(self.stride(level));
        entries.saturating_sub(index.saturating_mul(NODE_IDS as u64)).min(NODE_IDS as u64) as usize
    }
}

/// What a root record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootRecord {
    size_bytes: u64,
    places: u64,
    top: ChunkId,
    shape: Shape,
}

impl RootRecord {
    /// Makes a record; the depth follows from the size.
    ///
    /// # Errors
    /// When the size is not a positive multiple of 512, or the places do not fit it or the top id.
    pub fn new(size_bytes: u64, places: u64, top: ChunkId) -> Result<Self, FormatError> {
        let shape = Shape::of(size_bytes)?;
        if places > shape.chunks || (places == 0) != top.is_zero() {
            return Err(FormatError::Places { places });
        }
        Ok(RootRecord { size_bytes, places, top, shape })
    }

    /// Size of the disk in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Number of places (chunks) that are not zero.
    pub fn places(&self) -> u64 {
        self.places
    }

    /// Level of the top node.
    pub fn depth(&self) -> u8 {
        self.shape.depth
    }

    /// Id of the top node, or the zero id.
    pub fn top(&self) -> ChunkId {
        self.top
    }

    /// The shape of the tree.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The record's bytes, which are stored as a chunk.
    pub fn encode(&self) -> [u8; ROOT_BYTES] {
        let mut bytes = [0; ROOT_BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..16].copy_from_slice(&self.size_bytes.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.places.to_le_bytes());
        bytes[24] = self.shape.depth;
        bytes[32..].copy_from_slice(self.top.as_bytes());
        bytes
    }

    /// Reads a record.
    ///
    /// # Errors
    /// Names the field that is wrong.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let bytes: &[u8; ROOT_BYTES] =
            bytes.try_into().map_err(|_| FormatError::RootLength { got: bytes.len() })?;
        if &bytes[..8] != MAGIC {
            return Err(FormatError::RootMagic);
        }
        if bytes[25..32] != [0; 7] {
            return Err(FormatError::Reserved);
        }
        let record = RootRecord::new(number_at(bytes, 8), number_at(bytes, 16), id_at(bytes, 32))?;
        if record.depth() != bytes[24] {
            return Err(FormatError::Depth { wanted: record.depth(), got: bytes[24] });
        }
        Ok(record)
    }

    /// The disk root that this record has in a plain domain.
    pub fn root(&self) -> DiskRoot {
        self.root_named(&Naming::Plain)
    }

    /// The disk root that this record has under a naming.
    pub fn root_named(&self, naming: &Naming) -> DiskRoot {
        DiskRoot(naming.id(&self.encode()))
    }
}

fn number_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("the slice has eight bytes"))
}

fn id_at(bytes: &[u8], at: usize) -> ChunkId {
    ChunkId::from_bytes(bytes[at..at + 32].try_into().expect("the slice has 32 bytes"))
}

/// Reads the ids of a node: of `level`, with exactly as many ids as the tree's shape asks for.
///
/// # Errors
/// When the length is another, or every id is the zero id (such a node is never stored).
pub fn decode_node(bytes: &[u8], level: u8, ids: usize) -> Result<Vec<ChunkId>, FormatError> {
    if bytes.len() != ids * 32 || ids == 0 {
        return Err(FormatError::NodeLength { level, wanted: ids * 32, got: bytes.len() });
    }
    let list: Vec<ChunkId> = (0..ids).map(|n| id_at(bytes, n * 32)).collect();
    if list.iter().all(ChunkId::is_zero) {
        return Err(FormatError::ZeroNode { level });
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_the_least_that_reaches_every_chunk() {
        let depth = |chunks: u64| Shape::of(chunks * CHUNK_BYTES as u64).unwrap().depth();
        assert_eq!([1, 1_024, 1_025, 1 << 20, (1 << 20) + 1].map(depth), [1, 1, 2, 2, 3]);
        assert_eq!(Shape::of(u64::MAX - 511).unwrap().depth(), 5);
        assert_eq!(Shape::of(8 << 40).unwrap().depth(), 3);
    }

    #[test]
    fn every_node_but_the_last_of_its_level_is_full() {
        let shape = Shape::of(2_500 * CHUNK_BYTES as u64 - 512).unwrap();
        assert_eq!([0, 1, 2, 3].map(|index| shape.node_ids(1, index)), [1_024, 1_024, 452, 0]);
        assert_eq!([0, 1].map(|index| shape.node_ids(2, index)), [3, 0]);
    }

    #[test]
    fn a_root_record_reads_back_and_every_wrong_byte_is_refused() {
        let record = RootRecord::new(3 << 30, 7, ChunkId::of(b"top")).unwrap();
        let good = record.encode();
        assert_eq!(RootRecord::decode(&good).unwrap(), record);
        for at in (0..8).chain(24..32) {
            let mut bad = good;
            bad[at] ^= 0x40;
            assert!(RootRecord::decode(&bad).is_err(), "byte {at}");
        }
        assert_eq!(RootRecord::decode(&good[1..]), Err(FormatError::RootLength { got: 63 }));
    }

    #[test]
    fn places_must_fit_the_size_and_the_top() {
        assert!(RootRecord::new(512, 2, ChunkId::of(b"top")).is_err());
        assert!(RootRecord::new(512, 0, ChunkId::of(b"top")).is_err());
        assert!(RootRecord::new(512, 1, ChunkId::ZERO).is_err());
        assert!(RootRecord::new(513, 1, ChunkId::of(b"top")).is_err());
        assert!(RootRecord::new(512, 0, ChunkId::ZERO).is_ok());
    }
}
