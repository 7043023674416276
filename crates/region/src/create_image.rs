//! Images made of snapshots that are here: several may rest on one, and nothing is copied or resized.

use catalog::{AuditEntry, ImageDiskRow, ImageRow, Tx};
use model::rules::{SnapshotFacts, judge_creation};
use model::{
    Act, Attributes, ClientToken, Description, DiskRole, DomainName, EncryptionKeyId, Family,
    ImageId, ImageKind, ImageStatus, Name, NameRule, Particulars, Purpose, QuotaKind, SizeBytes,
    SnapshotId, Storage, Tags,
};

use crate::audit::image_facts;
use crate::commands::Caller;
use crate::refused::{Refused, RegionFault, failpoint};
use crate::region::Region;
use crate::request::digest_of;
use crate::views::ImageView;

const TOKEN_ACTION: &str = "image-create";

/// Make an image of snapshots, the system disk's first.
#[derive(Clone, Debug)]
pub struct CreateImage {
    /// The image's name.
    pub name: Name,
    /// What it is.
    pub description: Description,
    /// The machine it is for.
    pub attributes: Attributes,
    /// The family it is of.
    pub family: Option<Family>,
    /// What its door keeps of it.
    pub particulars: Particulars,
    /// Its tags.
    pub tags: Tags,
    /// What its disks rest on, 1 to 17, the system disk first.
    pub disks: Vec<DiskOfSnapshot>,
    /// Whether its name must be new in the region.
    pub names: NameRule,
    /// Makes the request safe to repeat.
    pub token: Option<ClientToken>,
}

/// A disk that is to rest on a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskOfSnapshot {
    /// The snapshot, of the same account and region. A data disk's may become a system disk, and the other way round.
    pub snapshot: SnapshotId,
    /// The disk's size: the snapshot's, or refused. None for the snapshot's.
    pub size: Option<SizeBytes>,
}

/// What the snapshots were found to be.
struct Looked {
    /// What seals them all.
    key: Option<EncryptionKeyId>,
    /// Damaged chunks of each.
    damaged: Vec<u64>,
}

impl Region {
    /// Makes an image of snapshots of the account here; it is available at once. It takes of the image quota, and of no other.
    pub async fn create_image(
        &self,
        caller: &Caller,
        command: CreateImage,
    ) -> Result<ImageView, Refused> {
        caller.must(Act::Change)?;
        // Looked at before the transaction, told after the token: a request that was done keeps its answer, whatever became of
        // its snapshots.
        let looked = self.look_at(caller, &command).await;
        let mut tx = self.inner.catalog.begin().await?;
        self.ensure_quotas(&mut tx, &caller.account).await?;
        let row = self.image_to_create(caller, &command, looked.as_ref().ok())?;
        let image = self.insert_with_new_id(&mut tx, row.clone()).await?;
        let row = ImageRow { id: image, ..row };
        let token = command.token.as_ref().map(|token| (token, fingerprint(&command)));
        let whose = (&caller.account, TOKEN_ACTION);
        if let Some(first) = self.claim_image_token(&mut tx, whose, token, &row.id).await? {
            drop(tx);
            return self.image(caller, &first).await;
        }
        let Looked { key, damaged } = looked?;
        let facts = self.facts_of(&mut tx, caller, (&command, &damaged)).await?;
        if judge_creation(&facts)? != key {
            let what = "a snapshot is sealed by another key than before";
            return Err(RegionFault::Contradiction { what }.into());
        }
        self.reserve(&mut tx, &caller.account, (QuotaKind::Image, 1)).await?;
        tx.reserved_to_used(&caller.account, QuotaKind::Image, 1).await?;
        self.judge_new_name(&mut tx, &row, command.names).await?;
        self.insert_disks_of(&mut tx, caller, (&row.id, &command)).await?;
        tx.set_tags(&row.id, &command.tags).await?;
        let rests_on: Vec<_> = command.disks.iter().map(|disk| disk.snapshot.as_str()).collect();
        let after = image_facts(&row, &command.tags);
        let after = format!("{after}\nsnapshots={}", rests_on.join(","));
        let entry = self.audit_entry(caller, "image.create", row.id.as_str());
        tx.record_audit(&AuditEntry { after, ..entry }).await?;
        failpoint!("api.before_commit");
        caller.commit(tx).await?;
        failpoint!("api.after_commit_before_reply");
        self.changed();
        self.image(caller, &row.id).await
    }

    /// What is known of the snapshots: read before the transaction, since it asks the key ring and the store.
    async fn look_at(&self, caller: &Caller, command: &CreateImage) -> Result<Looked, Refused> {
        let undamaged = vec![0; command.disks.len()];
        let mut tx = self.inner.catalog.read().await?;
        let facts = self.facts_of(&mut tx, caller, (command, &undamaged)).await?;
        let mut digests = Vec::with_capacity(facts.len());
        let key = judge_creation(&facts)?;
        for disk in &command.disks {
            digests
                .extend(tx.snapshot(&caller.account, &disk.snapshot).await?.map(|row| row.digest));
        }
        drop(tx);
        let domain = DomainName { account: caller.account.clone(), key: key.clone() };
        // Refused while its key is not enabled.
        self.domain(&domain).await?;
        let mut damaged = Vec::with_capacity(digests.len());
        for digest in digests {
            damaged.push(self.damaged_chunks_under(&domain, &[digest]).await?);
        }
        Ok(Looked { key, damaged })
    }

    async fn facts_of(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        (command, damaged): (&CreateImage, &[u64]),
    ) -> Result<Vec<(SnapshotFacts, Option<SizeBytes>)>, Refused> {
        let mut all = Vec::with_capacity(command.disks.len());
        for (disk, damaged_chunks) in command.disks.iter().zip(damaged) {
            let facts = self.snapshot_facts(tx, caller, &disk.snapshot).await?;
            all.push((SnapshotFacts { damaged_chunks: *damaged_chunks, ..facts }, disk.size));
        }
        Ok(all)
    }

    async fn insert_disks_of(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        (image, command): (&ImageId, &CreateImage),
    ) -> Result<(), Refused> {
        let mut disks = Vec::with_capacity(command.disks.len());
        for (index, disk) in command.disks.iter().enumerate() {
            let row = tx.snapshot(&caller.account, &disk.snapshot).await?;
            let row = row.ok_or_else(|| self.no_snapshot(&disk.snapshot))?;
            disks.push(ImageDiskRow {
                image: image.clone(),
                role: DiskRole::at(index)?,
                size: row.size,
                digest: Some(row.digest),
                snapshot: Some(row.id),
            });
        }
        tx.insert_image_disks(&disks).await?;
        Ok(())
    }

    fn image_to_create(
        &self,
        caller: &Caller,
        command: &CreateImage,
        looked: Option<&Looked>,
    ) -> Result<ImageRow, Refused> {
        Ok(ImageRow {
            id: self.random_id(|random| ImageId::from_random(random))?,
            account: caller.account.clone(),
            name: command.name.clone(),
            description: command.description.clone(),
            status: ImageStatus::Available,
            attributes: command.attributes.clone(),
            origin: None,
            failure: None,
            kind: ImageKind::Custom,
            storage: Storage::Snapshots,
            encryption_key: looked.and_then(|looked| looked.key.clone()),
            purpose: Purpose::Image,
            family: command.family.clone(),
            deprecated: None,
            particulars: command.particulars.clone(),
            created: self.inner.clock.now(),
            generation: 0,
        })
    }
}

/// Names what a token was used for.
fn fingerprint(command: &CreateImage) -> [u8; 32] {
    let attributes = &command.attributes;
    let mut parts = vec![
        command.name.to_string(),
        command.description.to_string(),
        attributes.architecture.to_string(),
        attributes.os_type.to_string(),
        attributes.platform.to_string(),
        attributes.boot_mode.to_string(),
        command.family.as_ref().map(ToString::to_string).unwrap_or_default(),
    ];
    let pairs = command.tags.iter().chain(command.particulars.iter());
    parts.push(command.tags.iter().count().to_string());
    parts.extend(pairs.flat_map(|(key, value)| [key.to_owned(), value.to_owned()]));
    for disk in &command.disks {
        let size = disk.size.map(|size| size.bytes().to_string());
        parts.extend([disk.snapshot.to_string(), size.unwrap_or_default()]);
    }
    digest_of(parts)
}
