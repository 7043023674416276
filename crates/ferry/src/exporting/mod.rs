//! Export: walks a disk's tree at a region, checks every chunk by its hash, and writes an image file.

mod opening;
mod walk;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::native::wire::Disk;
use disk::{DiskWriter, WriteError, WriteFormat};
use store::{CHUNK_BYTES, ChunkId, DiskRoot, Naming, RootRecord, is_zero};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::client::{Client, FrameRequest};
use crate::failure::Failure;
use crate::progress::Track;
use crate::workers::Workers;
use opening::{Decoders, OpeningError};
use walk::{Leaves, walk};

/// Chunks asked for together: at most 8 MiB.
const CHUNKS: usize = 128;
/// Such questions at once: at most 48 MiB of frames in memory.
const AT_ONCE: usize = 6;
/// Lists of a node's chunks read ahead.
const LISTS_AHEAD: usize = 4;

/// Where chunks come from.
#[derive(Clone)]
pub struct Source {
    client: Client,
    of: FrameRequest,
    naming: Naming,
    workers: Workers,
    decoders: Decoders,
}

impl Source {
    /// The chunks of a snapshot, checked by the names that its region gives them.
    pub async fn of(client: Client, of: FrameRequest) -> Result<Source, Failure> {
        let naming = client.naming(&of).await?;
        let (workers, decoders) = (Workers::as_many_as_cores(), Decoders::default());
        Ok(Source { client, of, naming, workers, decoders })
    }

    /// These few chunks, checked. The ids must differ.
    async fn chunks(&self, ids: &[ChunkId]) -> Result<HashMap<ChunkId, Vec<u8>>, Failure> {
        let frames = self.client.frames(&self.of, ids).await?;
        let mut found = HashMap::new();
        self.decoders
            .open(frames, (ids, &self.naming), |id, plain| {
                found.insert(id, plain.to_vec());
                Ok::<_, OpeningError>(())
            })
            .map_err(|error| self.wrong(&error))?;
        Ok(found)
    }

    fn wrong(&self, reason: &impl ToString) -> Failure {
        Failure::WrongDisk { region: self.of.region.clone(), reason: reason.to_string() }
    }

    /// The root record of a disk, checked against what the image says of it.
    async fn root(&self, disk: &Disk) -> Result<RootRecord, Failure> {
        let digest = disk.digest.as_deref().unwrap_or_default();
        let root: DiskRoot = digest.parse().map_err(|error| self.wrong(&error))?;
        let found = self.chunks(&[root.id()]).await?;
        let record = found.get(&root.id()).map(Vec::as_slice).unwrap_or_default();
        let record = RootRecord::decode(record).map_err(|error| self.wrong(&error))?;
        if record.size_bytes() != disk.size_bytes {
            let reason = format!(
                "its root states `{}` bytes, the image `{}`",
                record.size_bytes(),
                disk.size_bytes
            );
            return Err(self.wrong(&reason));
        }
        Ok(record)
    }
}

/// A file to be written.
pub struct Target {
    /// Where it will be.
    pub path: PathBuf,
    /// In which format.
    pub format: WriteFormat,
}

/// What an export moved.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exported {
    /// Places of the disk that are not zero.
    pub places: u64,
    /// Virtual size.
    pub size_bytes: u64,
}

/// Writes a disk into a file, which appears under its name once it is whole and durable. On any failure nothing is left.
pub async fn export(
    source: Source,
    disk: &Disk,
    target: Target,
    track: &Track,
) -> Result<Exported, Failure> {
    let record = source.root(disk).await?;
    track.expect(record.places() * CHUNK_BYTES as u64);
    let unwritten = |path: &Path| {
        let path = path.to_owned();
        move |error| Failure::WriteImage { path: path.clone(), source: error }
    };
    let writer = DiskWriter::create(&target.path, target.format, record.size_bytes())
        .map_err(unwritten(&target.path))?;
    let writing = Writing {
        source,
        writer: Arc::new(writer),
        path: target.path.clone(),
        size_bytes: record.size_bytes(),
    };
    writing.all(&record, track).await?;
    let writer = Arc::into_inner(writing.writer).expect("every job that wrote has ended");
    tokio::task::spawn_blocking(move || writer.finish())
        .await
        .unwrap_or_else(|broken| std::panic::resume_unwind(broken.into_panic()))
        .map_err(unwritten(&target.path))?;
    Ok(Exported { places: record.places(), size_bytes: record.size_bytes() })
}

/// A file being written.
struct Writing {
    source: Source,
    writer: Arc<DiskWriter>,
    path: PathBuf,
    size_bytes: u64,
}

impl Writing {
    async fn all(&self, record: &RootRecord, track: &Track) -> Result<(), Failure> {
        let (to, mut lists) = mpsc::channel::<Leaves>(LISTS_AHEAD);
        let (source, record) = (self.source.clone(), *record);
        let mut walking = JoinSet::new();
        walking.spawn(async move { walk(&source, &record, to).await });
        let mut fetching: JoinSet<Result<u64, Failure>> = JoinSet::new();
        while let Some(leaves) = lists.recv().await {
            for part in leaves.chunks(CHUNKS) {
                if fetching.len() >= AT_ONCE
                    && let Some(done) = fetching.join_next().await
                {
                    track.advance(ended(done)?);
                }
                fetching.spawn(self.part(part.to_vec()));
            }
        }
        while let Some(done) = fetching.join_next().await {
            track.advance(ended(done)?);
        }
        match walking.join_next().await {
            Some(done) => ended(done),
            None => Ok(()),
        }
    }

    /// Fetches and writes chunks that lie near each other; a chunk that lies at several places is fetched once.
    fn part(&self, leaves: Leaves) -> impl Future<Output = Result<u64, Failure>> + Send + 'static {
        let (source, writer, path) =
            (self.source.clone(), Arc::clone(&self.writer), self.path.clone());
        let size_bytes = self.size_bytes;
        async move {
            let mut places: HashMap<ChunkId, Vec<u64>> = HashMap::with_capacity(leaves.len());
            for (place, id) in &leaves {
                places.entry(*id).or_default().push(*place);
            }
            let ids: Vec<ChunkId> = places.keys().copied().collect();
            let frames = source.client.frames(&source.of, &ids).await?;
            let (decoders, naming) = (source.decoders.clone(), source.naming.clone());
            let job = move || {
                decoders.open(frames, (&ids, &naming), |id, plain| {
                    let at = places.get(&id).map(Vec::as_slice).unwrap_or_default();
                    at.iter().try_for_each(|place| write_chunk(&writer, size_bytes, *place, plain))
                })
            };
            source.workers.run(job).await.map_err(|error| match error {
                Unwritten::Write(source) => Failure::WriteImage { path, source },
                Unwritten::Opening(error) => source.wrong(&error),
                Unwritten::Chunk(reason) => source.wrong(&reason),
            })?;
            Ok(leaves.len() as u64 * CHUNK_BYTES as u64)
        }
    }
}

/// Why a chunk could not be written.
enum Unwritten {
    Write(WriteError),
    Opening(OpeningError),
    Chunk(String),
}

impl From<OpeningError> for Unwritten {
    fn from(error: OpeningError) -> Self {
        Unwritten::Opening(error)
    }
}

/// Writes one chunk at its place. The last chunk of a disk may reach beyond its end, by zeros alone.
fn write_chunk(
    writer: &DiskWriter,
    size_bytes: u64,
    place: u64,
    plain: &[u8],
) -> Result<(), Unwritten> {
    if plain.len() != CHUNK_BYTES {
        return Err(Unwritten::Chunk(format!(
            "the chunk at place `{place}` has `{}` bytes",
            plain.len()
        )));
    }
    let offset = place * CHUNK_BYTES as u64;
    let inside = size_bytes.saturating_sub(offset).min(CHUNK_BYTES as u64) as usize;
    let (inside, beyond) = plain.split_at(inside);
    if !is_zero(beyond) {
        return Err(Unwritten::Chunk(
            "its last chunk has bytes beyond the end of the disk".to_owned(),
        ));
    }
    writer.write_at(offset, inside).map_err(Unwritten::Write)
}

fn ended<T>(done: Result<Result<T, Failure>, tokio::task::JoinError>) -> Result<T, Failure> {
    done.unwrap_or_else(|broken| std::panic::resume_unwind(broken.into_panic()))
}
