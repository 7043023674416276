//! Searching images: every condition at once, a page by its place in the whole, and how many there are altogether.

use catalog::Moment;
use model::{Act, ImageSearch, PageOf, wanted_tags};

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
            name: search.name.map(|name| name.normalised()),
            tags: wanted_tags(&search.tags)?,
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

    /// What is not in the rows and yet says how images stand. A search and what it shows are of one moment.
    pub(crate) fn moment(&self) -> Moment {
        Moment { now: self.inner.clock.now(), importing: self.images_being_imported() }
    }
}
