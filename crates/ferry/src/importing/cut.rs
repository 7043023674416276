//! Cuts an image file into chunks, in order: zeros left out, the rest hashed by the workers.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use disk::{Image, ReadError, Reader};
use futures::{Stream, StreamExt};
use store::{CHUNK_BYTES, Chunk, is_zero};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::spans::{CHUNK, Span, Wanted, plan};
use crate::workers::Workers;

/// Stretches planned ahead of the workers.
const PLANNED: usize = 64;

/// A stretch of a disk that was cut.
#[derive(Debug)]
pub enum Cut {
    /// Zeros that were not read.
    Zeros {
        /// How many chunks.
        chunks: u64,
    },
    /// Chunks that were read; none stands for one of zeros.
    Read(Vec<Option<Chunk>>),
}

impl Cut {
    /// How many chunks.
    pub fn chunks(&self) -> u64 {
        match self {
            Cut::Zeros { chunks } => *chunks,
            Cut::Read(chunks) => chunks.len() as u64,
        }
    }
}

/// The disk of an image, cut, in order. At most `2 * workers` stretches of 1 MiB are in memory beside what the reader of
/// the stream keeps.
pub fn cuts(
    image: &Image,
    workers: &Workers,
) -> impl Stream<Item = Result<Cut, ReadError>> + use<> {
    let (plan_to, planned) = mpsc::channel(PLANNED);
    let of = image.clone();
    tokio::task::spawn_blocking(move || {
        let take = |span| match plan_to.blocking_send(Ok(span)) {
            Ok(()) => Wanted::More,
            Err(_) => Wanted::Nothing,
        };
        if let Err(error) = plan(&of, take) {
            // Nobody listens any more only when an earlier stretch failed already.
            let _ = plan_to.blocking_send(Err(error));
        }
    });
    let readers = Readers { image: image.clone(), idle: Arc::default() };
    let ahead = workers.count() * 2;
    let workers = workers.clone();
    ReceiverStream::new(planned)
        .map(move |span: Result<Span, ReadError>| {
            let (readers, workers) = (readers.clone(), workers.clone());
            async move {
                match span? {
                    Span::Zeros { chunks } => Ok(Cut::Zeros { chunks }),
                    Span::Data { first, chunks } => {
                        workers.run(move || readers.cut(first, chunks)).await
                    }
                }
            }
        })
        .buffered(ahead)
}

/// Readers of one image, each with its own buffers, handed from job to job.
#[derive(Clone)]
struct Readers {
    image: Image,
    idle: Arc<Mutex<Vec<Reader>>>,
}

impl Readers {
    fn cut(&self, first: u64, chunks: u64) -> Result<Cut, ReadError> {
        let idle = || self.idle.lock().expect("no job panics while it holds the list");
        let taken = idle().pop();
        let mut reader = taken.unwrap_or_else(|| self.image.reader());
        let mut buffer = vec![0; chunks as usize * CHUNK_BYTES];
        reader.read_at(first * CHUNK, &mut buffer)?;
        idle().push(reader);
        Ok(Cut::Read(pieces(buffer.into())))
    }
}

/// Cuts a stretch. Where most of it is zeros, its chunks are copied out, so that one chunk does not keep the whole.
fn pieces(stretch: Bytes) -> Vec<Option<Chunk>> {
    let zero: Vec<bool> = stretch.chunks(CHUNK_BYTES).map(is_zero).collect();
    let sparse = zero.iter().filter(|zero| **zero).count() * 2 > zero.len();
    let piece = |(at, zero): (usize, &bool)| {
        let range = at * CHUNK_BYTES..(at + 1) * CHUNK_BYTES;
        match (*zero, sparse) {
            (true, _) => None,
            (false, true) => Some(Chunk::of(Bytes::copy_from_slice(&stretch[range]))),
            (false, false) => Some(Chunk::of(stretch.slice(range))),
        }
    };
    zero.iter().enumerate().map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use disk::Declared;
    use futures::TryStreamExt;
    use std::io::Write;
    use std::os::unix::fs::FileExt;

    #[tokio::test]
    async fn a_file_is_cut_in_order_and_its_zeros_left_out() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&[7; 1_000]).unwrap();
        file.as_file().set_len(40 * CHUNK + 512).unwrap();
        file.as_file().write_all_at(&[9; 512], 40 * CHUNK).unwrap();
        let image = Image::open(file.path(), Declared::Auto).unwrap();
        let cut: Vec<Cut> = cuts(&image, &Workers::as_many_as_cores()).try_collect().await.unwrap();
        let mut ids = Vec::new();
        for cut in &cut {
            match cut {
                Cut::Zeros { chunks } => ids.extend((0..*chunks).map(|_| None)),
                Cut::Read(chunks) => {
                    ids.extend(chunks.iter().map(|chunk| chunk.as_ref().map(Chunk::id)))
                }
            }
        }
        let padded = |byte: u8, bytes: usize| {
            let mut chunk = vec![0; CHUNK_BYTES];
            chunk[..bytes].fill(byte);
            Some(Chunk::of(chunk).id())
        };
        assert_eq!(ids.len(), 41);
        assert_eq!(ids[0], padded(7, 1_000));
        assert_eq!(ids[40], padded(9, 512), "the last chunk is filled up with zeros");
        assert!(ids[1..40].iter().all(Option::is_none));
    }
}
