//! Instances: records that say an image is used.

use crate::statement::Row;
use crate::statement::query;
use model::{
    AccountId, ImageId, InstanceId, Name, NamePattern, PageOf, TagKey, TagValue, Tagged, Tags,
    Timestamp,
};

use crate::fault::CatalogFault;
use crate::image::json_ids;
use crate::outcome::Deleted;
use crate::page::offset_of;
use crate::stored::Stored;
use crate::tags::json_array;
use crate::tx::{Query, Tx};

/// An instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceRow {
    /// Its id.
    pub id: InstanceId,
    /// Who owns it.
    pub account: AccountId,
    /// Its name.
    pub name: Name,
    /// The image its system disk was made from; it may be gone since.
    pub image: ImageId,
    /// When it was recorded.
    pub created: Timestamp,
}

/// Which instances are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstanceFilter {
    /// Only these ids; all where empty.
    pub ids: Vec<InstanceId>,
    /// Only those whose disk was made from this image.
    pub image: Option<ImageId>,
    /// Only those with such a name.
    pub name: Option<NamePattern>,
    /// Only those that have all of these keys, each with this value or any.
    pub tags: Vec<(TagKey, Option<TagValue>)>,
    /// Behind the row of this time and id. How many there are is told of those before it too.
    pub after: Option<(Timestamp, String)>,
}

/// ?1: the account; ?2: ids, a JSON array; ?3: an image or null; ?4: a pattern or null; ?5: pairs of a key and a value or
/// null, a JSON array. What is found first is given: all of the account's, or those of the ids.
macro_rules! wanted {
    (all) => {
        wanted!("account = ?1 AND ?2 = '[]'")
    };
    (named) => {
        wanted!("+account = ?1 AND id IN (SELECT value FROM json_each(?2))")
    };
    ($first:literal) => {
        concat!("FROM instance WHERE ", $first, " AND (?3 IS NULL OR image = ?3) AND (?4 IS NULL OR name GLOB ?4) \
        AND NOT EXISTS (SELECT 1 FROM json_each(?5) AS wanted WHERE NOT EXISTS (SELECT 1 FROM instance_tag AS t \
        WHERE t.instance = instance.id AND t.key = wanted.value ->> '$[0]' \
        AND coalesce(wanted.value ->> '$[1]', t.value) = t.value))")
    };
}

macro_rules! page_of {
    ($first:ident) => {
        concat!(
            "SELECT * ",
            wanted!($first),
            " AND (created, id) < (?6, ?7) ORDER BY created DESC, id DESC LIMIT ?8 OFFSET ?9"
        )
    };
}

pub(crate) const SEARCH: &str = page_of!(all);
pub(crate) const SEARCH_NAMED: &str = page_of!(named);
pub(crate) const COUNT_FOUND: &str = concat!("SELECT count(*) ", wanted!(all));
pub(crate) const COUNT_NAMED: &str = concat!("SELECT count(*) ", wanted!(named));
pub(crate) const LIST: &str =
    "SELECT * FROM instance WHERE account = ? ORDER BY created DESC, id DESC";
pub(crate) const COUNT_OF_IMAGES: &str = "SELECT image, count(*) AS instances FROM instance \
    WHERE image IN (SELECT value FROM json_each(?)) GROUP BY image";
pub(crate) const COUNT_OF: &str = "SELECT count(*) FROM instance WHERE image = ?";

impl InstanceFilter {
    fn bind<'q>(&self, sql: &'static str, account: &'q AccountId) -> Query<'q> {
        let pairs = serde_json::to_string(&self.tags).expect("texts are written as JSON");
        query(sql)
            .bind(account.as_str())
            .bind(json_array(self.ids.iter().map(InstanceId::as_str)))
            .bind(self.image.as_ref().map(ToString::to_string))
            .bind(self.name.as_ref().map(NamePattern::glob))
            .bind(pairs)
    }
}

impl Tx {
    /// Records a new instance with its tags.
    pub async fn insert_instance(
        &mut self,
        instance: &InstanceRow,
        tags: &Tags,
    ) -> Result<(), CatalogFault> {
        let sql = "INSERT INTO instance (id, account, name, image, created) VALUES (?, ?, ?, ?, ?)";
        let insert = query(sql)
            .bind(instance.id.as_str())
            .bind(instance.account.as_str())
            .bind(instance.name.as_str())
            .bind(instance.image.as_str())
            .bind(instance.created.0);
        self.run("record an instance", insert).await?;
        self.set_tags_on(&Tagged::Instance(instance.id.clone()), tags).await
    }

    /// The instances of an account that are wanted, the newest first, and how many there are in all.
    pub async fn search_instances(
        &mut self,
        account: &AccountId,
        filter: &InstanceFilter,
        part: PageOf,
    ) -> Result<(Vec<InstanceRow>, u64), CatalogFault> {
        let (created, id) = match &filter.after {
            Some((created, id)) => (created.0, id.as_str()),
            None => (i64::MAX, ""),
        };
        let (search, count) = match filter.ids.is_empty() {
            true => (SEARCH, COUNT_FOUND),
            false => (SEARCH_NAMED, COUNT_NAMED),
        };
        let page = filter.bind(search, account).bind(created).bind(id);
        let page = page.bind(part.limit).bind(offset_of(part));
        let rows = self.all("search instances", page).await?;
        let rows: Result<_, _> = rows.iter().map(instance_from).collect();
        let total = self.count("count instances", filter.bind(count, account)).await?;
        Ok((rows?, total))
    }

    /// An instance of an account. Another account's is as absent as one that never was (I12).
    pub async fn instance(
        &mut self,
        account: &AccountId,
        id: &InstanceId,
    ) -> Result<Option<InstanceRow>, CatalogFault> {
        let find = query("SELECT * FROM instance WHERE id = ? AND account = ?");
        let find = find.bind(id.as_str()).bind(account.as_str());
        self.one("find an instance", find).await?.as_ref().map(instance_from).transpose()
    }

    /// All instances of an account, the newest first.
    pub async fn list_instances(
        &mut self,
        account: &AccountId,
    ) -> Result<Vec<InstanceRow>, CatalogFault> {
        let list = query(LIST).bind(account.as_str());
        self.all("list instances", list).await?.iter().map(instance_from).collect()
    }

    /// Records that an instance's system disk was made anew from an image; [`CatalogFault::Absent`] without the instance.
    pub async fn set_instance_image(
        &mut self,
        id: &InstanceId,
        image: &ImageId,
    ) -> Result<(), CatalogFault> {
        let update = query("UPDATE instance SET image = ? WHERE id = ?");
        let update = update.bind(image.as_str()).bind(id.as_str());
        match self.run("change the image of an instance", update).await? {
            0 => Err(CatalogFault::Absent { table: "instance", key: id.to_string() }),
            _ => Ok(()),
        }
    }

    /// Removes an instance, and its tags.
    pub async fn delete_instance(&mut self, id: &InstanceId) -> Result<Deleted, CatalogFault> {
        let delete = query("DELETE FROM instance WHERE id = ?").bind(id.as_str());
        self.run("delete an instance", delete).await.map(Deleted::from_rows)
    }

    /// How many instances use an image.
    pub async fn count_instances_of(&mut self, image: &ImageId) -> Result<u64, CatalogFault> {
        self.count("count instances", query(COUNT_OF).bind(image.as_str())).await
    }

    /// How many instances use each of these images; one that none uses is left out.
    pub async fn count_instances_of_images(
        &mut self,
        images: &[ImageId],
    ) -> Result<Vec<(ImageId, u64)>, CatalogFault> {
        let count = query(COUNT_OF_IMAGES).bind(json_ids(images));
        let rows = self.all("count instances of images", count).await?;
        let read = |row| {
            let stored = Stored { table: "instance", row };
            Ok((stored.word("image")?, stored.number("instances")?))
        };
        rows.iter().map(read).collect()
    }
}

fn instance_from(row: &Row) -> Result<InstanceRow, CatalogFault> {
    let stored = Stored { table: "instance", row };
    Ok(InstanceRow {
        id: stored.word("id")?,
        account: stored.word("account")?,
        name: stored.checked("name", Name::new)?,
        image: stored.word("image")?,
        created: stored.time("created")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{account, bytes, catalog, image};

    fn instance(n: u64, of: u64) -> InstanceRow {
        InstanceRow {
            id: InstanceId::from_random(bytes(n)),
            account: account(of),
            name: Name::new("vm-1").unwrap(),
            image: image(1, of).id,
            created: Timestamp(n as i64),
        }
    }

    #[tokio::test]
    async fn instances_read_back_as_written_and_are_counted_by_image() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        for (n, of) in [(1, 1), (2, 1), (3, 2)] {
            tx.insert_instance(&instance(n, of), &Tags::default()).await.unwrap();
        }
        let mut first = instance(1, 1);
        assert_eq!(tx.instance(&account(1), &first.id).await.unwrap(), Some(first.clone()));
        assert_eq!(tx.instance(&account(2), &first.id).await.unwrap(), None, "i12");
        assert_eq!(tx.list_instances(&account(1)).await.unwrap(), [instance(2, 1), instance(1, 1)]);
        assert_eq!(tx.count_instances_of(&image(1, 1).id).await.unwrap(), 3);
        first.image = image(2, 1).id;
        tx.set_instance_image(&first.id, &first.image).await.unwrap();
        assert_eq!(tx.instance(&account(1), &first.id).await.unwrap(), Some(first.clone()));
        let of = [image(2, 1).id, image(1, 1).id, image(3, 1).id];
        let mut counts = tx.count_instances_of_images(&of).await.unwrap();
        counts.sort();
        assert_eq!(counts, [(image(1, 1).id, 2), (image(2, 1).id, 1)]);
        assert_eq!(tx.delete_instance(&first.id).await.unwrap(), Deleted::Yes);
        assert_eq!(tx.delete_instance(&first.id).await.unwrap(), Deleted::No);
        let fault = tx.set_instance_image(&first.id, &first.image).await.unwrap_err();
        assert!(matches!(fault, CatalogFault::Absent { table: "instance", .. }));
    }

    fn all() -> InstanceFilter {
        InstanceFilter::default()
    }

    /// The numbers of those of account 1 that are found, and how many there are.
    async fn found(tx: &mut Tx, filter: InstanceFilter, window: (u64, u32)) -> (Vec<u64>, u64) {
        let part = PageOf { offset: window.0, limit: window.1 };
        let (rows, total) = tx.search_instances(&account(1), &filter, part).await.unwrap();
        (rows.into_iter().map(|row| row.created.0 as u64).collect(), total)
    }

    #[tokio::test]
    async fn i12_instances_are_searched_by_all_that_was_asked_and_only_the_own() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        for n in 1..=6_u64 {
            let row = InstanceRow {
                name: Name::new(&format!("web-{n}")).unwrap(),
                image: image(1 + n % 2, 1).id,
                ..instance(n, 1)
            };
            let tags = [("n".to_owned(), n.to_string()), ("odd".to_owned(), (n % 2).to_string())];
            tx.insert_instance(&row, &Tags::new(tags).unwrap()).await.unwrap();
        }
        let others = Tags::new([("odd".to_owned(), "1".to_owned())]).unwrap();
        tx.insert_instance(&instance(7, 2), &others).await.unwrap();
        let every = (0, 100);
        assert_eq!(found(&mut tx, all(), every).await, (vec![6, 5, 4, 3, 2, 1], 6));
        assert_eq!(found(&mut tx, all(), (2, 3)).await, (vec![4, 3, 2], 6));
        assert_eq!(found(&mut tx, all(), (u64::MAX, 1)).await, (vec![], 6));
        let ids = [2, 7, 5].map(|n| instance(n, 1).id).to_vec();
        assert_eq!(
            found(&mut tx, InstanceFilter { ids: ids.clone(), ..all() }, every).await,
            (vec![5, 2], 2)
        );
        let named = InstanceFilter { ids: ids.clone(), ..all() };
        assert_eq!(found(&mut tx, named, (1, 1)).await, (vec![2], 2));
        let name = Some(NamePattern::Exactly("web-5".into()));
        let named = InstanceFilter { ids: ids.clone(), name, ..all() };
        assert_eq!(found(&mut tx, named, every).await, (vec![5], 1));
        let after = Some((Timestamp(5), instance(5, 1).id.to_string()));
        let named = InstanceFilter { ids, after, ..all() };
        assert_eq!(found(&mut tx, named, every).await, (vec![2], 2));
        let image = Some(image(2, 1).id);
        let of_image = InstanceFilter { image, ..all() };
        assert_eq!(found(&mut tx, of_image.clone(), every).await, (vec![5, 3, 1], 3));
        for (pattern, wanted) in [
            (NamePattern::Exactly("web-3".into()), vec![3]),
            (NamePattern::Exactly("web".into()), vec![]),
            (NamePattern::Holding("b-4".into()), vec![4]),
            (NamePattern::Like("w*-6".into()), vec![6]),
            (NamePattern::Holding("*".into()), vec![]),
        ] {
            let filter = InstanceFilter { name: Some(pattern), ..all() };
            assert_eq!(found(&mut tx, filter.clone(), every).await.0, wanted, "{filter:?}");
        }
        let tags = |pairs: &[(&str, Option<&str>)]| {
            pairs.iter().map(|(k, v)| (k.to_string(), v.map(str::to_owned))).collect()
        };
        for (tags, wanted) in [
            (tags(&[("odd", Some("1"))]), vec![5, 3, 1]),
            (tags(&[("odd", Some("1")), ("n", Some("3"))]), vec![3]),
            (tags(&[("odd", None), ("n", None)]), vec![6, 5, 4, 3, 2, 1]),
            (tags(&[("odd", Some("1")), ("odd", Some("0"))]), vec![]),
            (tags(&[("none", None)]), vec![]),
        ] {
            let filter = InstanceFilter { tags, ..all() };
            assert_eq!(found(&mut tx, filter.clone(), every).await.0, wanted, "{filter:?}");
        }
        let tags = tags(&[("n", Some("5"))]);
        let tagged = InstanceFilter { tags, ..of_image.clone() };
        assert_eq!(found(&mut tx, tagged, (1, 1)).await, (vec![], 1));
        let after = Some((Timestamp(5), instance(5, 1).id.to_string()));
        let behind = InstanceFilter { after, ..of_image };
        assert_eq!(found(&mut tx, behind.clone(), every).await, (vec![3, 1], 3));
        assert_eq!(found(&mut tx, behind, (1, 1)).await, (vec![1], 3));
    }
}
