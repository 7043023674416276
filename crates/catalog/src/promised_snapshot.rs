//! Snapshots that are promised: those that copies of snapshots alone are still to make, and those whose copy failed.

use std::collections::BTreeMap;

use crate::statement::Row;
use crate::statement::query;
use model::{
    AccountId, Cause, Description, DiskRole, EncryptionKeyId, Origin, SizeBytes, SnapshotId,
    SnapshotName, Tags, Timestamp,
};

use crate::fault::CatalogFault;
use crate::image::cause_number;
use crate::outcome::{Deleted, Updated};
use crate::stored::{Stored, signed};
use crate::tx::Tx;

/// A promised snapshot. Its row gives way to a [`crate::SnapshotRow`] of the same id when its copy is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromisedSnapshotRow {
    /// The id that it has from the first answer on.
    pub id: SnapshotId,
    /// Who owns it.
    pub account: AccountId,
    /// What it is called.
    pub name: SnapshotName,
    /// What it is, in its owner's words.
    pub description: Description,
    /// Its tags.
    pub tags: Tags,
    /// Which of an image's disks its source was made for.
    pub role: DiskRole,
    /// The virtual size.
    pub size: SizeBytes,
    /// What it is copied from, and by which copy; always with the snapshot.
    pub origin: Origin,
    /// The key that seals it; none where it stays plain.
    pub encryption_key: Option<EncryptionKeyId>,
    /// Why its copy failed; none while that runs.
    pub failure: Option<Cause>,
    /// When it was promised.
    pub created: Timestamp,
}

impl Tx {
    /// Records the promise of a snapshot.
    pub async fn insert_promised_snapshot(
        &mut self,
        row: &PromisedSnapshotRow,
    ) -> Result<(), CatalogFault> {
        let sql = "INSERT INTO promised_snapshot (id, account, name, description, tags, role, size_bytes, origin_region, \
            origin_image, origin_snapshot, origin_copy, encryption_key, cause, cause_number, created) \
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let source = row.origin.snapshot.as_ref();
        let insert = query(sql)
            .bind(row.id.as_str())
            .bind(row.account.as_str())
            .bind(row.name.as_str())
            .bind(row.description.as_str())
            .bind(tags_json(&row.tags))
            .bind(row.role.number())
            .bind(signed("size_bytes", row.size.bytes())?)
            .bind(row.origin.region.as_str())
            .bind(row.origin.image.as_str())
            .bind(source.map(SnapshotId::as_str))
            .bind(row.origin.copy.as_str())
            .bind(row.encryption_key.as_ref().map(EncryptionKeyId::as_str))
            .bind(row.failure.as_ref().map(Cause::word))
            .bind(cause_number(row.failure.as_ref())?)
            .bind(row.created.0);
        self.run("promise a snapshot", insert).await.map(|_| ())
    }

    /// A promised snapshot of an account. Another account's is as absent as one that never was (I12).
    pub async fn promised_snapshot(
        &mut self,
        account: &AccountId,
        id: &SnapshotId,
    ) -> Result<Option<PromisedSnapshotRow>, CatalogFault> {
        let find = query("SELECT * FROM promised_snapshot WHERE id = ? AND account = ?");
        let find = find.bind(id.as_str()).bind(account.as_str());
        self.one("find a promised snapshot", find).await?.as_ref().map(promised_from).transpose()
    }

    /// Notes why a promise will not be kept. [`Updated::No`] where it is gone.
    pub async fn fail_promised_snapshot(
        &mut self,
        id: &SnapshotId,
        cause: &Cause,
    ) -> Result<Updated, CatalogFault> {
        let fail = query("UPDATE promised_snapshot SET cause = ?, cause_number = ? WHERE id = ?")
            .bind(cause.word())
            .bind(cause_number(Some(cause))?)
            .bind(id.as_str());
        self.run("fail a promised snapshot", fail).await.map(Updated::from_rows)
    }

    /// Takes a promise away: it was kept, cancelled, or deleted after it failed.
    pub async fn delete_promised_snapshot(
        &mut self,
        id: &SnapshotId,
    ) -> Result<Deleted, CatalogFault> {
        let delete = query("DELETE FROM promised_snapshot WHERE id = ?").bind(id.as_str());
        self.run("take a promised snapshot away", delete).await.map(Deleted::from_rows)
    }
}

/// Tags as one JSON object.
pub(crate) fn tags_json(tags: &Tags) -> String {
    let pairs: BTreeMap<&str, &str> = tags.iter().collect();
    serde_json::to_string(&pairs).expect("texts are JSON")
}

pub(crate) fn promised_from(row: &Row) -> Result<PromisedSnapshotRow, CatalogFault> {
    let stored = Stored { table: "promised_snapshot", row };
    let source = stored.word("origin_snapshot")?;
    let origin = stored.origin()?.ok_or_else(|| stored.corrupt("origin_copy", ""))?;
    let tags = |text: &str| {
        let pairs: Option<BTreeMap<String, String>> = serde_json::from_str(text).ok();
        pairs.and_then(|pairs| Tags::new(pairs).ok()).ok_or(())
    };
    Ok(PromisedSnapshotRow {
        id: stored.word("id")?,
        account: stored.word("account")?,
        name: stored.checked("name", SnapshotName::new)?,
        description: stored.checked("description", Description::new)?,
        tags: stored.checked("tags", tags)?,
        role: stored.role("role")?,
        size: stored.size("size_bytes")?,
        origin: Origin { snapshot: Some(source), ..origin },
        encryption_key: stored.optional_word("encryption_key")?,
        failure: stored.cause()?,
        created: stored.time("created")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{account, catalog, promised};

    #[tokio::test]
    async fn a_promise_reads_back_as_written_fails_and_goes() {
        let (_folder, catalog) = catalog().await;
        let plain = promised(1, 1);
        let sealed = PromisedSnapshotRow {
            name: SnapshotName::new("").unwrap(),
            tags: Tags::new([("'k\"".to_owned(), "值".to_owned())]).unwrap(),
            role: DiskRole::at(16).unwrap(),
            encryption_key: Some(EncryptionKeyId::from_random(|| 3)),
            ..promised(2, 1)
        };
        let mut tx = catalog.begin().await.unwrap();
        for row in [&plain, &sealed] {
            tx.insert_promised_snapshot(row).await.unwrap();
            let found = tx.promised_snapshot(&account(1), &row.id).await.unwrap();
            assert_eq!(found.as_ref(), Some(row));
            assert_eq!(tx.promised_snapshot(&account(2), &row.id).await.unwrap(), None, "i12");
        }
        let cause = Cause::SourceDamaged { chunks: 7 };
        assert_eq!(tx.fail_promised_snapshot(&plain.id, &cause).await.unwrap(), Updated::Yes);
        let failed = tx.promised_snapshot(&account(1), &plain.id).await.unwrap().unwrap();
        assert_eq!(failed, PromisedSnapshotRow { failure: Some(cause.clone()), ..plain.clone() });
        assert_eq!(tx.delete_promised_snapshot(&plain.id).await.unwrap(), Deleted::Yes);
        assert_eq!(tx.delete_promised_snapshot(&plain.id).await.unwrap(), Deleted::No);
        assert_eq!(tx.fail_promised_snapshot(&plain.id, &cause).await.unwrap(), Updated::No);
        let twice = PromisedSnapshotRow { id: plain.id, ..sealed };
        tx.insert_promised_snapshot(&twice).await.expect_err("a copy makes one snapshot");
    }
}
