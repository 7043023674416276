//! Conversion: a local image's file becomes an image on snapshots, in an import that the region does itself (R002-4). Its task
//! is the import's row; whoever finds that row undone does it, from the beginning, sending nothing twice into the store.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use catalog::{AuditEntry, ImageDiskRow, ImageRow, ImportRow, Updated};
use disk::ReadError;
use model::rules::judge_conversion;
use model::{
    Act, Cause, Digest, Field, FieldRefusal, FileName, FileProblem, ImageId, ImageStatus, Phase,
    QuotaKind, Rejection, Storage,
};
use store::{CHUNK_BYTES, Chunk, ChunkId, Domain, Ingest, TreeBuilder, TreeNode};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::commands::{Caller, ConvertImage};
use crate::imports::ImportSession;
use crate::local_images::{blocking, problem_of_read};
use crate::refused::{Refused, RegionFault, failpoint};
use crate::region::Region;
use crate::unwind::give_back;
use crate::views::ImageView;

/// Conversions of one region that run at once: each reads, hashes and compresses with more than one core.
const AT_ONCE: usize = 2;
/// Between two looks for conversions whose last attempt failed.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Chunks of one stretch that is read: 1 MiB.
const STRETCH_CHUNKS: u64 = 16;
/// Stretches read ahead of the store.
const STRETCHES_AHEAD: usize = 8;
/// Bytes of a chunk.
const CHUNK: u64 = CHUNK_BYTES as u64;

/// The conversions that run in this process.
#[derive(Default)]
pub(crate) struct Conversions {
    running: Mutex<HashMap<ImageId, CancellationToken>>,
    wake: Notify,
}

/// One of them, until it is dropped.
struct Running {
    region: Region,
    image: ImageId,
    stop: CancellationToken,
}

impl Drop for Running {
    fn drop(&mut self) {
        let running = &self.region.inner.conversions.running;
        running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.image);
        self.region.drop_import_session(&self.image);
    }
}

/// Why a file was not converted.
enum Unconverted {
    /// The file is no disk image that can be converted; it will not be tried again.
    File(FileProblem),
    /// Anything else; it is tried again, unless its import has ended meanwhile.
    Other(Refused),
}

impl<T: Into<Refused>> From<T> for Unconverted {
    fn from(refused: T) -> Self {
        Unconverted::Other(refused.into())
    }
}

/// A stretch of a file's disk.
enum Stretch {
    /// So many chunks of zeros.
    Zeros(u64),
    /// Chunks that were read.
    Read(Vec<Chunk>),
}

impl Region {
    /// Begins to convert a local image into one on snapshots, which has a new id. Asked again while that runs, the answer is
    /// the image that is being made.
    pub async fn convert_image(
        &self,
        caller: &Caller,
        command: ConvertImage,
    ) -> Result<ImageView, Refused> {
        caller.must(Act::Change)?;
        let mut tx = self.inner.catalog.begin().await?;
        let source = self.own_image(&mut tx, caller, &command.image).await?;
        judge_conversion(&source.id, source.storage)?;
        if let Some(running) = tx.conversion_of(&source.id).await? {
            drop(tx);
            return self.image(caller, &running.image).await;
        }
        let tags = tx.tags(&source.id).await?;
        let disks = tx.image_disks(&source.id).await?;
        self.ensure_quotas(&mut tx, &caller.account).await?;
        self.reserve(&mut tx, &caller.account, (QuotaKind::Image, 1)).await?;
        self.reserve(&mut tx, &caller.account, (QuotaKind::Snapshot, disks.len() as u64)).await?;
        let created = self.inner.clock.now();
        let row = ImageRow {
            id: self.random_id(|random| ImageId::from_random(random))?,
            name: command.name.unwrap_or(source.name),
            description: command.description.unwrap_or(source.description),
            status: ImageStatus::Creating,
            storage: Storage::Snapshots,
            kind: model::ImageKind::Custom,
            created,
            generation: 0,
            ..source
        };
        self.judge_new_name(&mut tx, &row, command.names).await?;
        let image = self.insert_with_new_id(&mut tx, row).await?;
        let disks = disks.into_iter().map(|disk| ImageDiskRow { image: image.clone(), ..disk });
        tx.insert_image_disks(&disks.collect::<Vec<_>>()).await?;
        tx.set_tags(&image, &tags).await?;
        tx.insert_import(&ImportRow {
            image: image.clone(),
            account: caller.account.clone(),
            source_image: Some(command.image.clone()),
            created,
        })
        .await?;
        let entry = self.audit_entry(caller, "image.convert", image.as_str());
        let after = format!("converted_from={}", command.image);
        tx.record_audit(&AuditEntry { after, ..entry }).await?;
        caller.commit(tx).await?;
        self.inner.conversions.wake.notify_one();
        self.changed();
        self.image(caller, &image).await
    }

    /// What a conversion does just now.
    pub(crate) fn conversion_phase(&self, image: &ImageId) -> Phase {
        let running = &self.inner.conversions.running;
        if !running.lock().unwrap_or_else(PoisonError::into_inner).contains_key(image) {
            return Phase::Waiting;
        }
        match self.import_percent(image) {
            99.. => Phase::Registering,
            _ => Phase::CopyingSnapshots,
        }
    }

    /// Stops a conversion whose import was cancelled.
    pub(crate) fn stop_conversion(&self, image: &ImageId) {
        let running = self.inner.conversions.running.lock();
        if let Some(stop) = running.unwrap_or_else(PoisonError::into_inner).get(image) {
            stop.cancel();
        }
    }

    /// Conversions that nobody does yet.
    async fn due_conversions(&self) -> Result<Vec<ImportRow>, RegionFault> {
        let mut imports = self.inner.catalog.read().await?.list_imports().await?;
        let running = self.inner.conversions.running.lock().unwrap_or_else(PoisonError::into_inner);
        imports.retain(|row| row.source_image.is_some() && !running.contains_key(&row.image));
        Ok(imports)
    }

    /// Does every conversion that is due, one after another. How many ended, well or not.
    #[cfg(any(test, feature = "test-support"))]
    pub async fn run_conversions(&self) -> Result<u64, RegionFault> {
        let mut ended = 0;
        for import in self.due_conversions().await? {
            let running = self.begin_conversion(&import);
            match running.run(import).await {
                Ended::Yes => ended += 1,
                Ended::NotYet => {}
            }
        }
        Ok(ended)
    }

    fn begin_conversion(&self, import: &ImportRow) -> Running {
        let (image, stop) = (import.image.clone(), CancellationToken::new());
        let mut running =
            self.inner.conversions.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.insert(image.clone(), stop.clone());
        Running { region: self.clone(), image, stop }
    }

    /// Reads the file, stores what the region lacks of it, and publishes the image as any import is.
    async fn convert_file(&self, import: &ImportRow, source: &ImageId) -> Result<(), Unconverted> {
        let mut tx = self.inner.catalog.read().await?;
        let file = tx.local_file(source).await?;
        let disks = tx.image_disks(&import.image).await?;
        drop(tx);
        let (Some(file), [disk]) = (file, disks.as_slice()) else {
            let what = "a conversion has no local file with one disk";
            return Err(RegionFault::Contradiction { what }.into());
        };
        let name = FileName::new(&file.file).map_err(Refused::from)?;
        let opened = self.open_local_file(&import.account, &name).await.map_err(refused_file)?;
        if opened.size_bytes() != disk.size.bytes() {
            return Err(Unconverted::File(FileProblem::Changed));
        }
        let caller = Caller::of_region(&import.account, format!("conversion-{}", import.image));
        let session = self.open_import_session(&import.account, &import.image).await?;
        let digest = self.store_file(opened, &session).await?;
        failpoint!("convert.stored");
        self.publish_whole(&caller, &import.image, (&session, vec![digest])).await?;
        Ok(())
    }

    async fn store_file(
        &self,
        file: disk::Image,
        session: &ImportSession,
    ) -> Result<Digest, Unconverted> {
        let mut storing = Storing {
            region: self,
            domain: session.domain(),
            ingest: self.inner.store.ingest(session.domain()),
        };
        let impossible = "the reader gives as many chunks as the disk has";
        let mut tree = TreeBuilder::new(file.size_bytes()).expect("the reader admits legal sizes");
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
        let what = "a worker that reads a local file panicked";
        let read = reader.await.map_err(|_| RegionFault::Contradiction { what })?;
        read.map_err(|error| unreadable(&error))?;
        let (record, nodes) = tree.finish().expect(impossible);
        storing.put_nodes(nodes).await?;
        storing.put(vec![Chunk::of(record.encode().to_vec())]).await?;
        blocking(move || file.ensure_unchanged()).await?.map_err(|error| unreadable(&error))?;
        storing.ingest.flush().await.map_err(RegionFault::from)?;
        Ok(Digest(*record.root().id().as_bytes()))
    }

    /// The file cannot be converted, ever: the promise is given back, and the image stays to say so.
    async fn fail_conversion(
        &self,
        import: &ImportRow,
        problem: FileProblem,
    ) -> Result<(), Refused> {
        let mut tx = self.inner.catalog.begin().await?;
        if tx.import(&import.account, &import.image).await?.is_none() {
            return Ok(());
        }
        let image = tx.image(&import.account, &import.image).await?;
        let image = image.ok_or_else(|| self.no_image(&import.image))?;
        let disks = tx.image_disks(&import.image).await?.len() as u64;
        give_back(&mut tx, &image, disks).await?;
        tx.delete_import(&import.image).await?;
        let failed = ImageRow {
            status: ImageStatus::CreateFailed,
            failure: Some(Cause::FileRefused),
            ..image
        };
        if tx.update_image(&failed).await? == Updated::No {
            let what = "an image changed within a transaction";
            return Err(RegionFault::Contradiction { what }.into());
        }
        let caller = Caller::of_region(&import.account, format!("conversion-{}", import.image));
        let entry = self.audit_entry(&caller, "image.convert_failed", import.image.as_str());
        let after = format!("status={}\nproblem={problem}", ImageStatus::CreateFailed);
        tx.record_audit(&AuditEntry { after, ..entry }).await?;
        tx.commit().await?;
        self.changed();
        Ok(())
    }
}

/// Whether a conversion will be tried again.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Ended {
    /// It is over.
    Yes,
    /// It will be.
    NotYet,
}

impl Running {
    /// Does it, until it is done, refused for good, cancelled, or the world fails.
    async fn run(self, import: ImportRow) -> Ended {
        let Some(source) = import.source_image.clone() else { return Ended::Yes };
        let (region, image) = (self.region.clone(), self.image.clone());
        let ended = tokio::select! {
            () = self.stop.cancelled() => return Ended::Yes,
            ended = region.convert_file(&import, &source) => ended,
        };
        let (at, refused) = match ended {
            Ok(()) => {
                tracing::info!(region = %region.id(), %image, %source, "converted a local image");
                return Ended::Yes;
            }
            Err(Unconverted::File(problem)) => {
                tracing::warn!(region = %region.id(), %image, %source, %problem, "a local file cannot be converted");
                match region.fail_conversion(&import, problem).await {
                    Ok(()) => return Ended::Yes,
                    Err(refused) => ("failed to end a conversion", refused),
                }
            }
            // It was cancelled in between.
            Err(Unconverted::Other(Refused::Rejected(
                Rejection::ImportEnded { .. } | Rejection::ImageNotFound { .. },
            ))) => return Ended::Yes,
            Err(Unconverted::Other(refused)) => ("failed to convert", refused),
        };
        tracing::warn!(region = %region.id(), %image, fault = &refused as &dyn std::error::Error, "{at}; it will be tried again");
        Ended::NotYet
    }
}

/// Does conversions until the region shuts down; those that a process left undone too.
pub(crate) async fn convert_all(region: &Region) {
    let mut running = JoinSet::new();
    // Those that failed a moment ago.
    let mut resting: HashMap<ImageId, Instant> = HashMap::new();
    loop {
        match region.due_conversions().await {
            Ok(due) => {
                let free = AT_ONCE.saturating_sub(running.len());
                let due = due.into_iter().filter(|import| !resting.contains_key(&import.image));
                for import in due.take(free) {
                    let begun = region.begin_conversion(&import);
                    running.spawn(async move { (import.image.clone(), begun.run(import).await) });
                }
            }
            Err(fault) => {
                tracing::warn!(region = %region.id(), fault = &fault as &dyn std::error::Error, "failed to look for conversions");
            }
        }
        tokio::select! {
            () = region.inner.conversions.wake.notified() => {}
            Some(ended) = running.join_next() => match ended {
                Ok((_, Ended::Yes)) => {}
                Ok((image, Ended::NotYet)) => {
                    resting.insert(image, Instant::now());
                }
                Err(error) => tracing::error!(region = %region.id(), %error, "a conversion panicked"),
            },
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        resting.retain(|_, since| since.elapsed() < LOOK_EVERY);
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

fn unreadable(error: &ReadError) -> Unconverted {
    tracing::warn!(fault = error as &dyn std::error::Error, "failed to read a local file");
    Unconverted::File(problem_of_read(error))
}

/// A file that was refused when it was opened anew; a region without a folder of local images may get it back.
fn refused_file(refused: Refused) -> Unconverted {
    match refused {
        Refused::Rejected(Rejection::InvalidField { field: Field::File, refusal }) => match refusal
        {
            FieldRefusal::NotAnImage { problem } => Unconverted::File(problem),
            FieldRefusal::NoSuchFile => Unconverted::File(FileProblem::Unreadable),
            refusal => Unconverted::Other(Rejection::field(Field::File, refusal).into()),
        },
        other => Unconverted::Other(other),
    }
}
