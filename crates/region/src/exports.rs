//! Exporting an image: each of its disks is written as an object of a bucket, under a hidden name first. The names are given
//! once every disk is whole and durable, so that nothing half done is ever seen.

use std::sync::Arc;

use catalog::{AuditEntry, ImageDiskRow, TaskObjectRow, TaskRow, Updated};
use disk::{DiskFile, WriteError, WriteFormat};
use model::rules::{SourceFacts, judge_export, judge_source};
use model::{
    Act, BucketName, Digest, DiskFormat, DiskRole, DomainName, ImageId, ImageKind, ObjectName,
    ObjectPrefix, Rejection, TaskAction, TaskFailure, TaskId, TaskState,
};
use store::{CHUNK_BYTES, ChunkId, Domain, StoreFault};
use tokio::task::JoinHandle;

use crate::audit::facts;
use crate::buckets::{Bucket, BucketFault, Hidden};
use crate::commands::Caller;
use crate::jobs::{Handle, Track, Undone};
use crate::local_images::blocking;
use crate::refused::{Refused, RegionFault, failpoint};
use crate::region::{Region, disk_root};
use crate::request::source_facts;
use crate::tasks::TaskView;

/// Chunks read and written together: 4 MiB.
const CHUNKS: usize = 64;

/// Write the disks of an image into a bucket.
#[derive(Clone, Debug)]
pub struct ExportImage {
    /// The image.
    pub image: ImageId,
    /// The account's bucket, in the region.
    pub bucket: BucketName,
    /// What the objects' names begin with.
    pub prefix: Option<ObjectPrefix>,
    /// Their format.
    pub format: DiskFormat,
    /// Which of the image's disks.
    pub disks: ExportedDisks,
}

/// Which disks of an image are written.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum ExportedDisks {
    /// Each.
    #[default]
    All,
    /// The one that a machine starts from.
    System,
}

impl ExportedDisks {
    fn has(self, role: DiskRole) -> bool {
        match self {
            ExportedDisks::All => true,
            ExportedDisks::System => role == DiskRole::SYSTEM,
        }
    }
}

/// The disks of an image that are whole under their hidden names.
struct Written {
    bucket: Bucket,
    files: Vec<(Hidden, ObjectName)>,
}

/// The formats that are written.
fn written_as(format: DiskFormat) -> Result<WriteFormat, Rejection> {
    match format {
        DiskFormat::Raw => Ok(WriteFormat::Raw),
        DiskFormat::Qcow2 => Ok(WriteFormat::Qcow2),
        DiskFormat::Vhd => Ok(WriteFormat::Vhd),
        DiskFormat::Vmdk => Err(Rejection::FormatNotWritten { format }),
    }
}

impl Region {
    /// Begins to write the disks of an available image of the account's into a bucket, in a task. Of an encrypted image the
    /// objects are plain, so its key must be usable. One task exports an image at a time.
    pub async fn export_image(
        &self,
        caller: &Caller,
        command: ExportImage,
    ) -> Result<TaskView, Refused> {
        caller.must(Act::Change)?;
        written_as(command.format)?;
        let mut tx = self.inner.catalog.read().await?;
        let image = self.own_image(&mut tx, caller, &command.image).await?;
        let disks = tx.image_disks(&image.id).await?;
        drop(tx);
        judge_source(&source_facts(&image, ImageKind::Custom))?;
        let domain = DomainName { account: image.account.clone(), key: image.encryption_key };
        let damaged_chunks = self.damaged_chunks_of(&domain, &disks).await?;
        self.domain(&domain).await?;
        match self.open_bucket(&caller.account, &command.bucket).await? {
            Ok(_) => {}
            Err(fault @ BucketFault::Io { .. }) => return Err(RegionFault::Bucket(fault).into()),
            Err(BucketFault::NoBucket | BucketFault::NoObject) => {
                let (bucket, region) = (command.bucket, self.id().clone());
                return Err(Rejection::BucketNotFound { bucket, region }.into());
            }
        }
        let mut tx = self.inner.catalog.begin().await?;
        let image = self.own_image(&mut tx, caller, &command.image).await?;
        let source = SourceFacts { damaged_chunks, ..source_facts(&image, ImageKind::Custom) };
        judge_export(&source, tx.export_of(&image.id).await?.map(|running| running.id))?;
        // One that was cancelled may have names to take back that the new one would give.
        if let Some(leaving) = tx.export_trace_in(&image.id, &command.bucket).await? {
            let (image, by) = (image.id, leaving.id);
            return Err(Rejection::ImageBeingExported { image, by }.into());
        }
        let row = TaskRow {
            id: self.random_id(|random| TaskId::from_random(random))?,
            account: caller.account.clone(),
            action: TaskAction::ExportImage,
            state: TaskState::Waiting,
            image: image.id,
            failure: None,
            created: self.inner.clock.now(),
            finished: None,
        };
        let object = |disk: &ImageDiskRow| TaskObjectRow {
            task: row.id.clone(),
            role: disk.role,
            bucket: command.bucket.clone(),
            object: ObjectName::of_disk(
                command.prefix.as_ref(),
                (&row.image, disk.role),
                command.format,
            ),
            format: command.format,
            size: disk.size,
        };
        let exported = disks.iter().filter(|disk| command.disks.has(disk.role));
        let objects: Vec<TaskObjectRow> = exported.map(object).collect();
        tx.insert_task(&row, &objects).await?;
        let entry = self.audit_entry(caller, "image.export", row.image.as_str());
        let mut after = vec![("task", row.id.to_string())];
        let named = |one: &TaskObjectRow| ("object", format!("{}/{}", one.bucket, one.object));
        after.extend(objects.iter().map(named));
        tx.record_audit(&AuditEntry { after: facts(&after), ..entry }).await?;
        caller.commit(tx).await?;
        self.wake_jobs();
        self.changed();
        self.task(caller, &row.id).await
    }

    /// Writes the disks, unless it is stopped, and then names them all. What an earlier attempt left goes first; what is stopped,
    /// or has ended without its result, leaves nothing.
    pub(crate) async fn run_export(&self, task: &TaskRow, handle: &Handle) -> Result<(), Undone> {
        if !task.state.is_live() {
            return self.clear_export(task).await.map_err(Undone::from);
        }
        let begun = self.begin_export(&task.id).await?;
        self.clear_export(task).await?;
        if begun == Updated::No {
            return Ok(());
        }
        let written = tokio::select! {
            () = handle.stop.cancelled() => None,
            written = self.write_disks(task, &handle.track) => Some(written?),
        };
        if let Some(written) = written {
            failpoint!("export.written");
            if self.show_disks(task, written).await? == Updated::Yes {
                return Ok(());
            }
        }
        Ok(self.clear_export(task).await?)
    }

    /// Notes that an export has begun and may leave files; nothing where it has ended meanwhile.
    async fn begin_export(&self, task: &TaskId) -> Result<Updated, RegionFault> {
        let mut tx = self.inner.catalog.begin().await?;
        let begun = tx.begin_task(task).await?;
        if begun == Updated::Yes {
            tx.note_hidden_files(task).await?;
            tx.commit().await?;
        }
        self.changed();
        Ok(begun)
    }

    async fn write_disks(&self, task: &TaskRow, track: &Track) -> Result<Written, Undone> {
        let mut tx = self.inner.catalog.read().await?;
        let image = tx.image(&task.account, &task.image).await?;
        let image = image.ok_or_else(|| self.no_image(&task.image))?;
        let mut disks = tx.image_disks(&image.id).await?;
        let objects = tx.task_objects(&task.id).await?;
        drop(tx);
        disks.retain(|disk| objects.iter().any(|object| object.role == disk.role));
        let what = "a task that exports an image has objects of disks that are not there";
        let contradiction = || RegionFault::Contradiction { what };
        let domain = DomainName { account: image.account, key: image.encryption_key };
        let domain = self.domain(&domain).await.map_err(unread)?;
        let name = objects.first().map(|object| object.bucket.clone());
        let name = name.ok_or_else(contradiction)?;
        let bucket = self.open_bucket(&task.account, &name).await?.map_err(unwritten_bucket)?;
        let mut needed = 0;
        let mut roots: Vec<Digest> = Vec::with_capacity(disks.len());
        for disk in &disks {
            let digest = disk.digest.ok_or_else(contradiction)?;
            let record = self.inner.store.root_record(domain, disk_root(&digest)).await;
            needed += record.map_err(|fault| unread(fault.into()))?.places();
            roots.push(digest);
        }
        track.expect(needed);
        let mut files = Vec::with_capacity(objects.len());
        if objects.len() != roots.len() {
            return Err(contradiction().into());
        }
        for (object, digest) in objects.into_iter().zip(roots) {
            let hidden = self.write_disk((&bucket, &object), (domain, digest), track).await?;
            files.push((hidden, object.object));
        }
        Ok(Written { bucket, files })
    }

    /// Writes one disk under a hidden name, whole and durable; every chunk is checked as it is read.
    async fn write_disk(
        &self,
        (bucket, object): (&Bucket, &TaskObjectRow),
        (domain, digest): (Domain, Digest),
        track: &Track,
    ) -> Result<Hidden, Undone> {
        let format = written_as(object.format).map_err(Refused::from)?;
        let (bucket, task, role) = (bucket.clone(), object.task.clone(), object.role);
        let size_bytes = object.size.bytes();
        let (hidden, file) = blocking(move || {
            let (hidden, file) = bucket.create_hidden(&task, role).map_err(unwritten_bucket)?;
            let file = DiskFile::new(file, format, size_bytes).map_err(unwritten)?;
            Ok::<_, Undone>((hidden, Arc::new(file)))
        })
        .await??;
        let mut tree = self.inner.store.tree(domain, disk_root(&digest)).await.map_err(of_store)?;
        let mut writing: Option<JoinHandle<Result<(), Undone>>> = None;
        while let Some(leaves) = tree.next().await.map_err(of_store)? {
            let places = (leaves.first_chunk..).zip(leaves.ids).filter(|(_, id)| !id.is_zero());
            let places: Vec<(u64, ChunkId)> = places.collect();
            for part in places.chunks(CHUNKS) {
                let ids: Vec<ChunkId> = part.iter().map(|(_, id)| *id).collect();
                let chunks = self.inner.store.get_many(domain, &ids).await.map_err(of_store)?;
                wait_for(writing.take()).await?;
                failpoint!("export.writing");
                track.advance(part.len() as u64);
                let places = part.iter().map(|(place, _)| *place).collect::<Vec<u64>>();
                let to = Arc::clone(&file);
                writing = Some(tokio::task::spawn_blocking(move || {
                    let pairs = places.into_iter().zip(chunks);
                    pairs.into_iter().try_for_each(|(place, chunk)| {
                        write_chunk(&to, size_bytes, (place, &chunk))
                    })
                }));
            }
        }
        wait_for(writing.take()).await?;
        let what = "a worker that has ended still writes";
        let file = Arc::into_inner(file).ok_or(RegionFault::Contradiction { what })?;
        blocking(move || file.finish().map_err(unwritten)).await??;
        Ok(hidden)
    }

    /// Names every disk and ends the task. Whoever cancels meanwhile wins: then the names are to be taken back.
    async fn show_disks(&self, task: &TaskRow, written: Written) -> Result<Updated, Undone> {
        let mut tx = self.inner.catalog.begin().await?;
        if tx.note_names(&task.id).await? == Updated::No {
            return Ok(Updated::No);
        }
        tx.commit().await?;
        let Written { bucket, files } = written;
        blocking(move || name_all(files).and_then(|()| bucket.sync()))
            .await?
            .map_err(unwritten_bucket)?;
        failpoint!("export.shown");
        let mut tx = self.inner.catalog.begin().await?;
        let done = (TaskState::Done, None);
        if tx.end_task(&task.id, done, self.inner.clock.now()).await? == Updated::No {
            return Ok(Updated::No);
        }
        tx.delete_export_trace(&task.id).await?;
        let caller = Caller::of_region(&task.account, format!("export-{}", task.id));
        let entry = self.audit_entry(&caller, "image.exported", task.image.as_str());
        let after = facts(&[("task", task.id.to_string())]);
        tx.record_audit(&AuditEntry { after, ..entry }).await?;
        tx.commit().await?;
        failpoint!("export.done");
        tracing::info!(region = %self.id(), task = %task.id, image = %task.image, "exported an image");
        self.changed();
        Ok(Updated::Yes)
    }

    /// The image cannot be exported: the task stays to say so.
    pub(crate) async fn fail_export(
        &self,
        task: &TaskRow,
        failure: TaskFailure,
    ) -> Result<(), Refused> {
        // What fails to go now is tried again: the trace of it stays.
        let cleared = self.clear_export(task).await;
        let mut tx = self.inner.catalog.begin().await?;
        let failed = (TaskState::Failed, Some(failure));
        if tx.end_task(&task.id, failed, self.inner.clock.now()).await? == Updated::No {
            return Ok(self.clear_export(task).await?);
        }
        match cleared {
            Ok(()) => drop(tx.delete_export_trace(&task.id).await?),
            Err(fault) => {
                tracing::warn!(region = %self.id(), task = %task.id, fault = &fault as &dyn std::error::Error, "failed to clear a failed export");
            }
        }
        let caller = Caller::of_region(&task.account, format!("export-{}", task.id));
        let entry = self.audit_entry(&caller, "image.export_failed", task.image.as_str());
        let after = [("task", task.id.to_string()), ("problem", failure.word().to_owned())];
        tx.record_audit(&AuditEntry { after: facts(&after), ..entry }).await?;
        tx.commit().await?;
        self.changed();
        Ok(())
    }
}

/// Names every disk. Where one cannot be named, it and those after it stay hidden, so that those that have names are known.
fn name_all(files: Vec<(Hidden, ObjectName)>) -> Result<(), BucketFault> {
    let mut files = files.into_iter();
    let failed = files.by_ref().find_map(|(hidden, object)| {
        name_failpoint();
        hidden.show_as(&object).err()
    });
    files.for_each(|(hidden, _)| hidden.leave());
    failed.map_or(Ok(()), Err)
}

/// The point `export.name`, before each name that is given. Nothing without the feature `failpoints`.
fn name_failpoint() {
    fail::fail_point!("export.name");
}

/// Writes one chunk at its place. The last chunk of a disk may reach beyond its end, by zeros alone.
fn write_chunk(
    file: &DiskFile,
    size_bytes: u64,
    (place, chunk): (u64, &[u8]),
) -> Result<(), Undone> {
    let offset = place * CHUNK_BYTES as u64;
    let inside = size_bytes.saturating_sub(offset).min(chunk.len() as u64) as usize;
    let (inside, beyond) = chunk.split_at(inside);
    if !store::is_zero(beyond) {
        return Err(Undone::Failed(TaskFailure::ImageDamaged));
    }
    file.write_at(offset, inside).map_err(unwritten)
}

async fn wait_for(writing: Option<JoinHandle<Result<(), Undone>>>) -> Result<(), Undone> {
    let Some(writing) = writing else { return Ok(()) };
    let what = "a worker that writes a file panicked";
    writing.await.map_err(|_| RegionFault::Contradiction { what })?
}

fn unwritten(error: WriteError) -> Undone {
    tracing::warn!(fault = &error as &dyn std::error::Error, "failed to write an object");
    Undone::Failed(TaskFailure::NotWritten)
}

fn unwritten_bucket(fault: BucketFault) -> Undone {
    match fault {
        BucketFault::NoBucket | BucketFault::NoObject => Undone::Failed(TaskFailure::BucketGone),
        BucketFault::Io { .. } => {
            tracing::warn!(fault = &fault as &dyn std::error::Error, "failed to write a bucket");
            Undone::Failed(TaskFailure::NotWritten)
        }
    }
}

fn of_store(fault: StoreFault) -> Undone {
    unread(fault.into())
}

/// What cannot be read for good ends the task; anything else is tried again.
fn unread(fault: RegionFault) -> Undone {
    use {RegionFault as R, StoreFault as S};
    if matches!(fault, R::Store(S::Missing { .. } | S::Damaged { .. } | S::Tree { .. })) {
        return Undone::Failed(TaskFailure::ImageDamaged);
    }
    if matches!(fault, R::Store(S::Locked { .. }) | R::Key { .. }) {
        return Undone::Failed(TaskFailure::KeyUnusable);
    }
    Undone::Other(fault.into())
}
