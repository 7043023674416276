//! Local images: disk image files that are registered in place (R002-4). They are used where they are; to be copied they are
//! converted first.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use catalog::{AuditEntry, ImageDiskRow, ImageRow, LocalFileRow};
use disk::{Declared, OpenError};
use model::{
    AccountId, Act, DiskRole, Field, FieldRefusal, FileName, FileProblem, ImageId, ImageKind,
    ImageStatus, Purpose, QuotaKind, Rejection, SizeBytes, Storage,
};
use rustix::fs::OFlags;

use crate::commands::{Caller, RegisterImage};
use crate::refused::{Refused, RegionFault};
use crate::region::Region;
use crate::request::{digest_of, family_told, particulars_told};
use crate::views::ImageView;

const TOKEN_ACTION: &str = "register";

impl Region {
    /// Registers a file of the account's folder of local images as an available image with one disk. Nothing is read of it
    /// but what it says of itself; a file that names other files is refused, as everywhere.
    pub async fn register_local_image(
        &self,
        caller: &Caller,
        command: RegisterImage,
    ) -> Result<ImageView, Refused> {
        caller.must(Act::Change)?;
        let file = self.open_local_file(&caller.account, &command.file, Declared::Auto).await?;
        let size = SizeBytes::new(file.size_bytes())?;
        let mut tx = self.inner.catalog.begin().await?;
        self.ensure_quotas(&mut tx, &caller.account).await?;
        let row = self.local_image(caller, &command)?;
        let image = self.insert_with_new_id(&mut tx, row.clone()).await?;
        let token = command.token.as_ref().map(|token| (token, fingerprint(&command)));
        let whose = (&caller.account, TOKEN_ACTION);
        if let Some(first) = self.claim_image_token(&mut tx, whose, token, &image).await? {
            drop(tx);
            return self.image(caller, &first).await;
        }
        let row = ImageRow { id: image.clone(), ..row };
        self.judge_new_name(&mut tx, &row, command.names).await?;
        self.reserve(&mut tx, &caller.account, (QuotaKind::Image, 1)).await?;
        tx.reserved_to_used(&caller.account, QuotaKind::Image, 1).await?;
        let (role, digest, snapshot) = (DiskRole::SYSTEM, None, None);
        tx.insert_image_disks(&[ImageDiskRow {
            image: image.clone(),
            role,
            size,
            digest,
            snapshot,
        }])
        .await?;
        tx.set_tags(&image, &command.tags).await?;
        let format = file.format().name().to_owned();
        let row = LocalFileRow { image: image.clone(), file: command.file.to_string(), format };
        tx.insert_local_file(&row).await?;
        let after =
            format!("file={}\nformat={}\nsize_bytes={}", row.file, row.format, size.bytes());
        let entry = self.audit_entry(caller, "image.register", image.as_str());
        tx.record_audit(&AuditEntry { after, ..entry }).await?;
        caller.commit(tx).await?;
        self.changed();
        self.image(caller, &image).await
    }

    fn local_image(&self, caller: &Caller, command: &RegisterImage) -> Result<ImageRow, Refused> {
        Ok(ImageRow {
            id: self.random_id(|random| ImageId::from_random(random))?,
            account: caller.account.clone(),
            name: command.name.clone(),
            description: command.description.clone(),
            status: ImageStatus::Available,
            attributes: command.attributes.clone(),
            family: command.family.clone(),
            deprecated: None,
            particulars: command.particulars.clone(),
            origin: None,
            failure: None,
            kind: ImageKind::Custom,
            storage: Storage::LocalFile,
            encryption_key: None,
            purpose: Purpose::Image,
            created: self.inner.clock.now(),
            generation: 0,
        })
    }

    /// Opens a file of an account's folder of local images: a regular file, no link, a disk image of the declared format that
    /// names no other file.
    pub(crate) async fn open_local_file(
        &self,
        account: &AccountId,
        file: &FileName,
        declared: Declared,
    ) -> Result<disk::Image, Refused> {
        let refuse = |refusal| Refused::from(Rejection::field(Field::File, refusal));
        let folder = self.inner.options.local_images.as_ref();
        let folder = folder.ok_or_else(|| refuse(FieldRefusal::NoFolder))?;
        let path = folder.join(account.as_str()).join(file.as_str());
        let shown = path.clone();
        let opened = blocking(move || open_in_place(&path, declared)).await?;
        opened.map_err(|refusal| {
            tracing::info!(region = %self.id(), path = %shown.display(), %refusal, "a local file is refused");
            refuse(refusal)
        })
    }
}

/// Does what waits for a disk.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, RegionFault> {
    let what = "a worker that reads a local file panicked";
    tokio::task::spawn_blocking(work).await.map_err(|_| RegionFault::Contradiction { what })
}

/// Follows no link in the last part of the path, and waits for nothing that is no file.
fn open_in_place(path: &Path, declared: Declared) -> Result<disk::Image, FieldRefusal> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path);
    let file = file.map_err(|error| match error.kind() {
        ErrorKind::PermissionDenied => {
            FieldRefusal::NotAnImage { problem: FileProblem::Unreadable }
        }
        // Absent, a link, a folder on the way that is none.
        _ => FieldRefusal::NoSuchFile,
    })?;
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err(FieldRefusal::NoSuchFile);
    }
    disk::Image::from_file(file, declared).map_err(|error| {
        tracing::info!(path = %path.display(), fault = &error as &dyn std::error::Error, "a local file is no disk image");
        FieldRefusal::NotAnImage { problem: problem_of(&error) }
    })
}

/// The reader's refusal in the model's words.
pub(crate) fn problem_of(error: &OpenError) -> FileProblem {
    match error {
        OpenError::ExternalData { .. } => FileProblem::ExternalData,
        OpenError::BackingFile { .. } => FileProblem::BackingFile,
        OpenError::ExtentPath { .. } => FileProblem::ExtentPath,
        OpenError::Parent { .. } => FileProblem::Parent,
        OpenError::Unsupported(_) => FileProblem::Unsupported,
        OpenError::Malformed(_) => FileProblem::Malformed,
        OpenError::InvalidSize { .. } => FileProblem::Size,
        OpenError::TooLarge { .. } => FileProblem::TooLarge,
        OpenError::Ambiguous { .. } => FileProblem::Ambiguous,
        OpenError::Mismatch { .. } => FileProblem::Mismatch,
        OpenError::Open(_) => FileProblem::Unreadable,
        OpenError::Read(source) => problem_of_read(source),
    }
}

/// The same for a file that was opened.
pub(crate) fn problem_of_read(error: &disk::ReadError) -> FileProblem {
    match error {
        disk::ReadError::Io { .. } => FileProblem::Unreadable,
        disk::ReadError::Malformed(_) => FileProblem::Malformed,
        disk::ReadError::Changed => FileProblem::Changed,
    }
}

/// Names what a token was used for.
fn fingerprint(command: &RegisterImage) -> [u8; 32] {
    let attributes = &command.attributes;
    let mut parts = vec![
        command.file.to_string(),
        command.name.to_string(),
        command.description.to_string(),
        attributes.architecture.to_string(),
        attributes.os_type.to_string(),
        attributes.platform.to_string(),
        attributes.boot_mode.to_string(),
    ];
    parts.extend(command.tags.iter().flat_map(|(key, value)| [key.to_owned(), value.to_owned()]));
    parts.extend(family_told(command.family.as_ref()));
    parts.extend(particulars_told(&command.particulars));
    digest_of(parts)
}
