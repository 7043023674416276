//! The header and the block table of a dynamic vhd.

use std::sync::Arc;

use crate::bytes::{be32, be64};
use crate::error::{NamedInside, OpenError, Problem, ReadError};
use crate::extent::{Content, Extent};
use crate::format::Format;
use crate::host::HostFile;
use crate::image::Slices;
use crate::limits::{MAX_TABLE_BYTES, SECTOR_BYTES};
use crate::vhd::footer::Footer;
use crate::vhd::{ensure_checksum, malformed};

/// Length of the dynamic header, in bytes.
pub(crate) const HEADER_BYTES: u64 = 1024;
/// Largest block, in bytes: 2 MiB is the usual one. Its bitmap has 16 KiB.
const MAX_BLOCK_BYTES: u64 = 64 << 20;
/// Block table entry of a block that was never written.
const ABSENT: u32 = u32::MAX;

/// A checked dynamic disk. Sector bitmaps are read when needed.
pub(crate) struct Dynamic {
    pub(crate) size_bytes: u64,
    pub(crate) header_offset: u64,
    pub(crate) table_offset: u64,
    pub(crate) table_entries: u64,
    pub(crate) block_bytes: u64,
    /// Sectors at which the blocks needed begin; at most 32 MiB.
    pub(crate) blocks: Vec<u32>,
}

impl Dynamic {
    /// Reads and judges the header and the block table.
    pub(crate) fn read(host: &HostFile, footer: &Footer) -> Result<Dynamic, OpenError> {
        let header_offset = footer.header_offset;
        host.ensure_inside("dynamic header", header_offset, HEADER_BYTES).map_err(malformed)?;
        let mut header = [0; HEADER_BYTES as usize];
        host.read_at(header_offset, &mut header)?;
        if !header.starts_with(b"cxsparse") {
            return Err(malformed(Problem::Missing { field: "dynamic header" }).into());
        }
        ensure_checksum("dynamic header", &header, 36).map_err(malformed)?;
        refuse_parent(&header)?;
        let mut dynamic = Dynamic {
            size_bytes: footer.size_bytes,
            header_offset,
            table_offset: be64(&header, 16),
            table_entries: be32(&header, 28).into(),
            block_bytes: be32(&header, 32).into(),
            blocks: Vec::new(),
        };
        dynamic.judge(host).map_err(malformed)?;
        dynamic.read_table(host)?;
        Ok(dynamic)
    }

    /// Bytes of the sector bitmap in front of each block, whole sectors.
    pub(crate) fn bitmap_bytes(&self) -> u64 {
        (self.block_bytes / SECTOR_BYTES).div_ceil(8).next_multiple_of(SECTOR_BYTES)
    }

    /// Offset in the file of the bitmap of block `index`, if the block was ever written.
    pub(crate) fn block_offset(&self, index: usize) -> Option<u64> {
        let sector = self.blocks[index];
        (sector != ABSENT).then(|| u64::from(sector) * SECTOR_BYTES)
    }

    pub(crate) fn extent_at(
        &self,
        offset: u64,
        mut slices: Slices<'_>,
    ) -> Result<Extent, ReadError> {
        let index = (offset / self.block_bytes) as usize;
        let within = offset % self.block_bytes;
        let Some(block) = self.block_offset(index) else {
            let absent = self.blocks[index..].iter().take_while(|block| **block == ABSENT).count();
            let length = (index + absent) as u64 * self.block_bytes - offset;
            return Ok(Extent { length, content: Content::Zeros });
        };
        let bitmap: Arc<[u8]> = slices.load(block, self.bitmap_bytes())?;
        let (first, end) = (within / SECTOR_BYTES, self.block_bytes / SECTOR_BYTES);
        let (run, is_written) = run_from(&bitmap, first, end);
        let length = (first + run) * SECTOR_BYTES - within;
        let content = match is_written {
            true => Content::Plain { host: block + self.bitmap_bytes() + within },
            false => Content::Zeros,
        };
        Ok(Extent { length, content })
    }

    fn judge(&self, host: &HostFile) -> Result<(), Problem> {
        let (field, value) = ("block size", self.block_bytes);
        if !value.is_power_of_two() || !(SECTOR_BYTES..=MAX_BLOCK_BYTES).contains(&value) {
            let rule = "not a power of two from 512 to 67108864";
            return Err(Problem::Field { field, value, rule });
        }
        let (field, value, limit) = ("max table entries", self.table_entries, MAX_TABLE_BYTES / 4);
        if value > limit {
            return Err(Problem::Limit { field, value, limit });
        }
        if value < self.size_bytes.div_ceil(self.block_bytes) {
            return Err(Problem::Field { field, value, rule: "too few for the disk's size" });
        }
        let (offset, alignment) = (self.table_offset, SECTOR_BYTES);
        if !offset.is_multiple_of(alignment) {
            return Err(Problem::Misaligned { field: "block table", offset, alignment });
        }
        host.ensure_inside("block table", offset, self.table_entries * 4)
    }

    fn read_table(&mut self, host: &HostFile) -> Result<(), OpenError> {
        let needed = self.size_bytes.div_ceil(self.block_bytes);
        let mut bytes = vec![0; needed as usize * 4];
        host.read_at(self.table_offset, &mut bytes)?;
        self.blocks = bytes.chunks_exact(4).map(|entry| be32(entry, 0)).collect();
        Ok(())
    }
}

/// How many sectors from `first`, up to `end`, are of one kind, and whether they were written. High bits come first.
fn run_from(bitmap: &[u8], first: u64, end: u64) -> (u64, bool) {
    let is_set = |sector: u64| bitmap[(sector / 8) as usize] >> (7 - sector % 8) & 1 == 1;
    let is_written = is_set(first);
    let whole = if is_written { 0xff } else { 0x00 };
    let mut sector = first;
    while sector < end {
        let is_whole = sector.is_multiple_of(8) && bitmap[(sector / 8) as usize] == whole;
        if is_whole {
            sector = (sector + 8).min(end);
        } else if is_set(sector) == is_written {
            sector += 1;
        } else {
            break;
        }
    }
    (sector - first, is_written)
}

/// A dynamic disk has no parent; a header that locates one belongs to a differencing disk in disguise.
fn refuse_parent(header: &[u8]) -> Result<(), OpenError> {
    const LOCATORS: std::ops::Range<usize> = 576..768;
    const LOCATOR_BYTES: usize = 24;
    let locator = header[LOCATORS].chunks_exact(LOCATOR_BYTES).find(|one| be32(one, 0) != 0);
    match locator {
        None => Ok(()),
        Some(locator) => {
            let name = NamedInside::new(&locator[..4]);
            Err(OpenError::Parent { format: Format::Vhd, name })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_a_bitmap_cross_bytes_and_stop_at_the_end() {
        let bitmap = [0b1111_0000, 0, 0b0000_0001, 0xff];
        assert_eq!(run_from(&bitmap, 0, 32), (4, true));
        assert_eq!(run_from(&bitmap, 2, 32), (2, true));
        assert_eq!(run_from(&bitmap, 4, 32), (19, false));
        assert_eq!(run_from(&bitmap, 23, 32), (9, true));
        assert_eq!(run_from(&bitmap, 24, 28), (4, true));
    }
}
