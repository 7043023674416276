//! vhd: fixed and dynamic. Differencing disks are refused.
//!
//! The size is the footer's current size; the geometry must not exceed it. A dynamic disk's sector bitmaps are obeyed:
//! a sector that was never written is zeros, whatever the block holds there.

mod check;
mod dynamic;
mod footer;

use crate::error::{Malformed, OpenError, Problem, ReadError};
use crate::extent::{Content, Extent};
use crate::format::Format;
use crate::host::HostFile;
use crate::image::Slices;
use crate::vhd::dynamic::Dynamic;
use crate::vhd::footer::{Footer, Kind};

/// A checked vhd.
pub(crate) struct Vhd {
    size_bytes: u64,
    body: Body,
}

enum Body {
    Fixed,
    Dynamic(Dynamic),
}

/// The problem as one of a vhd.
fn malformed(problem: Problem) -> Malformed {
    problem.of(Format::Vhd)
}

impl Vhd {
    /// Reads and checks the footer and, of a dynamic disk, its copy, the header and the whole block table.
    pub(crate) fn open(host: &HostFile) -> Result<Vhd, OpenError> {
        let footer = Footer::read(host)?;
        let size_bytes = footer.size_bytes;
        let body = match footer.kind {
            Kind::Fixed => {
                footer.ensure_behind_data(host).map_err(malformed)?;
                Body::Fixed
            }
            Kind::Dynamic => {
                let dynamic = Dynamic::read(host, &footer)?;
                check::check_references(host, &dynamic)?;
                Body::Dynamic(dynamic)
            }
        };
        Ok(Vhd { size_bytes, body })
    }

    pub(crate) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    pub(crate) fn extent_at(&self, offset: u64, slices: Slices<'_>) -> Result<Extent, ReadError> {
        match &self.body {
            Body::Fixed => {
                let length = self.size_bytes - offset;
                Ok(Extent { length, content: Content::Plain { host: offset } })
            }
            Body::Dynamic(dynamic) => dynamic.extent_at(offset, slices),
        }
    }
}

/// The one's complement of the sum of all bytes but the checksum itself, as footer and dynamic header use it.
fn ensure_checksum(field: &'static str, bytes: &[u8], at: usize) -> Result<(), Problem> {
    let sum = |bytes: &[u8]| bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    let stored = crate::bytes::be32(bytes, at);
    let computed = !(sum(&bytes[..at]) + sum(&bytes[at + 4..]));
    if stored == computed {
        return Ok(());
    }
    Err(Problem::Checksum { field, stored: stored.into(), computed: computed.into() })
}
