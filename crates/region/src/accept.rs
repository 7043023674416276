//! The target's door: a copy is promised in one transaction. Either the caller has an id or nothing happened.

use catalog::{
    AuditEntry, CopyRow, ImageDiskRow, ImageRow, Inserted, Reserved, TokenClaim, TokenRow, Tx,
};
use model::rules::{AdmissionFacts, admit_copy, room};
use model::{
    AccountId, ClientToken, CopyId, CopyState, DiskRole, EncryptionKeyId, ImageId, ImageKind,
    ImageStatus, Origin, Progress, Promise, QuotaKind, Rejection, Storage, Timestamp,
};

use crate::audit;
use crate::commands::Caller;
use crate::deadlines::Weighed;
use crate::peer::{Accepted, Approval, Cargo, CopyOffer, Seen};
use crate::refused::{Refused, RegionFault, failpoint};
use crate::region::Region;

/// The action that a copy's tokens are claimed for.
const TOKEN_ACTION: &str = "copy";
/// The same for copies of snapshots alone.
const SNAPSHOT_TOKEN_ACTION: &str = "copy-snapshot";

/// The image that a copy makes, and what seals it.
#[derive(Copy, Clone)]
struct ImageRowKey<'a> {
    id: &'a ImageId,
    key: Option<&'a EncryptionKeyId>,
}

impl Region {
    /// Promises a copy into this region. The image id exists once this returns; asking again gives the same answer.
    pub(crate) async fn accept_copy(&self, offer: CopyOffer) -> Result<Accepted, Refused> {
        // Asked before the transaction, told after the token: a request that was accepted keeps its answer, whatever became of
        // its key.
        let key = self.key_for(&offer).await;
        let bytes = self.weigh(&offer, &key).await;
        let mut tx = self.inner.catalog.begin().await?;
        if let Some(known) = tx.copy(&offer.account, &offer.copy).await? {
            return Ok(accepted_before(known));
        }
        if let Some(accepted) = self.claim_copy_token(&mut tx, &offer).await? {
            return Ok(accepted);
        }
        let (key, bytes) = (key?, bytes?);
        let weighed = Weighed { key: key.as_ref(), bytes };
        let accepted = self.promise_offer(&mut tx, &offer, weighed).await?;
        failpoint!("api.before_commit");
        tx.commit().await?;
        failpoint!("api.after_commit_before_reply");
        self.changed();
        self.wake();
        Ok(accepted)
    }

    /// The key that a copy into this region is sealed with, where it may run at all.
    pub(crate) async fn key_for(
        &self,
        offer: &CopyOffer,
    ) -> Result<Option<EncryptionKeyId>, Refused> {
        match &offer.approval {
            Approval::Missing(rejection) => Err(Rejection::clone(rejection).into()),
            Approval::NotNeeded | Approval::Ticket(_) => self.sealing_key(offer).await,
        }
    }

    /// Promises a copy that is new here: judges it, reserves and makes its rows, in the transaction that makes them durable.
    pub(crate) async fn promise_offer(
        &self,
        tx: &mut Tx,
        offer: &CopyOffer,
        weighed: Weighed<'_>,
    ) -> Result<Accepted, Refused> {
        let key = weighed.key;
        self.ensure_quotas(tx, &offer.account).await?;
        let facts = admission_facts(tx, offer, key).await?;
        admit_copy(&facts)?;
        let promise = self.judge_deadline(tx, offer, weighed.bytes).await?;
        self.reserve(tx, &offer.account, (QuotaKind::Snapshot, facts.disks)).await?;
        let image = self.insert_promised_image(tx, offer, key).await?;
        let made = match &offer.cargo {
            Cargo::Image => {
                self.reserve(tx, &offer.account, (QuotaKind::Image, 1)).await?;
                [("image", image.to_string()), ("name", offer.name.to_string())]
            }
            Cargo::Snapshot(cargo) => {
                self.promise_snapshot(tx, (offer, cargo), key).await?;
                [("snapshot", cargo.snapshot.to_string()), ("name", cargo.name.to_string())]
            }
        };
        let image_key = ImageRowKey { id: &image, key };
        self.insert_promised_copy(tx, offer, (image_key, promise)).await?;
        let caller = Caller {
            user: offer.user.clone(),
            ..Caller::of_region(&offer.account, offer.request_id.clone())
        };
        let [what, name] = made;
        let source = match &offer.cargo {
            Cargo::Image => offer.image.to_string(),
            Cargo::Snapshot(_) => offer.disks.iter().map(|disk| disk.snapshot.as_str()).collect(),
        };
        let after = audit::facts(&[("source", format!("{}/{source}", offer.source)), what, name]);
        let entry = self.audit_entry(&caller, "copy.accept", offer.copy.as_str());
        tx.record_audit(&AuditEntry { after, ..entry }).await?;
        let snapshot = offer.cargo.snapshot().cloned();
        Ok(Accepted { copy: offer.copy.clone(), image, snapshot, seen: Seen::First })
    }

    /// The first answer, where the token was used for the same request before.
    async fn claim_copy_token(
        &self,
        tx: &mut Tx,
        offer: &CopyOffer,
    ) -> Result<Option<Accepted>, Refused> {
        let Some((token, fingerprint)) = &offer.token else { return Ok(None) };
        let action = match offer.cargo {
            Cargo::Image => TOKEN_ACTION,
            Cargo::Snapshot(_) => SNAPSHOT_TOKEN_ACTION,
        };
        let claim = tx
            .claim_token(&TokenRow {
                account: offer.account.clone(),
                action: action.to_owned(),
                token: token.clone(),
                fingerprint: *fingerprint,
                answer: offer.copy.to_string(),
                created: self.inner.clock.now(),
            })
            .await?;
        match claim {
            TokenClaim::New => Ok(None),
            TokenClaim::Other => Err(Rejection::TokenReused.into()),
            TokenClaim::Same(row) => {
                let copy: Option<CopyId> = row.answer.parse().ok();
                let known = match &copy {
                    Some(copy) => tx.copy(&offer.account, copy).await?,
                    None => None,
                };
                let known = known.ok_or(Rejection::TokenReused)?;
                Ok(Some(accepted_before(known)))
            }
        }
    }

    /// Promises room for more of a kind, in the transaction that makes them, by a conditional update, which decides even if the
    /// facts are already old (I7, R002-5).
    pub(crate) async fn reserve(
        &self,
        tx: &mut Tx,
        account: &AccountId,
        (kind, wanted): (QuotaKind, u64),
    ) -> Result<(), Refused> {
        match tx.reserve(account, kind, wanted).await? {
            Reserved::Yes => Ok(()),
            Reserved::No => {
                room(&tx.quota(account, kind).await?, wanted, self.id())?;
                let what = "a quota has room and has none";
                Err(RegionFault::Contradiction { what }.into())
            }
        }
    }

    /// The image of the first request, where the token was used for the same one before.
    pub(crate) async fn claim_image_token(
        &self,
        tx: &mut Tx,
        (account, action): (&AccountId, &str),
        token: Option<(&ClientToken, [u8; 32])>,
        image: &ImageId,
    ) -> Result<Option<ImageId>, Refused> {
        let Some((token, fingerprint)) = token else { return Ok(None) };
        let row = TokenRow {
            account: account.clone(),
            action: action.to_owned(),
            token: token.clone(),
            fingerprint,
            answer: image.to_string(),
            created: self.inner.clock.now(),
        };
        match tx.claim_token(&row).await? {
            TokenClaim::New => Ok(None),
            TokenClaim::Other => Err(Rejection::TokenReused.into()),
            TokenClaim::Same(first) => {
                Ok(Some(first.answer.parse().map_err(|_| Rejection::TokenReused)?))
            }
        }
    }

    /// Inserts the image under an id whose leading characters are free in this region.
    pub(crate) async fn insert_with_new_id(
        &self,
        tx: &mut Tx,
        mut image: ImageRow,
    ) -> Result<ImageId, Refused> {
        loop {
            image.id = self.random_id(|random| ImageId::from_random(random))?;
            match tx.insert_image(&image).await? {
                Inserted::Yes => return Ok(image.id),
                Inserted::Clash => {}
            }
        }
    }

    async fn insert_promised_image(
        &self,
        tx: &mut Tx,
        offer: &CopyOffer,
        key: Option<&EncryptionKeyId>,
    ) -> Result<ImageId, Refused> {
        let origin = Origin {
            region: offer.source.clone(),
            image: offer.image.clone(),
            snapshot: None,
            copy: offer.copy.clone(),
        };
        let row = ImageRow {
            id: self.random_id(|random| ImageId::from_random(random))?,
            account: offer.account.clone(),
            name: offer.name.clone(),
            description: offer.description.clone(),
            status: ImageStatus::Creating,
            attributes: offer.attributes.clone(),
            family: offer.family.clone(),
            deprecated: None,
            particulars: offer.particulars.clone(),
            origin: Some(origin),
            failure: None,
            kind: ImageKind::Custom,
            storage: Storage::Snapshots,
            encryption_key: key.cloned(),
            purpose: offer.cargo.purpose(),
            created: self.inner.clock.now(),
            generation: 0,
        };
        let image = self.insert_with_new_id(tx, row).await?;
        let mut disks = Vec::with_capacity(offer.disks.len());
        for (index, disk) in offer.disks.iter().enumerate() {
            let role = DiskRole::at(index)?;
            disks.push(ImageDiskRow {
                image: image.clone(),
                role,
                size: disk.size,
                digest: None,
                snapshot: None,
            });
        }
        tx.insert_image_disks(&disks).await?;
        tx.set_tags(&image, &offer.tags).await?;
        Ok(image)
    }

    async fn insert_promised_copy(
        &self,
        tx: &mut Tx,
        offer: &CopyOffer,
        (image, promise): (ImageRowKey<'_>, Option<Promise>),
    ) -> Result<(), Refused> {
        tx.insert_copy(&CopyRow {
            id: offer.copy.clone(),
            account: offer.account.clone(),
            target_image: image.id.clone(),
            snapshot: offer.cargo.snapshot().cloned(),
            source_region: offer.source.clone(),
            source_image: offer.image.clone(),
            source_sealed: offer.sealed.is_some(),
            encryption_key: image.key.cloned(),
            state: CopyState::Queued,
            progress: Progress::default(),
            disks: offer.disks.len() as u64,
            disks_done: 0,
            bytes_sent: 0,
            bytes_reused: 0,
            attempts: 0,
            total_attempts: 0,
            next_attempt: Timestamp(0),
            reason: None,
            created: self.inner.clock.now(),
            started: None,
            finished: None,
            generation: 0,
            fence: 0,
            lease_until: Timestamp(0),
            worker: None,
            priority: offer.urgency.priority,
            promise,
        })
        .await?;
        let sources: Vec<_> = offer.disks.iter().map(|disk| disk.snapshot.clone()).collect();
        tx.record_source_snapshots(&offer.copy, &sources).await?;
        Ok(())
    }
}

/// The answer that a copy was accepted with.
pub(crate) fn accepted_before(known: CopyRow) -> Accepted {
    Accepted {
        copy: known.id,
        image: known.target_image,
        snapshot: known.snapshot,
        seen: Seen::Again,
    }
}

/// What the rule needs to know, read in the admitting transaction.
pub(crate) async fn admission_facts(
    tx: &mut Tx,
    offer: &CopyOffer,
    key: Option<&EncryptionKeyId>,
) -> Result<AdmissionFacts, Refused> {
    Ok(AdmissionFacts {
        image: offer.image.clone(),
        purpose: offer.cargo.purpose(),
        source: offer.source.clone(),
        target: offer.target.clone(),
        source_key: offer.sealed.as_ref().map(|sealed| sealed.key.clone()),
        target_key: key.cloned(),
        running: tx.running_copy(&offer.account, &offer.source, &offer.image).await?,
        name: offer.name.clone(),
        names: offer.names,
        namesake: tx.namesake(&offer.account, &offer.name, None).await?,
        images: tx.quota(&offer.account, QuotaKind::Image).await?,
        snapshots: tx.quota(&offer.account, QuotaKind::Snapshot).await?,
        disks: offer.disks.len() as u64,
    })
}
