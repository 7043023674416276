//! Reading an opened image's disk.

use std::sync::Arc;

use crate::error::ReadError;
use crate::extent::{Content, Packed};
use crate::image::Inner;
use crate::table::LastSlice;
use crate::unpack::Unpacker;

/// Reads the disk of one image. Owns its buffers and decompressors; make one per thread.
pub struct Reader {
    image: Arc<Inner>,
    last: LastSlice,
    unpacker: Unpacker,
    unit: Unit,
}

/// The compressed unit that was read in part, kept for the next part.
#[derive(Default)]
struct Unit {
    packed: Option<Packed>,
    bytes: Vec<u8>,
}

impl Reader {
    pub(crate) fn new(image: Arc<Inner>) -> Reader {
        Reader { image, last: None, unpacker: Unpacker::default(), unit: Unit::default() }
    }

    /// Fills `buffer` with the disk's bytes from `offset`. Bytes beyond the disk's end are zeros.
    ///
    /// # Errors
    /// When the file cannot be read, was cut, or holds compressed data that does not decompress.
    pub fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<(), ReadError> {
        let there = self.image.size_bytes().saturating_sub(offset).min(buffer.len() as u64);
        let (mut rest, beyond) = buffer.split_at_mut(there as usize);
        beyond.fill(0);
        let mut at = offset;
        while !rest.is_empty() {
            let extent = self.image.extent_at(at..at + rest.len() as u64, &mut self.last)?;
            let length = extent.length.min(rest.len() as u64);
            let (part, after) = rest.split_at_mut(length as usize);
            match extent.content {
                Content::Zeros => part.fill(0),
                Content::Plain { host } => self.image.host().read_at(host, part)?,
                Content::Packed(packed) => self.read_packed(at, &packed, part)?,
            }
            rest = after;
            at += length;
        }
        Ok(())
    }

    /// Whole units are decompressed in place; a part comes out of the kept unit.
    fn read_packed(&mut self, at: u64, packed: &Packed, part: &mut [u8]) -> Result<(), ReadError> {
        if part.len() as u64 == packed.length {
            return self.unpacker.unpack(self.image.host(), packed, part);
        }
        if self.unit.packed.as_ref() != Some(packed) {
            self.unit.packed = None;
            self.unit.bytes.resize(packed.length as usize, 0);
            self.unpacker.unpack(self.image.host(), packed, &mut self.unit.bytes)?;
            self.unit.packed = Some(*packed);
        }
        let from = (at - packed.start) as usize;
        part.copy_from_slice(&self.unit.bytes[from..from + part.len()]);
        Ok(())
    }
}
