//! Imports: the caller cuts and hashes a disk, asks what is missing, sends that, and names the whole.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use catalog::{
    AuditEntry, ImageDiskRow, ImageRow, ImportRow, ImportSource, SnapshotRow, Tx, Updated,
};
use futures::StreamExt;
use model::{
    AccountId, Act, Description, Digest, DiskRole, DomainName, Field, FieldRefusal, ImageId,
    ImageKind, ImageStatus, Purpose, QuotaKind, Rejection, SizeBytes, SnapshotId, SnapshotName,
    Storage, TaskState, Timestamp,
};
use store::{CHUNK_BYTES, ChunkId, Domain, Frames, IngestError, Wanted};
use transfer::{ChunkSource, FetchDisk, FrameStream, SourceFault, TransferFault, Watch};

use crate::audit::{facts, image_facts};
use crate::commands::{BeginImport, Caller};
use crate::refused::{Refused, RegionFault, failpoint};
use crate::region::{Region, disk_root};
use crate::request::{digest_of, family_told, particulars_told};
use crate::views::ImageView;

const TOKEN_ACTION: &str = "import";
/// An import that nobody touched for a day is given back (its caller died without a word).
pub(crate) const ABANDONED_AFTER_MS: i64 = 24 * 3_600_000;

/// An import that runs in this process.
pub(crate) struct ImportSession {
    domain: Domain,
    /// Chunks asked about, the zero ones left out: what the caller has gone through so far.
    asked: AtomicU64,
    /// Chunks that the disks have at most.
    places: u64,
    touched_ms: AtomicI64,
}

impl ImportSession {
    /// Where its chunks go.
    pub(crate) fn domain(&self) -> Domain {
        self.domain
    }

    /// Notes that so many more chunks of the disks were gone through.
    pub(crate) fn went_through(&self, chunks: u64, now: Timestamp) {
        self.asked.fetch_add(chunks, Ordering::Relaxed);
        self.touched_ms.store(now.0, Ordering::Relaxed);
    }

    /// When the caller last sent something, in milliseconds since 1970.
    pub(crate) fn touched_ms(&self) -> i64 {
        self.touched_ms.load(Ordering::Relaxed)
    }
}

/// What a request for an import came to.
pub(crate) enum Promised {
    /// A new image.
    New(ImageId),
    /// The image of the same request, made before.
    Before(ImageId),
}

impl Region {
    /// Promises an image whose disks the caller will send: quota, rows and id, in one transaction.
    pub async fn begin_import(
        &self,
        caller: &Caller,
        command: BeginImport,
    ) -> Result<ImageView, Refused> {
        caller.must(Act::Change)?;
        if command.disks.is_empty() {
            return Err(Rejection::field(Field::Disks, FieldRefusal::Empty).into());
        }
        let mut tx = self.inner.catalog.begin().await?;
        let used_for = (TOKEN_ACTION, fingerprint(&command));
        let image = match self.promise_import(&mut tx, caller, &command, used_for).await? {
            Promised::New(image) => image,
            Promised::Before(first) => {
                drop(tx);
                return self.image(caller, &first).await;
            }
        };
        let created = self.inner.clock.now();
        let account = caller.account.clone();
        let source = ImportSource::Client;
        let row = ImportRow { image: image.clone(), account, source, created };
        tx.insert_import(&row).await?;
        let begun = tx.image(&caller.account, &image).await?;
        let after = begun.map(|row| image_facts(&row, &command.tags)).unwrap_or_default();
        let entry = self.audit_entry(caller, "import.begin", image.as_str());
        tx.record_audit(&AuditEntry { after, ..entry }).await?;
        failpoint!("api.before_commit");
        caller.commit(tx).await?;
        failpoint!("api.after_commit_before_reply");
        self.image(caller, &image).await
    }

    /// Records an image that is to be imported: id, quotas, disks and tags. Its token is claimed for an action, by what names
    /// the request.
    pub(crate) async fn promise_import(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        command: &BeginImport,
        (action, fingerprint): (&str, [u8; 32]),
    ) -> Result<Promised, Refused> {
        let row = self.image_to_import(caller, command)?;
        self.ensure_quotas(tx, &caller.account).await?;
        let image = self.insert_with_new_id(tx, row.clone()).await?;
        let token = command.token.as_ref().map(|token| (token, fingerprint));
        let whose = (&caller.account, action);
        if let Some(first) = self.claim_image_token(tx, whose, token, &image).await? {
            return Ok(Promised::Before(first));
        }
        let disks = command.disks.len() as u64;
        self.reserve(tx, &caller.account, (QuotaKind::Image, 1)).await?;
        self.reserve(tx, &caller.account, (QuotaKind::Snapshot, disks)).await?;
        let row = ImageRow { id: image.clone(), ..row };
        self.judge_new_name(tx, &row, command.names).await?;
        let mut disks = Vec::with_capacity(command.disks.len());
        for (index, size) in command.disks.iter().enumerate() {
            let role = DiskRole::at(index)?;
            disks.push(ImageDiskRow {
                image: image.clone(),
                role,
                size: *size,
                digest: None,
                snapshot: None,
            });
        }
        tx.insert_image_disks(&disks).await?;
        tx.set_tags(&image, &command.tags).await?;
        Ok(Promised::New(image))
    }

    fn image_to_import(&self, caller: &Caller, command: &BeginImport) -> Result<ImageRow, Refused> {
        Ok(ImageRow {
            id: self.random_id(|random| ImageId::from_random(random))?,
            account: caller.account.clone(),
            name: command.name.clone(),
            description: command.description.clone(),
            status: ImageStatus::Creating,
            attributes: command.attributes.clone(),
            family: command.family.clone(),
            deprecated: None,
            particulars: command.particulars.clone(),
            origin: None,
            failure: None,
            kind: ImageKind::Custom,
            storage: Storage::Snapshots,
            encryption_key: None,
            purpose: Purpose::Image,
            created: self.inner.clock.now(),
            generation: 0,
        })
    }

    /// Which of these chunks the region lacks: one answer per id asked.
    pub async fn import_missing(
        &self,
        caller: &Caller,
        image: &ImageId,
        ids: Vec<ChunkId>,
    ) -> Result<Vec<bool>, Refused> {
        caller.must(Act::Change)?;
        let session = self.import_session(caller, image).await?;
        session.asked.fetch_add(ids.len() as u64, Ordering::Relaxed);
        Ok(self.inner.store.missing(session.domain, &ids).await?)
    }

    /// Takes frames; each is decoded within bounds, hashed and compared with its id. What is acknowledged is durable.
    /// Returns how many were taken.
    pub async fn import_frames(
        &self,
        caller: &Caller,
        image: &ImageId,
        frames: Bytes,
    ) -> Result<u64, Refused> {
        caller.must(Act::Change)?;
        let session = self.import_session(caller, image).await?;
        let ingest = self.inner.store.ingest(session.domain);
        let mut wanted = Wanted::new(named_in(&frames)?);
        let accepted =
            ingest.put_frames(frames, &mut wanted).await.map_err(|error| match error {
                IngestError::Store(fault) => Refused::from(fault),
                IngestError::Malformed { .. } | IngestError::Unwanted { .. } => bad_frames(&error),
            })?;
        ingest.flush().await?;
        match accepted.refused.first() {
            Some(refused) => Err(bad_frames(&refused.error)),
            None => Ok(accepted.stored.len() as u64),
        }
    }

    /// Names the disks. When everything under the digests is here, checked and durable, the image becomes available.
    pub async fn finish_import(
        &self,
        caller: &Caller,
        image: &ImageId,
        digests: Vec<Digest>,
    ) -> Result<ImageView, Refused> {
        caller.must(Act::Change)?;
        let session = self.import_session(caller, image).await?;
        self.publish_whole(caller, image, (&session, digests)).await?;
        self.image(caller, image).await
    }

    /// Publishes an image whose disks have these names, once everything under them is here.
    pub(crate) async fn publish_whole(
        &self,
        caller: &Caller,
        image: &ImageId,
        (session, digests): (&ImportSession, Vec<Digest>),
    ) -> Result<(), Refused> {
        let disks = self.inner.catalog.read().await?.image_disks(image).await?;
        if digests.len() != disks.len() {
            return Err(Rejection::field(Field::Disks, FieldRefusal::NotATree).into());
        }
        // From here on the sweep counts these trees as live.
        let _finishing = self.inner.finishing.enter(session.domain, &digests);
        let mut places = Vec::with_capacity(disks.len());
        for (disk, digest) in disks.iter().zip(&digests) {
            places.push(self.whole_tree(session.domain, digest, disk.size).await?);
        }
        self.publish_import(caller, image, &digests, &places).await?;
        self.drop_import_session(image);
        self.changed();
        Ok(())
    }

    /// Checks that everything under a digest is here, and returns its places that are not zero: a copy from nobody.
    async fn whole_tree(
        &self,
        domain: Domain,
        digest: &Digest,
        size: SizeBytes,
    ) -> Result<u64, Refused> {
        let refuse = |refusal| Refused::from(Rejection::field(Field::Digest, refusal));
        let job = FetchDisk { root: disk_root(digest), domain, expected_size: size.bytes() };
        match transfer::fetch_disk(
            job,
            transfer::Wire::Frames(&Nobody),
            &self.inner.store,
            &Watch::default(),
        )
        .await
        {
            Ok(moved) => Ok(moved.places),
            Err(TransferFault::SourceLacks { count, .. }) => {
                Err(refuse(FieldRefusal::Incomplete { missing: count }))
            }
            Err(TransferFault::Malformed(_)) => Err(refuse(FieldRefusal::NotATree)),
            Err(fault) => Err(RegionFault::Transfer(fault).into()),
        }
    }

    async fn publish_import(
        &self,
        caller: &Caller,
        image: &ImageId,
        digests: &[Digest],
        places: &[u64],
    ) -> Result<(), Refused> {
        let mut tx = self.inner.catalog.begin().await?;
        let mut row =
            tx.image(&caller.account, image).await?.ok_or_else(|| self.no_image(image))?;
        let import = tx.import(&caller.account, image).await?;
        let import = import.ok_or_else(|| Rejection::ImportEnded { image: image.clone() })?;
        let disks = tx.image_disks(image).await?;
        for (index, disk) in disks.into_iter().enumerate() {
            let snapshot = SnapshotRow {
                id: self.random_id(|random| SnapshotId::from_random(random))?,
                account: caller.account.clone(),
                name: SnapshotName::of_disk(&row.name, disk.role),
                description: Description::new("").expect("a description may be empty"),
                role: disk.role,
                size: disk.size,
                digest: digests[index],
                places: places[index],
                origin: None,
                encryption_key: None,
                created: self.inner.clock.now(),
            };
            tx.insert_snapshot(&snapshot).await?;
            let disk =
                ImageDiskRow { digest: Some(snapshot.digest), snapshot: Some(snapshot.id), ..disk };
            tx.set_image_disk(&disk).await?;
        }
        let before = facts(&[("status", row.status.to_string())]);
        row.status = ImageStatus::Available;
        if tx.update_image(&row).await? == Updated::No {
            return Err(RegionFault::Contradiction {
                what: "an image changed within a transaction",
            }
            .into());
        }
        tx.delete_import(image).await?;
        self.end_import_task(&mut tx, &import, (TaskState::Done, None)).await?;
        tx.reserved_to_used(&caller.account, QuotaKind::Image, 1).await?;
        tx.reserved_to_used(&caller.account, QuotaKind::Snapshot, digests.len() as u64).await?;
        let after = facts(&[("status", row.status.to_string())]);
        let entry = self.audit_entry(caller, "import.publish", image.as_str());
        tx.record_audit(&AuditEntry { before, after, ..entry }).await?;
        failpoint!("wrk.commit_available");
        caller.commit(tx).await?;
        failpoint!("import.published");
        Ok(())
    }

    /// The running import of an image; opened anew after a restart.
    async fn import_session(
        &self,
        caller: &Caller,
        image: &ImageId,
    ) -> Result<Arc<ImportSession>, Refused> {
        let mut tx = self.inner.catalog.read().await?;
        // What the region makes of files by itself takes nothing from a client.
        let import = tx.import(&caller.account, image).await?;
        if import.is_none_or(|import| import.source.is_of_files()) {
            self.own_image(&mut tx, caller, image).await?;
            return Err(Rejection::ImportEnded { image: image.clone() }.into());
        }
        drop(tx);
        self.open_import_session(&caller.account, image).await
    }

    /// The same without a look at whether it runs.
    pub(crate) async fn open_import_session(
        &self,
        account: &AccountId,
        image: &ImageId,
    ) -> Result<Arc<ImportSession>, Refused> {
        let disks = self.inner.catalog.read().await?.image_disks(image).await?;
        let domain = self.domain(&DomainName::plain(account)).await?;
        let places = disks.iter().map(|disk| disk.size.bytes().div_ceil(CHUNK_BYTES as u64)).sum();
        let now = self.inner.clock.now().0;
        let mut sessions = self.inner.imports.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.entry(image.clone()).or_insert_with(|| {
            Arc::new(ImportSession {
                domain,
                asked: AtomicU64::new(0),
                places,
                touched_ms: AtomicI64::new(now),
            })
        });
        session.touched_ms.store(now, Ordering::Relaxed);
        Ok(Arc::clone(session))
    }

    pub(crate) fn drop_import_session(&self, image: &ImageId) {
        self.inner.imports.lock().unwrap_or_else(PoisonError::into_inner).remove(image);
    }

    /// How much of its disks a running import has gone through; the caller skips what is zero, so it ends early.
    pub(crate) fn import_percent(&self, image: &ImageId) -> u8 {
        let sessions = self.inner.imports.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.get(image).map_or(0, |session| {
            let done = session.asked.load(Ordering::Relaxed);
            model::Progress { done, needed: session.places }.percent()
        })
    }

    /// Gives back imports that nobody touched for a day.
    pub async fn expire_imports(&self) -> Result<u64, Refused> {
        let imports = self.inner.catalog.read().await?.list_imports().await?;
        let now = self.inner.clock.now();
        let mut expired = 0;
        // Imports of files are the region's own, and go on until they end.
        for import in imports.into_iter().filter(|import| !import.source.is_of_files()) {
            let touched = {
                let sessions = self.inner.imports.lock().unwrap_or_else(PoisonError::into_inner);
                sessions.get(&import.image).map_or(import.created.0, |session| session.touched_ms())
            };
            if now.0 - touched.max(import.created.0) >= ABANDONED_AFTER_MS {
                let caller = self.housekeeper(&import.account);
                self.cancel_image(&caller, &import.image).await?;
                expired += 1;
            }
        }
        Ok(expired)
    }

    /// Who acts when the region tidies up by itself.
    fn housekeeper(&self, account: &AccountId) -> Caller {
        Caller::of_region(account, format!("housekeeping-{}", self.inner.options.worker))
    }
}

/// A source that has nothing.
struct Nobody;

#[async_trait]
impl ChunkSource for Nobody {
    async fn fetch(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        let mut absent = Vec::new();
        ids.iter().for_each(|id| store::encode_absent(id, &mut absent));
        Ok(futures::stream::once(async { Ok(Bytes::from(absent)) }).boxed())
    }
}

/// The ids that a run of frames names.
fn named_in(frames: &Bytes) -> Result<Vec<ChunkId>, Refused> {
    let mut ids = Vec::new();
    for frame in Frames::new(frames.clone()) {
        let (header, _) = frame.map_err(|error| bad_frames(&error))?;
        ids.push(header.id);
    }
    Ok(ids)
}

fn bad_frames(error: &dyn std::error::Error) -> Refused {
    Refused::BadFrames { reason: error.to_string() }
}

/// Names what an import's token was used for.
fn fingerprint(command: &BeginImport) -> [u8; 32] {
    let attributes = &command.attributes;
    let mut parts = vec![
        command.name.to_string(),
        command.description.to_string(),
        attributes.architecture.to_string(),
        attributes.os_type.to_string(),
        attributes.platform.to_string(),
        attributes.boot_mode.to_string(),
    ];
    parts.extend(command.disks.iter().map(|size| size.bytes().to_string()));
    parts.extend(command.tags.iter().flat_map(|(key, value)| [key.to_owned(), value.to_owned()]));
    parts.extend(family_told(command.family.as_ref()));
    parts.extend(particulars_told(&command.particulars));
    digest_of(parts)
}
