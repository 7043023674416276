//! The bounds every image must keep. A file outside them is refused before it is read further.

/// A sector: the unit in which every format counts a disk, in bytes.
pub const SECTOR_BYTES: u64 = 512;

/// Largest virtual disk, in bytes: 64 TiB, the largest a vhdx may be and twice the largest cloud disk (32 TiB).
pub const MAX_DISK_BYTES: u64 = 64 << 40;

/// Largest table held in memory while an image is open, in bytes (`bad-05`; QEMU's bound on the L1 table).
pub const MAX_TABLE_BYTES: u64 = 32 << 20;

/// Longest text inside an image that is read at all, in bytes: a descriptor (`bad-11`).
pub const MAX_DESCRIPTOR_BYTES: u64 = 64 << 10;

use crate::error::OpenError;

/// Judges a virtual size found in an image (`bad-09`).
pub(crate) fn admit_size(size_bytes: u64) -> Result<(), OpenError> {
    if size_bytes > MAX_DISK_BYTES {
        return Err(OpenError::TooLarge { size_bytes, limit_bytes: MAX_DISK_BYTES });
    }
    if size_bytes == 0 || !size_bytes.is_multiple_of(SECTOR_BYTES) {
        return Err(OpenError::InvalidSize { size_bytes });
    }
    Ok(())
}
