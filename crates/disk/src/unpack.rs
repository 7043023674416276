//! Decompression of one unit, with state that is kept between units.

use flate2::{Decompress, FlushDecompress, Status};
use zstd::zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer, ResetDirective};

use crate::error::{Problem, ReadError};
use crate::extent::{Packed, Packing};
use crate::format::Format;
use crate::host::HostFile;
use crate::vmdk::{GrainMarker, MARKER_BYTES};

/// Largest window a zstd frame may ask for: 8 MiB, four times the largest cluster.
const ZSTD_WINDOW_LOG: u32 = 23;

/// Decompressors of one reader, made when first needed.
#[derive(Default)]
pub(crate) struct Unpacker {
    input: Vec<u8>,
    deflate: Option<Decompress>,
    zlib: Option<Decompress>,
    zstd: Option<DCtx<'static>>,
}

impl Unpacker {
    /// Fills `output`, exactly the unit's length, with the unit's bytes.
    pub(crate) fn unpack(
        &mut self,
        host: &HostFile,
        packed: &Packed,
        output: &mut [u8],
    ) -> Result<(), ReadError> {
        let (format, decoded) = match packed.packing {
            Packing::Deflate { bytes } => {
                self.load(host, packed.host, bytes)?;
                let inflater = self.deflate.get_or_insert_with(|| Decompress::new(false));
                inflater.reset(false);
                (Format::Qcow2, inflate(inflater, &self.input, output))
            }
            Packing::Zstd { bytes } => {
                self.load(host, packed.host, bytes)?;
                let context = self.zstd.get_or_insert_with(zstd_context);
                (Format::Qcow2, unzstd(context, &self.input, output))
            }
            Packing::Grain => {
                let mut marker = [0; MARKER_BYTES as usize];
                host.read_at(packed.host, &mut marker)?;
                let marker = GrainMarker::parse(&marker, packed.host);
                let bytes = marker.admit(host, packed.start, packed.length)?;
                self.load(host, packed.host + MARKER_BYTES, bytes)?;
                let inflater = self.zlib.get_or_insert_with(|| Decompress::new(true));
                inflater.reset(true);
                (Format::Vmdk, inflate(inflater, &self.input, output))
            }
        };
        match decoded {
            Decoded::Whole => Ok(()),
            Decoded::Short => {
                let wanted = output.len() as u64;
                Err(Problem::Undecodable { offset: packed.host, wanted }.of(format).into())
            }
        }
    }

    /// Reads compressed bytes. A qcow2 gives their length in sectors, and the file may end inside the last one.
    fn load(&mut self, host: &HostFile, offset: u64, bytes: u64) -> Result<(), ReadError> {
        let bytes = bytes.min(host.length().saturating_sub(offset));
        self.input.resize(bytes as usize, 0);
        host.read_at(offset, &mut self.input)
    }
}

enum Decoded {
    Whole,
    Short,
}

/// Inflates until `output` is full. What follows in `input` is the rest of a sector.
fn inflate(inflater: &mut Decompress, input: &[u8], output: &mut [u8]) -> Decoded {
    loop {
        let (read, written) = (inflater.total_in() as usize, inflater.total_out() as usize);
        if written == output.len() {
            return Decoded::Whole;
        }
        let flush = FlushDecompress::None;
        let status = inflater.decompress(&input[read..], &mut output[written..], flush);
        let moved = inflater.total_in() as usize > read || inflater.total_out() as usize > written;
        match status {
            Ok(Status::Ok | Status::BufError) if moved => {}
            Ok(Status::StreamEnd) if inflater.total_out() as usize == output.len() => {}
            Ok(Status::Ok | Status::BufError | Status::StreamEnd) | Err(_) => {
                return Decoded::Short;
            }
        }
    }
}

fn zstd_context() -> DCtx<'static> {
    let mut context = DCtx::create();
    let limit = DParameter::WindowLogMax(ZSTD_WINDOW_LOG);
    context.set_parameter(limit).expect("a window log of 23 is within zstd's bounds");
    context
}

/// Decompresses until `output` is full. What follows in `input` is the rest of a sector.
fn unzstd(context: &mut DCtx<'static>, input: &[u8], output: &mut [u8]) -> Decoded {
    let wanted = output.len();
    context.reset(ResetDirective::SessionOnly).expect("a session can always be reset");
    let mut source = InBuffer::around(input);
    let mut target = OutBuffer::around(output);
    while target.pos() < wanted {
        let before = (source.pos(), target.pos());
        let ended = match context.decompress_stream(&mut target, &mut source) {
            Ok(hint) => hint == 0,
            Err(_) => return Decoded::Short,
        };
        if target.pos() < wanted && (ended || before == (source.pos(), target.pos())) {
            return Decoded::Short;
        }
    }
    Decoded::Whole
}
