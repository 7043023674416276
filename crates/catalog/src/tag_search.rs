//! Tags looked for across an account's images, snapshots and instances.

use std::collections::{BTreeMap, BTreeSet};

use crate::statement::Row;
use crate::statement::query;
use model::{AccountId, PageOf, TagKey, TagValue, Tagged, TaggedKind};

use crate::fault::CatalogFault;
use crate::page::offset_of;
use crate::stored::Stored;
use crate::tags::json_array;
use crate::tx::{Query, Tx};

/// Which tags are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagFilter {
    /// Only of these; of all of the account's where empty.
    pub resources: Vec<Tagged>,
    /// Only these keys, each with this value or any; all where empty.
    pub tags: Vec<(TagKey, Option<TagValue>)>,
}

/// One tag of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagRow {
    /// What it is on.
    pub on: Tagged,
    /// Its key.
    pub key: TagKey,
    /// Its value.
    pub value: TagValue,
}

/// A key and a value, and how many things have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagCountRow {
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

/// Where a search begins: at all of an account's things of one table, or at those that are named.
macro_rules! things {
    (all, $things:literal) => {
        concat!($things, " AS o")
    };
    (named, $things:literal) => {
        concat!("json_each(?2) AS named CROSS JOIN ", $things, " AS o ON o.id = named.value")
    };
}

/// The tags that are wanted of an account's things of one table. ?1: the account; ?2: ids, a JSON array, each once, empty where
/// all are meant; ?3: pairs of a key and a value or null, a JSON array, empty for all.
macro_rules! of_table {
    ($which:ident, $kind:literal, $things:literal, $tags:literal) => {
        concat!(
            "SELECT '", $kind, "' AS kind, o.id AS resource, t.key AS key, t.value AS value FROM ",
            things!($which, $things), " CROSS JOIN ", $tags, " WHERE o.account = ?1 \
            AND (?3 = '[]' OR EXISTS (SELECT 1 FROM json_each(?3) AS wanted \
            WHERE wanted.value ->> '$[0]' = t.key AND coalesce(wanted.value ->> '$[1]', t.value) = t.value))"
        )
    };
}

/// The same of images; carriers are none.
macro_rules! of_images {
    ($which:ident) => {
        concat!(
            of_table!($which, "image", "image", "image_tag AS t ON t.image = o.id"),
            " AND o.purpose = 'image'"
        )
    };
}

/// The same of snapshots, those included that are promised.
macro_rules! of_snapshots {
    ($which:ident) => {
        concat!(
            of_table!($which, "snapshot", "snapshot", "snapshot_tag AS t ON t.snapshot = o.id"),
            " UNION ALL ",
            of_table!($which, "snapshot", "promised_snapshot", "json_each(o.tags) AS t")
        )
    };
}

/// The same of instances.
macro_rules! of_instances {
    ($which:ident) => {
        of_table!($which, "instance", "instance", "instance_tag AS t ON t.instance = o.id")
    };
}

/// Whose tags are looked at.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those of all of an account's things.
    All,
    /// Those of things that are named, each found by its id, however many the account has.
    Named,
}

/// The statements of one kind: a page of its tags, and how many there are. ?4: how many of the wanted tags a thing must
/// have, 0 for any.
const fn of_kind(kind: TaggedKind, which: Which) -> [&'static str; 2] {
    macro_rules! both {
        ($wanted:expr) => {
            [
                concat!(
                    "SELECT resource, key, value FROM (SELECT *, count(*) OVER (PARTITION BY resource) AS hits FROM (",
                    $wanted, ")) WHERE ?4 = 0 OR hits = ?4 ORDER BY resource, key LIMIT ?5 OFFSET ?6"
                ),
                concat!(
                    "SELECT count(*) FROM (SELECT *, count(*) OVER (PARTITION BY resource) AS hits FROM (",
                    $wanted, ")) WHERE ?4 = 0 OR hits = ?4"
                ),
            ]
        };
    }
    match (kind, which) {
        (TaggedKind::Image, Which::All) => both!(of_images!(all)),
        (TaggedKind::Image, Which::Named) => both!(of_images!(named)),
        (TaggedKind::Snapshot, Which::All) => both!(of_snapshots!(all)),
        (TaggedKind::Snapshot, Which::Named) => both!(of_snapshots!(named)),
        (TaggedKind::Instance, Which::All) => both!(of_instances!(all)),
        (TaggedKind::Instance, Which::Named) => both!(of_instances!(named)),
    }
}

/// Each pair of a key and a value once, with how many of each kind have it. ?4: only this kind, or null.
macro_rules! grouped {
    ($which:ident, $tail:literal) => {
        concat!(
            "SELECT key, value, sum(kind = 'image') AS images, sum(kind = 'snapshot') AS snapshots, \
            sum(kind = 'instance') AS instances FROM (",
            of_images!($which), " UNION ALL ", of_snapshots!($which), " UNION ALL ",
            of_instances!($which),
            ") WHERE ?4 IS NULL OR kind = ?4 GROUP BY key, value ", $tail
        )
    };
}

/// The statements of all kinds: a page of pairs, and how many there are.
const fn of_pairs(which: Which) -> [&'static str; 2] {
    macro_rules! both {
        ($which:ident) => {
            [
                grouped!($which, "ORDER BY key, value LIMIT ?5 OFFSET ?6"),
                concat!("SELECT count(*) FROM (", grouped!($which, ""), ")"),
            ]
        };
    }
    match which {
        Which::All => both!(all),
        Which::Named => both!(named),
    }
}

/// Every statement, for the test of how they are answered.
#[cfg(test)]
pub(crate) fn statements(which: Which) -> Vec<&'static str> {
    let of_kinds = TaggedKind::ALL.iter().flat_map(|kind| of_kind(*kind, which));
    of_kinds.chain(of_pairs(which)).collect()
}

impl TagFilter {
    /// The same with each key once, as one thing must have them; none where one key is to have two values.
    fn of_one_thing(&self) -> Option<TagFilter> {
        let mut keys: BTreeMap<&TagKey, &Option<TagValue>> = BTreeMap::new();
        for (key, value) in &self.tags {
            match (keys.get(key), value) {
                (Some(Some(known)), Some(value)) if known != value => return None,
                (Some(_), None) => {}
                (Some(_), Some(_)) | (None, _) => {
                    keys.insert(key, value);
                }
            }
        }
        let tags = keys.into_iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        Some(TagFilter { resources: self.resources.clone(), tags })
    }

    fn which(&self) -> Which {
        if self.resources.is_empty() { Which::All } else { Which::Named }
    }

    fn bind<'q>(&self, sql: &'static str, account: &'q AccountId) -> Query<'q> {
        let ids: BTreeSet<&str> = self.resources.iter().map(Tagged::id).collect();
        let ids = json_array(ids);
        let pairs = serde_json::to_string(&self.tags).expect("texts are written as JSON");
        query(sql).bind(account.as_str()).bind(ids).bind(pairs)
    }
}

impl Tx {
    /// The tags of an account's things of one kind, by id, then by key, and how many there are in all. Where pairs are asked
    /// for: those pairs, of things that have all of them.
    pub async fn search_tags(
        &mut self,
        account: &AccountId,
        kind: TaggedKind,
        filter: &TagFilter,
        part: PageOf,
    ) -> Result<(Vec<TagRow>, u64), CatalogFault> {
        let Some(filter) = filter.of_one_thing() else { return Ok((Vec::new(), 0)) };
        let hits = i64::try_from(filter.tags.len()).unwrap_or(i64::MAX);
        let [page, count] = of_kind(kind, filter.which());
        let page = filter.bind(page, account).bind(hits);
        let page = page.bind(part.limit).bind(offset_of(part));
        let rows = self.all("search tags", page).await?;
        let rows: Result<_, _> = rows.iter().map(|row| tag_from(kind, row)).collect();
        let total = self.count("count tags", filter.bind(count, account).bind(hits)).await?;
        Ok((rows?, total))
    }

    /// The pairs of a key and a value that an account's things have, by key, then by value, each once with how many have it;
    /// and how many pairs there are in all. Where pairs are asked for: those that are one of them.
    pub async fn count_tags(
        &mut self,
        account: &AccountId,
        kind: Option<TaggedKind>,
        filter: &TagFilter,
        part: PageOf,
    ) -> Result<(Vec<TagCountRow>, u64), CatalogFault> {
        let kind = kind.map(TaggedKind::as_str);
        let [page, total] = of_pairs(filter.which());
        let page = filter.bind(page, account).bind(kind);
        let page = page.bind(part.limit).bind(offset_of(part));
        let rows = self.all("count tags by pair", page).await?;
        let rows: Result<_, _> = rows.iter().map(tag_count_from).collect();
        let total = filter.bind(total, account).bind(kind);
        let total = self.count("count the pairs of tags", total).await?;
        Ok((rows?, total))
    }
}

fn tag_from(kind: TaggedKind, row: &Row) -> Result<TagRow, CatalogFault> {
    let stored = Stored { table: "tags", row };
    let on = match kind {
        TaggedKind::Image => Tagged::Image(stored.word("resource")?),
        TaggedKind::Snapshot => Tagged::Snapshot(stored.word("resource")?),
        TaggedKind::Instance => Tagged::Instance(stored.word("resource")?),
    };
    Ok(TagRow { on, key: stored.text("key")?, value: stored.text("value")? })
}

fn tag_count_from(row: &Row) -> Result<TagCountRow, CatalogFault> {
    let stored = Stored { table: "tags", row };
    Ok(TagCountRow {
        key: stored.text("key")?,
        value: stored.text("value")?,
        images: stored.number("images")?,
        snapshots: stored.number("snapshots")?,
        instances: stored.number("instances")?,
    })
}

#[cfg(test)]
mod tests {
    use model::Tags;

    use super::*;
    use crate::Catalog;
    use crate::sample::{account, catalog, promised};
    use crate::tags::tests::put;

    const ALL: PageOf = PageOf { offset: 0, limit: 100 };

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        Tags::new(pairs.iter().map(|(key, value)| (key.to_string(), value.to_string()))).unwrap()
    }

    fn pairs(wanted: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>)> {
        wanted.iter().map(|(key, value)| (key.to_string(), value.map(str::to_owned))).collect()
    }

    /// An image, a snapshot and an instance each of account 1 (twice) and of account 2, tagged.
    async fn world() -> (tempfile::TempDir, Catalog, [[Tagged; 3]; 3]) {
        let (folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        let all =
            [put(&mut tx, (1, 1)).await, put(&mut tx, (2, 1)).await, put(&mut tx, (3, 2)).await];
        let given = [
            tags(&[("env", "test"), ("it's", "\"quoted\""), ("团队", "")]),
            tags(&[("env", "live"), ("team", "web")]),
            tags(&[("env", "test"), ("secret", "theirs")]),
        ];
        for (things, tags) in all.iter().zip(&given) {
            for thing in things {
                tx.set_tags_on(thing, tags).await.unwrap();
            }
        }
        tx.commit().await.unwrap();
        (folder, catalog, all)
    }

    async fn lines(tx: &mut Tx, kind: TaggedKind, filter: &TagFilter) -> Vec<(String, String)> {
        let (rows, total) = tx.search_tags(&account(1), kind, filter, ALL).await.unwrap();
        assert_eq!(total, rows.len() as u64);
        rows.into_iter().map(|row| (row.on.id().to_owned(), row.key)).collect()
    }

    #[tokio::test]
    async fn i12_tags_are_found_by_kind_in_order_and_only_the_own() {
        let (_folder, catalog, [first, second, others]) = world().await;
        let mut tx = catalog.read().await.unwrap();
        for (at, kind) in TaggedKind::ALL.iter().enumerate() {
            let mut wanted = Vec::new();
            for (thing, keys) in
                [(&first[at], vec!["env", "it's", "团队"]), (&second[at], vec!["env", "team"])]
            {
                wanted.extend(keys.iter().map(|key| (thing.id().to_owned(), key.to_string())));
            }
            wanted.sort();
            let all = TagFilter::default();
            assert_eq!(lines(&mut tx, *kind, &all).await, wanted, "{kind}");
            let mut paged = Vec::new();
            for offset in 0..6 {
                let part = PageOf { offset, limit: 1 };
                let (rows, total) = tx.search_tags(&account(1), *kind, &all, part).await.unwrap();
                assert_eq!(total, 5);
                paged.extend(rows.into_iter().map(|row| (row.on.id().to_owned(), row.key)));
            }
            assert_eq!(paged, wanted);
            let twice = vec![second[at].clone(), second[at].clone()];
            let of_one = TagFilter { resources: twice, ..all.clone() };
            assert_eq!(
                lines(&mut tx, *kind, &of_one).await,
                wanted.iter().filter(|(id, _)| id == second[at].id()).cloned().collect::<Vec<_>>()
            );
            let of_others = TagFilter { resources: vec![others[at].clone()], ..all };
            assert!(lines(&mut tx, *kind, &of_others).await.is_empty(), "{kind}");
        }
    }

    #[tokio::test]
    async fn tags_are_found_by_pairs_that_one_thing_has_all() {
        let (_folder, catalog, [first, second, _]) = world().await;
        let mut tx = catalog.read().await.unwrap();
        let (first, second) = (first[1].id(), second[1].id());
        for (wanted, found) in [
            (pairs(&[("env", None)]), vec![(first, "env"), (second, "env")]),
            (pairs(&[("env", Some("test"))]), vec![(first, "env")]),
            (
                pairs(&[("env", Some("test")), ("it's", Some("\"quoted\""))]),
                vec![(first, "env"), (first, "it's")],
            ),
            (pairs(&[("团队", Some(""))]), vec![(first, "团队")]),
            (pairs(&[("env", None), ("team", None)]), vec![(second, "env"), (second, "team")]),
            (pairs(&[("env", Some("test")), ("team", None)]), vec![]),
            (pairs(&[("env", None), ("env", Some("test")), ("env", None)]), vec![(first, "env")]),
            (pairs(&[("env", Some("live")), ("env", Some("test"))]), vec![]),
            (pairs(&[("secret", None)]), vec![]),
            (pairs(&[("Env", None)]), vec![]),
        ] {
            let filter = TagFilter { tags: wanted, ..TagFilter::default() };
            let mut found: Vec<_> =
                found.iter().map(|(id, key)| (id.to_string(), key.to_string())).collect();
            found.sort();
            assert_eq!(lines(&mut tx, TaggedKind::Snapshot, &filter).await, found, "{filter:?}");
        }
    }

    #[tokio::test]
    async fn i12_pairs_are_counted_by_kind_in_order_and_only_the_own() {
        let (_folder, catalog, [first, ..]) = world().await;
        let mut tx = catalog.begin().await.unwrap();
        tx.set_tags_on(&first[2], &tags(&[("env", "live")])).await.unwrap();
        let row =
            |(key, value): (&str, &str), [images, snapshots, instances]: [u64; 3]| TagCountRow {
                key: key.to_owned(),
                value: value.to_owned(),
                images,
                snapshots,
                instances,
            };
        let all = [
            row(("env", "live"), [1, 1, 2]),
            row(("env", "test"), [1, 1, 0]),
            row(("it's", "\"quoted\""), [1, 1, 0]),
            row(("team", "web"), [1, 1, 1]),
            row(("团队", ""), [1, 1, 0]),
        ];
        let none = TagFilter::default();
        let found = tx.count_tags(&account(1), None, &none, ALL).await.unwrap();
        assert_eq!(found, (all.to_vec(), 5));
        let page = PageOf { offset: 1, limit: 2 };
        let found = tx.count_tags(&account(1), None, &none, page).await.unwrap();
        assert_eq!(found, (all[1..3].to_vec(), 5));
        let kind = Some(TaggedKind::Instance);
        let found = tx.count_tags(&account(1), kind, &none, ALL).await.unwrap();
        assert_eq!(found.0, [row(("env", "live"), [0, 0, 2]), row(("team", "web"), [0, 0, 1])]);
        let either =
            TagFilter { tags: pairs(&[("team", None), ("env", Some("test"))]), ..none.clone() };
        let found = tx.count_tags(&account(1), None, &either, ALL).await.unwrap();
        assert_eq!(found.0, [all[1].clone(), all[3].clone()]);
        let of_one = TagFilter { resources: vec![first[2].clone()], ..none };
        let found = tx.count_tags(&account(1), None, &of_one, ALL).await.unwrap();
        assert_eq!(found, (vec![row(("env", "live"), [0, 0, 1])], 1));
    }

    /// A snapshot is tagged and found from its promise on; a carrier is nobody's image.
    #[tokio::test]
    async fn promised_snapshots_are_found_and_carriers_are_not() {
        let (_folder, catalog, [first, ..]) = world().await;
        let mut tx = catalog.begin().await.unwrap();
        let promised = promised(9, 1);
        tx.insert_promised_snapshot(&promised).await.unwrap();
        let on = Tagged::Snapshot(promised.id.clone());
        tx.set_tags_on(&on, &tags(&[("only", "here"), ("and", "'")])).await.unwrap();
        let filter = TagFilter {
            tags: pairs(&[("only", None), ("and", Some("'"))]),
            ..TagFilter::default()
        };
        let found = lines(&mut tx, TaggedKind::Snapshot, &filter).await;
        assert_eq!(
            found,
            [(on.id().to_owned(), "and".to_owned()), (on.id().to_owned(), "only".to_owned())]
        );
        let (counted, _) = tx.count_tags(&account(1), None, &filter, ALL).await.unwrap();
        assert!(counted.iter().all(|row| (row.images, row.snapshots, row.instances) == (0, 1, 0)));
        assert_eq!(counted.len(), 2);
        let of_first = TagFilter { resources: vec![first[0].clone()], ..TagFilter::default() };
        assert_eq!(lines(&mut tx, TaggedKind::Image, &of_first).await.len(), 3);
        let carry = query("UPDATE image SET purpose = 'carrier' WHERE id = ?").bind(first[0].id());
        tx.run("make it a carrier", carry).await.unwrap();
        assert!(lines(&mut tx, TaggedKind::Image, &of_first).await.is_empty());
        let (counted, _) = tx.count_tags(&account(1), None, &of_first, ALL).await.unwrap();
        assert_eq!(counted, []);
    }
}
