//! Header extensions: skipped but for the one that names an external data file. Lengths are checked for all.

use crate::bytes::{be32, be64};
use crate::error::{NamedInside, OpenError, Problem};
use crate::host::HostFile;
use crate::qcow2::malformed;

const END: u32 = 0;
const EXTERNAL_DATA_FILE: u32 = 0x4441_5441;

/// What the extensions name.
pub(crate) struct Named {
    pub(crate) has_data_file: bool,
    pub(crate) data_file: NamedInside,
}

/// Walks the extensions between the header's end and the backing file's name or the end of the first cluster.
pub(crate) fn read(
    host: &HostFile,
    fixed: &[u8],
    (header_bytes, cluster_bytes): (u64, u64),
) -> Result<Named, OpenError> {
    let backing = be64(fixed, 8);
    let end =
        if (header_bytes..cluster_bytes).contains(&backing) { backing } else { cluster_bytes };
    let mut area = vec![0; (end - header_bytes) as usize];
    host.read_padded(header_bytes, &mut area)?;
    let mut named = Named { has_data_file: false, data_file: NamedInside::new(b"") };
    let mut rest = area.as_slice();
    while rest.len() >= 8 {
        let (kind, length) = (be32(rest, 0), be32(rest, 4) as usize);
        if kind == END {
            break;
        }
        let Some(body) = rest[8..].get(..length) else {
            let limit = (rest.len() - 8) as u64;
            let field = "header extension length";
            return Err(malformed(Problem::Limit { field, value: length as u64, limit }).into());
        };
        if kind == EXTERNAL_DATA_FILE {
            named = Named { has_data_file: true, data_file: NamedInside::new(body) };
        }
        rest = rest[8..].get(length.next_multiple_of(8)..).unwrap_or(&[]);
    }
    Ok(named)
}
