//! Conversion: a local image's file becomes an image on snapshots, in an import that the region does itself (R002-4).

use catalog::{AuditEntry, ImageDiskRow, ImageRow, ImportRow, ImportSource};
use model::rules::judge_conversion;
use model::{Act, ImageId, ImageStatus, QuotaKind, Storage};

use crate::commands::{Caller, ConvertImage};
use crate::refused::Refused;
use crate::region::Region;
use crate::views::ImageView;

impl Region {
    /// Begins to convert a local image into one on snapshots, which has a new id. Asked again while that runs, the answer is
    /// the image that is being made.
    pub async fn convert_image(
        &self,
        caller: &Caller,
        command: ConvertImage,
    ) -> Result<ImageView, Refused> {
        caller.must(Act::Change)?;
        let mut tx = self.inner.catalog.begin().await?;
        let source = self.own_image(&mut tx, caller, &command.image).await?;
        judge_conversion(&source.id, source.storage)?;
        if let Some(running) = tx.conversion_of(&source.id).await? {
            drop(tx);
            return self.image(caller, &running.image).await;
        }
        let tags = tx.tags(&source.id).await?;
        let disks = tx.image_disks(&source.id).await?;
        self.ensure_quotas(&mut tx, &caller.account).await?;
        self.reserve(&mut tx, &caller.account, (QuotaKind::Image, 1)).await?;
        self.reserve(&mut tx, &caller.account, (QuotaKind::Snapshot, disks.len() as u64)).await?;
        let created = self.inner.clock.now();
        let row = ImageRow {
            id: self.random_id(|random| ImageId::from_random(random))?,
            name: command.name.unwrap_or(source.name),
            description: command.description.unwrap_or(source.description),
            status: ImageStatus::Creating,
            deprecated: None,
            storage: Storage::Snapshots,
            kind: model::ImageKind::Custom,
            created,
            generation: 0,
            ..source
        };
        self.judge_new_name(&mut tx, &row, command.names).await?;
        let image = self.insert_with_new_id(&mut tx, row).await?;
        let disks = disks.into_iter().map(|disk| ImageDiskRow { image: image.clone(), ..disk });
        tx.insert_image_disks(&disks.collect::<Vec<_>>()).await?;
        tx.set_tags(&image, &tags).await?;
        tx.insert_import(&ImportRow {
            image: image.clone(),
            account: caller.account.clone(),
            source: ImportSource::LocalImage(command.image.clone()),
            created,
        })
        .await?;
        let entry = self.audit_entry(caller, "image.convert", image.as_str());
        let after = format!("converted_from={}", command.image);
        tx.record_audit(&AuditEntry { after, ..entry }).await?;
        caller.commit(tx).await?;
        self.wake_jobs();
        self.changed();
        self.image(caller, &image).await
    }
}
