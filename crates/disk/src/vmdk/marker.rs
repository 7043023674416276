//! The marker in front of a compressed grain.

use crate::bytes::{le32, le64};
use crate::error::{Malformed, Problem};
use crate::host::HostFile;
use crate::limits::SECTOR_BYTES;
use crate::vmdk::malformed;

/// Length of a grain marker, in bytes: the grain's sector on the disk and the length of the compressed bytes.
pub(crate) const MARKER_BYTES: u64 = 12;

/// A grain marker as it stands in the file.
pub(crate) struct GrainMarker {
    offset: u64,
    sector: u64,
    bytes: u64,
}

impl GrainMarker {
    /// Takes the marker's `bytes`, found at `offset` of the file.
    pub(crate) fn parse(bytes: &[u8; MARKER_BYTES as usize], offset: u64) -> GrainMarker {
        GrainMarker { offset, sector: le64(bytes, 0), bytes: le32(bytes, 8).into() }
    }

    /// The length of the compressed bytes, once the marker is known to be that of the grain at `start` of the disk.
    ///
    /// Deflate never makes more than a few bytes in a thousand out of what it cannot compress; twice the grain and a
    /// sector is beyond all doubt.
    pub(crate) fn admit(
        &self,
        host: &HostFile,
        start: u64,
        grain_bytes: u64,
    ) -> Result<u64, Malformed> {
        let (first, second) = (self.sector, start / SECTOR_BYTES);
        if first != second {
            let field = "sector in grain marker and grain table";
            return Err(malformed(Problem::Contradiction { field, first, second }));
        }
        let (field, value, limit) =
            ("grain marker size", self.bytes, 2 * grain_bytes + SECTOR_BYTES);
        if value == 0 {
            return Err(malformed(Problem::Field { field, value, rule: "that of another marker" }));
        }
        if value > limit {
            return Err(malformed(Problem::Limit { field, value, limit }));
        }
        host.ensure_inside("compressed grain", self.offset, MARKER_BYTES + value)
            .map_err(malformed)?;
        Ok(value)
    }
}
