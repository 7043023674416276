//! The last sector of a vhd, of which a dynamic disk has a copy at its start.

use crate::bytes::{be16, be32, be64};
use crate::error::{NamedInside, OpenError, Problem, Unsupported};
use crate::format::Format;
use crate::host::HostFile;
use crate::limits::{SECTOR_BYTES, admit_size};
use crate::vhd::{ensure_checksum, malformed};

/// What of the footer is needed after it was checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Footer {
    pub(crate) kind: Kind,
    pub(crate) size_bytes: u64,
    /// Offset of the dynamic header.
    pub(crate) header_offset: u64,
}

/// Disk type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Fixed,
    Dynamic,
}

/// Length of footer and copy, in bytes.
pub(crate) const FOOTER_BYTES: u64 = SECTOR_BYTES;

impl Footer {
    /// Reads the footer at the end and, of a dynamic disk, compares it with the copy at the start.
    pub(crate) fn read(host: &HostFile) -> Result<Footer, OpenError> {
        let end = host.length() - FOOTER_BYTES;
        let mut bytes = [0; FOOTER_BYTES as usize];
        host.read_at(end, &mut bytes)?;
        let footer = Footer::parse(host, &bytes)?;
        if footer.kind == Kind::Dynamic {
            let mut copy = [0; FOOTER_BYTES as usize];
            host.read_at(0, &mut copy)?;
            let copy = Footer::parse(host, &copy)?;
            if copy != footer {
                let (first, second) = (copy.size_bytes, footer.size_bytes);
                let field = "footer: disk size, type or header";
                return Err(malformed(Problem::Contradiction { field, first, second }).into());
            }
        }
        Ok(footer)
    }

    fn parse(host: &HostFile, bytes: &[u8]) -> Result<Footer, OpenError> {
        const COOKIE: &[u8] = b"conectix";
        const VERSION: u32 = 0x0001_0000;
        if !bytes.starts_with(COOKIE) {
            return Err(malformed(Problem::Missing { field: "footer" }).into());
        }
        ensure_checksum("footer", bytes, 64).map_err(malformed)?;
        let version = be32(bytes, 12);
        if version != VERSION {
            return Err(OpenError::Unsupported(Unsupported::VhdVersion(version)));
        }
        let header_offset = be64(bytes, 16);
        let kind = match be32(bytes, 60) {
            2 => Kind::Fixed,
            3 => Kind::Dynamic,
            4 => return Err(parent(host, header_offset)?),
            other => return Err(OpenError::Unsupported(Unsupported::VhdType(other))),
        };
        let size_bytes = be64(bytes, 48);
        admit_size(size_bytes)?;
        judge_geometry(bytes, size_bytes).map_err(malformed)?;
        Ok(Footer { kind, size_bytes, header_offset })
    }

    /// A fixed disk is its bytes and the footer, nothing else.
    pub(crate) fn ensure_behind_data(&self, host: &HostFile) -> Result<(), Problem> {
        let (first, second) = (self.size_bytes, host.length() - FOOTER_BYTES);
        if first == second {
            return Ok(());
        }
        let field = "bytes before the footer, by its size and by the file's";
        Err(Problem::Contradiction { field, first, second })
    }
}

/// Cylinders times heads times sectors may fall short of the size by rounding, and has a ceiling, but never exceeds it.
fn judge_geometry(bytes: &[u8], size_bytes: u64) -> Result<(), Problem> {
    /// The geometry of everything from 127.5 GiB, and of sizes that no geometry gives exactly (QEMU's `force_size`).
    const CEILING: (u64, u64, u64) = (65_535, 16, 255);
    let (cylinders, heads, sectors) = (be16(bytes, 56).into(), bytes[58].into(), bytes[59].into());
    let first = cylinders * heads * sectors * SECTOR_BYTES;
    if first <= size_bytes || (cylinders, heads, sectors) == CEILING {
        return Ok(());
    }
    let field = "disk size by geometry and by current size";
    Err(Problem::Contradiction { field, first, second: size_bytes })
}

/// The refusal of a differencing disk, with the parent's name as its header gives it.
fn parent(host: &HostFile, header_offset: u64) -> Result<OpenError, OpenError> {
    /// The parent's name in UTF-16, inside the dynamic header.
    const NAME_OFFSET: u64 = 64;
    const NAME_BYTES: u64 = 512;
    let mut bytes = [0; NAME_BYTES as usize];
    if let Some(at) = header_offset.checked_add(NAME_OFFSET)
        && host.ensure_inside("parent name", at, NAME_BYTES).is_ok()
    {
        host.read_at(at, &mut bytes)?;
    }
    let units = bytes.chunks_exact(2).map(|unit| be16(unit, 0)).take_while(|unit| *unit != 0);
    let name: String = char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect();
    Ok(OpenError::Parent { format: Format::Vhd, name: NamedInside::new(name.as_bytes()) })
}
