//! How much a transfer would carry.

use crate::chunk::{ChunkId, Domain};
use crate::fault::StoreFault;
use crate::store::ChunkStore;

impl ChunkStore {
    /// Bytes of the frames of these chunks altogether, as a transfer carries them (without seals); what is not held counts nothing.
    ///
    /// # Errors
    /// When the index fails.
    pub async fn frame_bytes(&self, domain: Domain, ids: &[ChunkId]) -> Result<u64, StoreFault> {
        let places = self.inner.index.locate(domain, ids).await?;
        let seal = self.inner.domains.access(domain).seal_bytes();
        Ok(places.iter().flatten().map(|place| u64::from(place.length) - seal).sum())
    }
}
