//! Snapshots: one disk's contents at rest in this region. What they name is what the sweep must keep.

use crate::statement::Row;
use crate::statement::query;
use model::{
    AccountId, Description, Digest, DiskRole, DomainName, EncryptionKeyId, ImageId, Origin,
    SizeBytes, SnapshotId, SnapshotName, Timestamp,
};

use crate::fault::CatalogFault;
use crate::outcome::Deleted;
use crate::stored::{Stored, signed};
use crate::tx::Tx;

/// A snapshot. Which images rest on it is said by their disks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotRow {
    /// Its id in this region.
    pub id: SnapshotId,
    /// Who owns it.
    pub account: AccountId,
    /// What it is called; may be empty.
    pub name: SnapshotName,
    /// What it is, in its owner's words.
    pub description: Description,
    /// Which disk of an image it was made for.
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

/// Orders by the disks, so that each snapshot's first disk comes first.
pub(crate) const OF_IMAGE: &str = "SELECT snapshot.* FROM image_disk AS disk \
    JOIN snapshot ON snapshot.id = disk.snapshot WHERE disk.image = ? ORDER BY disk.role";
pub(crate) const ALL_ROOTS: &str =
    "SELECT account, encryption_key, digest, id FROM snapshot WHERE id > ? ORDER BY id LIMIT ?";
pub(crate) const CONTENTS_HERE: &str = "SELECT id FROM snapshot \
    WHERE account = ? AND digest = ? AND (encryption_key IS NOT NULL) = ? LIMIT 1";

impl Tx {
    /// Records a new snapshot; its storage is metered from its `created` on (R001-5).
    pub async fn insert_snapshot(&mut self, snapshot: &SnapshotRow) -> Result<(), CatalogFault> {
        let sql = "INSERT INTO snapshot (id, account, name, description, role, size_bytes, digest, places, origin_region, \
            origin_image, origin_snapshot, origin_copy, created, encryption_key) \
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let origin = snapshot.origin.as_ref();
        let source = origin.and_then(|origin| origin.snapshot.as_ref());
        let insert = query(sql)
            .bind(snapshot.id.as_str())
            .bind(snapshot.account.as_str())
            .bind(snapshot.name.as_str())
            .bind(snapshot.description.as_str())
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

    /// The snapshots that an image's disks rest on, each once, in the order of the disks.
    pub async fn snapshots_of_image(
        &mut self,
        image: &ImageId,
    ) -> Result<Vec<SnapshotRow>, CatalogFault> {
        let list = query(OF_IMAGE).bind(image.as_str());
        let mut snapshots: Vec<SnapshotRow> = Vec::new();
        for row in self.all("find the snapshots of an image", list).await? {
            let row = snapshot_from(&row)?;
            // Two disks may rest on one.
            if !snapshots.iter().any(|known| known.id == row.id) {
                snapshots.push(row);
            }
        }
        Ok(snapshots)
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

    /// Whether an account has snapshots with these contents: one that is plain, and one that a key seals.
    pub async fn contents_here(
        &mut self,
        account: &AccountId,
        digest: &Digest,
    ) -> Result<(bool, bool), CatalogFault> {
        let mut here = [false; 2];
        for (is_here, sealed) in here.iter_mut().zip([0_i64, 1]) {
            let find = query(CONTENTS_HERE).bind(account.as_str()).bind(&digest.0[..]);
            let found = self.one("find a snapshot of contents", find.bind(sealed)).await?;
            *is_here = found.is_some();
        }
        let [plain, sealed] = here;
        Ok((plain, sealed))
    }
}

/// The columns `account` and `encryption_key`.
pub(crate) fn domain_from(stored: &Stored<'_>) -> Result<DomainName, CatalogFault> {
    let (account, key) = (stored.word("account")?, stored.optional_word("encryption_key")?);
    Ok(DomainName { account, key })
}

pub(crate) fn snapshot_from(row: &Row) -> Result<SnapshotRow, CatalogFault> {
    let stored = Stored { table: "snapshot", row };
    let source = stored.optional_word("origin_snapshot")?;
    Ok(SnapshotRow {
        id: stored.word("id")?,
        account: stored.word("account")?,
        name: stored.checked("name", SnapshotName::new)?,
        description: stored.checked("description", Description::new)?,
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
    use crate::sample::{self, account, catalog, digest, image, origin, put_image, put_rested};

    #[tokio::test]
    async fn a_snapshot_reads_back_as_written() {
        let (_folder, catalog) = catalog().await;
        let source = SnapshotId::from_random(|| 9);
        let copied = SnapshotRow {
            origin: Some(Origin { snapshot: Some(source), ..origin(3) }),
            role: DiskRole::at(16).unwrap(),
            name: SnapshotName::new("数据 盘").unwrap(),
            description: Description::new("nightly").unwrap(),
            ..sample::snapshot(1, 1)
        };
        let mut tx = catalog.begin().await.unwrap();
        for row in [copied, sample::snapshot(2, 1)] {
            tx.insert_snapshot(&row).await.unwrap();
            assert_eq!(tx.snapshot(&account(1), &row.id).await.unwrap(), Some(row.clone()));
            assert_eq!(tx.snapshot(&account(2), &row.id).await.unwrap(), None, "i12");
        }
    }

    /// Several images rest on one snapshot, and several disks of one image may.
    #[tokio::test]
    async fn a_snapshot_stays_while_any_image_rests_on_it() {
        let (_folder, catalog) = catalog().await;
        let (first, second) = (image(1, 1), image(2, 1));
        let rows = [sample::snapshot(1, 1), sample::snapshot(2, 1)];
        let mut tx = catalog.begin().await.unwrap();
        for row in &rows {
            tx.insert_snapshot(row).await.unwrap();
        }
        put_rested(&mut tx, &first, &[&rows[0], &rows[1], &rows[0]]).await;
        put_rested(&mut tx, &second, &[&rows[1]]).await;
        assert_eq!(tx.snapshots_of_image(&first.id).await.unwrap(), rows);
        assert_eq!(tx.snapshots_of_image(&second.id).await.unwrap(), rows[1..]);
        tx.commit().await.unwrap();
        for (gone, stays) in [(&first.id, Some(&second.id)), (&second.id, None)] {
            let mut tx = catalog.begin().await.unwrap();
            let _gone = tx.delete_snapshot(&rows[1].id, Timestamp(9_000)).await.unwrap();
            tx.commit().await.expect_err("an image rests on it");
            let mut tx = catalog.begin().await.unwrap();
            assert_eq!(tx.user_of_snapshot(&rows[1].id, Some(gone)).await.unwrap().as_ref(), stays);
            tx.delete_image(gone).await.unwrap();
            tx.commit().await.unwrap();
        }
        let mut tx = catalog.begin().await.unwrap();
        assert_eq!(tx.user_of_snapshot(&rows[1].id, None).await.unwrap(), None);
        let at = Timestamp(9_000);
        assert_eq!(tx.delete_snapshot(&rows[1].id, at).await.unwrap(), Deleted::Yes);
        assert_eq!(tx.delete_snapshot(&rows[1].id, at).await.unwrap(), Deleted::No);
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn i9_the_sweep_is_told_of_every_snapshot() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        for n in 0..25 {
            tx.insert_snapshot(&sample::snapshot(n, n % 3)).await.unwrap();
        }
        put_image(&mut tx, &image(1, 1)).await;
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
