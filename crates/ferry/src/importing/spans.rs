//! Where an image file has data: stretches of chunks to be read, and the zeros between them.

use disk::{Image, ReadError};

/// Bytes of the disk in one chunk.
pub const CHUNK: u64 = store::CHUNK_BYTES as u64;
/// Chunks that one worker reads at a time: 1 MiB.
pub const SPAN_CHUNKS: u64 = 16;

/// A stretch of a disk, in chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Zeros, by what the file says of itself.
    Zeros {
        /// How many.
        chunks: u64,
    },
    /// To be read.
    Data {
        /// The first.
        first: u64,
        /// How many, at most [`SPAN_CHUNKS`].
        chunks: u64,
    },
}

/// Hands out the stretches of a disk in order, to its end; `take` says whether it wants more.
pub fn plan(image: &Image, take: impl FnMut(Span) -> Wanted) -> Result<(), ReadError> {
    plan_ranges(image.size_bytes(), |offset| image.next_data(offset), take)
}

/// Whether more is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The next stretch, please.
    More,
    /// Nobody listens any more.
    Nothing,
}

fn plan_ranges<E>(
    size_bytes: u64,
    mut next_data: impl FnMut(u64) -> Result<Option<std::ops::Range<u64>>, E>,
    mut take: impl FnMut(Span) -> Wanted,
) -> Result<(), E> {
    let total = size_bytes.div_ceil(CHUNK);
    // `given` chunks were handed out; those from there to `known` are data and wait to become a whole span.
    let (mut given, mut known) = (0, 0);
    while known < total {
        let data = next_data(known * CHUNK)?;
        let (start, end) = data.map_or((total, total), |range| {
            (range.start / CHUNK, range.end.div_ceil(CHUNK).min(total))
        });
        let start = start.max(known);
        if start > known {
            if known > given
                && take(Span::Data { first: given, chunks: known - given }) == Wanted::Nothing
            {
                return Ok(());
            }
            if take(Span::Zeros { chunks: start - known }) == Wanted::Nothing {
                return Ok(());
            }
            given = start;
        }
        known = end.max(start);
        while known - given >= SPAN_CHUNKS {
            if take(Span::Data { first: given, chunks: SPAN_CHUNKS }) == Wanted::Nothing {
                return Ok(());
            }
            given += SPAN_CHUNKS;
        }
    }
    if known > given {
        take(Span::Data { first: given, chunks: known - given });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use std::ops::Range;

    fn plan_of(size_bytes: u64, data: &[Range<u64>]) -> Vec<Span> {
        let mut spans = Vec::new();
        let next = |offset: u64| {
            let found = data.iter().find(|range| range.end > offset);
            Ok::<_, Infallible>(found.map(|range| range.start.max(offset)..range.end))
        };
        plan_ranges(size_bytes, next, |span| {
            spans.push(span);
            Wanted::More
        })
        .unwrap();
        let chunks = |span: &Span| match span {
            Span::Zeros { chunks } | Span::Data { chunks, .. } => *chunks,
        };
        assert_eq!(spans.iter().map(chunks).sum::<u64>(), size_bytes.div_ceil(CHUNK));
        spans
    }

    #[test]
    fn a_disk_without_data_is_one_span_of_zeros() {
        assert_eq!(plan_of(8 << 40, &[]), [Span::Zeros { chunks: (8 << 40) / CHUNK }]);
    }

    #[test]
    fn small_stretches_in_neighbouring_chunks_are_read_together() {
        let sectors: Vec<_> = (0..64).map(|at| at * CHUNK / 2..at * CHUNK / 2 + 512).collect();
        let spans = plan_of(100 * CHUNK - 512, &sectors);
        assert_eq!(
            spans,
            [
                Span::Data { first: 0, chunks: 16 },
                Span::Data { first: 16, chunks: 16 },
                Span::Zeros { chunks: 68 }
            ]
        );
    }

    #[test]
    fn a_stretch_that_crosses_a_border_takes_both_chunks() {
        let spans = plan_of(10 * CHUNK, &[3 * CHUNK - 1..3 * CHUNK + 1, 9 * CHUNK + 5..10 * CHUNK]);
        assert_eq!(
            spans,
            [
                Span::Zeros { chunks: 2 },
                Span::Data { first: 2, chunks: 2 },
                Span::Zeros { chunks: 5 },
                Span::Data { first: 9, chunks: 1 }
            ]
        );
    }

    #[test]
    fn planning_ends_when_nobody_listens() {
        let mut taken = 0;
        let whole = |offset| Ok::<_, Infallible>(Some(offset..1_000 * CHUNK));
        plan_ranges(1_000 * CHUNK, whole, |_| {
            taken += 1;
            if taken < 3 { Wanted::More } else { Wanted::Nothing }
        })
        .unwrap();
        assert_eq!(taken, 3);
    }
}
