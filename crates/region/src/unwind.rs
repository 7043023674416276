//! Giving back: what a copy or import promised and will not keep.

use catalog::{AuditEntry, CopyRow, ImageRow, ImportRow, Tx, Updated};
use model::rules::{Maker, judge_cancelling};
use model::{Act, Cause, CopyEvent, CopyState, ImageId, ImageStatus, QuotaKind, TaskState};

use crate::audit::{facts, image_facts};
use crate::commands::Caller;
use crate::jobs::JobKey;
use crate::refused::{Refused, RegionFault, failpoint};
use crate::region::Region;
use crate::steps::Stepped;

impl Region {
    /// Cancels the copy or import that makes an image. Exactly one of *available* and *cancelled* wins (I5): whoever
    /// records first. Cancelling twice is no error.
    pub async fn cancel_image(&self, caller: &Caller, image: &ImageId) -> Result<(), Refused> {
        caller.must(Act::Change)?;
        let mut tx = self.inner.catalog.begin().await?;
        let row = self.own_image(&mut tx, caller, image).await?;
        if let Some(import) = tx.import(&caller.account, image).await? {
            return self.cancel_import(tx, caller, (row, import)).await;
        }
        let copy = tx.copy_of_image(image).await?;
        let maker = copy.as_ref().map_or(Maker::Nothing, |copy| maker(&copy.state));
        judge_cancelling(image, maker)?;
        match copy.filter(|copy| copy.state.is_cancellable()) {
            Some(copy) => self.cancel_copy(tx, caller, copy).await,
            // It is being given back already.
            None => Ok(()),
        }
    }

    /// Ends a copy that can still be cancelled, in the transaction that found it so.
    pub(crate) async fn cancel_copy(
        &self,
        mut tx: Tx,
        caller: &Caller,
        copy: CopyRow,
    ) -> Result<(), Refused> {
        failpoint!("cancel.mark");
        let cancelled = self.after(&copy, CopyEvent::GiveUp(Cause::Cancelled))?;
        // Its worker loses it, and the driver may claim it for unwinding.
        if tx.take_copy(&cancelled).await? == Updated::No {
            return Err(
                RegionFault::Contradiction { what: "a copy changed within a transaction" }.into()
            );
        }
        let entry = self.audit_entry(caller, "copy.cancel", copy.id.as_str());
        let state = |copy: &CopyRow| facts(&[("state", copy.state.name().to_owned())]);
        let (before, after) = (state(&copy), state(&cancelled));
        tx.record_audit(&AuditEntry { before, after, ..entry }).await?;
        caller.commit(tx).await?;
        failpoint!("cancel.stop_worker");
        self.stop_transfers(|id, _| *id == copy.id);
        // The caller sees the image gone when this returns; if this fails, the driver does it.
        if let Err(fault) = self.unwind_here(&cancelled).await {
            tracing::warn!(copy = %cancelled.id, %fault, "the driver will unwind the copy");
        }
        self.changed();
        self.wake();
        Ok(())
    }

    /// `unwinding`: gives back what is here, then the hold at the source.
    pub(crate) async fn step_unwind(&self, copy: &CopyRow) -> Result<Stepped, RegionFault> {
        self.unwind_here(copy).await?;
        self.source_of(copy)?.release(&copy.id).await?;
        failpoint!("cancel.release_holds");
        self.record_event(copy, CopyEvent::Unwound).await
    }

    /// Gives back the promise and the quota, once: the image's status says whether it was done.
    async fn unwind_here(&self, copy: &CopyRow) -> Result<(), RegionFault> {
        if let Some(snapshot) = &copy.snapshot {
            return self.unwind_snapshot(copy, snapshot).await;
        }
        let CopyState::Unwinding { cause } = &copy.state else { return Ok(()) };
        let mut tx = self.inner.catalog.begin().await?;
        let Some(image) = tx.image(&copy.account, &copy.target_image).await? else { return Ok(()) };
        if image.status != ImageStatus::Creating {
            return Ok(());
        }
        let before = facts(&[("status", image.status.to_string())]);
        give_back(&mut tx, &image, copy.disks).await?;
        failpoint!("cancel.release_quota");
        match cause {
            Cause::Cancelled => {
                tx.delete_image(&image.id).await?;
            }
            Cause::SourceGone
            | Cause::SourceDamaged { .. }
            | Cause::SourceMalformed
            | Cause::KeyGone
            | Cause::NotApproved
            | Cause::FileRefused
            | Cause::GaveUp { .. } => {
                let failed = ImageRow {
                    status: ImageStatus::CreateFailed,
                    failure: Some(cause.clone()),
                    ..image
                };
                if tx.update_image(&failed).await? == Updated::No {
                    return Err(RegionFault::Contradiction {
                        what: "an image changed within a transaction",
                    });
                }
            }
        }
        let after = match tx.image(&copy.account, &copy.target_image).await? {
            Some(failed) => facts(&[("status", failed.status.to_string())]),
            None => String::new(),
        };
        let entry = self.driver_entry(copy, "copy.unwind");
        tx.record_audit(&AuditEntry { before, after, ..entry }).await?;
        failpoint!("cancel.drop_rows");
        tx.commit().await?;
        self.changed();
        Ok(())
    }

    /// Ends an import: its rows and quota go at once, its chunks with the next sweep.
    pub(crate) async fn cancel_import(
        &self,
        mut tx: Tx,
        caller: &Caller,
        (image, import): (ImageRow, ImportRow),
    ) -> Result<(), Refused> {
        let before = image_facts(&image, &tx.tags(&image.id).await?);
        let disks = tx.image_disks(&image.id).await?.len() as u64;
        give_back(&mut tx, &image, disks).await?;
        tx.delete_import(&image.id).await?;
        self.end_import_task(&mut tx, &import, (TaskState::Cancelled, None)).await?;
        tx.delete_image(&image.id).await?;
        let entry = self.audit_entry(caller, "import.cancel", image.id.as_str());
        tx.record_audit(&AuditEntry { before, ..entry }).await?;
        caller.commit(tx).await?;
        self.stop_job(&JobKey::Image(image.id.clone()));
        self.drop_import_session(&image.id);
        self.changed();
        Ok(())
    }
}

/// Gives back what an image that is being made has reserved.
pub(crate) async fn give_back(
    tx: &mut Tx,
    image: &ImageRow,
    disks: u64,
) -> Result<(), RegionFault> {
    tx.give_back_reserved(&image.account, QuotaKind::Image, 1).await?;
    tx.give_back_reserved(&image.account, QuotaKind::Snapshot, disks).await?;
    Ok(())
}

/// Whether a copy can be cancelled, by its state.
fn maker(copy: &CopyState) -> Maker {
    match copy {
        CopyState::Queued
        | CopyState::Held { .. }
        | CopyState::Stored { .. }
        | CopyState::Unwinding { .. } => Maker::Running,
        CopyState::Published { .. } | CopyState::Done { .. } => Maker::Finished,
        CopyState::Ended { .. } => Maker::Nothing,
    }
}
