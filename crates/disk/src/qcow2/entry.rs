//! Entries of the L1 and L2 tables.

use crate::bytes::be64;
use crate::error::Problem;
use crate::host::HostFile;
use crate::limits::SECTOR_BYTES;
use crate::qcow2::header::{EntryKind, Header, Version};

/// Bits 9 to 55: the offset in an L1 entry and in the L2 entry of a plain cluster.
const OFFSET_MASK: u64 = 0x00ff_ffff_ffff_fe00;
/// Bit 63: the refcount is exactly one.
const COPIED: u64 = 1 << 63;
/// Bit 62: the cluster is compressed.
const PACKED: u64 = 1 << 62;
/// Bit 0 of a plain L2 entry: the cluster reads as zeros.
const ZERO: u64 = 1;

/// Where one cluster of the disk has its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cluster {
    /// Never written: zeros, as there is no backing file.
    Absent,
    /// Zeros; `host` is a cluster kept for later writes.
    Zero { host: Option<u64> },
    /// A cluster of the file.
    Plain { host: u64 },
    /// Compressed: `bytes` of the file, whole sectors from the one in which `host` lies.
    Packed { host: u64, bytes: u64, sectors: u64 },
    /// A cluster of the file of which only some subclusters count.
    Parted { host: u64, parts: Subclusters },
}

/// Which of a cluster's 32 subclusters hold data; the others are zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subclusters {
    data: u32,
}

impl Subclusters {
    /// Subclusters in a cluster.
    pub(crate) const COUNT: u64 = 32;

    /// How many subclusters from `index` are of one kind, and whether they hold data.
    pub(crate) fn run_from(self, index: u64) -> (u64, bool) {
        let bits = self.data >> index;
        let left = (Self::COUNT - index) as u32;
        match bits & 1 {
            1 => (bits.trailing_ones().min(left).into(), true),
            _ => (bits.trailing_zeros().min(left).into(), false),
        }
    }

    /// Subclusters up to the last one with data.
    pub(crate) fn reach(self) -> u64 {
        (u32::BITS - self.data.leading_zeros()).into()
    }
}

/// The offset of an L2 table, 0 for none.
pub(crate) fn parse_l1_entry(
    host: &HostFile,
    header: &Header,
    bytes: &[u8],
) -> Result<u64, Problem> {
    let value = be64(bytes, 0);
    if value & !(OFFSET_MASK | COPIED) != 0 {
        return Err(Problem::Field { field: "L1 entry", value, rule: "with reserved bits set" });
    }
    let offset = value & OFFSET_MASK;
    if offset != 0 {
        header.ensure_placed(host, "L2 table", (offset, header.cluster_bytes()))?;
    }
    Ok(offset)
}

/// Entry `index` of a piece of an L2 table. Whether it lies inside the file is checked where its reach is known.
pub(crate) fn parse_l2_entry(
    header: &Header,
    table: &[u8],
    index: usize,
) -> Result<Cluster, Problem> {
    match header.entries {
        EntryKind::Plain => plain_entry(header, be64(table, index * 8)),
        EntryKind::Extended => {
            extended_entry(header, be64(table, index * 16), be64(table, index * 16 + 8))
        }
    }
}

fn plain_entry(header: &Header, value: u64) -> Result<Cluster, Problem> {
    if value == 0 {
        return Ok(Cluster::Absent);
    }
    if value & PACKED != 0 {
        return packed_entry(header, value);
    }
    if value & ZERO != 0 && header.version == Version::Two {
        let rule = "with the zero bit, which version 2 has not";
        return Err(Problem::Field { field: "L2 entry", value, rule });
    }
    let offset = cluster_offset(header, value, COPIED | ZERO)?;
    match (value & ZERO != 0, offset) {
        (true, 0) => Ok(Cluster::Zero { host: None }),
        (true, host) => Ok(Cluster::Zero { host: Some(host) }),
        (false, host) => Ok(Cluster::Plain { host }),
    }
}

fn extended_entry(header: &Header, value: u64, bitmap: u64) -> Result<Cluster, Problem> {
    let contradiction = |rule| Problem::Field { field: "subcluster bitmap", value: bitmap, rule };
    if value & PACKED != 0 {
        return match bitmap {
            0 => packed_entry(header, value),
            _ => Err(contradiction("not 0 for a compressed cluster")),
        };
    }
    let (data, zeros) = (bitmap as u32, (bitmap >> 32) as u32);
    if data & zeros != 0 {
        return Err(contradiction("with subclusters both allocated and zero"));
    }
    if value == 0 {
        return match data {
            0 => Ok(Cluster::Absent),
            _ => Err(contradiction("with allocated subclusters of no cluster")),
        };
    }
    let host = cluster_offset(header, value, COPIED)?;
    Ok(Cluster::Parted { host, parts: Subclusters { data } })
}

/// The offset of a plain cluster; 0 only beside the zero bit.
fn cluster_offset(header: &Header, value: u64, flags: u64) -> Result<u64, Problem> {
    if value & !(OFFSET_MASK | flags) != 0 {
        return Err(Problem::Field { field: "L2 entry", value, rule: "with reserved bits set" });
    }
    let (offset, alignment) = (value & OFFSET_MASK, header.cluster_bytes());
    if !offset.is_multiple_of(alignment) {
        return Err(Problem::Misaligned { field: "data cluster", offset, alignment });
    }
    if offset == 0 && value & flags & ZERO == 0 {
        return Err(Problem::Overlap { field: "data cluster", offset });
    }
    Ok(offset)
}

fn packed_entry(header: &Header, value: u64) -> Result<Cluster, Problem> {
    if value & COPIED != 0 {
        let rule = "compressed and marked as copied";
        return Err(Problem::Field { field: "L2 entry", value, rule });
    }
    let offset_bits = 62 - (header.cluster_bits - 8);
    let host = value & ((1 << offset_bits) - 1);
    let sectors = 1 + ((value & !PACKED) >> offset_bits);
    let bytes = sectors * SECTOR_BYTES - host % SECTOR_BYTES;
    Ok(Cluster::Packed { host, bytes, sectors })
}
