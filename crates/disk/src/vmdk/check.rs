//! Every reference of a vmdk, followed once when it is opened: inside the file and nothing used twice (`bad-11`).

use crate::bytes::le32;
use crate::claims::{Claims, check_claims};
use crate::error::OpenError;
use crate::format::Format;
use crate::host::HostFile;
use crate::limits::SECTOR_BYTES;
use crate::vmdk::header::GrainKind;
use crate::vmdk::marker::{GrainMarker, MARKER_BYTES};
use crate::vmdk::{Grain, Vmdk, malformed, parse_entry};

/// Follows every reference; of compressed grains also the marker.
pub(crate) fn check_references(host: &HostFile, vmdk: &Vmdk) -> Result<(), OpenError> {
    let header = &vmdk.header;
    check_claims(Format::Vmdk, host.length(), SECTOR_BYTES, |claims| {
        claims.claim("header", 0, SECTOR_BYTES)?;
        claims.claim("descriptor", header.descriptor_offset, header.descriptor_bytes)?;
        let directories = [Some(header.directory_offset), header.redundant_directory_offset];
        for offset in directories.into_iter().flatten() {
            claims.claim("grain directory", offset, header.directory_bytes())?;
        }
        scan_tables(host, vmdk, claims)
    })
}

fn scan_tables(host: &HostFile, vmdk: &Vmdk, claims: &mut Claims) -> Result<(), OpenError> {
    let header = &vmdk.header;
    let mut bytes = vec![0; header.table_bytes() as usize];
    for (index, &table) in vmdk.directory.iter().enumerate().filter(|(_, table)| **table != 0) {
        claims.claim("grain table", table, header.table_bytes())?;
        host.read_at(table, &mut bytes)?;
        for (nth, entry) in bytes.chunks_exact(4).enumerate() {
            let grain = parse_entry(header, le32(entry, 0)).map_err(malformed)?;
            let start = index as u64 * header.table_span_bytes() + nth as u64 * header.grain_bytes;
            if let Grain::Present { host: data } = grain
                && start < header.size_bytes
            {
                let length = stored_bytes(host, vmdk, (start, data))?;
                claims.claim("grain", data, length)?;
            }
        }
    }
    Ok(())
}

/// Bytes in the file of the grain at `start` of the disk, stored at `data`.
fn stored_bytes(host: &HostFile, vmdk: &Vmdk, (start, data): (u64, u64)) -> Result<u64, OpenError> {
    let header = &vmdk.header;
    let wanted = header.grain_bytes.min(header.size_bytes - start);
    match header.grains {
        GrainKind::Plain => {
            host.ensure_inside("grain", data, wanted).map_err(malformed)?;
            Ok(wanted)
        }
        GrainKind::Packed => {
            host.ensure_inside("grain marker", data, MARKER_BYTES).map_err(malformed)?;
            let mut marker = [0; MARKER_BYTES as usize];
            host.read_at(data, &mut marker)?;
            let marker = GrainMarker::parse(&marker, data);
            Ok(MARKER_BYTES + marker.admit(host, start, wanted)?)
        }
    }
}
