//! Families of images: which one is meant by a family.

use crate::statement::query;
use model::{AccountId, Family, ImageId};

use crate::fault::CatalogFault;
use crate::stored::Stored;
use crate::tx::Tx;

pub(crate) const NEWEST: &str = "SELECT id FROM image WHERE account = ? AND family = ? \
    AND status = 'available' AND deprecated IS NULL AND purpose = 'image' \
    ORDER BY created DESC, id DESC LIMIT 1";

impl Tx {
    /// The newest image of an account that is of a family, available, and not deprecated.
    pub async fn newest_of_family(
        &mut self,
        account: &AccountId,
        family: &Family,
    ) -> Result<Option<ImageId>, CatalogFault> {
        let find = query(NEWEST).bind(account.as_str()).bind(family.as_str());
        let found = self.one("find the newest image of a family", find).await?;
        found.map(|row| Stored { table: "image", row: &row }.word("id")).transpose()
    }
}

#[cfg(test)]
mod tests {
    use model::{ImageStatus, Timestamp};

    use super::*;
    use crate::ImageRow;
    use crate::sample::{account, catalog, image, put_image};

    #[tokio::test]
    async fn a_family_means_its_newest_image_that_is_available_and_not_deprecated() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        let web = Family::new("web").unwrap();
        let of = |n: u64, of: u64| ImageRow {
            family: Some(web.clone()),
            status: ImageStatus::Available,
            ..image(n, of)
        };
        assert_eq!(tx.newest_of_family(&account(1), &web).await.unwrap(), None);
        let rows = [
            of(1, 1),
            of(2, 1),
            ImageRow { deprecated: Some(Timestamp(1)), ..of(3, 1) },
            ImageRow { status: ImageStatus::Creating, ..of(4, 1) },
            ImageRow { family: Some(Family::new("Web").unwrap()), ..of(5, 1) },
            ImageRow { family: None, ..of(6, 1) },
            of(7, 2),
        ];
        for row in &rows {
            put_image(&mut tx, row).await;
        }
        let newest = tx.newest_of_family(&account(1), &web).await.unwrap();
        assert_eq!(newest, Some(rows[1].id.clone()));
        tx.delete_image(&rows[1].id).await.unwrap();
        let newest = tx.newest_of_family(&account(1), &web).await.unwrap();
        assert_eq!(newest, Some(rows[0].id.clone()));
    }
}
