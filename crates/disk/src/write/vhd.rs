//! The footer of a fixed vhd: the disk's bytes come before it, nothing else is in the file.

use crate::limits::SECTOR_BYTES;

/// What a footer says of a disk's geometry where only its size counts: the ceiling of every large disk. Readers take the
/// size in bytes then, as QEMU's `force_size` makes them (cylinders, heads, sectors).
const GEOMETRY: (u16, u8, u8) = (65_535, 16, 255);
/// Features: the one bit that is always set.
const RESERVED: u32 = 2;
const VERSION: u32 = 0x0001_0000;
const FIXED: u32 = 2;
/// Who made it: a tool whose disks are as large as the footer states, whatever their geometry is.
const CREATOR: &[u8; 4] = b"fery";

/// The footer of a disk of this size.
pub(crate) fn footer(size_bytes: u64) -> [u8; SECTOR_BYTES as usize] {
    let mut footer = [0; SECTOR_BYTES as usize];
    let mut put = |at: usize, bytes: &[u8]| footer[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"conectix");
    put(8, &RESERVED.to_be_bytes());
    put(12, &VERSION.to_be_bytes());
    put(16, &u64::MAX.to_be_bytes()); // no header of a dynamic disk
    put(28, CREATOR);
    put(32, &VERSION.to_be_bytes());
    put(40, &size_bytes.to_be_bytes());
    put(48, &size_bytes.to_be_bytes());
    let (cylinders, heads, sectors) = GEOMETRY;
    put(56, &cylinders.to_be_bytes());
    put(58, &[heads, sectors]);
    put(60, &FIXED.to_be_bytes());
    put(68, &unique_id(size_bytes));
    let sum = footer.iter().fold(0_u32, |sum, byte| sum.wrapping_add(u32::from(*byte)));
    footer[64..68].copy_from_slice(&(!sum).to_be_bytes());
    footer
}

/// The same disk written twice gives the same bytes, so the id is of its size alone; only differencing disks, which are not
/// written, refer to it.
fn unique_id(size_bytes: u64) -> [u8; 16] {
    let mut id = *b"ferry\0\0\0\0\0\0\0\0\0\0\0";
    id[8..].copy_from_slice(&size_bytes.to_be_bytes());
    id
}
