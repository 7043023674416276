//! Sizes of disks.

use crate::field::{Field, FieldRefusal};
use crate::rejection::Rejection;

/// The virtual size of a disk in bytes: a positive multiple of 512, at most 64 TiB.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SizeBytes(u64);

impl SizeBytes {
    /// The largest disk: 64 TiB, four times the largest that the clouds of `contracts/` sell.
    pub const MAX: u64 = 64 << 40;

    /// Checks a size.
    pub fn new(bytes: u64) -> Result<Self, Rejection> {
        if bytes == 0 || !bytes.is_multiple_of(512) {
            return Err(Rejection::field(Field::Size, FieldRefusal::NotSectors { bytes }));
        }
        if bytes > Self::MAX {
            let refusal = FieldRefusal::TooLarge { value: bytes, limit: Self::MAX };
            return Err(Rejection::field(Field::Size, refusal));
        }
        Ok(SizeBytes(bytes))
    }

    /// The number of bytes.
    pub fn bytes(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_whole_sectors_within_the_limit() {
        for good in [512, 1 << 30, 8 << 40, SizeBytes::MAX] {
            assert_eq!(SizeBytes::new(good).unwrap().bytes(), good);
        }
        for wrong in [0, 1, 511, 513, SizeBytes::MAX + 512, u64::MAX] {
            assert!(SizeBytes::new(wrong).is_err(), "{wrong}");
        }
    }
}
