//! Where chunks come from.

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use store::{ChunkId, ChunkStore, Domain};

use crate::fault::SourceFault;

/// The body of an answer: frames end to end, cut into pieces anywhere.
pub type FrameStream = BoxStream<'static, Result<Bytes, SourceFault>>;

/// Something that can be asked for chunks: a store in this process, or a region far away.
#[async_trait]
pub trait ChunkSource: Send + Sync {
    /// Asks for chunks, at most 4,096 (docs/formats.md, section 6). The body has one frame per id, in any order; one with
    /// codec 255 for a chunk that the source does not have. Dropping the body ends the request.
    ///
    /// # Errors
    /// When the source cannot be reached or refuses.
    async fn fetch(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault>;
}

/// A store in this process as a source: its frames as they lie.
#[derive(Clone)]
pub struct StoreSource {
    store: ChunkStore,
    domain: Domain,
}

impl StoreSource {
    /// A source of this domain's chunks.
    pub fn new(store: ChunkStore, domain: Domain) -> Self {
        StoreSource { store, domain }
    }
}

#[async_trait]
impl ChunkSource for StoreSource {
    async fn fetch(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        let frames = self.store.frames(self.domain, ids);
        Ok(frames.map(|piece| piece.map_err(SourceFault::Store)).boxed())
    }
}
