//! Searching snapshots, those that are promised among them: by index, newest first, a page at a time, with how many fit.

use std::collections::HashMap;

use crate::statement::query;
use model::rules::Sealed;
use model::{
    AccountId, DiskKind, EncryptionKeyId, ImageId, NamePattern, SnapshotId, SnapshotStanding,
    Timestamp, Usage,
};

use crate::fault::CatalogFault;
use crate::page::Page;
use crate::promised_snapshot::{PromisedSnapshotRow, promised_from};
use crate::snapshot::{SnapshotRow, snapshot_from};
use crate::stored::Stored;
use crate::tags::json_array;
use crate::tx::{Query, Tx};

/// Whether snapshots that another region made are wanted.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Copied {
    /// Only those that were copied here.
    Only,
    /// Only those that were made here.
    Not,
}

/// Which snapshots are wanted. What is empty or none wants all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotFilter {
    /// With one of these ids.
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
    /// By where they were made.
    pub copied: Option<Copied>,
    /// Under the disks of this image.
    pub image: Option<ImageId>,
    /// Made then or later.
    pub created_from: Option<Timestamp>,
    /// Made then or earlier.
    pub created_until: Option<Timestamp>,
}

/// A snapshot that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundSnapshot {
    /// It is here.
    Whole(SnapshotRow),
    /// It is promised, or its copy failed.
    Promised(PromisedSnapshotRow),
}

impl FoundSnapshot {
    /// Its id.
    pub fn id(&self) -> &SnapshotId {
        match self {
            FoundSnapshot::Whole(row) => &row.id,
            FoundSnapshot::Promised(row) => &row.id,
        }
    }

    /// When it came to rest, or was promised.
    pub fn created(&self) -> Timestamp {
        match self {
            FoundSnapshot::Whole(row) => row.created,
            FoundSnapshot::Promised(row) => row.created,
        }
    }
}

/// Both tables, each read in order by its index. The parameters are numbered in [`bound`].
macro_rules! fitting {
    () => {
        "SELECT id, created FROM snapshot WHERE account = ?1 AND (created, id) < (?2, ?3) \
        AND created >= ?14 AND created <= ?15 \
        AND (?4 = '[]' OR id IN (SELECT value FROM json_each(?4))) AND (?5 IS NULL OR name GLOB ?5) \
        AND (?6 = '' OR instr(?6, '/whole/') > 0) AND (?7 IS NULL OR (role > 0) = ?7) \
        AND (?8 IS NULL OR ?8 = EXISTS (SELECT 1 FROM image_disk AS disk JOIN image ON image.id = disk.image \
        WHERE disk.snapshot = snapshot.id AND disk.snapshot IS NOT NULL AND image.purpose = 'image')) \
        AND NOT EXISTS (SELECT 1 FROM json_each(?9) AS wanted WHERE NOT EXISTS (SELECT 1 FROM snapshot_tag AS tag \
        WHERE tag.snapshot = snapshot.id AND tag.key = wanted.value ->> 0 \
        AND (wanted.value ->> 1 IS NULL OR tag.value = wanted.value ->> 1))) \
        AND (?10 IS NULL OR (encryption_key IS NOT NULL) = ?10) AND (?11 IS NULL OR encryption_key = ?11) \
        AND (?12 IS NULL OR (origin_copy IS NOT NULL) = ?12) AND (?13 IS NULL OR EXISTS (SELECT 1 FROM image_disk AS disk \
        WHERE disk.image = ?13 AND disk.snapshot = snapshot.id)) \
        UNION ALL SELECT id, created FROM promised_snapshot WHERE account = ?1 AND (created, id) < (?2, ?3) \
        AND created >= ?14 AND created <= ?15 \
        AND (?4 = '[]' OR id IN (SELECT value FROM json_each(?4))) AND (?5 IS NULL OR name GLOB ?5) \
        AND (?6 = '' OR instr(?6, iif(cause IS NULL, '/copying/', '/failed/')) > 0) \
        AND (?7 IS NULL OR (role > 0) = ?7) AND (?8 IS NULL OR ?8 = 0) \
        AND NOT EXISTS (SELECT 1 FROM json_each(?9) AS wanted WHERE NOT EXISTS (SELECT 1 \
        FROM json_each(promised_snapshot.tags) AS tag WHERE tag.key = wanted.value ->> 0 \
        AND (wanted.value ->> 1 IS NULL OR tag.value = wanted.value ->> 1))) \
        AND (?10 IS NULL OR (encryption_key IS NOT NULL) = ?10) AND (?11 IS NULL OR encryption_key = ?11) \
        AND (?12 IS NULL OR ?12 = 1) AND ?13 IS NULL"
    };
}

pub(crate) const SEARCH: &str =
    concat!(fitting!(), " ORDER BY created DESC, id DESC LIMIT ?16 OFFSET ?17");
pub(crate) const COUNT: &str = concat!("SELECT count(*) FROM (", fitting!(), ")");
const WHOLE: &str = "SELECT * FROM snapshot WHERE id IN (SELECT value FROM json_each(?))";
const PROMISED: &str =
    "SELECT * FROM promised_snapshot WHERE id IN (SELECT value FROM json_each(?))";

impl Tx {
    /// An account's snapshots that fit, the newest first: those of the page, after leaving out the first `offset`.
    pub async fn search_snapshots(
        &mut self,
        account: &AccountId,
        filter: &SnapshotFilter,
        page: &Page,
        offset: u64,
    ) -> Result<Vec<FoundSnapshot>, CatalogFault> {
        let search = bound(SEARCH, account, filter, page).bind(page.limit);
        let search = search.bind(i64::try_from(offset).unwrap_or(i64::MAX));
        let rows = self.all("search snapshots", search).await?;
        let id = |row| Stored { table: "snapshot", row }.word("id");
        let ids = rows.iter().map(id).collect::<Result<Vec<SnapshotId>, _>>()?;
        let asked = json_array(ids.iter().map(SnapshotId::as_str));
        let mut found = HashMap::new();
        for row in self.all("find snapshots", query(WHOLE).bind(asked.clone())).await? {
            let row = snapshot_from(&row)?;
            found.insert(row.id.clone(), FoundSnapshot::Whole(row));
        }
        for row in self.all("find promised snapshots", query(PROMISED).bind(asked)).await? {
            let row = promised_from(&row)?;
            found.insert(row.id.clone(), FoundSnapshot::Promised(row));
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// How many of an account's snapshots fit.
    pub async fn count_snapshots(
        &mut self,
        account: &AccountId,
        filter: &SnapshotFilter,
    ) -> Result<u64, CatalogFault> {
        self.count("count snapshots", bound(COUNT, account, filter, &Page::first(0))).await
    }
}

fn bound<'q>(
    sql: &'static str,
    account: &'q AccountId,
    filter: &'q SnapshotFilter,
    page: &'q Page,
) -> Query<'q> {
    let (created, id) = page.below();
    let standings: String = filter.standings.iter().map(|word| format!("/{word}/")).collect();
    let tags = serde_json::to_string(&filter.tags).expect("texts are JSON");
    query(sql)
        .bind(account.as_str())
        .bind(created)
        .bind(id)
        .bind(json_array(filter.ids.iter().map(SnapshotId::as_str)))
        .bind(filter.name.as_ref().map(NamePattern::glob))
        .bind(standings)
        .bind(filter.role.map(|kind| kind == DiskKind::Data))
        .bind(filter.usage.map(|usage| usage == Usage::Used))
        .bind(tags)
        .bind(filter.sealed.map(|sealed| sealed == Sealed::Yes))
        .bind(filter.key.as_ref().map(EncryptionKeyId::as_str))
        .bind(filter.copied.map(|copied| copied == Copied::Only))
        .bind(filter.image.as_ref().map(ImageId::as_str))
        .bind(filter.created_from.map_or(i64::MIN, |from| from.0))
        .bind(filter.created_until.map_or(i64::MAX, |until| until.0))
}

#[cfg(test)]
#[path = "snapshot_search_tests.rs"]
mod tests;
