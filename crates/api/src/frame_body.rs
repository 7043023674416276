//! Bodies of frames: read piece by piece, handed on as runs of whole frames, with bounded memory.

use axum::body::Bytes;
use region::Refused;
use store::{FRAME_HEADER_BYTES, FrameHeader};

use crate::body::PacedBody;
use crate::refusal::Refusal;

/// Frames are handed on in runs of about this many bytes: enough for one commit to pay, little enough to hold.
const RUN_BYTES: usize = 4 << 20;

/// Cuts a stream of bytes at the borders of frames.
#[derive(Default)]
struct Cutter {
    held: Vec<u8>,
    whole_bytes: usize,
}

impl Cutter {
    fn push(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        self.held.extend_from_slice(piece);
        while self.held.len() - self.whole_bytes >= FRAME_HEADER_BYTES {
            let header = FrameHeader::parse(&self.held[self.whole_bytes..]).map_err(refused)?;
            if self.held.len() - self.whole_bytes < header.frame_bytes() {
                break;
            }
            self.whole_bytes += header.frame_bytes();
        }
        Ok(())
    }

    /// The whole frames held, once they are worth handing on.
    fn run(&mut self) -> Option<Bytes> {
        (self.whole_bytes >= RUN_BYTES).then(|| self.take())
    }

    fn take(&mut self) -> Bytes {
        let rest = self.held.split_off(self.whole_bytes);
        self.whole_bytes = 0;
        Bytes::from(std::mem::replace(&mut self.held, rest))
    }

    /// The last run; a body that ends inside a frame is refused.
    fn end(mut self) -> Result<Option<Bytes>, Refusal> {
        let run = (self.whole_bytes > 0).then(|| self.take());
        match self.held.len() {
            0 => Ok(run),
            over => Err(refused(format!("the body ends `{over}` bytes into a frame"))),
        }
    }
}

fn refused(reason: impl ToString) -> Refusal {
    Refusal::Region(Refused::BadFrames { reason: reason.to_string() })
}

/// A body of frames, run by run.
pub(crate) struct FrameRuns {
    body: PacedBody,
    cutter: Option<Cutter>,
}

impl FrameRuns {
    /// Over this body.
    pub(crate) fn new(body: PacedBody) -> Self {
        FrameRuns { body, cutter: Some(Cutter::default()) }
    }

    /// The next run of whole frames; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        let Some(mut cutter) = self.cutter.take() else {
            return Ok(None);
        };
        while let Some(piece) = self.body.next().await? {
            cutter.push(&piece)?;
            if let Some(run) = cutter.run() {
                self.cutter = Some(cutter);
                return Ok(Some(run));
            }
        }
        cutter.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::{Chunk, Encoder, Frames};

    fn frames(count: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(1).unwrap();
        for number in 0..count {
            let chunk = Chunk::of(number.to_le_bytes().repeat(100 + number as usize % 7));
            encoder.encode(&chunk.id(), chunk.plain(), &mut bytes);
        }
        bytes
    }

    #[test]
    fn however_a_body_is_cut_the_runs_hold_whole_frames_and_every_byte() {
        let bytes = frames(200);
        for piece in [1, 7, 47, 48, 49, 1_000, bytes.len()] {
            let mut cutter = Cutter::default();
            let mut got = Vec::new();
            for part in bytes.chunks(piece) {
                cutter.push(part).unwrap();
                if cutter.whole_bytes > 500 {
                    let run = cutter.take();
                    assert!(Frames::new(run.clone()).all(|frame| frame.is_ok()));
                    got.extend_from_slice(&run);
                }
            }
            got.extend_from_slice(&cutter.end().unwrap().unwrap_or_default());
            assert!(got == bytes, "pieces of {piece}");
        }
    }

    #[test]
    fn a_body_that_ends_inside_a_frame_is_refused() {
        let bytes = frames(2);
        for cut in [1, 47, bytes.len() - 1] {
            let mut cutter = Cutter::default();
            cutter.push(&bytes[..cut]).unwrap();
            assert!(
                matches!(cutter.end(), Err(Refusal::Region(Refused::BadFrames { .. }))),
                "{cut}"
            );
        }
    }

    #[test]
    fn a_header_that_claims_too_much_is_refused_before_anything_is_held_for_it() {
        let mut header = vec![0xff; 4];
        header.resize(FRAME_HEADER_BYTES, 0);
        assert!(Cutter::default().push(&header).is_err());
    }
}
