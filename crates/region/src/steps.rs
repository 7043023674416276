//! The steps of a copy: load, step, act, record. Each may be repeated; resuming is not a mode.

use std::sync::Arc;

use catalog::{CopyRow, ImageDiskRow, SnapshotRow, Tx, Updated};
use model::{
    Cause, CopyEvent, CopyState, Description, Digest, DomainName, ImageId, ImageStatus,
    KeyRingKind, KeyState, Origin, Progress, QuotaKind, Rejection, SnapshotId, SnapshotName,
};
use store::TreePart;
use tokio_util::sync::CancellationToken;

use crate::fetching::Fetched;
use crate::peer::{Held, HoldRequest, PeerFault, PeerRefused, PeerRegion};
use crate::refused::{RegionFault, failpoint};
use crate::region::{Region, disk_root};

/// What a step came to.
pub(crate) enum Stepped {
    /// The copy moved; here it is now.
    Moved(Box<CopyRow>),
    /// Somebody else moved it: reload.
    Lost,
    /// It was told to stop; what is durable stays.
    Stopped,
    /// It cannot succeed.
    GiveUp(Cause),
}

impl Region {
    /// Takes the one step that the copy's state calls for.
    pub(crate) async fn step(
        &self,
        copy: &CopyRow,
        stop: &CancellationToken,
    ) -> Result<Stepped, RegionFault> {
        match &copy.state {
            CopyState::Queued => self.step_hold(copy).await,
            CopyState::Held { digests } => self.step_fetch(copy, digests, stop).await,
            CopyState::Stored { digests } => match &copy.snapshot {
                None => self.step_publish(copy, digests).await,
                Some(snapshot) => self.step_publish_snapshot(copy, snapshot, digests).await,
            },
            CopyState::Published { .. } => self.step_release(copy).await,
            CopyState::Unwinding { .. } => self.step_unwind(copy).await,
            CopyState::Done { .. } | CopyState::Ended { .. } => Ok(Stepped::Lost),
        }
    }

    /// The source region as the driver reaches it: one that is not configured may be so again later.
    pub(crate) fn source_of(&self, copy: &CopyRow) -> Result<Arc<dyn PeerRegion>, RegionFault> {
        self.peer(&copy.source_region).map_err(|rejection| {
            let region = copy.source_region.clone();
            PeerFault::Unreachable { region, reason: rejection.to_string() }.into()
        })
    }

    pub(crate) fn hold_request(&self, copy: &CopyRow) -> HoldRequest {
        HoldRequest {
            copy: copy.id.clone(),
            account: copy.account.clone(),
            image: copy.source_image.clone(),
            target: self.id().clone(),
        }
    }

    /// `queued`: asks the source to hold the image; keyed by the copy, so it may be asked again.
    async fn step_hold(&self, copy: &CopyRow) -> Result<Stepped, RegionFault> {
        let held = match self.source_of(copy)?.hold(self.hold_request(copy)).await {
            Ok(held) => held,
            Err(PeerRefused::Fault(fault)) => return Err(fault.into()),
            Err(PeerRefused::Rejected(Rejection::ImageDegraded { chunks, .. })) => {
                return Ok(Stepped::GiveUp(Cause::SourceDamaged { chunks }));
            }
            // The source's key is not usable just now: that may pass.
            Err(PeerRefused::Rejected(rejection @ Rejection::KeyUnusable { .. })) => {
                return Err(RegionFault::Key { rejection });
            }
            Err(PeerRefused::Rejected(
                Rejection::TicketSpent { .. } | Rejection::TicketExpired { .. },
            )) => return Ok(Stepped::GiveUp(Cause::NotApproved)),
            Err(PeerRefused::Rejected(_)) => return Ok(Stepped::GiveUp(Cause::SourceGone)),
        };
        if held.disks.len() as u64 != copy.disks {
            return Ok(Stepped::GiveUp(Cause::SourceMalformed));
        }
        self.record_held(copy, &held).await
    }

    async fn record_held(&self, copy: &CopyRow, held: &Held) -> Result<Stepped, RegionFault> {
        let needed = held.disks.iter().map(|disk| disk.places).sum();
        let digests = held.disks.iter().map(|disk| disk.digest).collect();
        let known = CopyRow { progress: Progress { done: 0, needed }, ..copy.clone() };
        self.record_event(&known, CopyEvent::Held(digests)).await
    }

    /// `held`: brings every chunk of every disk here. Run again after a crash, it fetches only what is still missing.
    async fn step_fetch(
        &self,
        copy: &CopyRow,
        digests: &[Digest],
        stop: &CancellationToken,
    ) -> Result<Stepped, RegionFault> {
        match self.fetch_disks(copy, digests, stop).await? {
            Fetched::Whole { row, digests } => {
                self.record_event(&row, CopyEvent::Complete(digests)).await
            }
            Fetched::Stopped => Ok(Stepped::Stopped),
            Fetched::SourceLacks { chunks } => Ok(Stepped::GiveUp(Cause::SourceDamaged { chunks })),
            Fetched::Malformed => Ok(Stepped::GiveUp(Cause::SourceMalformed)),
        }
    }

    /// `stored`: snapshots first, then the image `Available`, reservation becomes use; one transaction, and the last word.
    async fn step_publish(
        &self,
        copy: &CopyRow,
        digests: &[Digest],
    ) -> Result<Stepped, RegionFault> {
        let Some(snapshots) = self.snapshots_to_be(copy, digests).await? else {
            return Ok(Stepped::Lost);
        };
        let ids: Vec<SnapshotId> = snapshots.iter().map(|snapshot| snapshot.id.clone()).collect();
        let full = Progress { done: copy.progress.needed, needed: copy.progress.needed };
        let full = CopyRow { progress: full, disks_done: copy.disks, ..copy.clone() };
        let mut tx = self.inner.catalog.begin().await?;
        if tx.move_copy(&self.after(&full, CopyEvent::Published(ids))?).await? == Updated::No {
            return Ok(Stepped::Lost);
        }
        self.ensure_key_usable(&mut tx, copy).await?;
        let Some(mut image) = tx.image(&copy.account, &copy.target_image).await? else {
            return Ok(Stepped::Lost);
        };
        image.status = ImageStatus::Available;
        if tx.update_image(&image).await? == Updated::No {
            return Ok(Stepped::Lost);
        }
        record_snapshots(&mut tx, &copy.target_image, &snapshots).await?;
        tx.reserved_to_used(&copy.account, QuotaKind::Image, 1).await?;
        tx.reserved_to_used(&copy.account, QuotaKind::Snapshot, copy.disks).await?;
        let status = |status: ImageStatus| crate::audit::facts(&[("status", status.to_string())]);
        let entry = catalog::AuditEntry {
            before: status(ImageStatus::Creating),
            after: status(ImageStatus::Available),
            ..self.driver_entry(copy, "copy.publish")
        };
        tx.record_audit(&entry).await?;
        failpoint!("wrk.commit_available");
        tx.commit().await?;
        self.inner.arrivals.note(self.inner.clock.now().ms_since(copy.created));
        if let Some(promise) = copy.promise {
            self.inner.deadlines.note(promise.due, self.inner.clock.now());
        }
        failpoint!("wrk.notify");
        self.changed();
        self.reload(copy).await
    }

    /// Nothing is published under a key that was disabled before: judged in the publishing transaction, where the key ring is
    /// the region's own.
    pub(crate) async fn ensure_key_usable(
        &self,
        tx: &mut Tx,
        copy: &CopyRow,
    ) -> Result<(), RegionFault> {
        let Some(key) = &copy.encryption_key else { return Ok(()) };
        if self.inner.key_ring.kind() != KeyRingKind::Embedded {
            return Ok(());
        }
        let row = tx.encryption_key(&copy.account, key).await?;
        match row.map_or(KeyState::Deleted, |row| row.state) {
            KeyState::Enabled => Ok(()),
            state @ (KeyState::Disabled | KeyState::PendingDeletion | KeyState::Deleted) => {
                let rejection = Rejection::KeyUnusable { key: key.clone(), state };
                Err(RegionFault::Key { rejection })
            }
        }
    }

    /// The snapshots that publishing will record: one per disk, each whole in the store. None where somebody else moved the
    /// copy to where it needs none any more.
    pub(crate) async fn snapshots_to_be(
        &self,
        copy: &CopyRow,
        digests: &[Digest],
    ) -> Result<Option<Vec<SnapshotRow>>, RegionFault> {
        failpoint!("wrk.final_verify");
        let domain = self.domain(&target_domain(copy)).await?;
        let mut tx = self.inner.catalog.read().await?;
        let Some(image) = tx.image(&copy.account, &copy.target_image).await? else {
            return Ok(None);
        };
        let disks = tx.image_disks(&image.id).await?;
        let sources = tx.source_snapshots(&copy.id).await?;
        drop(tx);
        let roots: Vec<TreePart> =
            digests.iter().map(|digest| TreePart::Root(disk_root(digest).id())).collect();
        // A `complete` mark is only written when every chunk under the root is verified and durable (promise 1).
        let complete = self.inner.store.complete(domain, &roots).await?;
        let mut snapshots = Vec::with_capacity(digests.len());
        for (index, (disk, digest)) in disks.iter().zip(digests).enumerate() {
            let places =
                complete[index].ok_or(store::StoreFault::Missing { id: roots[index].id() })?;
            snapshots.push(SnapshotRow {
                id: self.random_id(|random| SnapshotId::from_random(random))?,
                account: copy.account.clone(),
                name: SnapshotName::of_disk(&image.name, disk.role),
                description: Description::new("").expect("a description may be empty"),
                role: disk.role,
                size: disk.size,
                digest: *digest,
                places,
                origin: Some(Origin {
                    region: copy.source_region.clone(),
                    image: copy.source_image.clone(),
                    snapshot: sources.get(index).cloned(),
                    copy: copy.id.clone(),
                }),
                encryption_key: copy.encryption_key.clone(),
                created: self.inner.clock.now(),
            });
        }
        Ok(Some(snapshots))
    }

    /// `published`: the source lets go. The image is available all the while.
    async fn step_release(&self, copy: &CopyRow) -> Result<Stepped, RegionFault> {
        self.source_of(copy)?.release(&copy.id).await?;
        failpoint!("wrk.release_outbox");
        self.record_event(copy, CopyEvent::Released).await
    }

    /// Records that an event moved the copy, by compare-and-set on its generation under our fence.
    pub(crate) async fn record_event(
        &self,
        copy: &CopyRow,
        event: CopyEvent,
    ) -> Result<Stepped, RegionFault> {
        let next = self.after(copy, event)?;
        let mut tx = self.inner.catalog.begin().await?;
        let updated = tx.move_copy(&next).await?;
        tx.commit().await?;
        self.changed();
        match updated {
            Updated::Yes => self.reload(copy).await,
            Updated::No => Ok(Stepped::Lost),
        }
    }

    /// The copy as an event leaves it. The life cycle decides; a move it does not know is a fault of the stored row.
    pub(crate) fn after(&self, copy: &CopyRow, event: CopyEvent) -> Result<CopyRow, RegionFault> {
        let state = copy.state.clone().after(event);
        let state = state
            .map_err(|source| RegionFault::IllegalMove { copy: copy.id.to_string(), source })?;
        let finished = (!state.is_live()).then(|| self.inner.clock.now());
        Ok(CopyRow { state, finished, ..copy.clone() })
    }

    pub(crate) async fn reload(&self, copy: &CopyRow) -> Result<Stepped, RegionFault> {
        let row = self.inner.catalog.read().await?.copy_unscoped(&copy.id).await?;
        Ok(match row {
            Some(row) if row.fence == copy.fence => Stepped::Moved(Box::new(row)),
            Some(_) | None => Stepped::Lost,
        })
    }
}

/// Where a copy's chunks go.
pub(crate) fn target_domain(copy: &CopyRow) -> DomainName {
    DomainName { account: copy.account.clone(), key: copy.encryption_key.clone() }
}

async fn record_snapshots(
    tx: &mut Tx,
    image: &ImageId,
    snapshots: &[SnapshotRow],
) -> Result<(), RegionFault> {
    for snapshot in snapshots {
        tx.insert_snapshot(snapshot).await?;
        let disk = ImageDiskRow {
            image: image.clone(),
            role: snapshot.role,
            size: snapshot.size,
            digest: Some(snapshot.digest),
            snapshot: Some(snapshot.id.clone()),
        };
        tx.set_image_disk(&disk).await?;
    }
    Ok(())
}
