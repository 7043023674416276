//! Searching images: every condition at once, a page by its place in the whole, and how many there are altogether.

use catalog::{Moment, Tx};
use model::{Act, ImageId, ImageSearch, NamePattern, PageOf, TagWanted};

use crate::commands::{Caller, Found};
use crate::images::MAX_PAGE;
use crate::refused::Refused;
use crate::region::Region;
use crate::views::ImageView;
use crate::visibility::as_seen_by;

impl Region {
    /// The images that the caller sees and that fit, in the order asked for (R001-2, R001-8). A page has at most a thousand.
    /// Another's tags, particulars and uses are its owner's business, so no condition on them, and no text, finds it by them.
    pub async fn search_images(
        &self,
        caller: &Caller,
        search: ImageSearch,
    ) -> Result<Found<ImageView>, Refused> {
        caller.must(Act::Read)?;
        let search = ImageSearch {
            names: search.names.iter().map(NamePattern::normalised).collect(),
            platforms: search.platforms.iter().map(NamePattern::normalised).collect(),
            tags: search.tags.iter().map(TagWanted::checked).collect::<Result<_, _>>()?,
            page: PageOf { limit: search.page.limit.min(MAX_PAGE), ..search.page },
            ..search
        };
        let (region, viewer) = (self.clone(), caller.account.clone());
        let look = async move |mut tx: Tx| {
            let moment = region.moment();
            let (rows, total) = tx.search_images(&viewer, &search, &moment).await?;
            let views = region.image_views(&mut tx, rows, &moment).await?;
            let items = views.into_iter().map(|view| as_seen_by(&viewer, view)).collect();
            Ok(Found { items, total })
        };
        self.inner.catalog.read().await?.off_thread(look).await
    }

    /// The image of this region that the caller sees and whose id begins with `img-` and 8 to 20 characters, as clouds spell it;
    /// none where there is none, and for any other text. So nobody learns of another's image, or the rest of its characters, by
    /// what else is said of a request (api-11). A whole id is taken at its word: what it names is told by the command that is
    /// given it.
    pub async fn image_led_by(
        &self,
        caller: &Caller,
        text: &str,
    ) -> Result<Option<ImageId>, Refused> {
        caller.must(Act::Read)?;
        let Some(leading) = ImageId::leading_in(text) else { return Ok(None) };
        if let Ok(whole) = text.parse() {
            return Ok(Some(whole));
        }
        let mut tx = self.inner.catalog.read().await?;
        let found = tx.image_led_by(leading).await?.filter(|id| id.as_str().starts_with(text));
        let Some(image) = found else { return Ok(None) };
        let seen = tx.visible_image(&caller.account, &image).await?;
        Ok(seen.map(|row| row.id))
    }

    /// What is not in the rows and yet says how images stand. A search and what it shows are of one moment.
    pub(crate) fn moment(&self) -> Moment {
        Moment { now: self.inner.clock.now(), importing: self.images_being_imported() }
    }
}
