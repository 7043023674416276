//! Importing an image of objects: disk image files in the account's buckets, one for each disk.

use catalog::{AuditEntry, ImportRow, ImportSource, TaskObjectRow, TaskRow};
use disk::Format;
use model::{
    AccountId, Act, Attributes, BucketName, ClientToken, Description, DiskFormat, DiskRole, Family,
    Field, FieldRefusal, FileProblem, Name, NameRule, ObjectName, Particulars, Rejection,
    SizeBytes, Tags, TaskAction, TaskId, TaskState,
};

use crate::audit::facts;
use crate::buckets::{Bucket, BucketFault};
use crate::commands::{BeginImport, Caller};
use crate::file_imports::as_declared;
use crate::imports::Promised;
use crate::local_images::{blocking, problem_of};
use crate::refused::{Refused, RegionFault, failpoint};
use crate::region::Region;
use crate::request::{digest_of, family_told, particulars_told};
use crate::tasks::TaskView;

const TOKEN_ACTION: &str = "import-objects";

/// Make an image of objects.
#[derive(Clone, Debug)]
pub struct ImportObjects {
    /// The image's name.
    pub name: Name,
    /// What it is.
    pub description: Description,
    /// The machine it is for.
    pub attributes: Attributes,
    /// The family it is of.
    pub family: Option<Family>,
    /// What a door keeps of it.
    pub particulars: Particulars,
    /// Its tags.
    pub tags: Tags,
    /// Its disks, the system disk first.
    pub disks: Vec<DiskObject>,
    /// Whether its name must be new in the region.
    pub names: NameRule,
    /// Makes the request safe to repeat.
    pub token: Option<ClientToken>,
}

/// The object that a disk is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskObject {
    /// The account's bucket, in the region.
    pub bucket: BucketName,
    /// The object in it.
    pub object: ObjectName,
    /// Its format; what its contents show where it is not declared. Refused where they show another.
    pub format: Option<DiskFormat>,
    /// The size of the disk; that of the disk in the object where it is not given. Never smaller.
    pub size: Option<SizeBytes>,
}

/// Why an object cannot be made a disk of.
#[derive(Debug)]
pub(crate) enum NotADisk {
    /// The bucket or the object is not to be had.
    Bucket(BucketFault),
    /// The file is refused.
    Refused(FileProblem),
}

/// An object that was looked at, and the disk that it is to become.
struct Admitted {
    object: DiskObject,
    format: DiskFormat,
    /// The virtual size of the disk in the object.
    file_size: SizeBytes,
    disk_size: SizeBytes,
}

impl Region {
    /// Promises an image that the region makes of objects by itself, in a task. Each object is opened and looked at first: what
    /// is no disk image, or names other files, is refused by name.
    pub async fn import_objects(
        &self,
        caller: &Caller,
        command: ImportObjects,
    ) -> Result<TaskView, Refused> {
        caller.must(Act::Change)?;
        if command.disks.is_empty() {
            return Err(Rejection::field(Field::Disks, FieldRefusal::Empty).into());
        }
        DiskRole::at(command.disks.len() - 1)?;
        let mut admitted = Vec::with_capacity(command.disks.len());
        for object in &command.disks {
            admitted.push(self.admit_object(&caller.account, object).await?);
        }
        let used_for = (TOKEN_ACTION, fingerprint(&command));
        let begun = begun_with(command, &admitted);
        let mut tx = self.inner.catalog.begin().await?;
        let image = match self.promise_import(&mut tx, caller, &begun, used_for).await? {
            Promised::New(image) => image,
            Promised::Before(first) => {
                let task = tx.import_task_of(&first).await?.ok_or(Rejection::TokenReused)?;
                drop(tx);
                return self.task(caller, &task.id).await;
            }
        };
        let row = TaskRow {
            id: self.random_id(|random| TaskId::from_random(random))?,
            account: caller.account.clone(),
            action: TaskAction::ImportImage,
            state: TaskState::Waiting,
            image: image.clone(),
            failure: None,
            created: self.inner.clock.now(),
            finished: None,
        };
        tx.insert_task(&row, &object_rows(&row.id, &admitted)?).await?;
        let (account, created) = (caller.account.clone(), row.created);
        let source = ImportSource::Objects(row.id.clone());
        tx.insert_import(&ImportRow { image: image.clone(), account, source, created }).await?;
        let entry = self.audit_entry(caller, "import.begin", image.as_str());
        let objects = admitted.iter().map(|one| {
            let DiskObject { bucket, object, .. } = &one.object;
            ("object", format!("{bucket}/{object}"))
        });
        let mut after = vec![("name", begun.name.to_string()), ("task", row.id.to_string())];
        after.extend(objects);
        tx.record_audit(&AuditEntry { after: facts(&after), ..entry }).await?;
        failpoint!("api.before_commit");
        caller.commit(tx).await?;
        failpoint!("api.after_commit_before_reply");
        self.wake_jobs();
        self.changed();
        self.task(caller, &row.id).await
    }

    async fn admit_object(
        &self,
        account: &AccountId,
        object: &DiskObject,
    ) -> Result<Admitted, Refused> {
        let opened = self.open_disk_object(account, object).await?;
        let opened = opened.map_err(|refused| self.not_a_disk(object, refused))?;
        let file_size = SizeBytes::new(opened.size_bytes())?;
        let disk_size = object.size.unwrap_or(file_size);
        if disk_size.bytes() < file_size.bytes() {
            return Err(Rejection::DiskTooSmall {
                object: object.object.clone(),
                declared_bytes: disk_size.bytes(),
                needed_bytes: file_size.bytes(),
            }
            .into());
        }
        let format = found(opened.format());
        Ok(Admitted { object: object.clone(), format, file_size, disk_size })
    }

    fn not_a_disk(&self, object: &DiskObject, refused: NotADisk) -> Refused {
        let (bucket, object) = (object.bucket.clone(), object.object.clone());
        let region = self.id().clone();
        match refused {
            NotADisk::Bucket(BucketFault::NoBucket) => {
                Rejection::BucketNotFound { bucket, region }.into()
            }
            NotADisk::Bucket(BucketFault::NoObject) => {
                Rejection::ObjectNotFound { bucket, object, region }.into()
            }
            NotADisk::Bucket(fault @ BucketFault::Io { .. }) => RegionFault::Bucket(fault).into(),
            NotADisk::Refused(problem) => {
                Rejection::ObjectRefused { bucket, object, problem }.into()
            }
        }
    }

    /// Opens an object of an account's as a disk image; the outer failure is the region's.
    pub(crate) async fn open_disk_object(
        &self,
        account: &AccountId,
        object: &DiskObject,
    ) -> Result<Result<disk::Image, NotADisk>, RegionFault> {
        let bucket = match self.open_bucket(account, &object.bucket).await? {
            Ok(bucket) => bucket,
            Err(fault) => return Ok(Err(NotADisk::Bucket(fault))),
        };
        let (name, declared) = (object.object.clone(), as_declared(object));
        let shown = format!("{}/{}", object.bucket, object.object);
        blocking(move || {
            let file = bucket.open_object(&name).map_err(NotADisk::Bucket)?;
            disk::Image::from_file(file, declared).map_err(|error| {
                tracing::info!(object = %shown, fault = &error as &dyn std::error::Error, "an object is no disk image");
                NotADisk::Refused(problem_of(&error))
            })
        })
        .await
    }

    /// An account's bucket; a region without buckets has none of any name.
    pub(crate) async fn open_bucket(
        &self,
        account: &AccountId,
        bucket: &BucketName,
    ) -> Result<Result<Bucket, BucketFault>, RegionFault> {
        let Some(buckets) = self.inner.options.buckets.clone() else {
            return Ok(Err(BucketFault::NoBucket));
        };
        let (region, account, bucket) = (self.id().clone(), account.clone(), bucket.clone());
        blocking(move || Bucket::open(&buckets, (&region, &account), &bucket)).await
    }
}

fn begun_with(command: ImportObjects, admitted: &[Admitted]) -> BeginImport {
    BeginImport {
        name: command.name,
        description: command.description,
        attributes: command.attributes,
        family: command.family,
        particulars: command.particulars,
        tags: command.tags,
        disks: admitted.iter().map(|one| one.disk_size).collect(),
        names: command.names,
        token: command.token,
    }
}

fn object_rows(task: &TaskId, admitted: &[Admitted]) -> Result<Vec<TaskObjectRow>, Rejection> {
    let row = |(index, one): (usize, &Admitted)| {
        Ok(TaskObjectRow {
            task: task.clone(),
            role: DiskRole::at(index)?,
            bucket: one.object.bucket.clone(),
            object: one.object.object.clone(),
            format: one.format,
            size: one.file_size,
        })
    };
    admitted.iter().enumerate().map(row).collect()
}

/// A format in the words of the reader of files.
pub(crate) fn declared(format: DiskFormat) -> Format {
    match format {
        DiskFormat::Raw => Format::Raw,
        DiskFormat::Qcow2 => Format::Qcow2,
        DiskFormat::Vmdk => Format::Vmdk,
        DiskFormat::Vhd => Format::Vhd,
    }
}

fn found(format: Format) -> DiskFormat {
    match format {
        Format::Raw => DiskFormat::Raw,
        Format::Qcow2 => DiskFormat::Qcow2,
        Format::Vmdk => DiskFormat::Vmdk,
        Format::Vhd => DiskFormat::Vhd,
    }
}

/// Names what a token was used for.
fn fingerprint(command: &ImportObjects) -> [u8; 32] {
    let attributes = &command.attributes;
    let mut parts = vec![
        command.name.to_string(),
        command.description.to_string(),
        attributes.architecture.to_string(),
        attributes.os_type.to_string(),
        attributes.platform.to_string(),
        attributes.boot_mode.to_string(),
    ];
    for disk in &command.disks {
        let format = disk.format.map_or(String::new(), |format| format.to_string());
        let size = disk.size.map_or(String::new(), |size| size.bytes().to_string());
        parts.extend([disk.bucket.to_string(), disk.object.to_string(), format, size]);
    }
    parts.extend(command.tags.iter().flat_map(|(key, value)| [key.to_owned(), value.to_owned()]));
    parts.extend(family_told(command.family.as_ref()));
    parts.extend(particulars_told(&command.particulars));
    digest_of(parts)
}
