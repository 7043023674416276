//! What images are called, for pages that know their ids.

use std::collections::HashMap;

use model::{ImageId, ImageSearch, PageOf};
use region::Region;

use crate::refusal::Shown;
use crate::visit::Visit;

/// The names of those images of a region that are there and that the visitor sees.
pub(crate) async fn names(
    visit: &Visit,
    region: &Region,
    mut ids: Vec<ImageId>,
) -> Result<HashMap<ImageId, String>, Shown> {
    ids.sort();
    ids.dedup();
    // No ids would be all images.
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let page = PageOf { offset: 0, limit: u32::try_from(ids.len()).unwrap_or(u32::MAX) };
    let search = ImageSearch { ids, page, ..ImageSearch::default() };
    let images = region.search_images(&visit.caller, search).await?;
    Ok(images.items.into_iter().map(|view| (view.id, view.name.to_string())).collect())
}
