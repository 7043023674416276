//! The qcow2 header, checked field by field.

use crate::bytes::{be32, be64};
use crate::error::{NamedInside, OpenError, Problem, Unsupported};
use crate::host::HostFile;
use crate::limits::{MAX_TABLE_BYTES, admit_size};
use crate::qcow2::{extensions, malformed};
use crate::table::SLICE_BYTES;

/// What of the header is needed after it was checked.
pub(crate) struct Header {
    pub(crate) version: Version,
    pub(crate) cluster_bits: u32,
    pub(crate) size_bytes: u64,
    pub(crate) l1_offset: u64,
    pub(crate) l1_entries: u64,
    pub(crate) refcount_table_offset: u64,
    pub(crate) refcount_table_clusters: u64,
    pub(crate) snapshots_offset: u64,
    pub(crate) snapshots: u64,
    pub(crate) entries: EntryKind,
    pub(crate) codec: Codec,
}

/// Header version.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Two,
    Three,
}

/// Shape of the L2 entries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// 8 bytes.
    Plain,
    /// 16 bytes, with a bitmap of 32 subclusters.
    Extended,
}

/// How compressed clusters are compressed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    Zlib,
    Zstd,
}

const V2_BYTES: u64 = 72;
const V3_BYTES: u64 = 104;

/// Incompatible feature bits of the specification.
mod incompatible {
    pub(super) const DIRTY: u64 = 1 << 0;
    pub(super) const CORRUPT: u64 = 1 << 1;
    pub(super) const EXTERNAL_DATA: u64 = 1 << 2;
    pub(super) const COMPRESSION: u64 = 1 << 3;
    pub(super) const EXTENDED_L2: u64 = 1 << 4;
    pub(super) const KNOWN: u64 = DIRTY | CORRUPT | EXTERNAL_DATA | COMPRESSION | EXTENDED_L2;
}

impl Header {
    /// Reads and judges the header and its extensions.
    pub(crate) fn read(host: &HostFile) -> Result<Header, OpenError> {
        let mut fixed = [0; 112];
        host.read_padded(0, &mut fixed)?;
        let version = match be32(&fixed, 4) {
            2 => Version::Two,
            3 => Version::Three,
            other => return Err(OpenError::Unsupported(Unsupported::Qcow2Version(other))),
        };
        let cluster_bits = be32(&fixed, 20);
        ensure_field("cluster_bits", cluster_bits.into(), "not in 9 to 21", || {
            (9..=21).contains(&cluster_bits)
        })?;
        let features = match version {
            Version::Two => 0,
            Version::Three => be64(&fixed, 72),
        };
        let header_bytes = header_bytes(&fixed, version, 1 << cluster_bits)?;
        host.ensure_inside("header", 0, header_bytes).map_err(malformed)?;
        let named = extensions::read(host, &fixed, (header_bytes, 1 << cluster_bits))?;
        if features & incompatible::EXTERNAL_DATA != 0 || named.has_data_file {
            return Err(OpenError::ExternalData { name: named.data_file });
        }
        refuse_backing_file(host, &fixed, 1 << cluster_bits)?;
        judge_features(&fixed, features)?;
        if version == Version::Three {
            let order = be32(&fixed, 96);
            ensure_field("refcount_order", order.into(), "above 6", || order <= 6)?;
        }
        let entries = match features & incompatible::EXTENDED_L2 {
            0 => EntryKind::Plain,
            _ => EntryKind::Extended,
        };
        if entries == EntryKind::Extended {
            let rule = "below 14, which extended L2 entries need";
            ensure_field("cluster_bits", cluster_bits.into(), rule, || cluster_bits >= 14)?;
        }
        let header = Header {
            version,
            cluster_bits,
            size_bytes: be64(&fixed, 24),
            l1_offset: be64(&fixed, 40),
            l1_entries: be32(&fixed, 36).into(),
            refcount_table_offset: be64(&fixed, 48),
            refcount_table_clusters: be32(&fixed, 56).into(),
            snapshots_offset: be64(&fixed, 64),
            snapshots: be32(&fixed, 60).into(),
            entries,
            codec: codec(&fixed, features, header_bytes)?,
        };
        admit_size(header.size_bytes)?;
        header.judge_tables(host)?;
        Ok(header)
    }

    pub(crate) fn cluster_bytes(&self) -> u64 {
        1 << self.cluster_bits
    }

    pub(crate) fn entry_bytes(&self) -> u64 {
        match self.entries {
            EntryKind::Plain => 8,
            EntryKind::Extended => 16,
        }
    }

    /// Bytes of the disk that one L2 table maps.
    pub(crate) fn l2_span_bytes(&self) -> u64 {
        self.cluster_bytes() / self.entry_bytes() * self.cluster_bytes()
    }

    /// Bytes of an L2 table that are read at once.
    pub(crate) fn slice_bytes(&self) -> u64 {
        self.cluster_bytes().min(SLICE_BYTES)
    }

    /// Refuses a structure that does not begin at a cluster or lies outside the file or over the header.
    pub(crate) fn ensure_placed(
        &self,
        host: &HostFile,
        field: &'static str,
        (offset, length): (u64, u64),
    ) -> Result<(), Problem> {
        let alignment = self.cluster_bytes();
        if !offset.is_multiple_of(alignment) {
            return Err(Problem::Misaligned { field, offset, alignment });
        }
        if offset == 0 {
            return Err(Problem::Overlap { field, offset });
        }
        host.ensure_inside(field, offset, length)
    }

    fn judge_tables(&self, host: &HostFile) -> Result<(), OpenError> {
        let needed = self.size_bytes.div_ceil(self.l2_span_bytes());
        let limit = MAX_TABLE_BYTES / 8;
        let too_many = |field, value, limit| malformed(Problem::Limit { field, value, limit });
        if self.l1_entries > limit {
            return Err(too_many("l1_size", self.l1_entries, limit).into());
        }
        ensure_field("l1_size", self.l1_entries, "too few for the disk's size", || {
            self.l1_entries >= needed
        })?;
        let l1 = (self.l1_offset, self.l1_entries * 8);
        self.ensure_placed(host, "l1_table_offset", l1).map_err(malformed)?;
        let limit = MAX_TABLE_BYTES / self.cluster_bytes();
        if self.refcount_table_clusters > limit {
            let clusters = self.refcount_table_clusters;
            return Err(too_many("refcount_table_clusters", clusters, limit).into());
        }
        let clusters = self.refcount_table_clusters;
        ensure_field("refcount_table_clusters", clusters, "less than one", || clusters > 0)?;
        let refcounts = (self.refcount_table_offset, clusters * self.cluster_bytes());
        self.ensure_placed(host, "refcount_table_offset", refcounts).map_err(malformed)?;
        Ok(())
    }
}

fn ensure_field(
    field: &'static str,
    value: u64,
    rule: &'static str,
    holds: impl FnOnce() -> bool,
) -> Result<(), OpenError> {
    if holds() { Ok(()) } else { Err(malformed(Problem::Field { field, value, rule }).into()) }
}

fn header_bytes(fixed: &[u8], version: Version, cluster_bytes: u64) -> Result<u64, OpenError> {
    if version == Version::Two {
        return Ok(V2_BYTES);
    }
    let length = be32(fixed, 100).into();
    let rule = "not a multiple of 8 from 104 to the cluster size";
    ensure_field("header_length", length, rule, || {
        (V3_BYTES..=cluster_bytes).contains(&length) && length.is_multiple_of(8)
    })?;
    Ok(length)
}

fn refuse_backing_file(host: &HostFile, fixed: &[u8], cluster_bytes: u64) -> Result<(), OpenError> {
    /// Longest name the specification allows, in bytes.
    const MAX_NAME_BYTES: u64 = 1023;
    let (offset, length) = (be64(fixed, 8), u64::from(be32(fixed, 16)));
    if offset == 0 {
        return Ok(());
    }
    let is_readable = length <= MAX_NAME_BYTES
        && offset.checked_add(length).is_some_and(|end| end <= cluster_bytes.min(host.length()));
    let mut name = vec![0; if is_readable { length as usize } else { 0 }];
    host.read_padded(offset, &mut name)?;
    Err(OpenError::BackingFile { name: NamedInside::new(&name) })
}

fn judge_features(fixed: &[u8], features: u64) -> Result<(), OpenError> {
    let unknown = features & !incompatible::KNOWN;
    if unknown != 0 {
        return Err(OpenError::Unsupported(Unsupported::Qcow2Features(unknown)));
    }
    ensure_field("incompatible_features", features, "with the corrupt bit set", || {
        features & incompatible::CORRUPT == 0
    })?;
    match be32(fixed, 32) {
        0 => Ok(()),
        method => Err(OpenError::Unsupported(Unsupported::Qcow2Encryption(method))),
    }
}

fn codec(fixed: &[u8], features: u64, header_bytes: u64) -> Result<Codec, OpenError> {
    let stored = if header_bytes > V3_BYTES { fixed[104] } else { 0 };
    let is_marked = features & incompatible::COMPRESSION != 0;
    let rule = "in contradiction to the compression feature bit";
    ensure_field("compression_type", stored.into(), rule, || is_marked == (stored != 0))?;
    match stored {
        0 => Ok(Codec::Zlib),
        1 => Ok(Codec::Zstd),
        other => Err(OpenError::Unsupported(Unsupported::Qcow2Compression(other))),
    }
}
