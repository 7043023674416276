//! The tags of images, snapshots and instances.

use std::collections::HashMap;
use std::hash::Hash;
use std::str::FromStr;

use crate::statement::query;
use model::{ImageId, InstanceId, SnapshotId, Tagged, TaggedKind, Tags};

use crate::fault::CatalogFault;
use crate::outcome::Updated;
use crate::promised_snapshot::tags_json;
use crate::stored::Stored;
use crate::tx::Tx;

/// The statements on one table of tags.
pub(crate) struct Statements {
    /// The table.
    table: &'static str,
    /// Takes the id of the one whose tags go.
    forget: &'static str,
    /// Takes its id, a key and a value.
    insert: &'static str,
    /// Takes ids, a JSON array.
    pub(crate) of_several: &'static str,
}

macro_rules! statements {
    ($table:literal, $owner:literal, $more:literal) => {
        Statements {
            table: $table,
            forget: concat!("DELETE FROM ", $table, " WHERE ", $owner, " = ?"),
            insert: concat!("INSERT INTO ", $table, " (", $owner, ", key, value) VALUES (?, ?, ?)"),
            of_several: concat!(
                "SELECT ",
                $owner,
                " AS resource, key, value FROM ",
                $table,
                " WHERE ",
                $owner,
                " IN (SELECT value FROM json_each(?1))",
                $more
            ),
        }
    };
}

/// The statements on the tags of things of a kind. A promised snapshot has its tags in its own row.
pub(crate) const fn statements(kind: TaggedKind) -> &'static Statements {
    const IMAGES: Statements = statements!("image_tag", "image", "");
    const SNAPSHOTS: Statements = statements!(
        "snapshot_tag",
        "snapshot",
        " UNION ALL SELECT o.id, json_each.key, json_each.value FROM promised_snapshot AS o CROSS JOIN json_each(o.tags) \
        WHERE o.id IN (SELECT value FROM json_each(?1))"
    );
    const INSTANCES: Statements = statements!("instance_tag", "instance", "");
    match kind {
        TaggedKind::Image => &IMAGES,
        TaggedKind::Snapshot => &SNAPSHOTS,
        TaggedKind::Instance => &INSTANCES,
    }
}

/// Ids as one parameter: a JSON array. Ids are of `a-z0-9-`, so nothing needs escaping.
pub(crate) fn json_array<'a>(ids: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<_> = ids.into_iter().map(|id| format!("\"{id}\"")).collect();
    format!("[{}]", quoted.join(","))
}

impl Tx {
    /// Gives an image, a snapshot or an instance these tags in place of those it has. A fault without it.
    pub async fn set_tags_on(&mut self, on: &Tagged, tags: &Tags) -> Result<(), CatalogFault> {
        if let Tagged::Snapshot(id) = on
            && self.set_promised_tags(id, tags).await? == Updated::Yes
        {
            return Ok(());
        }
        let statements = statements(on.kind());
        self.run("remove tags", query(statements.forget).bind(on.id())).await?;
        for (key, value) in tags.iter() {
            let insert = query(statements.insert).bind(on.id()).bind(key).bind(value);
            self.run("record a tag", insert).await?;
        }
        Ok(())
    }

    /// The tags of an image, a snapshot or an instance; none for one that is not there.
    pub async fn tags_on(&mut self, on: &Tagged) -> Result<Tags, CatalogFault> {
        let found = self.tags_by_id::<String>(on.kind(), json_array([on.id()])).await?;
        Ok(found.into_values().next().unwrap_or_default())
    }

    /// Gives an image these tags in place of those it has.
    pub async fn set_tags(&mut self, image: &ImageId, tags: &Tags) -> Result<(), CatalogFault> {
        self.set_tags_on(&Tagged::Image(image.clone()), tags).await
    }

    /// The tags of an image; none for an image that is not there.
    pub async fn tags(&mut self, image: &ImageId) -> Result<Tags, CatalogFault> {
        self.tags_on(&Tagged::Image(image.clone())).await
    }

    /// The tags of several images. An image without tags has no entry.
    pub async fn tags_of(
        &mut self,
        images: &[ImageId],
    ) -> Result<HashMap<ImageId, Tags>, CatalogFault> {
        let ids = json_array(images.iter().map(ImageId::as_str));
        self.tags_by_id(TaggedKind::Image, ids).await
    }

    /// The tags of several snapshots. A snapshot without tags has no entry.
    pub async fn snapshot_tags_of(
        &mut self,
        snapshots: &[SnapshotId],
    ) -> Result<HashMap<SnapshotId, Tags>, CatalogFault> {
        let ids = json_array(snapshots.iter().map(SnapshotId::as_str));
        self.tags_by_id(TaggedKind::Snapshot, ids).await
    }

    /// The tags of several instances. An instance without tags has no entry.
    pub async fn instance_tags_of(
        &mut self,
        instances: &[InstanceId],
    ) -> Result<HashMap<InstanceId, Tags>, CatalogFault> {
        let ids = json_array(instances.iter().map(InstanceId::as_str));
        self.tags_by_id(TaggedKind::Instance, ids).await
    }

    /// Gives a snapshot these tags while it is promised. [`Updated::No`] where it is not.
    async fn set_promised_tags(
        &mut self,
        id: &SnapshotId,
        tags: &Tags,
    ) -> Result<Updated, CatalogFault> {
        let update = query("UPDATE promised_snapshot SET tags = ? WHERE id = ?");
        let update = update.bind(tags_json(tags)).bind(id.as_str());
        self.run("tag a promised snapshot", update).await.map(Updated::from_rows)
    }

    async fn tags_by_id<Id: FromStr + Eq + Hash + ToString>(
        &mut self,
        kind: TaggedKind,
        ids: String,
    ) -> Result<HashMap<Id, Tags>, CatalogFault> {
        let statements = statements(kind);
        let mut pairs: HashMap<Id, Vec<(String, String)>> = HashMap::new();
        let rows = self.all("find tags", query(statements.of_several).bind(ids)).await?;
        for row in &rows {
            let stored = Stored { table: statements.table, row };
            let pair = (stored.text("key")?, stored.text("value")?);
            pairs.entry(stored.word("resource")?).or_default().push(pair);
        }
        let checked = pairs.into_iter().map(|(id, pairs)| {
            let tags = Tags::new(pairs).map_err(|_| CatalogFault::Corrupt {
                table: statements.table,
                column: "key",
                value: format!("the tags of {}", id.to_string()),
            })?;
            Ok((id, tags))
        });
        checked.collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::sample::{account, bytes, catalog, image, promised, put_image, snapshot};
    use crate::{InstanceRow, Tx};
    use model::{Name, Timestamp};

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        Tags::new(pairs.iter().map(|(key, value)| (key.to_string(), value.to_string()))).unwrap()
    }

    /// An image, a snapshot and an instance of one number and account.
    pub(crate) async fn put(tx: &mut Tx, (n, of): (u64, u64)) -> [Tagged; 3] {
        let (image, snapshot) = (image(n, of), snapshot(n, of));
        put_image(tx, &image).await;
        tx.insert_snapshot(&snapshot).await.unwrap();
        let instance = InstanceRow {
            id: InstanceId::from_random(bytes(n)),
            account: account(of),
            name: Name::new("vm").unwrap(),
            image: image.id.clone(),
            created: Timestamp(1),
        };
        tx.insert_instance(&instance, &Tags::default()).await.unwrap();
        [Tagged::Image(image.id), Tagged::Snapshot(snapshot.id), Tagged::Instance(instance.id)]
    }

    #[tokio::test]
    async fn tags_read_back_as_written_and_are_replaced() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        let (first, second) = (put(&mut tx, (1, 1)).await, put(&mut tx, (2, 1)).await);
        for (first, second) in first.iter().zip(&second) {
            let old = tags(&[("团队", "web"), ("empty", ""), ("quote", "it's")]);
            tx.set_tags_on(first, &old).await.unwrap();
            tx.set_tags_on(second, &tags(&[("k", "2")])).await.unwrap();
            assert_eq!(tx.tags_on(first).await.unwrap(), old);
            tx.set_tags_on(first, &tags(&[("k", "1")])).await.unwrap();
            assert_eq!(tx.tags_on(first).await.unwrap(), tags(&[("k", "1")]));
        }
        let (Tagged::Image(first), Tagged::Image(second)) = (&first[0], &second[0]) else {
            panic!("the first of each is an image")
        };
        let found = tx.tags_of(&[first.clone(), second.clone(), image(3, 1).id]).await.unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[first], tags(&[("k", "1")]));
        assert_eq!(found[second], tags(&[("k", "2")]));
        tx.set_tags(first, &Tags::default()).await.unwrap();
        assert!(tx.tags(first).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn the_tags_of_several_snapshots_and_instances_are_found_at_once() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        let all = [put(&mut tx, (1, 1)).await, put(&mut tx, (2, 1)).await];
        let (mut snapshots, mut instances) = (Vec::new(), Vec::new());
        for [_, snapshot, instance] in &all {
            for on in [snapshot, instance] {
                tx.set_tags_on(on, &tags(&[("id", on.id())])).await.unwrap();
            }
            snapshots.push(snapshot.id().parse().unwrap());
            instances.push(instance.id().parse().unwrap());
        }
        for (id, found) in tx.snapshot_tags_of(&snapshots).await.unwrap() {
            assert_eq!(found, tags(&[("id", id.as_str())]));
        }
        let found = tx.instance_tags_of(&instances).await.unwrap();
        assert_eq!(found[&instances[1]], tags(&[("id", instances[1].as_str())]));
        assert_eq!(found.len(), 2);
    }

    #[tokio::test]
    async fn a_promised_snapshot_has_tags_like_any_other() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        let row = promised(1, 1);
        tx.insert_promised_snapshot(&row).await.unwrap();
        let on = Tagged::Snapshot(row.id.clone());
        assert_eq!(tx.tags_on(&on).await.unwrap(), row.tags);
        let new = tags(&[("团队", "it's"), ("empty", "")]);
        tx.set_tags_on(&on, &new).await.unwrap();
        let found = tx.promised_snapshot(&account(1), &row.id).await.unwrap().unwrap();
        assert_eq!(found.tags, new);
        assert_eq!(tx.tags_on(&on).await.unwrap(), new);
    }

    #[tokio::test]
    async fn tags_go_with_what_they_are_on() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        let [image, snapshot, instance] = put(&mut tx, (1, 1)).await;
        for on in [&image, &snapshot, &instance] {
            tx.set_tags_on(on, &tags(&[("k", "1")])).await.unwrap();
        }
        let _one = tx.delete_instance(&instance.id().parse().unwrap()).await.unwrap();
        let id = snapshot.id().parse().unwrap();
        let _one = tx.delete_snapshot(&id, Timestamp(2_000)).await.unwrap();
        tx.delete_image(&image.id().parse().unwrap()).await.unwrap();
        for kind in TaggedKind::ALL {
            let sql = format!("SELECT count(*) FROM {}", statements(*kind).table);
            let count = query(sql);
            assert_eq!(tx.count("count tags", count).await.unwrap(), 0, "{kind}");
        }
    }

    #[tokio::test]
    async fn what_is_not_there_takes_no_tags() {
        let (_folder, catalog) = catalog().await;
        for on in [
            Tagged::Image(image(1, 1).id),
            Tagged::Snapshot(snapshot(1, 1).id),
            Tagged::Instance(InstanceId::from_random(bytes(1))),
        ] {
            let mut tx = catalog.begin().await.unwrap();
            assert!(tx.set_tags_on(&on, &tags(&[("k", "1")])).await.is_err(), "{on:?}");
        }
    }
}
