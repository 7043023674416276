//! Images: listed, shown, edited, deleted, verified.

use catalog::{AuditEntry, ImageDiskRow, ImageRow, Page, Tx, Updated};
use model::rules::{
    DeletionFacts, DeprecationFacts, Force, judge_deletion, judge_deprecation, judge_name,
};
use model::{
    Act, Deprecation, Digest, DomainName, ImageId, ImageStatus, NameRule, QuotaKind, Rejection,
    Storage, Tags,
};
use store::{CHUNK_BYTES, Look, StoreFault};

use crate::audit::image_facts;
use crate::commands::{Caller, Cursor, EditImage, ImageQuery, Listed, SnapshotsOfImage};
use crate::refused::{Refused, RegionFault, failpoint};
use crate::region::{Region, disk_root};
use crate::views::{ImageView, Verified};
use crate::visibility::{Seen, as_seen_by};

/// Rows of one page, unless fewer are asked for.
pub(crate) const MAX_PAGE: u32 = 1_000;

pub(crate) fn page(after: &Option<Cursor>, limit: u32) -> Page {
    let after = after.as_ref().map(|cursor| (cursor.created, cursor.id.clone()));
    Page { after, limit: limit.clamp(1, MAX_PAGE) }
}

/// Where the next page begins: behind the last row of a full one.
pub(crate) fn next_cursor<T>(rows: &[T], limit: u32, key: impl Fn(&T) -> Cursor) -> Option<Cursor> {
    let full = rows.len() as u64 >= u64::from(limit.clamp(1, MAX_PAGE));
    if full { rows.last().map(key) } else { None }
}

impl Region {
    /// The images here that the caller sees as the kind asked for, newest first; else its own (R001-8).
    pub async fn images(
        &self,
        caller: &Caller,
        query: ImageQuery,
    ) -> Result<Listed<ImageView>, Refused> {
        caller.must(Act::Read)?;
        let (region, caller) = (self.clone(), caller.clone());
        let look = async move |mut tx: Tx| {
            let (rows, next) = region.visible_images(&mut tx, &caller, query).await?;
            let items = region.image_views(&mut tx, rows, &region.moment()).await?;
            let items = items.into_iter().map(|view| as_seen_by(&caller.account, view)).collect();
            Ok(Listed { items, next })
        };
        self.inner.catalog.read().await?.off_thread(look).await
    }

    /// One image.
    pub async fn image(&self, caller: &Caller, image: &ImageId) -> Result<ImageView, Refused> {
        caller.must(Act::Read)?;
        let mut tx = self.inner.catalog.read().await?;
        let Seen { row, .. } = self.visible_image(&mut tx, caller, image).await?;
        let view = self.image_views(&mut tx, vec![row], &self.moment()).await?.pop();
        Ok(as_seen_by(&caller.account, view.ok_or_else(|| self.no_image(image))?))
    }

    /// Changes what an image says of itself. Allowed while it is being copied or made (R002-8, R002-12).
    pub async fn edit_image(
        &self,
        caller: &Caller,
        image: &ImageId,
        edit: EditImage,
    ) -> Result<ImageView, Refused> {
        caller.must(Act::Change)?;
        loop {
            let mut tx = self.inner.catalog.begin().await?;
            let mut row = self.own_image(&mut tx, caller, image).await?;
            let before = edit_facts(&row, &tx.tags(image).await?, &edit);
            if let Some(name) = &edit.name {
                row.name = name.clone();
                self.judge_new_name(&mut tx, &row, edit.names).await?;
            }
            self.change_words(&mut tx, &mut row, &edit).await?;
            if tx.update_image(&row).await? == Updated::No {
                continue;
            }
            if let Some(tags) = &edit.tags {
                tx.set_tags(image, tags).await?;
            }
            let after = edit_facts(&row, &tx.tags(image).await?, &edit);
            let entry = self.audit_entry(caller, "image.edit", image.as_str());
            tx.record_audit(&AuditEntry { before, after, ..entry }).await?;
            caller.commit(tx).await?;
            return self.image(caller, image).await;
        }
    }

    /// Changes all of an image's row that an edit changes, but for its name.
    async fn change_words(
        &self,
        tx: &mut Tx,
        row: &mut ImageRow,
        edit: &EditImage,
    ) -> Result<(), Refused> {
        if let Some(description) = &edit.description {
            row.description = description.clone();
        }
        if let Some(family) = &edit.family {
            row.family = family.clone();
        }
        row.attributes.boot_mode = edit.boot_mode.unwrap_or(row.attributes.boot_mode);
        row.particulars = row.particulars.changed(&edit.particulars)?;
        let Some(to) = edit.deprecation else { return Ok(()) };
        let facts = DeprecationFacts {
            image: row.id.clone(),
            status: row.status,
            kind: row.kind,
            shared_with: tx.count_shares_of(&row.id).await?,
        };
        judge_deprecation(&facts, to)?;
        row.deprecated = match to {
            Deprecation::Current => None,
            Deprecation::Deprecated => row.deprecated.or(Some(self.inner.clock.now())),
        };
        Ok(())
    }

    /// Whether an image may have the name that it is to have, in the transaction that gives it.
    pub(crate) async fn judge_new_name(
        &self,
        tx: &mut Tx,
        image: &ImageRow,
        rule: NameRule,
    ) -> Result<(), Refused> {
        let namesake = tx.namesake(&image.account, &image.name, Some(&image.id)).await?;
        Ok(judge_name(&image.name, rule, namesake.as_ref(), self.id())?)
    }

    /// Deletes an image, and its snapshots where asked. Refused while a copy reads it or makes it (R001-6, R004-3).
    pub async fn delete_image(
        &self,
        caller: &Caller,
        image: &ImageId,
        force: Force,
        snapshots: SnapshotsOfImage,
    ) -> Result<(), Refused> {
        caller.must(Act::Change)?;
        let mut tx = self.inner.catalog.begin().await?;
        let row = self.own_image(&mut tx, caller, image).await?;
        let held_by =
            tx.holds_of_image(image).await?.into_iter().next().map(|hold| (hold.copy, hold.target));
        let converted = tx.conversion_of(image).await?;
        let facts = DeletionFacts {
            image: image.clone(),
            status: row.status,
            held_by,
            instances: tx.count_instances_of(image).await?,
            kind: row.kind,
            shared_with: tx.count_shares_of(image).await?,
            converted_into: converted.map(|import| import.image),
            exported_by: tx.export_of(image).await?.map(|task| task.id),
        };
        judge_deletion(&facts, force)?;
        let before = image_facts(&row, &tx.tags(image).await?);
        failpoint!("del.mark");
        if row.status == ImageStatus::Available {
            tx.give_back_used(&caller.account, QuotaKind::Image, 1).await?;
        }
        match snapshots {
            SnapshotsOfImage::Keep => {}
            SnapshotsOfImage::Delete => self.delete_snapshots_of(&mut tx, caller, image).await?,
        }
        failpoint!("del.unref");
        tx.delete_image(image).await?;
        let entry = self.audit_entry(caller, "image.delete", image.as_str());
        tx.record_audit(&AuditEntry { before, ..entry }).await?;
        failpoint!("del.drop");
        caller.commit(tx).await?;
        self.changed();
        Ok(())
    }

    /// Those that nothing else rests on: another image's stay, and those that a copy reads.
    async fn delete_snapshots_of(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        image: &ImageId,
    ) -> Result<(), Refused> {
        for snapshot in tx.snapshots_of_image(image).await? {
            if tx.user_of_snapshot(&snapshot.id, Some(image)).await?.is_none() {
                tx.delete_snapshot(&snapshot.id, self.inner.clock.now()).await?;
                tx.give_back_used(&caller.account, QuotaKind::Snapshot, 1).await?;
            }
        }
        Ok(())
    }

    /// Reads every chunk of an available image and hashes it. Damage is set aside, never served.
    pub async fn verify_image(
        &self,
        caller: &Caller,
        image: &ImageId,
    ) -> Result<Verified, Refused> {
        caller.must(Act::Read)?;
        let mut tx = self.inner.catalog.read().await?;
        self.own_image(&mut tx, caller, image).await?;
        drop(tx);
        let view = self.image(caller, image).await?;
        match view.storage {
            Storage::Snapshots => {}
            Storage::LocalFile => {
                return Err(Rejection::LocalNotCopied { image: image.clone() }.into());
            }
        }
        if view.status != ImageStatus::Available {
            return Err(
                Rejection::ImageNotAvailable { image: image.clone(), status: view.status }.into()
            );
        }
        let domain = self.domain(&view.domain()).await?;
        let mut verified = Verified { disks: view.disks.len() as u64, ..Verified::default() };
        for digest in view.disks.iter().filter_map(|disk| disk.digest) {
            let check = self.inner.store.check_tree(domain, disk_root(&digest), Look::Bytes).await;
            let check = match check {
                Ok(check) => check,
                // A damaged node hides what is under it: the disk counts as one damaged chunk at least.
                Err(
                    StoreFault::Missing { .. }
                    | StoreFault::Damaged { .. }
                    | StoreFault::Tree { .. },
                ) => {
                    verified.damaged += 1;
                    continue;
                }
                Err(fault) => return Err(fault.into()),
            };
            verified.chunks += check.places + check.missing;
            verified.bytes += check.places * CHUNK_BYTES as u64;
            verified.damaged += check.missing;
        }
        Ok(verified)
    }

    /// Chunks under these disks that a scrub or a reader has set aside. Costs a look at an empty list while nothing is.
    pub(crate) async fn damaged_chunks_of(
        &self,
        domain: &DomainName,
        disks: &[ImageDiskRow],
    ) -> Result<u64, RegionFault> {
        let digests: Vec<Digest> = disks.iter().filter_map(|disk| disk.digest).collect();
        self.damaged_chunks_under(domain, &digests).await
    }

    /// The same under these digests.
    pub(crate) async fn damaged_chunks_under(
        &self,
        domain: &DomainName,
        digests: &[Digest],
    ) -> Result<u64, RegionFault> {
        if self.inner.store.usage().await?.quarantined == 0 {
            return Ok(0);
        }
        let domain = self.domain(domain).await?;
        let mut damaged = 0;
        for digest in digests {
            damaged +=
                match self.inner.store.check_tree(domain, disk_root(digest), Look::Index).await {
                    Ok(check) => check.missing,
                    Err(
                        StoreFault::Missing { .. }
                        | StoreFault::Damaged { .. }
                        | StoreFault::Tree { .. },
                    ) => 1,
                    Err(fault) => return Err(fault.into()),
                };
        }
        Ok(damaged)
    }
}

/// Whether an image's owner advises against it.
pub(crate) fn deprecation_of(image: &ImageRow) -> Deprecation {
    match image.deprecated {
        None => Deprecation::Current,
        Some(_) => Deprecation::Deprecated,
    }
}

/// What an image says of itself, with all that this edit changes.
fn edit_facts(image: &ImageRow, tags: &Tags, edit: &EditImage) -> String {
    let mut told = image_facts(image, tags);
    if edit.boot_mode.is_some() {
        told.push_str(&format!("\nboot_mode={}", image.attributes.boot_mode));
    }
    told
}
