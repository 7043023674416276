//! A disk image file into the store: read in order, its holes left out, hashed, and put where the store lacks it.

use disk::ReadError;
use model::{Digest, SizeBytes, TaskFailure};
use store::{CHUNK_BYTES, Chunk, ChunkId, Domain, Ingest, TreeBuilder, TreeNode};
use tokio::sync::mpsc;

use crate::imports::ImportSession;
use crate::jobs::Undone;
use crate::local_images::{blocking, problem_of_read};
use crate::refused::RegionFault;
use crate::region::Region;

/// Chunks of one stretch that is read: 1 MiB.
const STRETCH_CHUNKS: u64 = 16;
/// Stretches read ahead of the store.
const STRETCHES_AHEAD: usize = 8;
/// Bytes of a chunk.
const CHUNK: u64 = CHUNK_BYTES as u64;

/// A stretch of a file's disk.
enum Stretch {
    /// So many chunks of zeros.
    Zeros(u64),
    /// Chunks that were read.
    Read(Vec<Chunk>),
}

impl Region {
    /// Stores what the region lacks of a disk of this size, at least that of the file's, and returns the disk's digest. What
    /// the file does not reach is zeros.
    pub(crate) async fn store_file(
        &self,
        file: disk::Image,
        size: SizeBytes,
        session: &ImportSession,
    ) -> Result<Digest, Undone> {
        let mut storing = Storing {
            region: self,
            domain: session.domain(),
            ingest: self.inner.store.ingest(session.domain()),
        };
        let impossible = "the reader gives as many chunks as the disk has";
        let mut tree = TreeBuilder::new(size.bytes()).expect("a disk of an image has a legal size");
        let (to, mut stretches) = mpsc::channel(STRETCHES_AHEAD);
        let reading = file.clone();
        let reader = tokio::task::spawn_blocking(move || read(&reading, &to));
        while let Some(stretch) = stretches.recv().await {
            match stretch {
                Stretch::Zeros(chunks) => {
                    tree.push_zeros(chunks);
                    session.went_through(chunks, self.inner.clock.now());
                }
                Stretch::Read(chunks) => {
                    chunks.iter().for_each(|chunk| push(&mut tree, chunk));
                    let count = chunks.len() as u64;
                    storing.put(chunks).await?;
                    session.went_through(count, self.inner.clock.now());
                }
            }
            storing.put_nodes(tree.take_nodes()).await?;
        }
        let what = "a worker that reads a file panicked";
        let read = reader.await.map_err(|_| RegionFault::Contradiction { what })?;
        read.map_err(|error| unreadable(&error))?;
        let beyond = size.bytes().div_ceil(CHUNK) - file.size_bytes().div_ceil(CHUNK);
        tree.push_zeros(beyond);
        session.went_through(beyond, self.inner.clock.now());
        let (record, nodes) = tree.finish().expect(impossible);
        storing.put_nodes(nodes).await?;
        storing.put(vec![Chunk::of(record.encode().to_vec())]).await?;
        blocking(move || file.ensure_unchanged()).await?.map_err(|error| unreadable(&error))?;
        storing.ingest.flush().await.map_err(RegionFault::from)?;
        Ok(Digest(*record.root().id().as_bytes()))
    }
}

/// Puts what the store lacks.
struct Storing<'a> {
    region: &'a Region,
    domain: Domain,
    ingest: Ingest,
}

impl Storing<'_> {
    async fn put(&mut self, chunks: Vec<Chunk>) -> Result<(), RegionFault> {
        let chunks: Vec<Chunk> = chunks.into_iter().filter(|chunk| !is_zero(chunk)).collect();
        let ids: Vec<ChunkId> = chunks.iter().map(Chunk::id).collect();
        let missing = self.region.inner.store.missing(self.domain, &ids).await?;
        for (chunk, _) in chunks.into_iter().zip(missing).filter(|(_, missing)| *missing) {
            self.ingest.put_plain(chunk).await?;
        }
        Ok(())
    }

    async fn put_nodes(&mut self, nodes: Vec<TreeNode>) -> Result<(), RegionFault> {
        if nodes.is_empty() {
            return Ok(());
        }
        self.put(nodes.into_iter().map(|node| node.chunk).collect()).await
    }
}

fn is_zero(chunk: &Chunk) -> bool {
    store::is_zero(chunk.plain())
}

fn push(tree: &mut TreeBuilder, chunk: &Chunk) {
    if is_zero(chunk) { tree.push_zeros(1) } else { tree.push(chunk.id()) }
}

/// Reads a disk in order, its holes left out, until nobody listens any more.
fn read(file: &disk::Image, to: &mpsc::Sender<Stretch>) -> Result<(), ReadError> {
    let total = file.size_bytes().div_ceil(CHUNK);
    let (mut reader, mut at) = (file.reader(), 0);
    while at < total {
        let data = file.next_data(at * CHUNK)?;
        let (start, end) = data.map_or((total, total), |range| {
            (range.start / CHUNK, range.end.div_ceil(CHUNK).min(total))
        });
        let start = start.max(at);
        if start > at && to.blocking_send(Stretch::Zeros(start - at)).is_err() {
            return Ok(());
        }
        at = start;
        while at < end {
            let count = (end - at).min(STRETCH_CHUNKS);
            let mut bytes = vec![0; count as usize * CHUNK_BYTES];
            reader.read_at(at * CHUNK, &mut bytes)?;
            let bytes = bytes::Bytes::from(bytes);
            let piece = |n: u64| {
                let from = n as usize * CHUNK_BYTES;
                Chunk::of(bytes.slice(from..from + CHUNK_BYTES))
            };
            if to.blocking_send(Stretch::Read((0..count).map(piece).collect())).is_err() {
                return Ok(());
            }
            at += count;
        }
    }
    Ok(())
}

fn unreadable(error: &ReadError) -> Undone {
    tracing::warn!(fault = error as &dyn std::error::Error, "failed to read a disk image file");
    Undone::Failed(TaskFailure::File(problem_of_read(error)))
}
