//! zstd frames: one per blob, of a size that is known before it is unpacked.

use zstd::zstd_safe::{self, CCtx, CParameter, DCtx, compress_bound, find_frame_compressed_size};

use crate::decoder::Malformed;
use crate::encoder::EncodeError;
use crate::varint;

/// Levels that a window may be compressed at.
const LEVELS: std::ops::RangeInclusive<i32> = 1..=19;
/// Bounds of what zstd may look back, as powers of two.
const WINDOW_LOG_MIN: u32 = 10;
pub(crate) const WINDOW_LOG_MAX: u32 = 25;
/// Matches across the prefix are at least so long, and one place in 2^6 is remembered (measured; rate 5 saves 0.2 % for
/// 40 % more work).
const LDM_MIN_MATCH: u32 = 32;
const LDM_HASH_RATE_LOG: u32 = 6;
const FRAME_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// Appends a blob: its length, and one frame; an empty one is its length alone.
pub(crate) fn write(
    level: i32,
    (prefix, content): (&[u8], &[u8]),
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    if content.is_empty() {
        varint::write(0, out);
        return Ok(());
    }
    let frame = compress(level, prefix, content)
        .map_err(|code| EncodeError::Compress { reason: zstd_safe::get_error_name(code) })?;
    varint::write(frame.len() as u64, out);
    out.reserve_exact(frame.len());
    out.extend_from_slice(&frame);
    Ok(())
}

/// The same bytes for the same content, whoever calls: a context of its own, and one thread.
fn compress(level: i32, prefix: &[u8], content: &[u8]) -> Result<Vec<u8>, usize> {
    let level = level.clamp(*LEVELS.start(), *LEVELS.end());
    let reach = (prefix.len() + content.len()).next_power_of_two().trailing_zeros();
    let reach = reach.clamp(WINDOW_LOG_MIN, WINDOW_LOG_MAX);
    let mut context = CCtx::create();
    let mut set = |parameter| context.set_parameter(parameter);
    set(CParameter::CompressionLevel(level))?;
    set(CParameter::WindowLog(reach))?;
    if !prefix.is_empty() {
        set(CParameter::EnableLongDistanceMatching(true))?;
        set(CParameter::LdmMinMatch(LDM_MIN_MATCH))?;
        set(CParameter::LdmHashRateLog(LDM_HASH_RATE_LOG))?;
        set(CParameter::LdmHashLog((reach - LDM_HASH_RATE_LOG).max(LDM_HASH_RATE_LOG)))?;
    }
    context.ref_prefix(prefix)?;
    let mut frame = Vec::with_capacity(compress_bound(content.len()));
    context.compress2(&mut frame, content)?; // all at once, so the frame states its content's size
    Ok(frame)
}

/// A blob that came from anybody: what it says of itself is known, nothing is unpacked.
pub(crate) struct Blob<'w> {
    frame: &'w [u8],
    pub(crate) content_bytes: usize,
}

impl<'w> Blob<'w> {
    /// Takes a blob off the front of `bytes`, if it unpacks to no more than `most`.
    pub(crate) fn take(bytes: &mut &'w [u8], most: usize) -> Result<Blob<'w>, Malformed> {
        let stored = varint::read(bytes).ok_or(Malformed::Cut)?;
        let split = usize::try_from(stored).ok().and_then(|stored| bytes.split_at_checked(stored));
        let (frame, rest) = split.ok_or(Malformed::Cut)?;
        *bytes = rest;
        let content_bytes = if frame.is_empty() { 0 } else { content_bytes(frame, most)? };
        Ok(Blob { frame, content_bytes })
    }

    /// Unpacks into exactly as much room as was stated.
    pub(crate) fn unpack(&self, prefix: &[u8], into: &mut [u8]) -> Result<(), Malformed> {
        if self.frame.is_empty() {
            return Ok(());
        }
        let mut context = DCtx::create();
        context.ref_prefix(prefix).map_err(|_| Malformed::Unpack)?;
        let unpacked = context.decompress(into, self.frame).map_err(|_| Malformed::Unpack)?;
        if unpacked == into.len() { Ok(()) } else { Err(Malformed::Unpack) }
    }

    /// The same, into new room.
    pub(crate) fn unpacked(&self) -> Result<Vec<u8>, Malformed> {
        let mut content = vec![0; self.content_bytes];
        self.unpack(&[], &mut content)?;
        Ok(content)
    }
}

/// What one frame says that it holds.
fn content_bytes(frame: &[u8], most: usize) -> Result<usize, Malformed> {
    let (Some(magic), Some(descriptor)) = (frame.first_chunk(), frame.get(4)) else {
        return Err(Malformed::Frame);
    };
    let has_dictionary = descriptor & 3 != 0;
    if *magic != FRAME_MAGIC || has_dictionary {
        return Err(Malformed::Frame);
    }
    let is_one_segment = descriptor & 0x20 != 0;
    if !is_one_segment {
        let window = *frame.get(5).ok_or(Malformed::Frame)?;
        let (log, eighths) = (WINDOW_LOG_MIN + u32::from(window >> 3), window & 7);
        if log > WINDOW_LOG_MAX || log == WINDOW_LOG_MAX && eighths > 0 {
            return Err(Malformed::Frame);
        }
    }
    if find_frame_compressed_size(frame).ok() != Some(frame.len()) {
        return Err(Malformed::Frame);
    }
    let stated = zstd_safe::get_frame_content_size(frame).ok().flatten();
    let stated = stated.ok_or(Malformed::Frame)?;
    match usize::try_from(stated) {
        Ok(bytes) if bytes > 0 && bytes <= most => Ok(bytes),
        _ => Err(Malformed::Large { stated, most }),
    }
}
