//! What is shown of images: a page of rows, and all that is looked up beside them, each kind of it at once.

use std::collections::HashMap;

use catalog::{CopyRow, HeldImage, ImageDiskRow, ImageRow, Moment, Tx};
use model::rules::standing;
use model::{ImageId, ImageStatus, Tags, TaskId};
use store::CHUNK_BYTES;

use crate::copies::phase_of;
use crate::images::deprecation_of;
use crate::refused::RegionFault;
use crate::region::Region;
use crate::views::{DiskView, ImageView};

/// What the views of images are made of beside their rows.
struct Beside {
    disks: HashMap<ImageId, Vec<ImageDiskRow>>,
    places: HashMap<ImageId, u64>,
    tags: HashMap<ImageId, Tags>,
    instances: HashMap<ImageId, u64>,
    shares: HashMap<ImageId, u64>,
    held: HashMap<ImageId, HeldImage>,
    converted: HashMap<ImageId, ImageId>,
    exported: HashMap<ImageId, TaskId>,
    copies: HashMap<ImageId, CopyRow>,
    /// Whether the region makes an image of files; none of one that no import makes.
    of_files: HashMap<ImageId, bool>,
}

/// The same of one image.
struct Parts {
    disks: Vec<ImageDiskRow>,
    /// Chunks of its disks that are not zero.
    places: u64,
    tags: Tags,
    instances: u64,
    shared_with: u64,
    held: Option<HeldImage>,
    converted_into: Option<ImageId>,
    exported_by: Option<TaskId>,
    /// What makes it, while it is made.
    copy: Option<CopyRow>,
    /// Whether the region makes it of files.
    is_of_files: bool,
}

impl Beside {
    async fn of(tx: &mut Tx, rows: &[ImageRow]) -> Result<Beside, RegionFault> {
        let ids: Vec<ImageId> = rows.iter().map(|row| row.id.clone()).collect();
        let is_made = |row: &&ImageRow| row.status == ImageStatus::Creating;
        let made: Vec<ImageId> = rows.iter().filter(is_made).map(|row| row.id.clone()).collect();
        let (copies, imports) = if made.is_empty() {
            (Vec::new(), Vec::new())
        } else {
            (tx.copies_of_images(&made).await?, tx.imports_of_images(&made).await?)
        };
        let copies = copies.into_iter().map(|copy| (copy.target_image.clone(), copy));
        let of_files = imports.into_iter();
        let held = tx.holds_of_images(&ids).await?.into_iter();
        Ok(Beside {
            disks: tx.image_disks_of(&ids).await?,
            places: tx.places_of_images(&ids).await?,
            tags: tx.tags_of(&ids).await?,
            instances: tx.count_instances_of_images(&ids).await?.into_iter().collect(),
            shares: tx.count_shares_of_images(&ids).await?.into_iter().collect(),
            held: held.map(|held| (held.image.clone(), held)).collect(),
            converted: tx.conversions_of(&ids).await?,
            exported: tx.exports_of(&ids).await?,
            copies: copies.collect(),
            of_files: of_files.map(|one| (one.image, one.source.is_of_files())).collect(),
        })
    }

    fn take(&mut self, image: &ImageId) -> Parts {
        let copy = self.copies.remove(image);
        let is_of_files = copy.is_none() && self.of_files.get(image).copied().unwrap_or(false);
        Parts {
            disks: self.disks.remove(image).unwrap_or_default(),
            places: self.places.get(image).copied().unwrap_or(0),
            tags: self.tags.remove(image).unwrap_or_default(),
            instances: self.instances.get(image).copied().unwrap_or(0),
            shared_with: self.shares.get(image).copied().unwrap_or(0),
            held: self.held.remove(image),
            converted_into: self.converted.remove(image),
            exported_by: self.exported.remove(image),
            copy,
            is_of_files,
        }
    }
}

impl Region {
    /// What is shown of images, all of one moment. However many they are, the rows are asked for a fixed number of things.
    pub(crate) async fn image_views(
        &self,
        tx: &mut Tx,
        rows: Vec<ImageRow>,
        moment: &Moment,
    ) -> Result<Vec<ImageView>, RegionFault> {
        let mut beside = Beside::of(tx, &rows).await?;
        let view = |row: ImageRow| {
            let parts = beside.take(&row.id);
            self.image_view(row, parts, moment)
        };
        Ok(rows.into_iter().map(view).collect())
    }

    fn image_view(&self, row: ImageRow, parts: Parts, moment: &Moment) -> ImageView {
        let percent = match (row.status, &parts.copy) {
            (ImageStatus::Available, _) => 100,
            (ImageStatus::Creating, Some(copy)) => copy.progress.percent(),
            (ImageStatus::Creating, None) => self.import_percent(&row.id),
            (ImageStatus::CreateFailed, _) => 0,
        };
        let phase = match &parts.copy {
            Some(copy) => Some(phase_of(copy, moment.now)),
            None => parts.is_of_files.then(|| self.file_import_phase(&row.id, moment)),
        };
        let copy = parts.copy.as_ref().zip(phase);
        let disks = parts.disks.into_iter();
        ImageView {
            standing: standing(row.status, deprecation_of(&row), phase),
            deprecated: row.deprecated,
            family: row.family,
            particulars: row.particulars,
            region: self.id().clone(),
            percent,
            phase,
            seconds_left: copy.and_then(|(copy, phase)| self.seconds_left(copy, phase)),
            disks: disks
                .map(|disk| DiskView {
                    role: disk.role,
                    size: disk.size,
                    digest: disk.digest,
                    snapshot: disk.snapshot,
                })
                .collect(),
            held_bytes: parts.places.saturating_mul(CHUNK_BYTES as u64),
            tags: parts.tags,
            instances: parts.instances,
            shared_with: parts.shared_with,
            copies_leaving: parts.held.as_ref().map_or(0, |held| held.copies),
            held_by: parts.held.map(|held| (held.first, held.target)),
            converted_into: parts.converted_into,
            exported_by: parts.exported_by,
            id: row.id,
            name: row.name,
            description: row.description,
            status: row.status,
            attributes: row.attributes,
            origin: row.origin,
            failure: row.failure,
            kind: row.kind,
            storage: row.storage,
            owner: row.account,
            encryption_key: row.encryption_key,
            created: row.created,
        }
    }
}
