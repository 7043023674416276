//! The target's door for copies that were asked for together: promised in one transaction, and taken back where copies into
//! other targets are refused.

use std::collections::BTreeMap;

use catalog::{AuditEntry, CopyRow, Deleted, Tx};
use model::rules::{AdmissionFacts, admit_copies};
use model::{AccountId, CopyState, EncryptionKeyId, ImageStatus};

use crate::accept::{accepted_before, admission_facts};
use crate::audit::facts;
use crate::commands::Caller;
use crate::deadlines::Weighed;
use crate::peer::{Accepted, CopyOffer, Withdrawal};
use crate::refused::{Refused, RegionFault, failpoint};
use crate::region::Region;
use crate::unwind::give_back;

/// How long an offer of a copy that was taken back is known as such. A message is late by minutes at most; a choice of ours.
const WITHDRAWN_KNOWN_MS: i64 = 24 * 3_600_000;

/// Whose key seals a copy, and what it has to bring, where that is asked.
type KeyAndBytes = (Option<EncryptionKeyId>, Option<u64>);

impl Region {
    /// Promises copies into this region, all or none. Asking again gives the same answer.
    pub(crate) async fn accept_copies(
        &self,
        offers: Vec<CopyOffer>,
    ) -> Result<Vec<Accepted>, Refused> {
        let (tx, accepted) = self.promised_together(&offers).await?;
        failpoint!("together.before_commit");
        tx.commit().await?;
        failpoint!("together.after_commit");
        self.changed();
        self.wake();
        Ok(accepted)
    }

    /// The same, taken back before anybody sees it.
    pub(crate) async fn judge_copies(&self, offers: Vec<CopyOffer>) -> Result<(), Refused> {
        let (tx, _) = self.promised_together(&offers).await?;
        drop(tx);
        Ok(())
    }

    /// The copies promised, in a transaction that is still open.
    async fn promised_together(
        &self,
        offers: &[CopyOffer],
    ) -> Result<(Tx, Vec<Accepted>), Refused> {
        let mut keys = Vec::with_capacity(offers.len());
        for offer in offers {
            let key = self.key_for(offer).await;
            let bytes = self.weigh(offer, &key).await;
            keys.push(key.and_then(|key| Ok((key, bytes?))));
        }
        let mut tx = self.inner.catalog.begin().await?;
        let (mut accepted, mut new) = (Vec::with_capacity(offers.len()), Vec::new());
        for (offer, key) in offers.iter().zip(keys) {
            match tx.copy(&offer.account, &offer.copy).await? {
                Some(known) => accepted.push(accepted_before(known)),
                None => new.push((offer, key?)),
            }
        }
        self.admit_together(&mut tx, &new).await?;
        for (offer, key) in new {
            let (key, bytes) = key;
            let weighed = Weighed { key: key.as_ref(), bytes };
            accepted.push(self.promise_offer(&mut tx, offer, weighed).await?);
        }
        Ok((tx, accepted))
    }

    /// Judges new copies before the first is promised, so that a refusal tells of all of them: each by itself, and then whether
    /// there is room for their sum.
    async fn admit_together(
        &self,
        tx: &mut Tx,
        offers: &[(&CopyOffer, KeyAndBytes)],
    ) -> Result<(), Refused> {
        let mut known: BTreeMap<AccountId, Vec<AdmissionFacts>> = BTreeMap::new();
        for (offer, (key, _)) in offers {
            if tx.is_withdrawn_copy(&offer.copy).await? {
                return Err(self.no_copy(&offer.copy).into());
            }
            self.ensure_quotas(tx, &offer.account).await?;
            let facts = admission_facts(tx, offer, key.as_ref()).await?;
            known.entry(offer.account.clone()).or_default().push(facts);
        }
        known.values().try_for_each(|facts| admit_copies(facts))?;
        Ok(())
    }

    /// Takes back promises that nobody was told of, in one transaction: their rows are gone and their quota is free. A copy that
    /// is not here will not be taken when its offer arrives late.
    pub(crate) async fn withdraw_copies(&self, withdrawal: Withdrawal) -> Result<(), Refused> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.catalog.begin().await?;
        for copy in &withdrawal.copies {
            tx.note_withdrawn_copy(copy, now).await?;
            if let Some(row) = tx.copy_unscoped(copy).await? {
                // Only who asked for it may take it back.
                if row.source_region != withdrawal.source || row.snapshot.is_some() {
                    return Err(self.no_copy(copy).into());
                }
                self.take_back(&mut tx, row, &withdrawal.request_id).await?;
            }
        }
        failpoint!("together.withdraw");
        tx.commit().await?;
        self.changed();
        Ok(())
    }

    async fn take_back(
        &self,
        tx: &mut Tx,
        copy: CopyRow,
        request_id: &str,
    ) -> Result<(), RegionFault> {
        let image = tx.image(&copy.account, &copy.target_image).await?;
        match (&copy.state, image) {
            // Its source tells it nothing before all of them are promised, so it has not begun.
            (CopyState::Queued, Some(image)) => {
                give_back(tx, &image, copy.disks).await?;
                tx.delete_image(&image.id).await?;
            }
            // Its owner has cancelled it, or it was given up: what it reserved is given back, or will be.
            (CopyState::Unwinding { .. } | CopyState::Ended { .. }, image) => {
                if let Some(failed) = image.filter(|it| it.status == ImageStatus::CreateFailed) {
                    tx.delete_image(&failed.id).await?;
                }
                return Ok(());
            }
            (
                CopyState::Queued
                | CopyState::Held { .. }
                | CopyState::Stored { .. }
                | CopyState::Published { .. }
                | CopyState::Done { .. },
                _,
            ) => {
                let what = "a copy is taken back that has begun, or has no image";
                return Err(RegionFault::Contradiction { what });
            }
        }
        if tx.delete_copy(&copy.id).await? == Deleted::No {
            let what = "a copy began within a transaction";
            return Err(RegionFault::Contradiction { what });
        }
        let caller = Caller::of_region(&copy.account, request_id.to_owned());
        let entry = self.audit_entry(&caller, "copy.withdraw", copy.id.as_str());
        let before = facts(&[("image", copy.target_image.to_string())]);
        tx.record_audit(&AuditEntry { before, ..entry }).await?;
        Ok(())
    }

    /// Forgets which copies were taken back, once no offer of them can be on its way any more.
    pub(crate) async fn forget_withdrawn(&self) -> Result<u64, RegionFault> {
        let mut tx = self.inner.catalog.begin().await?;
        let before = self.inner.clock.now().plus_ms(-WITHDRAWN_KNOWN_MS);
        let forgotten = tx.forget_withdrawn_copies(before).await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}
