//! How many images an account sees, and how much its own hold.

use model::{Act, ImageKind, ImageSearch, PageOf};
use store::CHUNK_BYTES;

use crate::commands::Caller;
use crate::refused::Refused;
use crate::region::Region;

/// How many images of a region a caller sees, as what, and how much its own hold.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageCounts {
    /// Its own, those that it published included: what a search with [`ImageSearch::owner`] finds.
    pub custom: u64,
    /// Those that others share with it.
    pub shared: u64,
    /// Those that are published, as public ones or on the marketplace, its own included.
    pub public: u64,
    /// Bytes of the disks of its own available images that are not zero, each image for itself: the sum of what their views say.
    pub held_bytes: u64,
}

impl Region {
    /// How many images of each kind the caller sees here, and how much its own hold (R001-2, R001-8).
    pub async fn image_counts(&self, caller: &Caller) -> Result<ImageCounts, Refused> {
        caller.must(Act::Read)?;
        let page = PageOf { offset: 0, limit: 0 };
        let all = || ImageSearch { page, ..ImageSearch::default() };
        let seen_as = |kinds: &[ImageKind]| ImageSearch { seen_as: kinds.to_vec(), ..all() };
        let custom = ImageSearch { owner: Some(caller.account.clone()), ..all() };
        let shared = seen_as(&[ImageKind::Shared]);
        let public = seen_as(&[ImageKind::Public, ImageKind::Marketplace]);
        let mut tx = self.inner.catalog.read().await?;
        let moment = self.moment();
        let mut counts = [0; 3];
        for (count, search) in counts.iter_mut().zip([custom, shared, public]) {
            *count = tx.search_images(&caller.account, &search, &moment).await?.1;
        }
        let [custom, shared, public] = counts;
        let places = tx.places_of_account(&caller.account).await?;
        let held_bytes = places.saturating_mul(CHUNK_BYTES as u64);
        Ok(ImageCounts { custom, shared, public, held_bytes })
    }
}
