//! What a caller sees: its own images, those shared with its account, those published; and as what (R001-2, R001-8).

use catalog::{ImageFilter, ImageRow, Tx};
use model::rules::{judge_own, judge_use, seen_as};
use model::{AccountId, ImageId, ImageKind};

use crate::commands::{Caller, Cursor, ImageQuery};
use crate::images::{next_cursor, page};
use crate::refused::{Refused, RegionFault};
use crate::region::Region;
use crate::views::ImageView;

/// An image that a caller sees.
pub(crate) struct Seen {
    /// Its row.
    pub(crate) row: ImageRow,
    /// As what the caller sees it.
    pub(crate) kind: ImageKind,
}

impl Region {
    /// An image that the caller sees; every other is as absent as one that never was (I12).
    pub(crate) async fn visible_image(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        image: &ImageId,
    ) -> Result<Seen, Refused> {
        let row = tx.visible_image(&caller.account, image).await?;
        let row = row.ok_or_else(|| self.no_image(image))?;
        let kind = seen_as(&row.account, row.kind, &caller.account);
        Ok(Seen { row, kind })
    }

    /// An image that the caller may change. One that it only sees is refused by name (R001-8).
    pub(crate) async fn own_image(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        image: &ImageId,
    ) -> Result<ImageRow, Refused> {
        let Seen { row, kind } = self.visible_image(tx, caller, image).await?;
        judge_own(image, &row.account, &caller.account, kind)?;
        Ok(row)
    }

    /// An image that the caller may use: one that it sees and that is available (R000-12, R001-7, R003-9).
    pub(crate) async fn usable_image(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        image: &ImageId,
    ) -> Result<ImageRow, Refused> {
        let Seen { row, .. } = self.visible_image(tx, caller, image).await?;
        judge_use(image, row.status)?;
        Ok(row)
    }

    /// The rows of a listing, and where the next page begins. Without a kind, and for custom images: the caller's own, those
    /// that it published included.
    pub(crate) async fn visible_images(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        query: ImageQuery,
    ) -> Result<(Vec<ImageRow>, Option<Cursor>), RegionFault> {
        let filter = ImageFilter { status: query.status, name: query.name, ids: query.ids };
        let page = page(&query.after, query.limit);
        let by_creation = |row: &ImageRow| Cursor { created: row.created, id: row.id.to_string() };
        let rows = match query.kind {
            None | Some(ImageKind::Custom) => {
                tx.list_images(&caller.account, &filter, &page).await?
            }
            Some(kind @ (ImageKind::Public | ImageKind::Marketplace)) => {
                tx.list_published_images(kind, &filter, &page).await?
            }
            Some(ImageKind::Shared) => {
                let shared = tx.list_shared_images(&caller.account, &filter, &page).await?;
                let next = next_cursor(&shared, query.limit, |shared| Cursor {
                    created: shared.since,
                    id: shared.image.id.to_string(),
                });
                return Ok((shared.into_iter().map(|shared| shared.image).collect(), next));
            }
        };
        let next = next_cursor(&rows, query.limit, by_creation);
        Ok((rows, next))
    }
}

/// The image as this account sees it. Another's tags, particulars, uses, shares, copies, origin and key are its
/// owner's business.
pub(crate) fn as_seen_by(viewer: &AccountId, view: ImageView) -> ImageView {
    let kind = seen_as(&view.owner, view.kind, viewer);
    if view.owner == *viewer {
        return ImageView { kind, ..view };
    }
    ImageView {
        kind,
        tags: model::Tags::default(),
        particulars: model::Particulars::default(),
        instances: 0,
        shared_with: 0,
        copies_leaving: 0,
        held_by: None,
        converted_into: None,
        exported_by: None,
        seconds_left: None,
        origin: None,
        phase: None,
        failure: None,
        encryption_key: None,
        ..view
    }
}
