//! Instances: records that say an image is used.

use model::{AccountId, ImageId, InstanceId, Name, Timestamp};
use sqlx::query;
use sqlx::sqlite::SqliteRow;

use crate::fault::CatalogFault;
use crate::image::json_ids;
use crate::outcome::Deleted;
use crate::stored::Stored;
use crate::tx::Tx;

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

pub(crate) const LIST: &str =
    "SELECT * FROM instance WHERE account = ? ORDER BY created DESC, id DESC";
pub(crate) const COUNT_OF_IMAGES: &str = "SELECT image, count(*) AS instances FROM instance \
    WHERE image IN (SELECT value FROM json_each(?)) GROUP BY image";
pub(crate) const COUNT_OF: &str = "SELECT count(*) FROM instance WHERE image = ?";

impl Tx {
    /// Records a new instance.
    pub async fn insert_instance(&mut self, instance: &InstanceRow) -> Result<(), CatalogFault> {
        let sql = "INSERT INTO instance (id, account, name, image, created) VALUES (?, ?, ?, ?, ?)";
        let insert = query(sql)
            .bind(instance.id.as_str())
            .bind(instance.account.as_str())
            .bind(instance.name.as_str())
            .bind(instance.image.as_str())
            .bind(instance.created.0);
        self.run("record an instance", insert).await.map(|_| ())
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

    /// Removes an instance.
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

fn instance_from(row: &SqliteRow) -> Result<InstanceRow, CatalogFault> {
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
            tx.insert_instance(&instance(n, of)).await.unwrap();
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
}
