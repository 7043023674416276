//! Carriers: how one snapshot goes through a copy alone. At its source a carrier rests on the snapshot and is offered and held as
//! an image is, so that the snapshot stays; at its target one stands in the image's place until the snapshot is there. Nobody
//! sees them, and each goes with the hold or the promise that it was made for.

use catalog::{
    AuditEntry, CopyRow, ImageDiskRow, ImageRow, PromisedSnapshotRow, SnapshotRow, Tx, Updated,
};
use model::{
    Architecture, Attributes, BootMode, Cause, CopyEvent, CopyId, CopyState, Description, Digest,
    DiskRole, EncryptionKeyId, ImageId, ImageKind, ImageStatus, Name, Origin, OsType, Particulars,
    Platform, Progress, Purpose, QuotaKind, SnapshotId, SnapshotStanding, Storage, Tagged,
};

use crate::audit::facts;
use crate::commands::Caller;
use crate::peer::{CopyOffer, SnapshotCargo};
use crate::refused::{Refused, RegionFault, failpoint};
use crate::region::Region;
use crate::steps::Stepped;

/// A name that no carrier is found by.
const NAME: &str = "carrier";

/// What a carrier says of a machine, which nobody reads.
pub(crate) fn carrier_attributes() -> Attributes {
    Attributes {
        architecture: Architecture::X86_64,
        os_type: OsType::Other,
        platform: Platform::new("").expect("a platform may be empty"),
        boot_mode: BootMode::Bios,
    }
}

pub(crate) fn carrier_name() -> Name {
    Name::new(NAME).expect("a legal name")
}

impl Region {
    /// Makes the carrier of an offered snapshot at its source, in the transaction that holds it.
    pub(crate) async fn insert_carrier(
        &self,
        tx: &mut Tx,
        snapshot: &SnapshotRow,
    ) -> Result<ImageId, Refused> {
        let row = ImageRow {
            id: self.random_id(|random| ImageId::from_random(random))?,
            account: snapshot.account.clone(),
            name: carrier_name(),
            description: Description::new("").expect("a description may be empty"),
            status: ImageStatus::Available,
            attributes: carrier_attributes(),
            origin: None,
            failure: None,
            kind: ImageKind::Custom,
            storage: Storage::Snapshots,
            encryption_key: snapshot.encryption_key.clone(),
            purpose: Purpose::Carrier,
            family: None,
            deprecated: None,
            particulars: Particulars::default(),
            created: self.inner.clock.now(),
            generation: 0,
        };
        let carrier = self.insert_with_new_id(tx, row).await?;
        let disk = ImageDiskRow {
            image: carrier.clone(),
            role: DiskRole::SYSTEM,
            size: snapshot.size,
            digest: Some(snapshot.digest),
            snapshot: Some(snapshot.id.clone()),
        };
        tx.insert_image_disks(&[disk]).await?;
        Ok(carrier)
    }

    /// Takes a copy's hold away, and with it the carrier that was made for it.
    pub(crate) async fn let_go(&self, tx: &mut Tx, copy: &CopyId) -> Result<(), RegionFault> {
        let Some(hold) = tx.hold(copy).await? else { return Ok(()) };
        tx.release_hold(copy).await?;
        let held = tx.image(&hold.account, &hold.image).await?;
        match held.map(|image| image.purpose) {
            Some(Purpose::Carrier) => {
                tx.delete_image(&hold.image).await?;
            }
            Some(Purpose::Image) | None => {}
        }
        Ok(())
    }

    /// Promises the snapshot that an offer is for, in the transaction that accepts its copy.
    pub(crate) async fn promise_snapshot(
        &self,
        tx: &mut Tx,
        (offer, cargo): (&CopyOffer, &SnapshotCargo),
        key: Option<&EncryptionKeyId>,
    ) -> Result<(), Refused> {
        let what = "an offer of a snapshot has not one disk";
        let [disk] = offer.disks.as_slice() else {
            return Err(RegionFault::Contradiction { what }.into());
        };
        let promised = PromisedSnapshotRow {
            id: cargo.snapshot.clone(),
            account: offer.account.clone(),
            name: cargo.name.clone(),
            description: offer.description.clone(),
            tags: offer.tags.clone(),
            role: cargo.role,
            size: disk.size,
            origin: Origin {
                region: offer.source.clone(),
                image: cargo.made_for.clone(),
                snapshot: Some(disk.snapshot.clone()),
                copy: offer.copy.clone(),
            },
            encryption_key: key.cloned(),
            failure: None,
            created: self.inner.clock.now(),
        };
        tx.insert_promised_snapshot(&promised).await?;
        Ok(())
    }

    /// `stored`, for a snapshot alone: it comes to rest under the id that was promised, and its carrier goes; one transaction.
    pub(crate) async fn step_publish_snapshot(
        &self,
        copy: &CopyRow,
        id: &SnapshotId,
        digests: &[Digest],
    ) -> Result<Stepped, RegionFault> {
        let what = "a copy of a snapshot has not one disk";
        let Some(mut whole) = self.snapshots_to_be(copy, digests).await? else {
            return Ok(Stepped::Lost);
        };
        let (Some(whole), true) = (whole.pop(), whole.is_empty()) else {
            return Err(RegionFault::Contradiction { what });
        };
        let full = Progress { done: copy.progress.needed, needed: copy.progress.needed };
        let full = CopyRow { progress: full, disks_done: copy.disks, ..copy.clone() };
        let event = CopyEvent::Published(vec![id.clone()]);
        let mut tx = self.inner.catalog.begin().await?;
        if tx.move_copy(&self.after(&full, event)?).await? == Updated::No {
            return Ok(Stepped::Lost);
        }
        self.ensure_key_usable(&mut tx, copy).await?;
        let Some(promised) = tx.promised_snapshot(&copy.account, id).await? else {
            return Ok(Stepped::Lost);
        };
        let snapshot = SnapshotRow {
            id: promised.id,
            name: promised.name,
            description: promised.description,
            role: promised.role,
            origin: Some(promised.origin),
            ..whole
        };
        tx.delete_promised_snapshot(id).await?;
        tx.insert_snapshot(&snapshot).await?;
        tx.set_tags_on(&Tagged::Snapshot(id.clone()), &promised.tags).await?;
        tx.delete_image(&copy.target_image).await?;
        tx.reserved_to_used(&copy.account, QuotaKind::Snapshot, copy.disks).await?;
        let entry = AuditEntry {
            before: standing(SnapshotStanding::Copying),
            after: standing(SnapshotStanding::Whole),
            ..self.driver_entry(copy, "copy.publish")
        };
        tx.record_audit(&entry).await?;
        failpoint!("wrk.commit_available");
        tx.commit().await?;
        failpoint!("wrk.notify");
        self.changed();
        self.reload(copy).await
    }

    /// Gives back what a copy of a snapshot alone promised, once: its carrier says whether it was done. A snapshot whose copy
    /// failed stays to be seen; one that was cancelled went when that was asked for.
    pub(crate) async fn unwind_snapshot(
        &self,
        copy: &CopyRow,
        snapshot: &SnapshotId,
    ) -> Result<(), RegionFault> {
        let CopyState::Unwinding { cause } = &copy.state else { return Ok(()) };
        let mut tx = self.inner.catalog.begin().await?;
        if tx.image(&copy.account, &copy.target_image).await?.is_none() {
            return Ok(());
        }
        tx.give_back_reserved(&copy.account, QuotaKind::Snapshot, copy.disks).await?;
        failpoint!("cancel.release_quota");
        tx.delete_image(&copy.target_image).await?;
        let failed = match cause {
            Cause::Cancelled => {
                tx.delete_promised_snapshot(snapshot).await?;
                Updated::No
            }
            Cause::SourceGone
            | Cause::SourceDamaged { .. }
            | Cause::SourceMalformed
            | Cause::KeyGone
            | Cause::NotApproved
            | Cause::FileRefused
            | Cause::GaveUp { .. } => tx.fail_promised_snapshot(snapshot, cause).await?,
        };
        let after = match failed {
            Updated::Yes => standing(SnapshotStanding::Failed),
            Updated::No => String::new(),
        };
        let entry = self.driver_entry(copy, "copy.unwind");
        let before = standing(SnapshotStanding::Copying);
        tx.record_audit(&AuditEntry { before, after, ..entry }).await?;
        failpoint!("cancel.drop_rows");
        tx.commit().await?;
        self.changed();
        Ok(())
    }

    /// Takes a promised snapshot away: its copy is cancelled where it runs, and one that failed is forgotten. Exactly one of
    /// *whole* and *cancelled* wins, as for images (I5).
    pub(crate) async fn delete_promised(
        &self,
        mut tx: Tx,
        caller: &Caller,
        promised: PromisedSnapshotRow,
    ) -> Result<(), Refused> {
        let what = "a snapshot is promised by no copy";
        let copy = tx.copy(&caller.account, &promised.origin.copy).await?;
        let copy = copy.ok_or(RegionFault::Contradiction { what })?;
        let before = match &promised.failure {
            None => standing(SnapshotStanding::Copying),
            Some(_) => standing(SnapshotStanding::Failed),
        };
        tx.delete_promised_snapshot(&promised.id).await?;
        let entry = self.audit_entry(caller, "snapshot.delete", promised.id.as_str());
        tx.record_audit(&AuditEntry { before, ..entry }).await?;
        match copy.state {
            CopyState::Queued | CopyState::Held { .. } | CopyState::Stored { .. } => {
                self.cancel_copy(tx, caller, copy).await
            }
            // It is being given back already, or was.
            CopyState::Unwinding { .. } | CopyState::Ended { .. } => {
                caller.commit(tx).await?;
                self.changed();
                Ok(())
            }
            CopyState::Published { .. } | CopyState::Done { .. } => {
                let what = "a snapshot is whole and still promised";
                Err(RegionFault::Contradiction { what }.into())
            }
        }
    }
}

fn standing(standing: SnapshotStanding) -> String {
    facts(&[("standing", standing.to_string())])
}
