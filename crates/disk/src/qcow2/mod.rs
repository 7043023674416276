//! qcow2, versions 2 and 3: compressed clusters (zlib, zstd), zero clusters, subclusters.
//!
//! Not read: backing files, external data, encryption (all refused) and internal snapshots (checked, not imported).
//! The dirty bit is accepted: it says that refcounts may be stale, and reading needs none. The corrupt bit is refused.

mod check;
mod entry;
mod extensions;
mod header;
mod snapshots;

use std::ops::Range;

use crate::error::{Malformed, OpenError, Problem, ReadError};
use crate::extent::{Content, Extent, Packed, Packing};
use crate::format::Format;
use crate::host::HostFile;
use crate::image::Slices;
use crate::qcow2::entry::{Cluster, Subclusters, parse_l1_entry, parse_l2_entry};
use crate::qcow2::header::{Codec, Header};

/// A checked qcow2: its header and its L1 table. L2 tables are read when needed.
pub(crate) struct Qcow2 {
    header: Header,
    /// Offsets of the L2 tables, 0 for none; at most 32 MiB.
    l1: Vec<u64>,
}

/// The problem as one of a qcow2.
fn malformed(problem: Problem) -> Malformed {
    problem.of(Format::Qcow2)
}

impl Qcow2 {
    /// Reads and checks header, extensions, snapshot table, refcount structures and every L2 table.
    pub(crate) fn open(host: &HostFile) -> Result<Qcow2, OpenError> {
        let header = Header::read(host)?;
        let l1 = read_l1(host, &header)?;
        let qcow2 = Qcow2 { header, l1 };
        check::check_references(host, &qcow2)?;
        Ok(qcow2)
    }

    pub(crate) fn size_bytes(&self) -> u64 {
        self.header.size_bytes
    }

    /// Extents are joined within one slice of an L2 table, or over L2 tables that are absent.
    pub(crate) fn extent_at(
        &self,
        range: Range<u64>,
        mut slices: Slices<'_>,
    ) -> Result<Extent, ReadError> {
        let (header, offset) = (&self.header, range.start);
        let span = header.l2_span_bytes();
        let index = (offset / span) as usize;
        let table = self.l1[index];
        if table == 0 {
            let absent = self.l1[index..].iter().take_while(|table| **table == 0).count();
            let length = (index + absent) as u64 * span - offset;
            return Ok(Extent { length, content: Content::Zeros });
        }
        let entries_per_slice = header.slice_bytes() / header.entry_bytes();
        let entry = offset % span / header.cluster_bytes();
        let slice_at = table + entry / entries_per_slice * header.slice_bytes();
        let bytes = slices.load(slice_at, header.slice_bytes())?;
        let mut extent: Option<Extent> = None;
        let mut at = offset;
        let end = range.end.min(self.size_bytes());
        for entry in entry % entries_per_slice..entries_per_slice {
            let cluster = parse_l2_entry(header, &bytes, entry as usize).map_err(malformed)?;
            let cluster_end = (at / header.cluster_bytes() + 1) * header.cluster_bytes();
            while at < cluster_end {
                let next = piece(header, cluster, at);
                at += next.length;
                let is_joined = match &mut extent {
                    Some(extent) => extent.absorb(&next),
                    None => extent.replace(next).is_none(),
                };
                if !is_joined || at >= end {
                    return Ok(extent.unwrap_or(next));
                }
            }
        }
        Ok(extent.expect("a slice holds at least one entry from any offset in it"))
    }
}

/// The part of one kind that begins at `at` inside its cluster.
fn piece(header: &Header, cluster: Cluster, at: u64) -> Extent {
    let cluster_bytes = header.cluster_bytes();
    let within = at % cluster_bytes;
    let rest = cluster_bytes - within;
    match cluster {
        Cluster::Absent | Cluster::Zero { .. } => Extent { length: rest, content: Content::Zeros },
        Cluster::Plain { host } => {
            Extent { length: rest, content: Content::Plain { host: host + within } }
        }
        Cluster::Packed { host, bytes, .. } => {
            let packing = match header.codec {
                Codec::Zlib => Packing::Deflate { bytes },
                Codec::Zstd => Packing::Zstd { bytes },
            };
            let packed = Packed { host, start: at - within, length: cluster_bytes, packing };
            Extent { length: rest, content: Content::Packed(packed) }
        }
        Cluster::Parted { host, parts } => {
            let part_bytes = cluster_bytes / Subclusters::COUNT;
            let (count, has_data) = parts.run_from(within / part_bytes);
            let content = match has_data {
                true => Content::Plain { host: host + within },
                false => Content::Zeros,
            };
            Extent { length: (within / part_bytes + count) * part_bytes - within, content }
        }
    }
}

/// The part of the L1 table that the disk's size needs.
fn read_l1(host: &HostFile, header: &Header) -> Result<Vec<u64>, OpenError> {
    let needed = header.size_bytes.div_ceil(header.l2_span_bytes());
    let mut bytes = vec![0; needed as usize * 8];
    host.read_at(header.l1_offset, &mut bytes)?;
    let parse = |entry: &[u8]| parse_l1_entry(host, header, entry);
    Ok(bytes.chunks_exact(8).map(parse).collect::<Result<_, _>>().map_err(malformed)?)
}
