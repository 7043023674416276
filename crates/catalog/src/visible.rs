//! What an account sees: its own images, those shared with it, and those published (I12: nothing else is there).

use crate::statement::query;
use model::{AccountId, ImageId, ImageKind, SnapshotId, Timestamp};

use crate::fault::CatalogFault;
use crate::image::{ImageFilter, ImageRow, image_from, json_ids};
use crate::page::Page;
use crate::snapshot::{SnapshotRow, snapshot_from};
use crate::stored::Stored;
use crate::tx::Tx;

/// An image that another account shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedImage {
    /// The image.
    pub image: ImageRow,
    /// Since when it is shared: what the listing is ordered by.
    pub since: Timestamp,
}

pub(crate) const VISIBLE: &str = "SELECT * FROM image WHERE id = ?2 AND purpose = 'image' AND (account = ?1 OR kind <> 'custom' \
    OR EXISTS (SELECT 1 FROM image_share WHERE image_share.image = image.id AND image_share.account = ?1))";
pub(crate) const READABLE: &str = "SELECT * FROM snapshot WHERE id = ?2 AND (account = ?1 OR EXISTS \
    (SELECT 1 FROM image_disk AS disk JOIN image ON image.id = disk.image \
    WHERE disk.snapshot = ?2 AND disk.snapshot IS NOT NULL AND (kind <> 'custom' OR EXISTS \
    (SELECT 1 FROM image_share WHERE image_share.image = image.id AND image_share.account = ?1))))";
/// The cross join keeps the order of the shares; the look-up by the image's id follows.
pub(crate) const SHARED: &str = "SELECT image.*, image_share.created AS since FROM image_share \
    CROSS JOIN image ON image.id = image_share.image \
    WHERE image_share.account = ?1 AND (image_share.created, image_share.image) < (?2, ?3) AND image.kind = 'custom' \
    AND (?5 = '' OR instr(?5, '/' || status || '/') > 0) AND (?6 IS NULL OR name = ?6) \
    AND (?7 = '[]' OR image.id IN (SELECT value FROM json_each(?7))) \
    ORDER BY image_share.created DESC, image_share.image DESC LIMIT ?4";
pub(crate) const PUBLISHED: &str = "SELECT * FROM image \
    WHERE kind = ?1 AND kind <> 'custom' AND (created, id) < (?2, ?3) \
    AND (?5 = '' OR instr(?5, '/' || status || '/') > 0) AND (?6 IS NULL OR name = ?6) \
    AND (?7 = '[]' OR id IN (SELECT value FROM json_each(?7))) \
    ORDER BY created DESC, id DESC LIMIT ?4";

impl ImageFilter {
    fn status_words(&self) -> String {
        self.status.iter().map(|status| format!("/{status}/")).collect()
    }
}

impl Tx {
    /// An image that the account sees: its own, one shared with it, one that is published. Any other is as absent as one
    /// that never was (I12).
    pub async fn visible_image(
        &mut self,
        account: &AccountId,
        id: &ImageId,
    ) -> Result<Option<ImageRow>, CatalogFault> {
        let find = query(VISIBLE).bind(account.as_str()).bind(id.as_str());
        self.one("find an image", find).await?.as_ref().map(image_from).transpose()
    }

    /// A snapshot that the account may read: its own, or one that an image rests on that the account sees.
    pub async fn readable_snapshot(
        &mut self,
        account: &AccountId,
        id: &SnapshotId,
    ) -> Result<Option<SnapshotRow>, CatalogFault> {
        let find = query(READABLE).bind(account.as_str()).bind(id.as_str());
        self.one("find a snapshot", find).await?.as_ref().map(snapshot_from).transpose()
    }

    /// The images shared with an account, the last shared first.
    pub async fn list_shared_images(
        &mut self,
        account: &AccountId,
        filter: &ImageFilter,
        page: &Page,
    ) -> Result<Vec<SharedImage>, CatalogFault> {
        let (created, id) = page.below();
        let list = query(SHARED)
            .bind(account.as_str())
            .bind(created)
            .bind(id)
            .bind(page.limit)
            .bind(filter.status_words())
            .bind(filter.name.clone())
            .bind(json_ids(&filter.ids));
        let rows = self.all("list shared images", list).await?;
        let read = |row| {
            let since = Stored { table: "image_share", row }.time("since")?;
            Ok(SharedImage { image: image_from(row)?, since })
        };
        rows.iter().map(read).collect()
    }

    /// The images published as one kind, the newest first. No image is stored as shared, so none is found as that; custom
    /// images are no one's to list.
    pub async fn list_published_images(
        &mut self,
        kind: ImageKind,
        filter: &ImageFilter,
        page: &Page,
    ) -> Result<Vec<ImageRow>, CatalogFault> {
        let (created, id) = page.below();
        let list = query(PUBLISHED)
            .bind(kind.as_str())
            .bind(created)
            .bind(id)
            .bind(page.limit)
            .bind(filter.status_words())
            .bind(filter.name.clone())
            .bind(json_ids(&filter.ids));
        let rows = self.all("list published images", list).await?;
        rows.iter().map(image_from).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, account, catalog, put_rested};
    use crate::{Catalog, ShareRow};
    use model::ImageStatus;

    /// Images 1 to 6 of account 1: 1 and 2 custom, 3 shared with account 2, 4 public, 5 marketplace, 6 shared, other name.
    async fn world() -> (tempfile::TempDir, Catalog) {
        let (folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        for n in 1..=6 {
            let mut image = ImageRow { status: ImageStatus::Available, ..sample::image(n, 1) };
            image.kind = match n {
                4 => ImageKind::Public,
                5 => ImageKind::Marketplace,
                _ => ImageKind::Custom,
            };
            let snapshot = sample::snapshot(n, 1);
            tx.insert_snapshot(&snapshot).await.unwrap();
            put_rested(&mut tx, &image, &[&snapshot]).await;
        }
        // The sixth was shared before the third.
        for (n, at) in [(3, 20), (6, 10)] {
            let image = sample::image(n, 1).id;
            let share = ShareRow { image, account: account(2), created: Timestamp(at) };
            assert_eq!(tx.insert_share(&share).await.unwrap(), crate::Inserted::Yes);
        }
        tx.commit().await.unwrap();
        (folder, catalog)
    }

    #[tokio::test]
    async fn i12_an_account_sees_its_own_what_is_shared_with_it_and_what_is_published() {
        let (_folder, catalog) = world().await;
        let mut tx = catalog.read().await.unwrap();
        for (viewer, wanted) in
            [(1, vec![1, 2, 3, 4, 5, 6]), (2, vec![3, 4, 5, 6]), (3, vec![4, 5])]
        {
            let (mut images, mut snapshots) = (Vec::new(), Vec::new());
            for n in 1..=7 {
                let found = tx.visible_image(&account(viewer), &sample::image(n, 1).id).await;
                images.extend(found.unwrap().map(|_| n));
                let id = sample::snapshot(n, 1).id;
                let found = tx.readable_snapshot(&account(viewer), &id).await.unwrap();
                snapshots.extend(found.map(|_| n));
            }
            assert_eq!((&images, &snapshots), (&wanted, &wanted), "account {viewer}");
        }
    }

    #[tokio::test]
    async fn r001_8_received_images_are_listed_the_last_shared_first_page_by_page() {
        let (_folder, catalog) = world().await;
        let mut tx = catalog.read().await.unwrap();
        let (mut page, mut found) = (Page::first(1), Vec::new());
        loop {
            let all = ImageFilter::default();
            let rows = tx.list_shared_images(&account(2), &all, &page).await.unwrap();
            let Some(last) = rows.last() else { break };
            page.after = Some((last.since, last.image.id.to_string()));
            found.extend(rows.into_iter().map(|row| row.image.id));
        }
        assert_eq!(found, [sample::image(3, 1).id, sample::image(6, 1).id]);
        let mut named = ImageFilter { name: Some("web-6".into()), ..ImageFilter::default() };
        let page = Page::first(10);
        let rows = tx.list_shared_images(&account(2), &named, &page).await.unwrap();
        assert_eq!(rows.len(), 1);
        named.status = vec![ImageStatus::Creating];
        assert!(tx.list_shared_images(&account(2), &named, &page).await.unwrap().is_empty());
        let all = ImageFilter::default();
        assert!(tx.list_shared_images(&account(1), &all, &page).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn r001_2_published_images_are_listed_by_kind() {
        let (_folder, catalog) = world().await;
        let mut tx = catalog.read().await.unwrap();
        let page = Page::first(10);
        for (kind, wanted) in [
            (ImageKind::Public, vec![sample::image(4, 1).id]),
            (ImageKind::Marketplace, vec![sample::image(5, 1).id]),
            (ImageKind::Custom, Vec::new()),
            (ImageKind::Shared, Vec::new()),
        ] {
            let all = ImageFilter::default();
            let rows = tx.list_published_images(kind, &all, &page).await.unwrap();
            assert_eq!(rows.into_iter().map(|row| row.id).collect::<Vec<_>>(), wanted, "{kind}");
        }
        let ids = ImageFilter { ids: vec![sample::image(5, 1).id], ..ImageFilter::default() };
        let none = tx.list_published_images(ImageKind::Public, &ids, &page).await.unwrap();
        assert!(none.is_empty());
    }
}
