//! Every block of a dynamic vhd: inside the file, before the footer, and nothing used twice (`bad-12`).

use crate::claims::check_claims;
use crate::error::OpenError;
use crate::format::Format;
use crate::host::HostFile;
use crate::limits::SECTOR_BYTES;
use crate::vhd::dynamic::{Dynamic, HEADER_BYTES};
use crate::vhd::footer::FOOTER_BYTES;
use crate::vhd::malformed;

/// Follows every reference. Of the last block only what the disk's size needs must be in the file.
pub(crate) fn check_references(host: &HostFile, dynamic: &Dynamic) -> Result<(), OpenError> {
    check_claims(Format::Vhd, host.length(), SECTOR_BYTES, |claims| {
        claims.claim("footer copy", 0, FOOTER_BYTES)?;
        claims.claim("footer", host.length() - FOOTER_BYTES, FOOTER_BYTES)?;
        claims.claim("dynamic header", dynamic.header_offset, HEADER_BYTES)?;
        claims.claim("block table", dynamic.table_offset, dynamic.table_entries * 4)?;
        for index in 0..dynamic.blocks.len() {
            let Some(offset) = dynamic.block_offset(index) else { continue };
            let start = index as u64 * dynamic.block_bytes;
            let wanted = dynamic.block_bytes.min(dynamic.size_bytes - start);
            let length = dynamic.bitmap_bytes() + wanted;
            host.ensure_inside("block", offset, length).map_err(malformed)?;
            claims.claim("block", offset, length)?;
        }
        Ok(())
    })
}
