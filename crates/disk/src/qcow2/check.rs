//! Every reference of a qcow2, followed once when it is opened: inside the file, aligned, and nothing used twice.
//!
//! This refuses loops (`bad-06`), shared clusters (`bad-08`) and cut files (`bad-16`). Refcounts are not compared: they
//! matter to writers. Memory is one bitmap and one piece of a table.

use crate::bytes::be64;
use crate::claims::{Claims, check_claims};
use crate::error::{Malformed, OpenError, Problem};
use crate::format::Format;
use crate::host::HostFile;
use crate::limits::SECTOR_BYTES;
use crate::qcow2::entry::{Cluster, Subclusters, parse_l2_entry};
use crate::qcow2::header::Header;
use crate::qcow2::{Qcow2, malformed, snapshots};
use crate::table::SLICE_BYTES;

/// Follows every reference.
pub(crate) fn check_references(host: &HostFile, qcow2: &Qcow2) -> Result<(), OpenError> {
    let header = &qcow2.header;
    let tables = snapshots::read(host, header)?;
    check_claims(Format::Qcow2, host.length(), header.cluster_bytes(), |claims| {
        let whole = header.refcount_table_clusters * header.cluster_bytes();
        claims.claim("header", 0, header.cluster_bytes())?;
        claims.claim("L1 table", header.l1_offset, header.l1_entries * 8)?;
        claims.claim("refcount table", header.refcount_table_offset, whole)?;
        for table in &tables {
            claims.claim(table.field, table.offset, table.length)?;
        }
        scan_refcount_table(host, header, claims)?;
        scan_l2_tables(host, qcow2, claims)
    })
}

/// Reads `length` bytes at `offset` piece by piece.
fn each_piece(
    host: &HostFile,
    (offset, length): (u64, u64),
    mut look: impl FnMut(u64, &[u8]) -> Result<(), Malformed>,
) -> Result<(), OpenError> {
    let mut piece = vec![0; length.min(SLICE_BYTES) as usize];
    for at in (0..length).step_by(piece.len()) {
        host.read_at(offset + at, &mut piece)?;
        look(at, &piece)?;
    }
    Ok(())
}

fn scan_refcount_table(
    host: &HostFile,
    header: &Header,
    claims: &mut Claims,
) -> Result<(), OpenError> {
    /// Bits 0 to 8 are reserved.
    const RESERVED: u64 = 0x1ff;
    let length = header.refcount_table_clusters * header.cluster_bytes();
    each_piece(host, (header.refcount_table_offset, length), |_, piece| {
        for entry in piece.chunks_exact(8).map(|entry| be64(entry, 0)).filter(|entry| *entry != 0) {
            if entry & RESERVED != 0 {
                let rule = "with reserved bits set";
                let field = "refcount table entry";
                return Err(malformed(Problem::Field { field, value: entry, rule }));
            }
            let block = (entry, header.cluster_bytes());
            header.ensure_placed(host, "refcount block", block).map_err(malformed)?;
            claims.claim("refcount block", entry, header.cluster_bytes())?;
        }
        Ok(())
    })
}

fn scan_l2_tables(host: &HostFile, qcow2: &Qcow2, claims: &mut Claims) -> Result<(), OpenError> {
    let header = &qcow2.header;
    for (index, &table) in qcow2.l1.iter().enumerate().filter(|(_, table)| **table != 0) {
        claims.claim("L2 table", table, header.cluster_bytes())?;
        let span_start = index as u64 * header.l2_span_bytes();
        each_piece(host, (table, header.cluster_bytes()), |at, piece| {
            for entry in 0..piece.len() / header.entry_bytes() as usize {
                let nth = at / header.entry_bytes() + entry as u64;
                let start = span_start + nth * header.cluster_bytes();
                let cluster = parse_l2_entry(header, piece, entry).map_err(malformed)?;
                check_cluster(host, header, (start, cluster), claims)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Checks what the cluster at `start` of the disk refers to. Only what the disk's size needs must be in the file.
fn check_cluster(
    host: &HostFile,
    header: &Header,
    (start, cluster): (u64, Cluster),
    claims: &mut Claims,
) -> Result<(), Malformed> {
    let cluster_bytes = header.cluster_bytes();
    let wanted = header.size_bytes.saturating_sub(start).min(cluster_bytes);
    match cluster {
        Cluster::Absent | Cluster::Zero { host: None } => Ok(()),
        Cluster::Zero { host: Some(kept) } => claims.claim("zero cluster", kept, cluster_bytes),
        Cluster::Plain { host: data } => {
            host.ensure_inside("data cluster", data, wanted).map_err(malformed)?;
            claims.claim("data cluster", data, cluster_bytes)
        }
        Cluster::Parted { host: data, parts } => {
            let reach = parts.reach() * (cluster_bytes / Subclusters::COUNT);
            host.ensure_inside("data cluster", data, wanted.min(reach)).map_err(malformed)?;
            claims.claim("data cluster", data, cluster_bytes)
        }
        Cluster::Packed { host: data, bytes, sectors } => {
            // The length is in whole sectors; the file may end inside the last one.
            let in_last_sector = host.length().next_multiple_of(SECTOR_BYTES) - host.length();
            let sure = bytes.saturating_sub(in_last_sector);
            host.ensure_inside("compressed cluster", data, sure).map_err(malformed)?;
            claims.claim_packed(data, sectors);
            Ok(())
        }
    }
}
