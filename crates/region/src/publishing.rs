//! Publishing: an operator offers an image of its account to every account, as a public or a marketplace image (R001-2).

use catalog::{AuditEntry, ImageRow, Tx, Updated};
use model::rules::{Offer, PublishingFacts, judge_publishing};
use model::{Act, ImageId, ImageKind};

use crate::commands::Caller;
use crate::refused::{Refused, RegionFault};
use crate::region::Region;
use crate::sharing::showing;
use crate::views::ImageView;

impl Region {
    /// Publishes an image. Publishing it again as the same changes nothing; as the other, it is taken back first.
    pub async fn publish_image(
        &self,
        caller: &Caller,
        image: &ImageId,
        offer: Offer,
    ) -> Result<ImageView, Refused> {
        caller.must(Act::Operate)?;
        let mut tx = self.inner.catalog.begin().await?;
        let row = self.own_image(&mut tx, caller, image).await?;
        if row.kind == offer.kind() {
            drop(tx);
            return self.image(caller, image).await;
        }
        let holds = tx.holds_of_image(image).await?;
        judge_publishing(&PublishingFacts {
            showing: showing(&row),
            shared_with: tx.count_shares_of(image).await?,
            held_by: holds.into_iter().next().map(|hold| (hold.copy, hold.target)),
        })?;
        let entry = self.audit_entry(caller, "image.publish", image.as_str());
        self.record_kind(caller, tx, entry, (row, offer.kind())).await?;
        self.image(caller, image).await
    }

    /// Takes a published image back: it is a custom image again. What others use already stays as it is.
    pub async fn unpublish_image(
        &self,
        caller: &Caller,
        image: &ImageId,
    ) -> Result<ImageView, Refused> {
        caller.must(Act::Operate)?;
        let mut tx = self.inner.catalog.begin().await?;
        let row = self.own_image(&mut tx, caller, image).await?;
        if row.kind == ImageKind::Custom {
            drop(tx);
            return self.image(caller, image).await;
        }
        let entry = self.audit_entry(caller, "image.unpublish", image.as_str());
        self.record_kind(caller, tx, entry, (row, ImageKind::Custom)).await?;
        self.image(caller, image).await
    }

    async fn record_kind(
        &self,
        caller: &Caller,
        mut tx: Tx,
        entry: AuditEntry,
        (row, kind): (ImageRow, ImageKind),
    ) -> Result<(), Refused> {
        let (before, after) = (format!("kind={}", row.kind), format!("kind={kind}"));
        if tx.update_image(&ImageRow { kind, ..row }).await? == Updated::No {
            let what = "an image changed within a transaction";
            return Err(RegionFault::Contradiction { what }.into());
        }
        tx.record_audit(&AuditEntry { before, after, ..entry }).await?;
        caller.commit(tx).await?;
        self.changed();
        Ok(())
    }
}
