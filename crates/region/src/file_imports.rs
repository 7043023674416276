//! Imports that the region does by itself: of a local image's file, or of the objects of a task. One engine for both; such an
//! import is published as any other is.

use catalog::{AuditEntry, ImageDiskRow, ImageRow, ImportRow, ImportSource, Tx, Updated};
use disk::Declared;
use model::{
    Cause, Field, FieldRefusal, FileName, FileProblem, ImageId, ImageStatus, Rejection, SizeBytes,
    TaskFailure, TaskState,
};

use crate::audit::facts;
use crate::buckets::BucketFault;
use crate::commands::Caller;
use crate::jobs::{Handle, Undone};
use crate::object_imports::{DiskObject, NotADisk, declared};
use crate::refused::{Refused, RegionFault, failpoint};
use crate::region::Region;
use crate::unwind::give_back;

/// One disk of an import and the file that it is made of.
struct SourceFile {
    file: Origin,
    /// The virtual size that the file must have, as when the import was asked for.
    file_size: SizeBytes,
    /// The size of the disk; what the file does not reach is zeros.
    disk_size: SizeBytes,
}

/// Where a file is.
enum Origin {
    /// Among the account's local images, of the format that it was registered with.
    Local(FileName, Declared),
    /// In a bucket of the account's.
    Object(DiskObject),
}

impl Region {
    /// Reads the files, stores what the region lacks of them, and publishes the image as any import is.
    pub(crate) async fn run_file_import(
        &self,
        import: &ImportRow,
        handle: &Handle,
    ) -> Result<(), Undone> {
        let ended = tokio::select! {
            () = handle.stop.cancelled() => return Ok(()),
            ended = self.import_files(import) => ended,
        };
        match ended {
            // It was cancelled in between.
            Err(Undone::Other(Refused::Rejected(
                Rejection::ImportEnded { .. } | Rejection::ImageNotFound { .. },
            ))) => Ok(()),
            Ok(()) => {
                tracing::info!(region = %self.id(), image = %import.image, "made an image of files");
                Ok(())
            }
            Err(undone) => Err(undone),
        }
    }

    async fn import_files(&self, import: &ImportRow) -> Result<(), Undone> {
        let files = self.files_of(import).await?;
        if let ImportSource::Objects(task) = &import.source {
            self.begin_task(task).await?;
        }
        let session = self.open_import_session(&import.account, &import.image).await?;
        let mut digests = Vec::with_capacity(files.len());
        for file in files {
            let opened = self.open_source(import, &file).await?;
            if opened.size_bytes() != file.file_size.bytes() {
                return Err(Undone::Failed(TaskFailure::File(FileProblem::Changed)));
            }
            digests.push(self.store_file(opened, file.disk_size, &session).await?);
        }
        failpoint!("convert.stored");
        let caller = file_importer(import);
        self.publish_whole(&caller, &import.image, (&session, digests)).await?;
        Ok(())
    }

    async fn open_source(
        &self,
        import: &ImportRow,
        source: &SourceFile,
    ) -> Result<disk::Image, Undone> {
        match &source.file {
            Origin::Local(name, declared) => {
                let opened = self.open_local_file(&import.account, name, *declared).await;
                opened.map_err(refused_file)
            }
            Origin::Object(object) => {
                let opened = self.open_disk_object(&import.account, object).await?;
                opened.map_err(refused_object)
            }
        }
    }

    /// What each disk of an import is made of, the system disk first.
    async fn files_of(&self, import: &ImportRow) -> Result<Vec<SourceFile>, Undone> {
        let mut tx = self.inner.catalog.read().await?;
        let disks = tx.image_disks(&import.image).await?;
        let what = "an import of files has not one file for each disk";
        let contradiction = || RegionFault::Contradiction { what };
        match &import.source {
            ImportSource::Client => Err(contradiction().into()),
            ImportSource::LocalImage(image) => {
                let file = tx.local_file(image).await?.ok_or_else(contradiction)?;
                let name = FileName::new(&file.file).map_err(Refused::from)?;
                let what = "a local image is of no format that is read";
                let format = file.format.parse().map(Declared::As);
                let format = format.map_err(|_| RegionFault::Contradiction { what })?;
                let file = Origin::Local(name, format);
                match disks.as_slice() {
                    [ImageDiskRow { size, .. }] => {
                        Ok(vec![SourceFile { file, file_size: *size, disk_size: *size }])
                    }
                    _ => Err(contradiction().into()),
                }
            }
            ImportSource::Objects(task) => {
                let objects = tx.task_objects(task).await?;
                if objects.len() != disks.len() {
                    // A cancelled import has no disks any more.
                    return Err(self.no_longer(&mut tx, import).await?.into());
                }
                let pair = |(object, disk): (catalog::TaskObjectRow, ImageDiskRow)| SourceFile {
                    file_size: object.size,
                    disk_size: disk.size,
                    file: Origin::Object(DiskObject {
                        bucket: object.bucket,
                        object: object.object,
                        format: Some(object.format),
                        size: None,
                    }),
                };
                Ok(objects.into_iter().zip(disks).map(pair).collect())
            }
        }
    }

    /// Why an import has not the disks that it should have.
    async fn no_longer(&self, tx: &mut Tx, import: &ImportRow) -> Result<Refused, Refused> {
        Ok(match tx.import(&import.account, &import.image).await? {
            None => Rejection::ImportEnded { image: import.image.clone() }.into(),
            Some(_) => {
                let what = "an import has not one disk for each object";
                RegionFault::Contradiction { what }.into()
            }
        })
    }

    /// The files cannot be imported, ever: the promise is given back, and the image stays to say so.
    pub(crate) async fn fail_file_import(
        &self,
        import: &ImportRow,
        failure: TaskFailure,
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
        self.end_import_task(&mut tx, import, (TaskState::Failed, Some(failure))).await?;
        let failed = ImageRow {
            status: ImageStatus::CreateFailed,
            failure: Some(Cause::FileRefused),
            ..image
        };
        if tx.update_image(&failed).await? == Updated::No {
            let what = "an image changed within a transaction";
            return Err(RegionFault::Contradiction { what }.into());
        }
        let action = match &import.source {
            ImportSource::Client | ImportSource::LocalImage(_) => "image.convert_failed",
            ImportSource::Objects(_) => "import.failed",
        };
        let entry = self.audit_entry(&file_importer(import), action, import.image.as_str());
        let status = ImageStatus::CreateFailed.to_string();
        let after = facts(&[("status", status), ("problem", failure.word().to_owned())]);
        tx.record_audit(&AuditEntry { after, ..entry }).await?;
        tx.commit().await?;
        self.changed();
        Ok(())
    }

    /// Ends the task of an import, in the transaction that ends the import; nothing where it has none.
    pub(crate) async fn end_import_task(
        &self,
        tx: &mut Tx,
        import: &ImportRow,
        ended: (TaskState, Option<TaskFailure>),
    ) -> Result<(), RegionFault> {
        let ImportSource::Objects(task) = &import.source else { return Ok(()) };
        if tx.end_task(task, ended, self.inner.clock.now()).await? == Updated::No {
            let what = "an import's task ended before the import";
            return Err(RegionFault::Contradiction { what });
        }
        Ok(())
    }
}

/// The region, as it makes an image of files.
fn file_importer(import: &ImportRow) -> Caller {
    let kind = match &import.source {
        ImportSource::Client | ImportSource::LocalImage(_) => "conversion",
        ImportSource::Objects(_) => "import",
    };
    let named = |image: &ImageId| format!("{kind}-{image}");
    Caller::of_region(&import.account, named(&import.image))
}

/// A file that was refused when it was opened anew; a region without a folder of local images may get it back.
fn refused_file(refused: Refused) -> Undone {
    match refused {
        Refused::Rejected(Rejection::InvalidField { field: Field::File, refusal }) => match refusal
        {
            FieldRefusal::NotAnImage { problem } => Undone::Failed(TaskFailure::File(problem)),
            FieldRefusal::NoSuchFile => Undone::Failed(TaskFailure::File(FileProblem::Unreadable)),
            refusal => Undone::Other(Rejection::field(Field::File, refusal).into()),
        },
        other => Undone::Other(other),
    }
}

/// The same for an object.
fn refused_object(refused: NotADisk) -> Undone {
    match refused {
        NotADisk::Refused(problem) => Undone::Failed(TaskFailure::File(problem)),
        NotADisk::Bucket(BucketFault::NoBucket) => Undone::Failed(TaskFailure::BucketGone),
        NotADisk::Bucket(BucketFault::NoObject) => Undone::Failed(TaskFailure::ObjectGone),
        NotADisk::Bucket(fault @ BucketFault::Io { .. }) => RegionFault::Bucket(fault).into(),
    }
}

/// What a disk image file is declared to be.
pub(crate) fn as_declared(object: &DiskObject) -> Declared {
    object.format.map_or(Declared::Auto, |format| Declared::As(declared(format)))
}
