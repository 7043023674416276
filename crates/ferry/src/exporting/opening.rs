//! Opens what a region sent: every frame checked by its hash, every chunk asked for there.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use store::{ChunkId, Decoder, Frames, Naming};

/// Why frames are not what was asked for.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum OpeningError {
    #[error(transparent)]
    Frame(#[from] store::FrameError),
    #[error("it does not have chunk `{0}`")]
    Absent(ChunkId),
    #[error("chunk `{0}` was not asked for, or came twice")]
    NotAsked(ChunkId),
    #[error("`{0}` chunks that were asked for did not come")]
    Lacking(usize),
    #[error("no memory for a decoder")]
    NoMemory(#[source] std::io::Error),
}

/// Decoders, handed from job to job.
#[derive(Clone, Default)]
pub struct Decoders {
    idle: Arc<Mutex<Vec<Decoder>>>,
}

impl Decoders {
    /// Opens every frame of an answer to a question for these ids and hands each chunk to `take`, which may fail.
    pub fn open<E: From<OpeningError>>(
        &self,
        frames: Bytes,
        (asked, naming): (&[ChunkId], &Naming),
        mut take: impl FnMut(ChunkId, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let idle = || self.idle.lock().expect("no job panics while it holds the list");
        let taken = idle().pop();
        let mut decoder = match taken {
            Some(decoder) => decoder,
            None => Decoder::new().map_err(OpeningError::NoMemory)?,
        };
        let mut asked: HashSet<ChunkId> = asked.iter().copied().collect();
        for frame in Frames::new(frames) {
            let (header, frame) = frame.map_err(OpeningError::from)?;
            if !asked.remove(&header.id) {
                return Err(OpeningError::NotAsked(header.id).into());
            }
            let plain = decoder.open_named(&frame, naming).map_err(OpeningError::from)?;
            take(header.id, plain.ok_or(OpeningError::Absent(header.id))?)?;
        }
        if !asked.is_empty() {
            return Err(OpeningError::Lacking(asked.len()).into());
        }
        idle().push(decoder);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::{Chunk, Encoder, encode_absent};

    fn frames(chunks: &[&Chunk]) -> Vec<u8> {
        let mut encoder = Encoder::new(1).unwrap();
        let mut bytes = Vec::new();
        chunks.iter().for_each(|chunk| encoder.encode(&chunk.id(), chunk.plain(), &mut bytes));
        bytes
    }

    fn open(bytes: Vec<u8>, asked: &[ChunkId]) -> Result<usize, OpeningError> {
        let mut taken = 0;
        Decoders::default().open(bytes.into(), (asked, &Naming::Plain), |_, _| {
            taken += 1;
            Ok::<_, OpeningError>(())
        })?;
        Ok(taken)
    }

    #[test]
    fn exactly_the_chunks_asked_for_are_taken() {
        let (one, two) = (Chunk::of(vec![1; 9]), Chunk::of(vec![2; 9]));
        let both = frames(&[&two, &one]);
        assert_eq!(open(both.clone(), &[one.id(), two.id()]).unwrap(), 2);
        assert!(
            matches!(open(both.clone(), &[one.id()]), Err(OpeningError::NotAsked(id)) if id == two.id())
        );
        assert!(matches!(
            open(frames(&[&one]), &[one.id(), two.id()]),
            Err(OpeningError::Lacking(1))
        ));
        assert!(matches!(open(frames(&[&one, &one]), &[one.id()]), Err(OpeningError::NotAsked(_))));
    }

    /// Faults 8 and 10: damage and lack are named.
    #[test]
    fn a_wrong_bit_and_an_absent_chunk_are_refused() {
        let one = Chunk::of(vec![1; 9]);
        let good = frames(&[&one]);
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(open(bad, &[one.id()]).is_err(), "byte {at}");
        }
        let mut absent = Vec::new();
        encode_absent(&one.id(), &mut absent);
        assert!(matches!(open(absent, &[one.id()]), Err(OpeningError::Absent(_))));
    }
}
