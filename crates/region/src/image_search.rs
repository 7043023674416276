//! Searching images: every condition at once, a page by its place in the whole, and how many there are altogether.

use catalog::Moment;
use model::{Act, ImageId, ImageSearch, NamePattern, PageOf, TagWanted};

use crate::commands::{Caller, Found};
use crate::images::MAX_PAGE;
use crate::refused::Refused;
use crate::region::Region;
use crate::views::ImageView;
use crate::visibility::as_seen_by;

impl Region {
    /// The images that the caller sees and that fit, newest first (R001-2, R001-8). A page has at most a thousand. Another's
    /// tags, particulars and uses are its owner's business, so no condition on them finds it.
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
        let mut tx = self.inner.catalog.read().await?;
        let moment = self.moment();
        let (rows, total) = tx.search_images(&caller.account, &search, &moment).await?;
        let views = self.image_views(&mut tx, rows, &moment).await?;
        let items = views.into_iter().map(|view| as_seen_by(&caller.account, view)).collect();
        Ok(Found { items, total })
    }

    /// The image of this region whose id begins with `img-` and 8 to 20 characters, as clouds spell it; none where there is
    /// none, and for any other text. Whoever owns it: what it names is told by the command that is given it, and the door that
    /// asks must not tell the rest of its characters. A whole id is taken at its word.
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
        let found = self.inner.catalog.read().await?.image_led_by(leading).await?;
        Ok(found.filter(|id| id.as_str().starts_with(text)))
    }

    /// What is not in the rows and yet says how images stand. A search and what it shows are of one moment.
    pub(crate) fn moment(&self) -> Moment {
        Moment { now: self.inner.clock.now(), importing: self.images_being_imported() }
    }
}
