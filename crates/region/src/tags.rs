//! Tags of images, snapshots and instances: given, taken away, looked for.

use std::collections::BTreeSet;

use catalog::{AuditEntry, TagFilter, Tx};
use model::{Act, Rejection, TagKey, TagKeys, TagValue, Tagged, TaggedKind, Tags, wanted_tags};

use crate::audit::{facts, tags_told};
use crate::commands::{Caller, Found, PageOf};
use crate::images::MAX_PAGE;
use crate::refused::Refused;
use crate::region::Region;

/// Which tags of things of one kind to search.
#[derive(Clone, Debug)]
pub struct TagSearch {
    /// Of what.
    pub kind: TaggedKind,
    /// Only of these; of all of the caller's where empty. One that is not the caller's has no tags.
    pub resources: Vec<Tagged>,
    /// Only these keys, each with this value or any, of things that have all of them; all tags where empty.
    pub tags: Vec<(String, Option<String>)>,
    /// Which part.
    pub page: PageOf,
}

/// Which pairs of keys and values to count.
#[derive(Clone, Debug, Default)]
pub struct TagCountSearch {
    /// Only on things of this kind.
    pub kind: Option<TaggedKind>,
    /// Only on these; on all of the caller's where empty. One that is not the caller's has no tags.
    pub resources: Vec<Tagged>,
    /// Only pairs of one of these keys, with its value or any; all where empty.
    pub tags: Vec<(String, Option<String>)>,
    /// Which part.
    pub page: PageOf,
}

/// One tag of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagLine {
    /// What it is on.
    pub resource: Tagged,
    /// Its key.
    pub key: TagKey,
    /// Its value.
    pub value: TagValue,
}

/// A key and a value, and how many of the caller's things have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagCount {
    /// The key.
    pub key: TagKey,
    /// The value.
    pub value: TagValue,
    /// Images that have them.
    pub images: u64,
    /// Snapshots that have them.
    pub snapshots: u64,
    /// Instances that have them.
    pub instances: u64,
}

/// The page asked for, within what one answer holds.
pub(crate) fn within(page: PageOf) -> PageOf {
    PageOf { limit: page.limit.min(MAX_PAGE), ..page }
}

impl Region {
    /// Gives tags to several of the caller's things, in place of those of the same keys: to all of them or to none (R004-9).
    pub async fn tag(
        &self,
        caller: &Caller,
        resources: &[Tagged],
        tags: &Tags,
    ) -> Result<(), Refused> {
        caller.must(Act::Change)?;
        self.change_tags(caller, (resources, "tag"), |old| old.with(tags)).await
    }

    /// Takes tags from several of the caller's things: from all of them or from none. A key that a thing does not have is none to
    /// take.
    pub async fn untag(
        &self,
        caller: &Caller,
        resources: &[Tagged],
        keys: TagKeys,
    ) -> Result<(), Refused> {
        caller.must(Act::Change)?;
        self.change_tags(caller, (resources, "untag"), |old| old.without(&keys)).await
    }

    /// Takes tags from several of the caller's things and gives them others: all that, on all of them, or nothing.
    pub async fn retag(
        &self,
        caller: &Caller,
        resources: &[Tagged],
        (gone, given): (&TagKeys, &Tags),
    ) -> Result<(), Refused> {
        caller.must(Act::Change)?;
        self.change_tags(caller, (resources, "tag"), |old| old.without(gone)?.with(given)).await
    }

    async fn change_tags(
        &self,
        caller: &Caller,
        (resources, action): (&[Tagged], &str),
        change: impl Fn(&Tags) -> Result<Tags, Rejection>,
    ) -> Result<(), Refused> {
        let mut tx = self.inner.catalog.begin().await?;
        let mut done = BTreeSet::new();
        for resource in resources.iter().filter(|resource| done.insert((*resource).clone())) {
            self.must_own(&mut tx, caller, resource).await?;
            let before = tx.tags_on(resource).await?;
            let after = change(&before)?;
            tx.set_tags_on(resource, &after).await?;
            let action = format!("{}.{action}", resource.kind());
            let entry = self.audit_entry(caller, &action, resource.id());
            let [before, after] = [before, after].map(|tags| facts(&[("tags", tags_told(&tags))]));
            tx.record_audit(&AuditEntry { before, after, ..entry }).await?;
        }
        caller.commit(tx).await
    }

    /// Refuses what is not the caller's: as absent, or by name where it is an image that the caller sees (I12, R001-8).
    async fn must_own(&self, tx: &mut Tx, caller: &Caller, of: &Tagged) -> Result<(), Refused> {
        match of {
            Tagged::Image(image) => {
                self.own_image(tx, caller, image).await?;
            }
            Tagged::Snapshot(snapshot) => {
                let is_here = tx.snapshot(&caller.account, snapshot).await?.is_some();
                let is_promised = tx.promised_snapshot(&caller.account, snapshot).await?.is_some();
                if !is_here && !is_promised {
                    return Err(self.no_snapshot(snapshot).into());
                }
            }
            Tagged::Instance(instance) => {
                let row = tx.instance(&caller.account, instance).await?;
                row.ok_or_else(|| self.no_instance(instance))?;
            }
        }
        Ok(())
    }

    /// The tags of the caller's things of one kind, by the thing's id, then by key.
    pub async fn search_tags(
        &self,
        caller: &Caller,
        search: TagSearch,
    ) -> Result<Found<TagLine>, Refused> {
        caller.must(Act::Read)?;
        let TagSearch { kind, resources, tags, page } = search;
        let filter = TagFilter { resources, tags: wanted_tags(&tags)? };
        let mut tx = self.inner.catalog.read().await?;
        let found = tx.search_tags(&caller.account, kind, &filter, within(page)).await?;
        let (rows, total) = found;
        let line =
            |row: catalog::TagRow| TagLine { resource: row.on, key: row.key, value: row.value };
        Ok(Found { items: rows.into_iter().map(line).collect(), total })
    }

    /// The pairs of keys and values on the caller's things, by key, then by value, with how many have them.
    pub async fn tag_counts(
        &self,
        caller: &Caller,
        search: TagCountSearch,
    ) -> Result<Found<TagCount>, Refused> {
        caller.must(Act::Read)?;
        let TagCountSearch { kind, resources, tags, page } = search;
        let filter = TagFilter { resources, tags: wanted_tags(&tags)? };
        let mut tx = self.inner.catalog.read().await?;
        let found = tx.count_tags(&caller.account, kind, &filter, within(page)).await?;
        let (rows, total) = found;
        let count = |row: catalog::TagCountRow| TagCount {
            key: row.key,
            value: row.value,
            images: row.images,
            snapshots: row.snapshots,
            instances: row.instances,
        };
        Ok(Found { items: rows.into_iter().map(count).collect(), total })
    }
}
