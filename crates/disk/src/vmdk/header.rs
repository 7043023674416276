//! The header of a hosted sparse extent, and its copy at the end of a stream.

use crate::bytes::{le16, le32, le64};
use crate::error::{OpenError, Problem, Unsupported};
use crate::host::HostFile;
use crate::limits::{MAX_DESCRIPTOR_BYTES, MAX_TABLE_BYTES, SECTOR_BYTES, admit_size};
use crate::vmdk::malformed;

/// What of the header is needed after it was checked. Offsets and lengths in bytes.
pub(crate) struct Header {
    pub(crate) size_bytes: u64,
    pub(crate) grain_bytes: u64,
    pub(crate) grains: GrainKind,
    pub(crate) has_zero_grains: bool,
    pub(crate) descriptor_offset: u64,
    pub(crate) descriptor_bytes: u64,
    pub(crate) directory_offset: u64,
    pub(crate) redundant_directory_offset: Option<u64>,
    table_entries: u64,
}

/// How grains are stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum GrainKind {
    /// As they are.
    Plain,
    /// Behind a marker, compressed.
    Packed,
}

/// Flag bits of the specification.
mod flags {
    pub(super) const NEWLINE_TEST: u32 = 1 << 0;
    pub(super) const REDUNDANT_DIRECTORY: u32 = 1 << 1;
    pub(super) const ZERO_GRAINS: u32 = 1 << 2;
    pub(super) const COMPRESSED: u32 = 1 << 16;
    pub(super) const MARKERS: u32 = 1 << 17;
    pub(super) const KNOWN: u32 =
        NEWLINE_TEST | REDUNDANT_DIRECTORY | ZERO_GRAINS | COMPRESSED | MARKERS;
}

/// `gdOffset` of a stream: the true one is in the footer.
const DIRECTORY_AT_END: u64 = u64::MAX;
/// Largest grain, in bytes. 64 KiB is the usual one; larger than this no tool makes.
const MAX_GRAIN_BYTES: u64 = 2 << 20;
/// Entries in a grain table: 512 by the specification, fewer are possible.
const MAX_TABLE_ENTRIES: u64 = 512;

impl Header {
    /// Reads and judges the header and, of a stream, the footer.
    pub(crate) fn read(host: &HostFile) -> Result<Header, OpenError> {
        let mut start = [0; SECTOR_BYTES as usize];
        host.read_at(0, &mut start)?;
        let directory = match le64(&start, 56) {
            DIRECTORY_AT_END => directory_from_footer(host, &start)?,
            sector => sector,
        };
        let flags = judge_kind(&start)?;
        let has = |flag| flags & flag != 0;
        let capacity = le64(&start, 12);
        admit_size(capacity.saturating_mul(SECTOR_BYTES))?;
        let redundant = has(flags::REDUNDANT_DIRECTORY)
            .then(|| le64(&start, 48))
            .filter(|sector| ![0, DIRECTORY_AT_END].contains(sector));
        let header = Header {
            size_bytes: capacity * SECTOR_BYTES,
            grain_bytes: grain_bytes(&start).map_err(malformed)?,
            grains: if has(flags::COMPRESSED) { GrainKind::Packed } else { GrainKind::Plain },
            has_zero_grains: has(flags::ZERO_GRAINS),
            descriptor_offset: byte_offset("descriptorOffset", le64(&start, 28))?,
            descriptor_bytes: byte_offset("descriptorSize", le64(&start, 36))?,
            directory_offset: byte_offset("gdOffset", directory)?,
            redundant_directory_offset: redundant
                .map(|sector| byte_offset("rgdOffset", sector))
                .transpose()?,
            table_entries: le32(&start, 44).into(),
        };
        header.judge_places(host).map_err(malformed)?;
        Ok(header)
    }

    /// Bytes of one grain table.
    pub(crate) fn table_bytes(&self) -> u64 {
        self.table_entries * 4
    }

    /// Bytes of the disk that one grain table maps.
    pub(crate) fn table_span_bytes(&self) -> u64 {
        self.table_entries * self.grain_bytes
    }

    /// Bytes of the grain directory.
    pub(crate) fn directory_bytes(&self) -> u64 {
        self.size_bytes.div_ceil(self.table_span_bytes()) * 4
    }

    fn judge_places(&self, host: &HostFile) -> Result<(), Problem> {
        let entries = self.table_entries;
        if entries == 0 || entries > MAX_TABLE_ENTRIES {
            let rule = "not in 1 to 512";
            return Err(Problem::Field { field: "numGTEsPerGT", value: entries, rule });
        }
        let limits = [
            ("descriptorSize", self.descriptor_bytes, MAX_DESCRIPTOR_BYTES),
            ("grain directory bytes", self.directory_bytes(), MAX_TABLE_BYTES),
        ];
        for (field, value, limit) in limits {
            if value > limit {
                return Err(Problem::Limit { field, value, limit });
            }
        }
        host.ensure_inside("descriptor", self.descriptor_offset, self.descriptor_bytes)?;
        let directories = [Some(self.directory_offset), self.redundant_directory_offset];
        for offset in directories.into_iter().flatten() {
            if offset == 0 {
                return Err(Problem::Overlap { field: "grain directory", offset });
            }
            host.ensure_inside("grain directory", offset, self.directory_bytes())?;
        }
        Ok(())
    }
}

fn byte_offset(field: &'static str, sectors: u64) -> Result<u64, OpenError> {
    let limit = u64::MAX / SECTOR_BYTES;
    let too_far = || malformed(Problem::Limit { field, value: sectors, limit }).into();
    sectors.checked_mul(SECTOR_BYTES).ok_or_else(too_far)
}

fn grain_bytes(start: &[u8]) -> Result<u64, Problem> {
    let sectors = le64(start, 20);
    let (field, value, rule) = ("grainSize", sectors, "not a power of two from 1 to 4096 sectors");
    if !sectors.is_power_of_two() || sectors > MAX_GRAIN_BYTES / SECTOR_BYTES {
        return Err(Problem::Field { field, value, rule });
    }
    Ok(sectors * SECTOR_BYTES)
}

/// Version, flags and compression, as far as they are known; answers the flags.
fn judge_kind(start: &[u8]) -> Result<u32, OpenError> {
    let (version, found) = (le32(start, 4), le32(start, 8));
    if !(1..=3).contains(&version) {
        return Err(OpenError::Unsupported(Unsupported::VmdkVersion(version)));
    }
    let is_compressed = found & flags::COMPRESSED != 0;
    if found & !flags::KNOWN != 0 || is_compressed != (found & flags::MARKERS != 0) {
        return Err(OpenError::Unsupported(Unsupported::VmdkFlags(found)));
    }
    // Four characters that a transfer as text would have damaged.
    if found & flags::NEWLINE_TEST != 0 && start[73..77] != *b"\n \r\n" {
        let value = le32(start, 73).into();
        let rule = "not the line ends that were written: the file was transferred as text";
        return Err(malformed(Problem::Field { field: "newline test", value, rule }).into());
    }
    match (is_compressed, le16(start, 77)) {
        (true, 1) | (false, 0) => Ok(found),
        (true | false, other) => Err(OpenError::Unsupported(Unsupported::VmdkCompression(other))),
    }
}

/// A stream ends with a footer marker, a copy of the header that knows the directory, and an end marker.
fn directory_from_footer(host: &HostFile, start: &[u8]) -> Result<u64, OpenError> {
    const SECTOR: usize = SECTOR_BYTES as usize;
    const FOOTER_MARKER: u32 = 3;
    const GRAIN_DIRECTORY: std::ops::Range<usize> = 56..64;
    let missing = || malformed(Problem::Missing { field: "footer" });
    let at = host.length().checked_sub(3 * SECTOR_BYTES).ok_or_else(missing)?;
    let mut end = [0; 3 * SECTOR];
    host.read_at(at, &mut end)?;
    let (marker, rest) = end.split_at(SECTOR);
    let (footer, end_marker) = rest.split_at(SECTOR);
    let is_marker =
        le64(marker, 0) == 1 && le32(marker, 8) == 0 && le32(marker, 12) == FOOTER_MARKER;
    if !is_marker || end_marker[..16] != [0; 16] || !footer.starts_with(b"KDMV") {
        return Err(missing().into());
    }
    let directory = le64(footer, GRAIN_DIRECTORY.start);
    if directory == DIRECTORY_AT_END {
        let rule = "in the footer itself, which leads nowhere";
        return Err(malformed(Problem::Field { field: "gdOffset", value: directory, rule }).into());
    }
    // Everything up to the padding must agree but for the directory's place.
    for at in (0..79).filter(|at| !GRAIN_DIRECTORY.contains(at)) {
        let (first, second) = (start[at].into(), footer[at].into());
        if first != second {
            let field = "header byte in header and footer";
            return Err(malformed(Problem::Contradiction { field, first, second }).into());
        }
    }
    Ok(directory)
}
