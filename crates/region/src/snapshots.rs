//! Snapshots: listed with where they come from, shown, deleted.

use catalog::{AuditEntry, Copied, SnapshotFilter, SnapshotRow};
use model::{Act, QuotaKind, Rejection, SnapshotId};
use store::CHUNK_BYTES;

use crate::audit::facts;
use crate::commands::{Caller, Cursor, Listed, SnapshotQuery, SnapshotSelection};
use crate::images::{next_cursor, page};
use crate::refused::Refused;
use crate::region::Region;
use crate::views::SnapshotView;

impl Region {
    /// The caller's snapshots here, newest first, by origin where asked (R000-13).
    pub async fn snapshots(
        &self,
        caller: &Caller,
        query: SnapshotQuery,
    ) -> Result<Listed<SnapshotView>, Refused> {
        caller.must(Act::Read)?;
        let copied = match query.selection {
            SnapshotSelection::All => None,
            SnapshotSelection::Copied => Some(Copied::Only),
            SnapshotSelection::Imported => Some(Copied::Not),
        };
        let filter = SnapshotFilter { copied, image: query.image };
        let mut tx = self.inner.catalog.read().await?;
        let rows =
            tx.list_snapshots(&caller.account, &filter, &page(&query.after, query.limit)).await?;
        let next = next_cursor(&rows, query.limit, |row| Cursor {
            created: row.created,
            id: row.id.to_string(),
        });
        Ok(Listed { items: rows.into_iter().map(|row| self.snapshot_view(row)).collect(), next })
    }

    /// One snapshot.
    pub async fn snapshot(
        &self,
        caller: &Caller,
        snapshot: &SnapshotId,
    ) -> Result<SnapshotView, Refused> {
        caller.must(Act::Read)?;
        let row = self.inner.catalog.read().await?.snapshot(&caller.account, snapshot).await?;
        Ok(self.snapshot_view(row.ok_or_else(|| self.no_snapshot(snapshot))?))
    }

    /// Deletes a snapshot that no image uses; its unshared chunks go with the next sweep.
    pub async fn delete_snapshot(
        &self,
        caller: &Caller,
        snapshot: &SnapshotId,
    ) -> Result<(), Refused> {
        caller.must(Act::Change)?;
        let mut tx = self.inner.catalog.begin().await?;
        let row = tx
            .snapshot(&caller.account, snapshot)
            .await?
            .ok_or_else(|| self.no_snapshot(snapshot))?;
        if let Some(image) = row.image {
            return Err(Rejection::SnapshotInUse { snapshot: snapshot.clone(), image }.into());
        }
        tx.delete_snapshot(snapshot, self.inner.clock.now()).await?;
        tx.give_back_used(&caller.account, QuotaKind::Snapshot, 1).await?;
        let before = facts(&[
            ("size_bytes", row.size.bytes().to_string()),
            ("digest", row.digest.to_string()),
        ]);
        let entry = self.audit_entry(caller, "snapshot.delete", snapshot.as_str());
        tx.record_audit(&AuditEntry { before, ..entry }).await?;
        caller.commit(tx).await?;
        Ok(())
    }

    fn snapshot_view(&self, row: SnapshotRow) -> SnapshotView {
        SnapshotView {
            region: self.id().clone(),
            id: row.id,
            image: row.image,
            role: row.role,
            size: row.size,
            digest: row.digest,
            held_bytes: row.places * CHUNK_BYTES as u64,
            encryption_key: row.encryption_key,
            origin: row.origin,
            created: row.created,
        }
    }

    pub(crate) fn no_snapshot(&self, snapshot: &SnapshotId) -> Rejection {
        Rejection::SnapshotNotFound { snapshot: snapshot.clone(), region: self.id().clone() }
    }
}
