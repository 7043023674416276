//! The disks of images: size and place in the image, and once they are known contents and snapshot.

use std::collections::HashMap;

use crate::statement::Row;
use crate::statement::query;
use model::{CopyId, Digest, DiskRole, ImageId, RegionId, SizeBytes, SnapshotId};

use crate::fault::CatalogFault;
use crate::image::json_ids;
use crate::stored::{Stored, signed};
use crate::tags::json_array;
use crate::tx::Tx;

/// One disk of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageDiskRow {
    /// The image.
    pub image: ImageId,
    /// Which of its disks.
    pub role: DiskRole,
    /// The virtual size.
    pub size: SizeBytes,
    /// The name of its contents; none while it is being imported.
    pub digest: Option<Digest>,
    /// The snapshot it rests on; none until the image is available.
    pub snapshot: Option<SnapshotId>,
}

pub(crate) const OF_IMAGES: &str = "SELECT * FROM image_disk \
    WHERE image IN (SELECT value FROM json_each(?)) ORDER BY image, role";
pub(crate) const USER: &str = "SELECT image FROM image_disk WHERE snapshot = ?1 AND snapshot IS NOT NULL AND image IS NOT ?2 LIMIT 1";
/// Disks that rest on no snapshot yet have none.
pub(crate) const PLACES_OF_IMAGES: &str = "SELECT disk.image, sum(snapshot.places) AS places \
    FROM image_disk AS disk CROSS JOIN snapshot ON snapshot.id = disk.snapshot \
    WHERE disk.image IN (SELECT value FROM json_each(?)) GROUP BY disk.image";
pub(crate) const IMAGES_ON: &str = "SELECT DISTINCT disk.snapshot, disk.image FROM image_disk AS disk \
    JOIN image ON image.id = disk.image \
    WHERE disk.snapshot IN (SELECT value FROM json_each(?)) AND disk.snapshot IS NOT NULL AND image.purpose = 'image' \
    ORDER BY disk.snapshot, image.created, image.id";

/// Carriers are what copies of snapshots alone hold.
pub(crate) const COPIES_OF: &str = "SELECT disk.snapshot, hold.copy, hold.target FROM image_disk AS disk \
    JOIN image ON image.id = disk.image JOIN hold ON hold.image = image.id \
    WHERE disk.snapshot IN (SELECT value FROM json_each(?)) AND disk.snapshot IS NOT NULL AND image.purpose = 'carrier' \
    ORDER BY disk.snapshot, hold.created, hold.copy";

impl Tx {
    /// An image, or a carrier, that rests on a snapshot, but for `except`.
    pub async fn user_of_snapshot(
        &mut self,
        snapshot: &SnapshotId,
        except: Option<&ImageId>,
    ) -> Result<Option<ImageId>, CatalogFault> {
        let find = query(USER).bind(snapshot.as_str()).bind(except.map(ImageId::as_str));
        let found = self.one("find what uses a snapshot", find).await?;
        found.map(|row| Stored { table: "image_disk", row: &row }.word("image")).transpose()
    }

    /// The oldest copy that reads each of some snapshots alone, and where it goes. A snapshot that none reads so has no entry.
    pub async fn copies_of_snapshots(
        &mut self,
        snapshots: &[SnapshotId],
    ) -> Result<HashMap<SnapshotId, (CopyId, RegionId)>, CatalogFault> {
        let ids = json_array(snapshots.iter().map(SnapshotId::as_str));
        let mut copies = HashMap::new();
        for row in self.all("find the copies of snapshots", query(COPIES_OF).bind(ids)).await? {
            let stored = Stored { table: "hold", row: &row };
            let copy = (stored.word("copy")?, stored.word("target")?);
            copies.entry(stored.word("snapshot")?).or_insert(copy);
        }
        Ok(copies)
    }

    /// The images that rest on each of some snapshots, the oldest first. A snapshot that none rests on has no entry.
    pub async fn images_on(
        &mut self,
        snapshots: &[SnapshotId],
    ) -> Result<HashMap<SnapshotId, Vec<ImageId>>, CatalogFault> {
        let ids = json_array(snapshots.iter().map(SnapshotId::as_str));
        let mut images: HashMap<SnapshotId, Vec<ImageId>> = HashMap::new();
        for row in self.all("find the images on snapshots", query(IMAGES_ON).bind(ids)).await? {
            let stored = Stored { table: "image_disk", row: &row };
            images.entry(stored.word("snapshot")?).or_default().push(stored.word("image")?);
        }
        Ok(images)
    }

    /// Records the disks of a new image.
    pub async fn insert_image_disks(&mut self, disks: &[ImageDiskRow]) -> Result<(), CatalogFault> {
        for disk in disks {
            let sql = "INSERT INTO image_disk (image, role, size_bytes, digest, snapshot) VALUES (?, ?, ?, ?, ?)";
            let insert = query(sql)
                .bind(disk.image.as_str())
                .bind(disk.role.number())
                .bind(signed("size_bytes", disk.size.bytes())?)
                .bind(disk.digest.map(|digest| digest.0.to_vec()))
                .bind(disk.snapshot.as_ref().map(SnapshotId::as_str));
            self.run("record a disk of an image", insert).await?;
        }
        Ok(())
    }

    /// The disks of an image, the system disk first.
    pub async fn image_disks(
        &mut self,
        image: &ImageId,
    ) -> Result<Vec<ImageDiskRow>, CatalogFault> {
        let find = query("SELECT * FROM image_disk WHERE image = ? ORDER BY role");
        let rows = self.all("find the disks of an image", find.bind(image.as_str())).await?;
        rows.iter().map(disk_from).collect()
    }

    /// The disks of several images, the system disk of each first. An image without disks has no entry.
    pub async fn image_disks_of(
        &mut self,
        images: &[ImageId],
    ) -> Result<HashMap<ImageId, Vec<ImageDiskRow>>, CatalogFault> {
        let find = query(OF_IMAGES).bind(json_ids(images));
        let mut disks: HashMap<ImageId, Vec<ImageDiskRow>> = HashMap::new();
        for row in self.all("find the disks of images", find).await? {
            let disk = disk_from(&row)?;
            disks.entry(disk.image.clone()).or_default().push(disk);
        }
        Ok(disks)
    }

    /// The chunks that are not zero of all disks of each of several images, two disks on one snapshot counted twice. An image
    /// whose disks rest on none yet has no entry.
    pub async fn places_of_images(
        &mut self,
        images: &[ImageId],
    ) -> Result<HashMap<ImageId, u64>, CatalogFault> {
        let find = query(PLACES_OF_IMAGES).bind(json_ids(images));
        let rows = self.all("count the chunks of images", find).await?;
        let read = |row| {
            let stored = Stored { table: "image_disk", row };
            Ok((stored.word("image")?, stored.number("places")?))
        };
        rows.iter().map(read).collect()
    }

    /// Records size, contents and snapshot of a disk that the image has; [`CatalogFault::Absent`] where it has none.
    pub async fn set_image_disk(&mut self, disk: &ImageDiskRow) -> Result<(), CatalogFault> {
        let sql = "UPDATE image_disk SET size_bytes = ?, digest = ?, snapshot = ? WHERE image = ? AND role = ?";
        let update = query(sql)
            .bind(signed("size_bytes", disk.size.bytes())?)
            .bind(disk.digest.map(|digest| digest.0.to_vec()))
            .bind(disk.snapshot.as_ref().map(SnapshotId::as_str))
            .bind(disk.image.as_str())
            .bind(disk.role.number());
        match self.run("update a disk of an image", update).await? {
            0 => Err(CatalogFault::Absent {
                table: "image_disk",
                key: format!("{} {}", disk.image, disk.role.number()),
            }),
            _ => Ok(()),
        }
    }
}

fn disk_from(row: &Row) -> Result<ImageDiskRow, CatalogFault> {
    let stored = Stored { table: "image_disk", row };
    Ok(ImageDiskRow {
        image: stored.word("image")?,
        role: stored.role("role")?,
        size: stored.size("size_bytes")?,
        digest: stored.optional_digest("digest")?,
        snapshot: stored.optional_word("snapshot")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{catalog, digest, disk, image, put_image, snapshot};
    use model::Timestamp;

    #[tokio::test]
    async fn disks_read_back_as_written_in_their_order() {
        let (_folder, catalog) = catalog().await;
        let (first, second) = (image(1, 1), image(2, 1));
        let mut tx = catalog.begin().await.unwrap();
        put_image(&mut tx, &first).await;
        put_image(&mut tx, &second).await;
        let disks: Vec<_> = (0..17).map(|index| disk(&first, index)).collect();
        let reversed: Vec<_> = disks.iter().rev().cloned().collect();
        tx.insert_image_disks(&reversed).await.unwrap();
        tx.insert_image_disks(&[disk(&second, 0)]).await.unwrap();
        assert_eq!(tx.image_disks(&first.id).await.unwrap(), disks);
        let of = [first.id.clone(), second.id.clone(), image(3, 1).id];
        let found = tx.image_disks_of(&of).await.unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[&first.id], disks);
        assert_eq!(found[&second.id], [disk(&second, 0)]);
    }

    #[tokio::test]
    async fn a_disk_comes_to_rest_on_a_snapshot_that_is_there() {
        let (_folder, catalog) = catalog().await;
        let image = image(1, 1);
        let mut tx = catalog.begin().await.unwrap();
        put_image(&mut tx, &image).await;
        tx.insert_image_disks(&[disk(&image, 0)]).await.unwrap();
        tx.commit().await.unwrap();
        let snapshot = snapshot(4, 1);
        let rested = ImageDiskRow {
            digest: Some(digest(4)),
            snapshot: Some(snapshot.id.clone()),
            ..disk(&image, 0)
        };
        let mut tx = catalog.begin().await.unwrap();
        tx.set_image_disk(&rested).await.unwrap();
        tx.commit().await.unwrap_err();

        let mut tx = catalog.begin().await.unwrap();
        tx.set_image_disk(&rested).await.unwrap();
        tx.insert_snapshot(&snapshot).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = catalog.begin().await.unwrap();
        assert_eq!(tx.image_disks(&image.id).await.unwrap(), [rested]);
        let fault = tx.set_image_disk(&disk(&image, 1)).await.unwrap_err();
        assert!(matches!(fault, CatalogFault::Absent { table: "image_disk", .. }));
        tx.delete_snapshot(&snapshot.id, Timestamp(9_000)).await.unwrap();
        tx.commit().await.unwrap_err();
    }

    #[tokio::test]
    async fn disks_and_tags_go_with_their_image() {
        let (_folder, catalog) = catalog().await;
        let image = image(1, 1);
        let mut tx = catalog.begin().await.unwrap();
        put_image(&mut tx, &image).await;
        tx.insert_image_disks(&[disk(&image, 0)]).await.unwrap();
        let tags = model::Tags::new([("a".to_owned(), "b".to_owned())]).unwrap();
        tx.set_tags(&image.id, &tags).await.unwrap();
        tx.delete_image(&image.id).await.unwrap();
        assert!(tx.image_disks(&image.id).await.unwrap().is_empty());
        assert!(tx.tags(&image.id).await.unwrap().is_empty());
        tx.commit().await.unwrap();
    }
}
