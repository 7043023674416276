//! Snapshots: listed with where they come from, searched, shown, deleted.

use catalog::{
    AuditEntry, Copied, CopyRow, FoundSnapshot, PromisedSnapshotRow, SnapshotFilter, SnapshotRow,
    Tx,
};
use model::rules::{Sealed, SnapshotDeletionFacts, SnapshotFacts, judge_snapshot_deletion};
use model::{
    Act, CopyId, DiskKind, EncryptionKeyId, ImageId, NamePattern, QuotaKind, RegionId, Rejection,
    SnapshotId, SnapshotStanding, Tags, Timestamp, Usage, wanted_tags,
};
use store::CHUNK_BYTES;

use crate::audit::facts;
use crate::commands::{Caller, Cursor, Found, Listed, PageOf, SnapshotQuery, SnapshotSelection};
use crate::images::{next_cursor, page};
use crate::refused::{Refused, RegionFault};
use crate::region::Region;
use crate::views::SnapshotView;

/// Which snapshots to search, newest first. What is empty or none wants all.
#[derive(Clone, Debug, Default)]
pub struct SnapshotSearch {
    /// Only these.
    pub ids: Vec<SnapshotId>,
    /// With such a name.
    pub name: Option<NamePattern>,
    /// Standing so.
    pub standings: Vec<SnapshotStanding>,
    /// Made for such a disk.
    pub role: Option<DiskKind>,
    /// Whether images rest on them.
    pub usage: Option<Usage>,
    /// With all these tags; without a value, with any.
    pub tags: Vec<(String, Option<String>)>,
    /// Whether a key seals them.
    pub sealed: Option<Sealed>,
    /// Sealed by this key.
    pub key: Option<EncryptionKeyId>,
    /// By what made them.
    pub selection: SnapshotSelection,
    /// Under the disks of this image.
    pub image: Option<ImageId>,
    /// Made then or later.
    pub created_from: Option<Timestamp>,
    /// Made then or earlier.
    pub created_until: Option<Timestamp>,
    /// Behind this row. How many there are is told of those before it too.
    pub after: Option<Cursor>,
    /// Which part.
    pub page: PageOf,
}

fn copied(selection: SnapshotSelection) -> Option<Copied> {
    match selection {
        SnapshotSelection::All => None,
        SnapshotSelection::Copied => Some(Copied::Only),
        SnapshotSelection::Imported => Some(Copied::Not),
    }
}

/// What a snapshot's view is made of besides its row.
#[derive(Default)]
struct Beside {
    images: Vec<ImageId>,
    held_by: Option<(CopyId, RegionId)>,
    tags: Tags,
}

impl Region {
    /// The caller's snapshots here, newest first, by origin where asked (R000-13); those that are promised too.
    pub async fn snapshots(
        &self,
        caller: &Caller,
        query: SnapshotQuery,
    ) -> Result<Listed<SnapshotView>, Refused> {
        caller.must(Act::Read)?;
        let copied = copied(query.selection);
        let filter = SnapshotFilter { copied, image: query.image, ..SnapshotFilter::default() };
        let mut tx = self.inner.catalog.read().await?;
        let page = page(&query.after, query.limit);
        let rows = tx.search_snapshots(&caller.account, &filter, &page, 0).await?;
        let next = next_cursor(&rows, query.limit, |row| Cursor {
            created: row.created(),
            id: row.id().to_string(),
        });
        Ok(Listed { items: self.snapshot_views(&mut tx, rows).await?, next })
    }

    /// The caller's snapshots here that fit, newest first, and how many there are; those that are promised too.
    pub async fn search_snapshots(
        &self,
        caller: &Caller,
        search: SnapshotSearch,
    ) -> Result<Found<SnapshotView>, Refused> {
        caller.must(Act::Read)?;
        let filter = SnapshotFilter {
            ids: search.ids,
            name: search.name.map(|name| name.normalised()),
            standings: search.standings,
            role: search.role,
            usage: search.usage,
            tags: wanted_tags(&search.tags)?,
            sealed: search.sealed,
            key: search.key,
            copied: copied(search.selection),
            image: search.image,
            created_from: search.created_from,
            created_until: search.created_until,
        };
        let page = page(&search.after, search.page.limit);
        let mut tx = self.inner.catalog.read().await?;
        let total = tx.count_snapshots(&caller.account, &filter).await?;
        let offset = search.page.offset;
        let rows = tx.search_snapshots(&caller.account, &filter, &page, offset).await?;
        Ok(Found { items: self.snapshot_views(&mut tx, rows).await?, total })
    }

    /// One snapshot.
    pub async fn snapshot(
        &self,
        caller: &Caller,
        snapshot: &SnapshotId,
    ) -> Result<SnapshotView, Refused> {
        caller.must(Act::Read)?;
        let mut tx = self.inner.catalog.read().await?;
        let found = self.own_snapshot(&mut tx, caller, snapshot).await?;
        let view = self.snapshot_views(&mut tx, vec![found]).await?.pop();
        Ok(view.ok_or_else(|| self.no_snapshot(snapshot))?)
    }

    /// Deletes a snapshot that nothing rests on; its unshared chunks go with the next sweep. One that is being copied here is
    /// cancelled, and one whose copy failed is forgotten.
    pub async fn delete_snapshot(
        &self,
        caller: &Caller,
        snapshot: &SnapshotId,
    ) -> Result<(), Refused> {
        caller.must(Act::Change)?;
        let mut tx = self.inner.catalog.begin().await?;
        let row = match self.own_snapshot(&mut tx, caller, snapshot).await? {
            FoundSnapshot::Whole(row) => row,
            FoundSnapshot::Promised(promised) => {
                return self.delete_promised(tx, caller, promised).await;
            }
        };
        self.must_be_unused(&mut tx, snapshot).await?;
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

    /// Refuses a snapshot that an image rests on, or that a copy reads.
    async fn must_be_unused(&self, tx: &mut Tx, snapshot: &SnapshotId) -> Result<(), Refused> {
        let of = std::slice::from_ref(snapshot);
        let images = tx.images_on(of).await?.remove(snapshot);
        let facts = SnapshotDeletionFacts {
            snapshot: snapshot.clone(),
            image: images.into_iter().flatten().next(),
            held_by: tx.copies_of_snapshots(of).await?.remove(snapshot),
        };
        judge_snapshot_deletion(&facts)?;
        match tx.user_of_snapshot(snapshot, None).await? {
            None => Ok(()),
            Some(_) => {
                let what = "a carrier is left that no copy holds";
                Err(RegionFault::Contradiction { what }.into())
            }
        }
    }

    /// A snapshot of the caller's, whole or promised.
    pub(crate) async fn own_snapshot(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        snapshot: &SnapshotId,
    ) -> Result<FoundSnapshot, Refused> {
        if let Some(row) = tx.snapshot(&caller.account, snapshot).await? {
            return Ok(FoundSnapshot::Whole(row));
        }
        let promised = tx.promised_snapshot(&caller.account, snapshot).await?;
        Ok(FoundSnapshot::Promised(promised.ok_or_else(|| self.no_snapshot(snapshot))?))
    }

    /// What the rules need to know of a snapshot of the caller's, but for its damage.
    pub(crate) async fn snapshot_facts(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        snapshot: &SnapshotId,
    ) -> Result<SnapshotFacts, Refused> {
        let found = self.own_snapshot(tx, caller, snapshot).await?;
        let (size, key) = match &found {
            FoundSnapshot::Whole(row) => (row.size, row.encryption_key.clone()),
            FoundSnapshot::Promised(row) => (row.size, row.encryption_key.clone()),
        };
        let (snapshot, standing) = (snapshot.clone(), standing_of(&found));
        Ok(SnapshotFacts { snapshot, standing, size, key, damaged_chunks: 0 })
    }

    async fn snapshot_views(
        &self,
        tx: &mut Tx,
        rows: Vec<FoundSnapshot>,
    ) -> Result<Vec<SnapshotView>, RegionFault> {
        let ids: Vec<SnapshotId> = rows.iter().map(|row| row.id().clone()).collect();
        let mut images = tx.images_on(&ids).await?;
        let mut held = tx.copies_of_snapshots(&ids).await?;
        let mut tags = tx.snapshot_tags_of(&ids).await?;
        let mut views = Vec::with_capacity(rows.len());
        for row in rows {
            let beside = Beside {
                images: images.remove(row.id()).unwrap_or_default(),
                held_by: held.remove(row.id()),
                tags: tags.remove(row.id()).unwrap_or_default(),
            };
            views.push(match row {
                FoundSnapshot::Whole(row) => self.whole_view(row, beside),
                FoundSnapshot::Promised(row) => {
                    let copy = tx.copy(&row.account, &row.origin.copy).await?;
                    self.promised_view(row, copy, beside)
                }
            });
        }
        Ok(views)
    }

    fn whole_view(&self, row: SnapshotRow, beside: Beside) -> SnapshotView {
        SnapshotView {
            region: self.id().clone(),
            id: row.id,
            name: row.name.to_string(),
            description: row.description,
            tags: beside.tags,
            standing: SnapshotStanding::Whole,
            percent: 100,
            images: beside.images,
            held_by: beside.held_by,
            role: row.role,
            size: row.size,
            digest: Some(row.digest),
            held_bytes: row.places * CHUNK_BYTES as u64,
            encryption_key: row.encryption_key,
            origin: row.origin,
            failure: None,
            created: row.created,
        }
    }

    fn promised_view(
        &self,
        row: PromisedSnapshotRow,
        copy: Option<CopyRow>,
        beside: Beside,
    ) -> SnapshotView {
        let (standing, percent) = match &row.failure {
            None => {
                (SnapshotStanding::Copying, copy.map_or(0, |copy| copy.progress.percent().min(99)))
            }
            Some(_) => (SnapshotStanding::Failed, 0),
        };
        SnapshotView {
            region: self.id().clone(),
            id: row.id,
            name: row.name.to_string(),
            description: row.description,
            tags: beside.tags,
            standing,
            percent,
            images: beside.images,
            held_by: beside.held_by,
            role: row.role,
            size: row.size,
            digest: None,
            held_bytes: 0,
            encryption_key: row.encryption_key,
            origin: Some(row.origin),
            failure: row.failure,
            created: row.created,
        }
    }

    pub(crate) fn no_snapshot(&self, snapshot: &SnapshotId) -> Rejection {
        Rejection::SnapshotNotFound { snapshot: snapshot.clone(), region: self.id().clone() }
    }
}

fn standing_of(found: &FoundSnapshot) -> SnapshotStanding {
    match found {
        FoundSnapshot::Whole(_) => SnapshotStanding::Whole,
        FoundSnapshot::Promised(row) => match row.failure {
            None => SnapshotStanding::Copying,
            Some(_) => SnapshotStanding::Failed,
        },
    }
}
