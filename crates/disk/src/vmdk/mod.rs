//! vmdk in one file: monolithicSparse and streamOptimized (compressed grains with markers, footer or not).
//!
//! Images whose data lies in other files, and images with a parent, are refused. The redundant grain directory is
//! placed but not read. An unclean shutdown mark is accepted: what the grain tables say is checked either way.

mod check;
mod descriptor;
mod header;
mod marker;

use std::ops::Range;

use crate::bytes::le32;
use crate::error::{Malformed, OpenError, Problem, ReadError};
use crate::extent::{Content, Extent, Packed, Packing};
use crate::format::Format;
use crate::host::HostFile;
use crate::image::Slices;
use crate::limits::SECTOR_BYTES;
use crate::vmdk::header::{GrainKind, Header};

pub(crate) use crate::vmdk::marker::{GrainMarker, MARKER_BYTES};

/// A checked vmdk: its header and its grain directory. Grain tables are read when needed.
pub(crate) struct Vmdk {
    header: Header,
    /// Offsets of the grain tables in bytes, 0 for none; at most 32 MiB in the file.
    directory: Vec<u64>,
}

/// Where one grain has its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grain {
    Absent,
    Present { host: u64 },
}

/// The problem as one of a vmdk.
fn malformed(problem: Problem) -> Malformed {
    problem.of(Format::Vmdk)
}

impl Vmdk {
    /// Reads and checks header, descriptor, grain directory and every grain table.
    pub(crate) fn open(host: &HostFile) -> Result<Vmdk, OpenError> {
        descriptor::refuse_bare(host)?;
        let header = Header::read(host)?;
        descriptor::judge(host, &header)?;
        let directory = read_directory(host, &header)?;
        let vmdk = Vmdk { header, directory };
        check::check_references(host, &vmdk)?;
        Ok(vmdk)
    }

    pub(crate) fn size_bytes(&self) -> u64 {
        self.header.size_bytes
    }

    /// Extents are joined within one grain table, or over grain tables that are absent.
    pub(crate) fn extent_at(
        &self,
        range: Range<u64>,
        mut slices: Slices<'_>,
    ) -> Result<Extent, ReadError> {
        let (header, offset) = (&self.header, range.start);
        let span = header.table_span_bytes();
        let index = (offset / span) as usize;
        let table = self.directory[index];
        if table == 0 {
            let absent = self.directory[index..].iter().take_while(|table| **table == 0).count();
            let length = (index + absent) as u64 * span - offset;
            return Ok(Extent { length, content: Content::Zeros });
        }
        let bytes = slices.load(table, header.table_bytes())?;
        let mut at = offset;
        let mut extent = self.piece(&bytes, at)?;
        at += extent.length;
        let end = ((index as u64 + 1) * span).min(self.size_bytes()).min(range.end);
        while at < end {
            let next = self.piece(&bytes, at)?;
            at += next.length;
            if !extent.absorb(&next) {
                break;
            }
        }
        Ok(extent)
    }

    /// The rest of the grain in which `at` lies, by its entry in the grain table.
    fn piece(&self, table: &[u8], at: u64) -> Result<Extent, ReadError> {
        let header = &self.header;
        let within = at % header.grain_bytes;
        let entry = at % header.table_span_bytes() / header.grain_bytes;
        let grain = parse_entry(header, le32(table, entry as usize * 4)).map_err(malformed)?;
        let content = match (grain, header.grains) {
            (Grain::Absent, _) => Content::Zeros,
            (Grain::Present { host }, GrainKind::Plain) => Content::Plain { host: host + within },
            (Grain::Present { host }, GrainKind::Packed) => {
                let start = at - within;
                let length = header.grain_bytes.min(header.size_bytes - start);
                Content::Packed(Packed { host, start, length, packing: Packing::Grain })
            }
        };
        Ok(Extent { length: header.grain_bytes - within, content })
    }
}

/// A grain table's entry: 0 absent, 1 zeros where the header says so, else the grain's sector.
fn parse_entry(header: &Header, entry: u32) -> Result<Grain, Problem> {
    match entry {
        0 => Ok(Grain::Absent),
        1 if header.has_zero_grains => Ok(Grain::Absent),
        sector => {
            let offset = u64::from(sector) * SECTOR_BYTES;
            if offset < SECTOR_BYTES * 2 {
                return Err(Problem::Overlap { field: "grain", offset });
            }
            Ok(Grain::Present { host: offset })
        }
    }
}

fn read_directory(host: &HostFile, header: &Header) -> Result<Vec<u64>, OpenError> {
    let mut bytes = vec![0; header.directory_bytes() as usize];
    host.read_at(header.directory_offset, &mut bytes)?;
    let parse = |entry: &[u8]| {
        let offset = u64::from(le32(entry, 0)) * SECTOR_BYTES;
        if offset != 0 {
            host.ensure_inside("grain table", offset, header.table_bytes())?;
        }
        Ok(offset)
    };
    Ok(bytes.chunks_exact(4).map(parse).collect::<Result<_, _>>().map_err(malformed)?)
}
