//! Images: their rows, found by account and id, listed the newest first, changed by compare-and-set.

use std::collections::BTreeMap;

use crate::statement::Row;
use crate::statement::query;
use model::{
    AccountId, Attributes, Cause, Description, EncryptionKeyId, Family, ImageId, ImageKind,
    ImageStatus, Name, Origin, Particulars, Platform, Purpose, Storage, Timestamp,
};

use crate::fault::CatalogFault;
use crate::outcome::{Deleted, Inserted, Updated};
use crate::page::Page;
use crate::stored::{Stored, signed};
use crate::tx::Tx;

/// An image. Its disks and tags have rows of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRow {
    /// Its id in this region.
    pub id: ImageId,
    /// Who owns it.
    pub account: AccountId,
    /// Its name.
    pub name: Name,
    /// What it is, in its owner's words.
    pub description: Description,
    /// How it stands.
    pub status: ImageStatus,
    /// The machine it is for.
    pub attributes: Attributes,
    /// What it was copied from; the snapshot is not kept here.
    pub origin: Option<Origin>,
    /// Why its copy failed; only where the status is [`ImageStatus::CreateFailed`].
    pub failure: Option<Cause>,
    /// As what it is stored: never [`ImageKind::Shared`], which is how others see a custom image.
    pub kind: ImageKind,
    /// Where its disks lie.
    pub storage: Storage,
    /// The key that seals its disks; none where they are plain.
    pub encryption_key: Option<EncryptionKeyId>,
    /// Whether it is an image, or only carries a snapshot.
    pub purpose: Purpose,
    /// The family it is of.
    pub family: Option<Family>,
    /// Since when its owner advises against it; only where the status is [`ImageStatus::Available`].
    pub deprecated: Option<Timestamp>,
    /// What its door keeps of it.
    pub particulars: Particulars,
    /// When it was promised.
    pub created: Timestamp,
    /// Grows by one with each update.
    pub generation: u64,
}

/// Which images are wanted. An empty list wants all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageFilter {
    /// With one of these statuses.
    pub status: Vec<ImageStatus>,
    /// With exactly this name.
    pub name: Option<String>,
    /// With one of these ids.
    pub ids: Vec<ImageId>,
}

impl ImageFilter {
    fn admits_status(&self, status: ImageStatus) -> bool {
        self.status.is_empty() || self.status.contains(&status)
    }
}

pub(crate) const LIST: &str = "SELECT * FROM image \
    WHERE purpose = 'image' AND account = ?1 AND (created, id) < (?2, ?3) ORDER BY created DESC, id DESC LIMIT ?4";
pub(crate) const LIST_BY_STATUS: &str = "SELECT * FROM image \
    WHERE purpose = 'image' AND account = ?1 AND (created, id) < (?2, ?3) AND status = ?5 \
    ORDER BY created DESC, id DESC LIMIT ?4";
pub(crate) const LIST_BY_NAME: &str = "SELECT * FROM image \
    WHERE purpose = 'image' AND account = ?1 AND (created, id) < (?2, ?3) AND name = ?5 \
    AND (?6 = '' OR instr(?6, '/' || status || '/') > 0) \
    ORDER BY created DESC, id DESC LIMIT ?4";
pub(crate) const NAMESAKE: &str = "SELECT id FROM image \
    WHERE purpose = 'image' AND account = ?1 AND name = ?2 AND status <> 'create_failed' AND id IS NOT ?3 LIMIT 1";
/// The index of leading characters is of just this expression.
pub(crate) const LED_BY: &str =
    "SELECT id FROM image WHERE purpose = 'image' AND substr(id, 1, 12) = ?1";
pub(crate) const LIST_BY_IDS: &str = "SELECT * FROM image \
    WHERE purpose = 'image' AND account = ?1 AND id IN (SELECT value FROM json_each(?2))";

impl Tx {
    /// Records a new image. [`Inserted::Clash`] where the id or its leading characters are taken in the region.
    pub async fn insert_image(&mut self, image: &ImageRow) -> Result<Inserted, CatalogFault> {
        let sql = "INSERT INTO image (id, account, name, description, status, architecture, os_type, platform, \
            boot_mode, origin_region, origin_image, origin_copy, cause, cause_number, created, generation, kind, storage, \
            encryption_key, purpose, family, deprecated, particulars) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
        let origin = image.origin.as_ref();
        let insert = query(sql)
            .bind(image.id.as_str())
            .bind(image.account.as_str())
            .bind(image.name.as_str())
            .bind(image.description.as_str())
            .bind(image.status.as_str())
            .bind(image.attributes.architecture.as_str())
            .bind(image.attributes.os_type.as_str())
            .bind(image.attributes.platform.as_str())
            .bind(image.attributes.boot_mode.as_str())
            .bind(origin.map(|origin| origin.region.as_str()))
            .bind(origin.map(|origin| origin.image.as_str()))
            .bind(origin.map(|origin| origin.copy.as_str()))
            .bind(image.failure.as_ref().map(Cause::word))
            .bind(cause_number(image.failure.as_ref())?)
            .bind(image.created.0)
            .bind(signed("generation", image.generation)?)
            .bind(image.kind.as_str())
            .bind(image.storage.as_str())
            .bind(image.encryption_key.as_ref().map(EncryptionKeyId::as_str))
            .bind(image.purpose.as_str())
            .bind(image.family.as_ref().map(Family::as_str))
            .bind(image.deprecated.map(|at| at.0))
            .bind(particulars_text(&image.particulars));
        match self.run("record an image", insert).await? {
            0 => Ok(Inserted::Clash),
            _ => Ok(Inserted::Yes),
        }
    }

    /// An image of an account, or a carrier: never for a caller. Another account's is as absent as one that never was (I12).
    pub async fn image(
        &mut self,
        account: &AccountId,
        id: &ImageId,
    ) -> Result<Option<ImageRow>, CatalogFault> {
        let find = query("SELECT * FROM image WHERE id = ? AND account = ?");
        let find = find.bind(id.as_str()).bind(account.as_str());
        self.one("find an image", find).await?.as_ref().map(image_from).transpose()
    }

    /// The image whose id has these leading characters ([`ImageId::leading`]), whoever owns it: never for a caller as it is.
    pub async fn image_led_by(&mut self, leading: &str) -> Result<Option<ImageId>, CatalogFault> {
        let find = query(LED_BY).bind(leading);
        let found = self.one("find an image by its leading characters", find).await?;
        found.map(|row| Stored { table: "image", row: &row }.word("id")).transpose()
    }

    /// An image of an account that has a name, but for `except`. Images whose copy failed are left out: their name is free.
    pub async fn namesake(
        &mut self,
        account: &AccountId,
        name: &Name,
        except: Option<&ImageId>,
    ) -> Result<Option<ImageId>, CatalogFault> {
        let find = query(NAMESAKE).bind(account.as_str()).bind(name.as_str());
        let find = find.bind(except.map(ImageId::as_str));
        let found = self.one("find an image by name", find).await?;
        found.map(|row| Stored { table: "image", row: &row }.word("id")).transpose()
    }

    /// An account's images, the newest first.
    pub async fn list_images(
        &mut self,
        account: &AccountId,
        filter: &ImageFilter,
        page: &Page,
    ) -> Result<Vec<ImageRow>, CatalogFault> {
        if !filter.ids.is_empty() {
            return self.list_images_by_id(account, filter, page).await;
        }
        let (created, id) = page.below();
        let bounded = |sql: &'static str| {
            query(sql).bind(account.as_str()).bind(created).bind(id).bind(page.limit)
        };
        let mut rows = Vec::new();
        if let Some(name) = &filter.name {
            let words: String = filter.status.iter().map(|status| format!("/{status}/")).collect();
            let list = bounded(LIST_BY_NAME).bind(name.as_str()).bind(words);
            rows = self.all("list images", list).await?;
        } else if filter.status.is_empty() {
            rows = self.all("list images", bounded(LIST)).await?;
        } else {
            // One ordered walk for each status; together they hold the page.
            for status in ImageStatus::ALL.iter().filter(|status| filter.admits_status(**status)) {
                let list = bounded(LIST_BY_STATUS).bind(status.as_str());
                rows.extend(self.all("list images", list).await?);
            }
        }
        let images = rows.iter().map(image_from).collect::<Result<Vec<_>, _>>()?;
        Ok(page.cut(images, |image| (image.created, image.id.as_str())))
    }

    async fn list_images_by_id(
        &mut self,
        account: &AccountId,
        filter: &ImageFilter,
        page: &Page,
    ) -> Result<Vec<ImageRow>, CatalogFault> {
        let list = query(LIST_BY_IDS).bind(account.as_str()).bind(json_ids(&filter.ids));
        let rows = self.all("list images", list).await?;
        let mut images = rows.iter().map(image_from).collect::<Result<Vec<_>, _>>()?;
        images.retain(|image| {
            let named = filter.name.as_ref().is_none_or(|name| name == image.name.as_str());
            named && filter.admits_status(image.status)
        });
        Ok(page.cut(images, |image| (image.created, image.id.as_str())))
    }

    /// Changes name, description, status, attributes, kind, failure, family, deprecation and particulars, if the row still has this generation; it is one more after.
    pub async fn update_image(&mut self, image: &ImageRow) -> Result<Updated, CatalogFault> {
        let sql = "UPDATE image SET name = ?, description = ?, status = ?, architecture = ?, os_type = ?, platform = ?, \
            boot_mode = ?, cause = ?, cause_number = ?, kind = ?, family = ?, \
            deprecated = ?, particulars = ?, generation = generation + 1 WHERE id = ? AND generation = ?";
        let update = query(sql)
            .bind(image.name.as_str())
            .bind(image.description.as_str())
            .bind(image.status.as_str())
            .bind(image.attributes.architecture.as_str())
            .bind(image.attributes.os_type.as_str())
            .bind(image.attributes.platform.as_str())
            .bind(image.attributes.boot_mode.as_str())
            .bind(image.failure.as_ref().map(Cause::word))
            .bind(cause_number(image.failure.as_ref())?)
            .bind(image.kind.as_str())
            .bind(image.family.as_ref().map(Family::as_str))
            .bind(image.deprecated.map(|at| at.0))
            .bind(particulars_text(&image.particulars))
            .bind(image.id.as_str())
            .bind(signed("generation", image.generation)?);
        self.run("update an image", update).await.map(Updated::from_rows)
    }

    /// Removes an image with its disks and tags. The commit fails while a snapshot, hold or import still refers to it.
    pub async fn delete_image(&mut self, id: &ImageId) -> Result<Deleted, CatalogFault> {
        let delete = query("DELETE FROM image WHERE id = ?").bind(id.as_str());
        self.run("delete an image", delete).await.map(Deleted::from_rows)
    }
}

/// Ids as one parameter: a JSON array. Ids are of `a-z0-9-`, so nothing needs escaping.
pub(crate) fn json_ids(ids: &[ImageId]) -> String {
    let quoted: Vec<_> = ids.iter().map(|id| format!("\"{id}\"")).collect();
    format!("[{}]", quoted.join(","))
}

pub(crate) fn cause_number(cause: Option<&Cause>) -> Result<Option<i64>, CatalogFault> {
    cause.map(|cause| signed("cause_number", cause.number())).transpose()
}

fn particulars_text(particulars: &Particulars) -> String {
    let pairs: BTreeMap<&str, &str> = particulars.iter().collect();
    serde_json::to_string(&pairs).expect("texts by text are JSON")
}

fn particulars_from(text: &str) -> Result<Particulars, ()> {
    let pairs: BTreeMap<String, String> = serde_json::from_str(text).map_err(|_| ())?;
    Particulars::new(pairs).map_err(|_| ())
}

pub(crate) fn image_from(row: &Row) -> Result<ImageRow, CatalogFault> {
    let stored = Stored { table: "image", row };
    Ok(ImageRow {
        id: stored.word("id")?,
        account: stored.word("account")?,
        name: stored.checked("name", Name::new)?,
        description: stored.checked("description", Description::new)?,
        status: stored.word("status")?,
        attributes: Attributes {
            architecture: stored.word("architecture")?,
            os_type: stored.word("os_type")?,
            platform: stored.checked("platform", Platform::new)?,
            boot_mode: stored.word("boot_mode")?,
        },
        origin: stored.origin()?,
        failure: stored.cause()?,
        kind: stored.word("kind")?,
        storage: stored.word("storage")?,
        encryption_key: stored.optional_word("encryption_key")?,
        purpose: stored.word("purpose")?,
        family: stored.optional_checked("family", Family::new)?,
        deprecated: stored.optional_time("deprecated")?,
        particulars: stored.checked("particulars", particulars_from)?,
        created: stored.time("created")?,
        generation: stored.number("generation")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, account, catalog, origin, put_image, walk_images};

    #[tokio::test]
    async fn an_image_reads_back_as_written() {
        let (_folder, catalog) = catalog().await;
        let plain = sample::image(1, 1);
        let failed = ImageRow {
            status: ImageStatus::CreateFailed,
            origin: Some(origin(5)),
            failure: Some(Cause::SourceDamaged { chunks: 1 << 40 }),
            generation: 9,
            ..sample::image(2, 1)
        };
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let told = ImageRow {
            status: ImageStatus::Available,
            family: Some(Family::new("网页").unwrap()),
            deprecated: Some(Timestamp(7)),
            particulars: Particulars::new([pair("a.b", "it's \"字\""), pair("c", "d")]).unwrap(),
            ..sample::image(3, 1)
        };
        let mut tx = catalog.begin().await.unwrap();
        for image in [&plain, &failed, &told] {
            put_image(&mut tx, image).await;
        }
        tx.commit().await.unwrap();
        let mut tx = catalog.read().await.unwrap();
        for image in [plain, failed, told] {
            assert_eq!(tx.image(&account(1), &image.id).await.unwrap().unwrap(), image);
            assert_eq!(tx.image(&account(2), &image.id).await.unwrap(), None, "i12");
        }
    }

    #[tokio::test]
    async fn every_word_of_every_attribute_is_allowed_by_the_schema() {
        use model::{Architecture, BootMode, OsType};
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        for n in 0..4 {
            let mut image = sample::image(n, 1);
            let place = n as usize;
            image.attributes.architecture = Architecture::ALL[place];
            image.attributes.os_type = OsType::ALL[place % OsType::ALL.len()];
            image.attributes.boot_mode = BootMode::ALL[place % BootMode::ALL.len()];
            image.status = ImageStatus::ALL[place % ImageStatus::ALL.len()];
            put_image(&mut tx, &image).await;
            assert_eq!(tx.image(&account(1), &image.id).await.unwrap(), Some(image));
        }
    }

    #[tokio::test]
    async fn leading_characters_are_unique_in_the_region() {
        let (_folder, catalog) = catalog().await;
        let first = sample::image(1, 1);
        let text = format!("{}{}", first.id.leading(), "z".repeat(12));
        let second = ImageRow { id: text.parse().unwrap(), ..sample::image(2, 2) };
        let mut tx = catalog.begin().await.unwrap();
        put_image(&mut tx, &first).await;
        assert_eq!(tx.insert_image(&second).await.unwrap(), Inserted::Clash);
        assert_eq!(tx.insert_image(&first).await.unwrap(), Inserted::Clash);
        assert_eq!(tx.image(&account(2), &second.id).await.unwrap(), None);
        let led_by = first.id.leading();
        assert_eq!(tx.image_led_by(led_by).await.unwrap(), Some(first.id.clone()));
        assert_eq!(tx.image_led_by("img-none0000").await.unwrap(), None);
        assert_eq!(tx.delete_image(&first.id).await.unwrap(), Deleted::Yes);
        put_image(&mut tx, &second).await;
        assert_eq!(tx.image_led_by(led_by).await.unwrap(), Some(second.id));
        let carrier = ImageRow { purpose: Purpose::Carrier, ..sample::image(3, 1) };
        put_image(&mut tx, &carrier).await;
        assert_eq!(tx.image_led_by(carrier.id.leading()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_stale_generation_changes_nothing() {
        let (_folder, catalog) = catalog().await;
        let old = sample::image(1, 1);
        let mut tx = catalog.begin().await.unwrap();
        put_image(&mut tx, &old).await;
        let named = ImageRow { name: Name::new("new").unwrap(), ..old.clone() };
        assert_eq!(tx.update_image(&named).await.unwrap(), Updated::Yes);
        let late = ImageRow { status: ImageStatus::Available, ..old.clone() };
        assert_eq!(tx.update_image(&late).await.unwrap(), Updated::No);
        let now = tx.image(&account(1), &old.id).await.unwrap().unwrap();
        assert_eq!(now, ImageRow { generation: 1, ..named });
    }

    #[tokio::test]
    async fn pages_hold_every_image_once_the_newest_first() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        let mut expected = Vec::new();
        for n in 0..60 {
            // Three at a time were made in the same millisecond.
            let status = ImageStatus::ALL[n as usize % 3];
            let name = Name::new(if n % 4 == 0 { "same" } else { "other" }).unwrap();
            let created = Timestamp(n as i64 / 3);
            let image = ImageRow { status, name, created, ..sample::image(n, 1) };
            put_image(&mut tx, &image).await;
            put_image(&mut tx, &ImageRow { created, ..sample::image(n + 100, 2) }).await;
            expected.push(image);
        }
        expected.sort_by(|a, b| (b.created, &b.id).cmp(&(a.created, &a.id)));
        let statuses = vec![ImageStatus::Creating, ImageStatus::CreateFailed];
        let ids = vec![expected[3].id.clone(), expected[50].id.clone(), sample::image(101, 2).id];
        let filters = [
            ImageFilter::default(),
            ImageFilter { status: statuses[..1].to_vec(), ..ImageFilter::default() },
            ImageFilter { status: statuses.clone(), ..ImageFilter::default() },
            ImageFilter { name: Some("same".into()), ..ImageFilter::default() },
            ImageFilter { name: Some("same".into()), status: statuses, ..ImageFilter::default() },
            ImageFilter { ids, ..ImageFilter::default() },
            ImageFilter { name: Some("' OR 1=1 --".into()), ..ImageFilter::default() },
        ];
        for filter in filters {
            let wanted: Vec<_> = expected
                .iter()
                .filter(|image| {
                    let named = filter.name.as_ref().is_none_or(|n| n == image.name.as_str());
                    let listed = filter.ids.is_empty() || filter.ids.contains(&image.id);
                    filter.admits_status(image.status) && named && listed
                })
                .cloned()
                .collect();
            for limit in [1, 7, 100] {
                let found = walk_images(&mut tx, &account(1), &filter, limit).await;
                assert_eq!(found, wanted, "{filter:?} by {limit}");
            }
        }
    }

    #[tokio::test]
    async fn an_unknown_word_is_named_with_its_place() {
        let (folder, catalog) = catalog().await;
        let image = sample::image(1, 1);
        let mut tx = catalog.begin().await.unwrap();
        put_image(&mut tx, &image).await;
        tx.commit().await.unwrap();
        let intruder = sample::intruder(&folder).await;
        sqlx::query("UPDATE image SET status = 'frozen'").execute(&intruder).await.unwrap();
        let found = catalog.read().await.unwrap().image(&account(1), &image.id).await;
        let fault = found.unwrap_err();
        assert!(
            matches!(&fault, CatalogFault::Corrupt { table: "image", column: "status", value } if value == "frozen")
        );
    }
}
