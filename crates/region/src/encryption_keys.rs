//! Encryption keys of the embedded key ring: made, listed, disabled, enabled, rotated, and deleted after a waiting time.

use catalog::{AuditEntry, EncryptionKeyRow, KeyUse, Tx, Updated};
use model::rules::{KeyChange, LoseImages, WaitingDays, judge_key_change};
use model::{
    Act, DomainName, EncryptionKeyId, EncryptionKeyRejection, KeyRingKind, KeyState, Rejection,
    Timestamp,
};

use crate::commands::Caller;
use crate::keyring::EmbeddedKeyRing;
use crate::refused::{Refused, RegionFault, failpoint};
use crate::region::Region;

/// An encryption key as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptionKeyView {
    /// Its id.
    pub id: EncryptionKeyId,
    /// How it stands.
    pub state: KeyState,
    /// Whether copies are sealed with it when no key is named.
    pub is_default: bool,
    /// When it goes for good; only while its deletion is pending.
    pub delete_at: Option<Timestamp>,
    /// Versions of what it wraps with; rotating makes another.
    pub versions: u64,
    /// Images that it seals.
    pub images: u64,
    /// Snapshots that it seals.
    pub snapshots: u64,
    /// When it was made.
    pub created: Timestamp,
}

impl Region {
    /// The embedded key ring; refused where the region's keys are kept elsewhere.
    fn own_keys(&self) -> Result<&EmbeddedKeyRing, Rejection> {
        match self.inner.key_ring.kind() {
            KeyRingKind::Embedded => Ok(&self.inner.embedded),
            ring @ KeyRingKind::AwsKms => {
                Err(Rejection::EncryptionKey(EncryptionKeyRejection::KeysElsewhere {
                    region: self.id().clone(),
                    ring,
                }))
            }
        }
    }

    /// A new encryption key of the caller's account.
    pub async fn create_encryption_key(
        &self,
        caller: &Caller,
    ) -> Result<EncryptionKeyView, Refused> {
        caller.must(Act::Change)?;
        let ring = self.own_keys()?;
        let mut tx = self.inner.catalog.begin().await?;
        let row = ring.make(&mut tx, &caller.account, false).await?;
        let entry = self.audit_entry(caller, "encryption_key.create", row.id.as_str());
        tx.record_audit(&AuditEntry { after: facts(&row, 1), ..entry }).await?;
        caller.commit(tx).await?;
        self.encryption_key(caller, &row.id).await
    }

    /// The caller's encryption keys here, the oldest first.
    pub async fn encryption_keys(
        &self,
        caller: &Caller,
    ) -> Result<Vec<EncryptionKeyView>, Refused> {
        caller.must(Act::Read)?;
        self.own_keys()?;
        let mut tx = self.inner.catalog.read().await?;
        let mut views = Vec::new();
        for row in tx.list_encryption_keys(&caller.account).await? {
            views.push(key_view(&mut tx, row).await?);
        }
        Ok(views)
    }

    /// One encryption key.
    pub async fn encryption_key(
        &self,
        caller: &Caller,
        key: &EncryptionKeyId,
    ) -> Result<EncryptionKeyView, Refused> {
        caller.must(Act::Read)?;
        self.own_keys()?;
        let mut tx = self.inner.catalog.read().await?;
        let row = self.own_key(&mut tx, caller, key).await?;
        Ok(key_view(&mut tx, row).await?)
    }

    /// From now on the key neither seals nor opens: what runs stops, what waits says so.
    pub async fn disable_encryption_key(
        &self,
        caller: &Caller,
        key: &EncryptionKeyId,
    ) -> Result<EncryptionKeyView, Refused> {
        self.change_key(caller, key, KeyChange::Disable).await
    }

    /// The key seals and opens again; what waited for it goes on. Also takes back a pending deletion.
    pub async fn enable_encryption_key(
        &self,
        caller: &Caller,
        key: &EncryptionKeyId,
    ) -> Result<EncryptionKeyView, Refused> {
        self.change_key(caller, key, KeyChange::Enable).await
    }

    /// After so many days the key goes for good, and with it all that it seals. Says first what would be lost: refused with
    /// that, unless the caller says that it may be.
    pub async fn schedule_key_deletion(
        &self,
        caller: &Caller,
        key: &EncryptionKeyId,
        days: WaitingDays,
        lose: LoseImages,
    ) -> Result<EncryptionKeyView, Refused> {
        self.change_key(caller, key, KeyChange::ScheduleDeletion { days, lose }).await
    }

    /// New data keys are wrapped with a new version from now on; what older versions wrapped stays readable.
    pub async fn rotate_encryption_key(
        &self,
        caller: &Caller,
        key: &EncryptionKeyId,
    ) -> Result<EncryptionKeyView, Refused> {
        caller.must(Act::Change)?;
        let ring = self.own_keys()?;
        let mut tx = self.inner.catalog.begin().await?;
        let row = self.own_key(&mut tx, caller, key).await?;
        if row.state != KeyState::Enabled {
            return Err(Rejection::KeyUnusable { key: key.clone(), state: row.state }.into());
        }
        let newest = tx.key_versions(key).await?.last().map_or(0, |version| version.version);
        ring.add_version(&mut tx, key, newest + 1).await?;
        let entry = self.audit_entry(caller, "encryption_key.rotate", key.as_str());
        let (before, after) = (facts(&row, newest), facts(&row, newest + 1));
        tx.record_audit(&AuditEntry { before, after, ..entry }).await?;
        caller.commit(tx).await?;
        self.encryption_key(caller, key).await
    }

    async fn change_key(
        &self,
        caller: &Caller,
        key: &EncryptionKeyId,
        change: KeyChange,
    ) -> Result<EncryptionKeyView, Refused> {
        caller.must(Act::Change)?;
        self.own_keys()?;
        let mut tx = self.inner.catalog.begin().await?;
        let row = self.own_key(&mut tx, caller, key).await?;
        let KeyUse { images, snapshots } = tx.key_use(&caller.account, key).await?;
        let now = self.inner.clock.now();
        let known = model::rules::KeyFacts {
            key: row.id.clone(),
            state: row.state,
            is_default: row.is_default,
            images,
            snapshots,
        };
        let (state, delete_at) = judge_key_change(&known, change, now)?;
        let changed = EncryptionKeyRow { state, delete_at, ..row.clone() };
        if tx.update_encryption_key(&changed).await? == Updated::No {
            let what = "a key changed within a transaction";
            return Err(RegionFault::Contradiction { what }.into());
        }
        let versions = tx.key_versions(key).await?.len() as u32;
        let entry = self.audit_entry(caller, change.action(), key.as_str());
        let (before, after) = (facts(&row, versions), facts(&changed, versions));
        tx.record_audit(&AuditEntry { before, after, ..entry }).await?;
        if state == KeyState::Enabled {
            tx.hurry_copies_of_key(&caller.account, key).await?;
        }
        failpoint!("api.before_commit");
        caller.commit(tx).await?;
        if state != KeyState::Enabled {
            self.lock_domain(&DomainName::sealed(&caller.account, key)).await?;
        }
        self.changed();
        self.wake();
        self.encryption_key(caller, key).await
    }

    async fn own_key(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        key: &EncryptionKeyId,
    ) -> Result<EncryptionKeyRow, Refused> {
        let row = tx.encryption_key(&caller.account, key).await?;
        let region = self.id().clone();
        Ok(row.ok_or_else(|| Rejection::EncryptionKeyNotFound { key: key.clone(), region })?)
    }

    /// Deletes the keys whose waiting time is over: what they wrapped with is forgotten, and nobody can read what they sealed
    /// any more. Returns how many.
    pub async fn delete_doomed_keys(&self) -> Result<u64, RegionFault> {
        let now = self.inner.clock.now();
        let doomed = self.inner.catalog.read().await?.doomed_encryption_keys(now).await?;
        let mut deleted = 0;
        for row in doomed {
            let mut tx = self.inner.catalog.begin().await?;
            let gone =
                EncryptionKeyRow { state: KeyState::Deleted, delete_at: None, ..row.clone() };
            // Enabled again just now: it stays.
            if tx.update_encryption_key(&gone).await? == Updated::No {
                continue;
            }
            let versions = tx.delete_key_versions(&row.id).await?;
            let request_id = format!("housekeeping-{}", self.inner.options.worker);
            let caller = Caller::of_region(&row.account, request_id);
            let entry = self.audit_entry(&caller, "encryption_key.delete", row.id.as_str());
            let before = facts(&row, u32::try_from(versions).unwrap_or(u32::MAX));
            tx.record_audit(&AuditEntry { before, after: facts(&gone, 0), ..entry }).await?;
            tx.commit().await?;
            self.lock_domain(&DomainName::sealed(&row.account, &row.id)).await?;
            deleted += 1;
        }
        Ok(deleted)
    }
}

async fn key_view(tx: &mut Tx, row: EncryptionKeyRow) -> Result<EncryptionKeyView, RegionFault> {
    let KeyUse { images, snapshots } = tx.key_use(&row.account, &row.id).await?;
    let versions = tx.key_versions(&row.id).await?.len() as u64;
    Ok(EncryptionKeyView {
        id: row.id,
        state: row.state,
        is_default: row.is_default,
        delete_at: row.delete_at,
        versions,
        images,
        snapshots,
        created: row.created,
    })
}

/// A key as the audit trail tells it.
fn facts(row: &EncryptionKeyRow, versions: u32) -> String {
    let delete_at = row.delete_at.map(|at| format!("\ndelete_at={at}")).unwrap_or_default();
    format!("state={}\nversions={versions}{delete_at}", row.state)
}
