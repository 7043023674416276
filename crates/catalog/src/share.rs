//! Shares: which accounts see another account's image (R001-8).

use crate::statement::Row;
use crate::statement::query;
use model::{AccountId, ImageId, Timestamp};

use crate::fault::CatalogFault;
use crate::image::json_ids;
use crate::outcome::{Deleted, Inserted};
use crate::stored::Stored;
use crate::tx::Tx;

/// An image that is shared with an account. The share goes with its image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareRow {
    /// The image.
    pub image: ImageId,
    /// Who may see and use it.
    pub account: AccountId,
    /// Since when.
    pub created: Timestamp,
}

pub(crate) const OF_IMAGE: &str = "SELECT * FROM image_share WHERE image = ? ORDER BY account";
pub(crate) const COUNT_OF: &str = "SELECT count(*) FROM image_share WHERE image = ?";
pub(crate) const COUNT_OF_IMAGES: &str = "SELECT image, count(*) AS shares FROM image_share \
    WHERE image IN (SELECT value FROM json_each(?)) GROUP BY image";

impl Tx {
    /// Records a share. [`Inserted::Clash`] where it was there already; then it stays as it was.
    pub async fn insert_share(&mut self, share: &ShareRow) -> Result<Inserted, CatalogFault> {
        let sql = "INSERT INTO image_share (image, account, created) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
        let insert = query(sql).bind(share.image.as_str()).bind(share.account.as_str());
        match self.run("record a share", insert.bind(share.created.0)).await? {
            0 => Ok(Inserted::Clash),
            _ => Ok(Inserted::Yes),
        }
    }

    /// Ends a share.
    pub async fn delete_share(
        &mut self,
        image: &ImageId,
        account: &AccountId,
    ) -> Result<Deleted, CatalogFault> {
        let delete = query("DELETE FROM image_share WHERE image = ? AND account = ?");
        let delete = delete.bind(image.as_str()).bind(account.as_str());
        self.run("end a share", delete).await.map(Deleted::from_rows)
    }

    /// Whom an image is shared with, by account. Few: an image has at most some tens of shares.
    pub async fn shares_of(&mut self, image: &ImageId) -> Result<Vec<ShareRow>, CatalogFault> {
        let rows = self.all("list shares", query(OF_IMAGE).bind(image.as_str())).await?;
        rows.iter().map(share_from).collect()
    }

    /// With how many accounts an image is shared.
    pub async fn count_shares_of(&mut self, image: &ImageId) -> Result<u64, CatalogFault> {
        self.count("count shares", query(COUNT_OF).bind(image.as_str())).await
    }

    /// With how many accounts each of these images is shared; one that is shared with none is left out.
    pub async fn count_shares_of_images(
        &mut self,
        images: &[ImageId],
    ) -> Result<Vec<(ImageId, u64)>, CatalogFault> {
        let count = query(COUNT_OF_IMAGES).bind(json_ids(images));
        let rows = self.all("count shares of images", count).await?;
        let read = |row| {
            let stored = Stored { table: "image_share", row };
            Ok((stored.word("image")?, stored.number("shares")?))
        };
        rows.iter().map(read).collect()
    }
}

fn share_from(row: &Row) -> Result<ShareRow, CatalogFault> {
    let stored = Stored { table: "image_share", row };
    Ok(ShareRow {
        image: stored.word("image")?,
        account: stored.word("account")?,
        created: stored.time("created")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{account, catalog, image, put_image};

    fn share(n: u64, with: u64) -> ShareRow {
        let created = Timestamp(50 + with as i64);
        ShareRow { image: image(n, 1).id, account: account(with), created }
    }

    #[tokio::test]
    async fn r001_8_shares_read_back_as_written_each_once_and_go_with_their_image() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        put_image(&mut tx, &image(1, 1)).await;
        for with in [3, 2] {
            assert_eq!(tx.insert_share(&share(1, with)).await.unwrap(), Inserted::Yes);
        }
        let late = ShareRow { created: Timestamp(99), ..share(1, 2) };
        assert_eq!(tx.insert_share(&late).await.unwrap(), Inserted::Clash);
        let id = image(1, 1).id;
        assert_eq!(tx.shares_of(&id).await.unwrap(), [share(1, 2), share(1, 3)]);
        assert_eq!(tx.count_shares_of(&id).await.unwrap(), 2);
        put_image(&mut tx, &image(2, 1)).await;
        let of = [id.clone(), image(2, 1).id, image(3, 1).id];
        assert_eq!(tx.count_shares_of_images(&of).await.unwrap(), [(id.clone(), 2)]);
        assert_eq!(tx.delete_share(&id, &account(3)).await.unwrap(), Deleted::Yes);
        assert_eq!(tx.delete_share(&id, &account(3)).await.unwrap(), Deleted::No);
        tx.delete_image(&id).await.unwrap();
        assert_eq!(tx.count_shares_of(&id).await.unwrap(), 0);
        tx.commit().await.unwrap();
    }
}
