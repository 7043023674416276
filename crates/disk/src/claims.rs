//! No byte of an image file may serve two purposes: the check that finds loops and shared clusters.
//!
//! The file is cut into units (clusters or sectors) with one bit each. A file with more units than fit the bitmap is
//! checked window by window, so the memory is bounded whatever the file's length.

use std::ops::Range;

use crate::error::{Malformed, OpenError, Problem};
use crate::format::Format;
use crate::limits::{MAX_DISK_BYTES, SECTOR_BYTES};

/// Units in one window: a bitmap of 32 MiB, enough for 16 TiB of 64 KiB clusters in one pass.
const WINDOW_UNITS: u64 = 1 << 28;

/// Passes over an image's tables at most. A file of more windows is longer than any image that is accepted.
const MAX_WINDOWS: u64 = 16;

/// Longest image file, in bytes: twice the largest disk, and offsets still fit [`PackedRange`].
const MAX_FILE_BYTES: u64 = 2 * MAX_DISK_BYTES;

/// Compressed extents looked at together: 32 MiB of them. More make the window smaller.
const MAX_PACKED: usize = 4 << 20;

/// The claims on one window of the file.
pub(crate) struct Claims {
    format: Format,
    unit_bytes: u64,
    window: Range<u64>,
    taken: Vec<u64>,
    packed: Vec<PackedRange>,
    overflowed: bool,
}

/// The bytes of one compressed unit: offset in the high bits, so that they sort by it, and sectors in the low 16.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct PackedRange(u64);

impl PackedRange {
    const SECTOR_BITS: u32 = 16;

    fn offset(self) -> u64 {
        self.0 >> Self::SECTOR_BITS
    }

    /// Bytes that surely belong to it. Its length is known in whole sectors only, and of the last sector it may have no
    /// more than a byte before the next one begins.
    fn sure_bytes(self) -> u64 {
        let sectors = self.0 & ((1 << Self::SECTOR_BITS) - 1);
        let before_last = (sectors - 1) * SECTOR_BYTES;
        before_last.saturating_sub(self.offset() % SECTOR_BYTES) + 1
    }
}

/// Lets `scan` claim everything the image refers to, and refuses when anything is claimed twice.
///
/// `scan` runs once per window and must claim the same each time.
pub(crate) fn check_claims(
    format: Format,
    file_bytes: u64,
    unit_bytes: u64,
    mut scan: impl FnMut(&mut Claims) -> Result<(), OpenError>,
) -> Result<(), OpenError> {
    let units = file_bytes.div_ceil(unit_bytes);
    let limit = MAX_FILE_BYTES.min(WINDOW_UNITS * MAX_WINDOWS * unit_bytes);
    if file_bytes > limit {
        let problem = Problem::Limit { field: "file length", value: file_bytes, limit };
        return Err(problem.of(format).into());
    }
    let (mut start, mut width) = (0, WINDOW_UNITS);
    while start < units {
        let end = units.min(start.saturating_add(width));
        let mut claims = Claims::new(format, unit_bytes, start..end);
        scan(&mut claims)?;
        if claims.overflowed && end - start > 1 {
            width = (end - start) / 2;
            continue;
        }
        claims.finish()?;
        start = end;
    }
    Ok(())
}

impl Claims {
    fn new(format: Format, unit_bytes: u64, window: Range<u64>) -> Claims {
        let words = (window.end - window.start).div_ceil(64);
        Claims {
            format,
            unit_bytes,
            window,
            taken: vec![0; words as usize],
            packed: Vec::new(),
            overflowed: false,
        }
    }

    /// Claims every unit that `length` bytes at `offset` touch, for `field` alone.
    pub(crate) fn claim(
        &mut self,
        field: &'static str,
        offset: u64,
        length: u64,
    ) -> Result<(), Malformed> {
        let units = self.units_within(offset, length);
        let mut unit = units.start;
        while unit < units.end {
            let (word, bit) = ((unit / 64) as usize, unit % 64);
            let count = (64 - bit).min(units.end - unit);
            let mask = (u64::MAX >> (64 - count)) << bit;
            if self.taken[word] & mask != 0 {
                return Err(Problem::Overlap { field, offset }.of(self.format));
            }
            self.taken[word] |= mask;
            unit += count;
        }
        Ok(())
    }

    /// Claims a compressed unit's `sectors` from the one that `offset` lies in; others may share its last sector.
    pub(crate) fn claim_packed(&mut self, offset: u64, sectors: u64) {
        let range = PackedRange(offset << PackedRange::SECTOR_BITS | sectors);
        if self.units_within(offset, range.sure_bytes()).is_empty() || self.overflowed {
            return;
        }
        if self.packed.len() == MAX_PACKED {
            self.overflowed = true;
            return;
        }
        self.packed.push(range);
    }

    /// Units of the window, counted from its start, that the bytes touch.
    fn units_within(&self, offset: u64, length: u64) -> Range<u64> {
        let first = offset / self.unit_bytes;
        let end = offset.saturating_add(length).div_ceil(self.unit_bytes);
        let clip = |unit: u64| unit.clamp(self.window.start, self.window.end) - self.window.start;
        clip(first)..clip(end)
    }

    fn finish(mut self) -> Result<(), Malformed> {
        let field = "compressed cluster";
        self.packed.sort_unstable();
        if self.overflowed {
            // More extents than bytes they could begin at: some must be the same.
            let offset = self.window.start * self.unit_bytes;
            return Err(Problem::Overlap { field, offset }.of(self.format));
        }
        let mut free_from = 0;
        for range in &self.packed {
            let offset = range.offset();
            let units = self.units_within(offset, range.sure_bytes());
            let is_taken = |unit: u64| self.taken[(unit / 64) as usize] >> (unit % 64) & 1 == 1;
            if offset < free_from || units.into_iter().any(is_taken) {
                return Err(Problem::Overlap { field, offset }.of(self.format));
            }
            free_from = offset + range.sure_bytes();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(claimed: &[(u64, u64)], packed: &[(u64, u64)]) -> Result<(), Problem> {
        let checked = check_claims(Format::Qcow2, 1 << 20, 512, |claims| {
            for &(offset, sectors) in packed {
                claims.claim_packed(offset, sectors);
            }
            for &(offset, length) in claimed {
                claims.claim("x", offset, length)?;
            }
            Ok(())
        });
        checked.map_err(|error| match error {
            OpenError::Malformed(malformed) => malformed.problem,
            other => panic!("{other}"),
        })
    }

    #[test]
    fn neighbours_are_fine_and_overlaps_are_not() {
        assert_eq!(check(&[(0, 512), (512, 70_000), (512 * 138, 1)], &[]), Ok(()));
        assert_eq!(
            check(&[(0, 512 * 100), (512 * 99, 1)], &[]),
            Err(Problem::Overlap { field: "x", offset: 512 * 99 })
        );
    }

    #[test]
    fn compressed_units_may_share_a_last_sector_but_no_sure_byte() {
        // The first ends somewhere in sector 3; the second begins there.
        assert_eq!(check(&[], &[(1024, 2), (1536 + 10, 2)]), Ok(()));
        assert!(check(&[], &[(1024, 2), (1024, 2)]).is_err());
        assert!(check(&[], &[(1024, 4), (1536 + 10, 2)]).is_err());
        assert_eq!(check(&[], &[(1030, 1), (1031, 1)]), Ok(()));
        assert!(check(&[(1024, 512)], &[(1030, 1)]).is_err());
    }

    #[test]
    fn a_file_too_long_to_check_is_refused() {
        let answer = check_claims(Format::Qcow2, u64::MAX, 512, |_| Ok(()));
        assert_eq!(answer.unwrap_err().code(), "MalformedImage");
    }

    #[test]
    fn more_compressed_units_than_are_held_at_once_are_still_compared() {
        const UNITS: u64 = MAX_PACKED as u64 + 1_000_000;
        let check = |last: u64| {
            check_claims(Format::Qcow2, UNITS * 700 + 4096, 1 << 16, |claims| {
                (0..UNITS).for_each(|nth| claims.claim_packed(nth * 700, 2));
                claims.claim_packed(last, 2);
                Ok(())
            })
        };
        assert!(check(UNITS * 700).is_ok());
        assert_eq!(check(UNITS / 2 * 700).unwrap_err().code(), "MalformedImage");
    }

    #[test]
    fn a_long_file_is_checked_window_by_window() {
        const BORDER: u64 = WINDOW_UNITS * SECTOR_BYTES;
        let check = |second: u64| {
            check_claims(Format::Vmdk, 2 * BORDER, SECTOR_BYTES, |claims| {
                claims.claim("grain", BORDER - 4096, 65_536)?;
                Ok(claims.claim("grain", second, 65_536)?)
            })
        };
        assert!(check(BORDER + 61_440).is_ok());
        assert!(check(BORDER - 4096 - 65_536).is_ok());
        for second in [BORDER - 8192, BORDER + 4096, BORDER + 61_439] {
            assert_eq!(check(second).unwrap_err().code(), "MalformedImage");
        }
    }
}
