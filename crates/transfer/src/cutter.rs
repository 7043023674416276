//! Cuts a body that comes in arbitrary pieces at the borders of its frames.

use bytes::{Bytes, BytesMut};
use store::{FRAME_HEADER_BYTES, FRAME_MAX, FrameHeader};

use crate::fault::Breach;

/// Whole frames that lie end to end.
#[derive(Debug)]
pub struct Run {
    /// Their bytes.
    pub bytes: Bytes,
    /// Their headers, in order.
    pub headers: Vec<FrameHeader>,
}

/// Joins pieces to runs of whole frames. Holds at most one frame; what a piece holds whole is not copied.
#[derive(Default)]
pub struct Cutter {
    partial: BytesMut,
}

impl Cutter {
    /// Takes the next piece and returns the frames that are whole now: at most two runs, one for the frame that began in
    /// an earlier piece, one for the others.
    ///
    /// # Errors
    /// When a header is none.
    pub fn push(&mut self, mut piece: Bytes) -> Result<Vec<Run>, Breach> {
        let mut runs = Vec::with_capacity(2);
        if !self.partial.is_empty() {
            runs.extend(self.finish_partial(&mut piece)?);
            if !self.partial.is_empty() {
                return Ok(runs);
            }
        }
        runs.extend(cut_whole(&mut piece)?);
        self.keep(&piece);
        Ok(runs)
    }

    /// Says whether the body may end here.
    ///
    /// # Errors
    /// When it ends inside a frame.
    pub fn finish(&self) -> Result<(), Breach> {
        if self.partial.is_empty() { Ok(()) } else { Err(Breach::Cut { got: self.partial.len() }) }
    }

    /// Feeds the frame that was begun: its header first, then what the header asks for.
    fn finish_partial(&mut self, piece: &mut Bytes) -> Result<Option<Run>, Breach> {
        self.feed(piece, FRAME_HEADER_BYTES);
        if self.partial.len() < FRAME_HEADER_BYTES {
            return Ok(None);
        }
        let header = FrameHeader::parse(&self.partial)?;
        self.feed(piece, header.frame_bytes());
        if self.partial.len() < header.frame_bytes() {
            return Ok(None);
        }
        let bytes = self.partial.split().freeze();
        Ok(Some(Run { bytes, headers: vec![header] }))
    }

    fn feed(&mut self, piece: &mut Bytes, wanted: usize) {
        let lacking = wanted.saturating_sub(self.partial.len()).min(piece.len());
        self.keep(&piece.split_to(lacking));
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.partial.is_empty() && !bytes.is_empty() {
            self.partial.reserve(FRAME_MAX);
        }
        self.partial.extend_from_slice(bytes);
    }
}

/// Takes the whole frames off the front of a piece.
fn cut_whole(piece: &mut Bytes) -> Result<Option<Run>, Breach> {
    let (mut end, mut headers) = (0, Vec::new());
    while piece.len() - end >= FRAME_HEADER_BYTES {
        let header = FrameHeader::parse(&piece[end..])?;
        if piece.len() - end < header.frame_bytes() {
            break;
        }
        end += header.frame_bytes();
        headers.push(header);
    }
    let bytes = piece.split_to(end);
    Ok((end > 0).then_some(Run { bytes, headers }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use store::{ChunkId, Encoder, FrameError};

    fn body(lengths: &[usize]) -> Vec<u8> {
        let mut encoder = Encoder::new(1).unwrap();
        let mut body = Vec::new();
        for (n, length) in lengths.iter().enumerate() {
            let plain: Vec<u8> = (0..*length).map(|at| (at * (n + 1)) as u8).collect();
            encoder.encode(&ChunkId::of(&plain), &plain, &mut body);
        }
        body
    }

    proptest! {
        #[test]
        fn however_a_body_is_cut_its_frames_come_out_whole_and_in_order(
            lengths in prop::collection::vec(1_usize..5_000, 0..12),
            cuts in prop::collection::vec(1_usize..3_000, 1..40),
        ) {
            let body = body(&lengths);
            let (mut cutter, mut rest, mut out, mut frames) = (Cutter::default(), Bytes::from(body.clone()), Vec::new(), 0);
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                for run in cutter.push(rest.split_to((*cut).min(rest.len()))).unwrap() {
                    prop_assert_eq!(run.bytes.len(), run.headers.iter().map(FrameHeader::frame_bytes).sum::<usize>());
                    out.extend_from_slice(&run.bytes);
                    frames += run.headers.len();
                }
            }
            prop_assert!(cutter.finish().is_ok());
            prop_assert_eq!(frames, lengths.len());
            prop_assert_eq!(out, body);
        }
    }

    #[test]
    fn a_piece_of_whole_frames_is_not_copied() {
        let piece = Bytes::from(body(&[100, 200, 300]));
        let runs = Cutter::default().push(piece.clone()).unwrap();
        assert_eq!(runs.len(), 1);
        assert_eq!(runs[0].bytes.as_ptr(), piece.as_ptr());
    }

    #[test]
    fn a_body_that_ends_inside_a_frame_is_refused() {
        let mut body = Bytes::from(body(&[100]));
        let mut cutter = Cutter::default();
        assert!(cutter.push(body.split_to(60)).unwrap().is_empty());
        assert_eq!(cutter.finish(), Err(Breach::Cut { got: 60 }));
    }

    #[test]
    fn a_length_out_of_bounds_is_refused_before_anything_is_reserved() {
        for length in [0, 66_561, u32::MAX] {
            let mut bytes = body(&[100]);
            bytes[..4].copy_from_slice(&length.to_le_bytes());
            let refused = Cutter::default().push(Bytes::from(bytes)).unwrap_err();
            assert_eq!(refused, Breach::Frame(FrameError::StoredLength { got: length }));
        }
    }
}
