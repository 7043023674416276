//! Internal snapshots: their table is checked (`bad-07`) and claimed, their disks are not read.

use crate::bytes::{be16, be32, be64};
use crate::error::{OpenError, Problem};
use crate::host::HostFile;
use crate::limits::MAX_TABLE_BYTES;
use crate::qcow2::header::Header;
use crate::qcow2::malformed;

/// Most snapshots in one image, QEMU's own limit.
const MAX_SNAPSHOTS: u64 = 65_536;
/// Longest extra data of one snapshot, in bytes, QEMU's own limit.
const MAX_EXTRA_BYTES: u64 = 1024;
/// The part of an entry with fixed fields, in bytes.
const FIXED_BYTES: u64 = 40;

/// A range of the file that belongs to snapshots.
pub(crate) struct SnapshotTable {
    pub(crate) field: &'static str,
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

/// The snapshot table and each snapshot's L1 table.
pub(crate) fn read(host: &HostFile, header: &Header) -> Result<Vec<SnapshotTable>, OpenError> {
    if header.snapshots == 0 {
        return Ok(Vec::new());
    }
    if header.snapshots > MAX_SNAPSHOTS {
        let (value, limit) = (header.snapshots, MAX_SNAPSHOTS);
        return Err(malformed(Problem::Limit { field: "nb_snapshots", value, limit }).into());
    }
    let start = header.snapshots_offset;
    header.ensure_placed(host, "snapshots_offset", (start, FIXED_BYTES)).map_err(malformed)?;
    let mut tables = Vec::new();
    let mut at = start;
    for _ in 0..header.snapshots {
        host.ensure_inside("snapshot", at, FIXED_BYTES).map_err(malformed)?;
        let mut fixed = [0; FIXED_BYTES as usize];
        host.read_at(at, &mut fixed)?;
        tables.extend(l1_table(host, header, &fixed).map_err(malformed)?);
        let length = entry_bytes(&fixed).map_err(malformed)?;
        host.ensure_inside("snapshot", at, length).map_err(malformed)?;
        at += length.next_multiple_of(8);
        if at - start > MAX_TABLE_BYTES {
            let (field, value, limit) = ("snapshot table bytes", at - start, MAX_TABLE_BYTES);
            return Err(malformed(Problem::Limit { field, value, limit }).into());
        }
    }
    tables.push(SnapshotTable { field: "snapshot table", offset: start, length: at - start });
    Ok(tables)
}

fn entry_bytes(fixed: &[u8]) -> Result<u64, Problem> {
    let (id, name, extra) = (be16(fixed, 12), be16(fixed, 14), u64::from(be32(fixed, 36)));
    if extra > MAX_EXTRA_BYTES {
        let (field, limit) = ("snapshot extra data size", MAX_EXTRA_BYTES);
        return Err(Problem::Limit { field, value: extra, limit });
    }
    Ok(FIXED_BYTES + extra + u64::from(id) + u64::from(name))
}

fn l1_table(
    host: &HostFile,
    header: &Header,
    fixed: &[u8],
) -> Result<Option<SnapshotTable>, Problem> {
    let (offset, entries) = (be64(fixed, 0), u64::from(be32(fixed, 8)));
    let limit = MAX_TABLE_BYTES / 8;
    if entries > limit {
        return Err(Problem::Limit { field: "snapshot l1_size", value: entries, limit });
    }
    if entries == 0 {
        return Ok(None);
    }
    let field = "snapshot l1_table_offset";
    header.ensure_placed(host, field, (offset, entries * 8))?;
    Ok(Some(SnapshotTable { field, offset, length: entries * 8 }))
}
