//! Snapshots: one disk's contents at rest in this region. What they name is what the sweep must keep.

use model::{
    AccountId, Digest, DiskRole, DomainName, EncryptionKeyId, ImageId, Origin, SizeBytes,
    SnapshotId, Timestamp,
};
use sqlx::query;
use sqlx::sqlite::SqliteRow;

use crate::fault::CatalogFault;
use crate::outcome::Deleted;
use crate::page::Page;
use crate::stored::{Stored, signed};
use crate::tx::Tx;

/// A snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotRow {
    /// Its id in this region.
    pub id: SnapshotId,
    /// Who owns it.
    pub account: AccountId,
    /// The image here that uses it.
    pub image: Option<ImageId>,
    /// Which of the image's disks it was made for.
    pub role: DiskRole,
    /// The virtual size.
    pub size: SizeBytes,
    /// The name of its contents.
    pub digest: Digest,
    /// Chunks that are not zero.
    pub places: u64,
    /// What it was copied from.
    pub origin: Option<Origin>,
    /// The key that seals it; none where it is plain.
    pub encryption_key: Option<EncryptionKeyId>,
    /// When it came to rest here.
    pub created: Timestamp,
}

/// Whether snapshots that another region made are wanted.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Copied {
    /// Only those that were copied here.
    Only,
    /// Only those that were made here.
    Not,
}

/// Which snapshots are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotFilter {
    /// By where they were made; none wants all.
    pub copied: Option<Copied>,
    /// Only those this image uses.
    pub image: Option<ImageId>,
}

pub(crate) const LIST: &str = "SELECT * FROM snapshot \
    WHERE account = ? AND (created, id) < (?, ?) ORDER BY created DESC, id DESC LIMIT ?";
pub(crate) const LIST_COPIED: &str = "SELECT * FROM snapshot \
    WHERE account = ? AND (created, id) < (?, ?) AND origin_copy IS NOT NULL \
    ORDER BY created DESC, id DESC LIMIT ?";
pub(crate) const LIST_OWN: &str = "SELECT * FROM snapshot \
    WHERE account = ? AND (created, id) < (?, ?) AND origin_copy IS NULL \
    ORDER BY created DESC, id DESC LIMIT ?";
pub(crate) const OF_IMAGE: &str = "SELECT * FROM snapshot WHERE image = ? ORDER BY role";
pub(crate) const ALL_ROOTS: &str =
    "SELECT account, encryption_key, digest, id FROM snapshot WHERE id > ? ORDER BY id LIMIT ?";

impl Tx {
    /// Records a new snapshot; its storage is metered from its `created` on (R001-5).
    pub async fn insert_snapshot(&mut self, snapshot: &SnapshotRow) -> Result<(), CatalogFault> {
        let sql = "INSERT INTO snapshot (id, account, image, role, size_bytes, digest, places, origin_region, \
            origin_image, origin_snapshot, origin_copy, created, encryption_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let origin = snapshot.origin.as_ref();
        let source = origin.and_then(|origin| origin.snapshot.as_ref());
        let insert = query(sql)
            .bind(snapshot.id.as_str())
            .bind(snapshot.account.as_str())
            .bind(snapshot.image.as_ref().map(ImageId::as_str))
            .bind(snapshot.role.number())
            .bind(signed("size_bytes", snapshot.size.bytes())?)
            .bind(snapshot.digest.0.to_vec())
            .bind(signed("places", snapshot.places)?)
            .bind(origin.map(|origin| origin.region.as_str()))
            .bind(origin.map(|origin| origin.image.as_str()))
            .bind(source.map(SnapshotId::as_str))
            .bind(origin.map(|origin| origin.copy.as_str()))
            .bind(snapshot.created.0)
            .bind(snapshot.encryption_key.as_ref().map(EncryptionKeyId::as_str));
        self.run("record a snapshot", insert).await?;
        self.begin_storage_span(snapshot).await
    }

    /// A snapshot of an account. Another account's is as absent as one that never was (I12).
    pub async fn snapshot(
        &mut self,
        account: &AccountId,
        id: &SnapshotId,
    ) -> Result<Option<SnapshotRow>, CatalogFault> {
        let find = query("SELECT * FROM snapshot WHERE id = ? AND account = ?");
        let find = find.bind(id.as_str()).bind(account.as_str());
        self.one("find a snapshot", find).await?.as_ref().map(snapshot_from).transpose()
    }

    /// An account's snapshots, the newest first.
    pub async fn list_snapshots(
        &mut self,
        account: &AccountId,
        filter: &SnapshotFilter,
        page: &Page,
    ) -> Result<Vec<SnapshotRow>, CatalogFault> {
        if let Some(image) = &filter.image {
            let mut snapshots = self.snapshots_of_image(image).await?;
            snapshots.retain(|snapshot| {
                let copied = match filter.copied {
                    None => true,
                    Some(Copied::Only) => snapshot.origin.is_some(),
                    Some(Copied::Not) => snapshot.origin.is_none(),
                };
                copied && snapshot.account == *account
            });
            return Ok(page.cut(snapshots, |snapshot| (snapshot.created, snapshot.id.as_str())));
        }
        let sql = match filter.copied {
            None => LIST,
            Some(Copied::Only) => LIST_COPIED,
            Some(Copied::Not) => LIST_OWN,
        };
        let (created, id) = page.below();
        let list = query(sql).bind(account.as_str()).bind(created).bind(id).bind(page.limit);
        let rows = self.all("list snapshots", list).await?;
        rows.iter().map(snapshot_from).collect()
    }

    /// The snapshots that an image uses, the system disk's first.
    pub async fn snapshots_of_image(
        &mut self,
        image: &ImageId,
    ) -> Result<Vec<SnapshotRow>, CatalogFault> {
        let list = query(OF_IMAGE).bind(image.as_str());
        let rows = self.all("find the snapshots of an image", list).await?;
        rows.iter().map(snapshot_from).collect()
    }

    /// Keeps an image's snapshots when the image goes: no image uses them any more. How many there were.
    pub async fn release_snapshots(&mut self, image: &ImageId) -> Result<u64, CatalogFault> {
        let release = query("UPDATE snapshot SET image = NULL WHERE image = ?");
        self.run("release the snapshots of an image", release.bind(image.as_str())).await
    }

    /// Removes a snapshot, and ends the metering of its storage at `at`. The commit fails while a disk of an image rests
    /// on it.
    pub async fn delete_snapshot(
        &mut self,
        id: &SnapshotId,
        at: Timestamp,
    ) -> Result<Deleted, CatalogFault> {
        self.end_storage_span(id, at).await?;
        let delete = query("DELETE FROM snapshot WHERE id = ?").bind(id.as_str());
        self.run("delete a snapshot", delete).await.map(Deleted::from_rows)
    }

    /// What every snapshot of the region names, by id, behind `after`: for the sweep. All pages must be read in one
    /// transaction, or a snapshot recorded meanwhile may be missed.
    pub async fn all_roots(
        &mut self,
        after: Option<&SnapshotId>,
        limit: u32,
    ) -> Result<Vec<(DomainName, Digest, SnapshotId)>, CatalogFault> {
        let list = query(ALL_ROOTS).bind(after.map_or("", SnapshotId::as_str)).bind(limit);
        let rows = self.all("list the contents of snapshots", list).await?;
        let read = |row| {
            let stored = Stored { table: "snapshot", row };
            Ok((domain_from(&stored)?, stored.digest("digest")?, stored.word("id")?))
        };
        rows.iter().map(read).collect()
    }
}

/// The columns `account` and `encryption_key`.
pub(crate) fn domain_from(stored: &Stored<'_>) -> Result<DomainName, CatalogFault> {
    let (account, key) = (stored.word("account")?, stored.optional_word("encryption_key")?);
    Ok(DomainName { account, key })
}

pub(crate) fn snapshot_from(row: &SqliteRow) -> Result<SnapshotRow, CatalogFault> {
    let stored = Stored { table: "snapshot", row };
    let source = stored.optional_word("origin_snapshot")?;
    Ok(SnapshotRow {
        id: stored.word("id")?,
        account: stored.word("account")?,
        image: stored.optional_word("image")?,
        role: stored.role("role")?,
        size: stored.size("size_bytes")?,
        digest: stored.digest("digest")?,
        places: stored.number("places")?,
        origin: stored.origin()?.map(|origin| Origin { snapshot: source, ..origin }),
        encryption_key: stored.optional_word("encryption_key")?,
        created: stored.time("created")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, account, catalog, digest, image, origin, put_image};

    #[tokio::test]
    async fn a_snapshot_reads_back_as_written() {
        let (_folder, catalog) = catalog().await;
        let source = SnapshotId::from_random(|| 9);
        let copied = SnapshotRow {
            origin: Some(Origin { snapshot: Some(source), ..origin(3) }),
            role: DiskRole::at(16).unwrap(),
            ..sample::snapshot(1, 1)
        };
        let mut tx = catalog.begin().await.unwrap();
        for row in [copied, sample::snapshot(2, 1)] {
            tx.insert_snapshot(&row).await.unwrap();
            assert_eq!(tx.snapshot(&account(1), &row.id).await.unwrap(), Some(row.clone()));
            assert_eq!(tx.snapshot(&account(2), &row.id).await.unwrap(), None, "i12");
        }
    }

    #[tokio::test]
    async fn lists_keep_to_account_origin_and_image() {
        let (_folder, catalog) = catalog().await;
        let image = image(1, 1);
        let mut tx = catalog.begin().await.unwrap();
        put_image(&mut tx, &image).await;
        for n in 0..6 {
            let origin = (n % 2 == 0).then(|| origin(n));
            let used = (n < 2).then(|| image.id.clone());
            let role = DiskRole::at(n as usize).unwrap();
            let row = SnapshotRow { origin, image: used, role, ..sample::snapshot(n, 1) };
            tx.insert_snapshot(&row).await.unwrap();
            tx.insert_snapshot(&sample::snapshot(n + 10, 2)).await.unwrap();
        }
        let cases = [
            (None, false, vec![5, 4, 3, 2, 1, 0]),
            (Some(Copied::Only), false, vec![4, 2, 0]),
            (Some(Copied::Not), false, vec![5, 3, 1]),
            (None, true, vec![1, 0]),
            (Some(Copied::Only), true, vec![0]),
        ];
        for (copied, of_image, wanted) in cases {
            let filter = SnapshotFilter { copied, image: of_image.then(|| image.id.clone()) };
            let mut found = Vec::new();
            let mut page = Page::first(2);
            loop {
                let rows = tx.list_snapshots(&account(1), &filter, &page).await.unwrap();
                let Some(last) = rows.last() else { break };
                page.after = Some((last.created, last.id.to_string()));
                found.extend(rows.iter().map(|row| row.created.0 as u64 - 1_000));
            }
            assert_eq!(found, wanted, "{filter:?}");
        }
        let foreign = SnapshotFilter { copied: None, image: Some(image.id.clone()) };
        let page = Page::first(10);
        assert!(tx.list_snapshots(&account(2), &foreign, &page).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn an_image_goes_once_its_snapshots_are_released() {
        let (_folder, catalog) = catalog().await;
        let image = image(1, 1);
        let mut tx = catalog.begin().await.unwrap();
        put_image(&mut tx, &image).await;
        let row = SnapshotRow { image: Some(image.id.clone()), ..sample::snapshot(1, 1) };
        tx.insert_snapshot(&row).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = catalog.begin().await.unwrap();
        tx.delete_image(&image.id).await.unwrap();
        tx.commit().await.unwrap_err();

        let mut tx = catalog.begin().await.unwrap();
        assert_eq!(tx.release_snapshots(&image.id).await.unwrap(), 1);
        tx.delete_image(&image.id).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = catalog.begin().await.unwrap();
        let kept = tx.snapshot(&account(1), &row.id).await.unwrap().unwrap();
        assert_eq!(kept.image, None);
        assert_eq!(tx.delete_snapshot(&row.id, Timestamp(9_000)).await.unwrap(), Deleted::Yes);
        assert_eq!(tx.delete_snapshot(&row.id, Timestamp(9_000)).await.unwrap(), Deleted::No);
    }

    #[tokio::test]
    async fn i9_the_sweep_is_told_of_every_snapshot() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        for n in 0..25 {
            tx.insert_snapshot(&sample::snapshot(n, n % 3)).await.unwrap();
        }
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let roots = tx.all_roots(after.as_ref(), 4).await.unwrap();
            let Some(last) = roots.last() else { break };
            after = Some(last.2.clone());
            seen.extend(roots.into_iter().map(|(domain, digest, _)| (digest, domain.account)));
        }
        seen.sort();
        let all: Vec<_> = (0..25).map(|n| (digest(n), account(u64::from(n) % 3))).collect();
        assert_eq!(seen, all);
    }
}
