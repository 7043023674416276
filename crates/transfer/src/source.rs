//! Where chunks come from.

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use store::{ChunkId, ChunkStore, Domain, Naming};

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

    /// Asks for nodes of a tree, or for a root, in place of chunks of a disk. The same answer.
    ///
    /// # Errors
    /// As [`ChunkSource::fetch`].
    async fn fetch_nodes(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        self.fetch(ids).await
    }

    /// Is told that frames which came from it are not of the chunks that they name, and says how many of them it answers for.
    /// One that passes on what others sent leaves those others instead.
    fn answers_for(&self, wrong: &[ChunkId]) -> u64 {
        wrong.len() as u64
    }

    /// Whether it holds a body back just now for a limit of ours: that is none of its slowness.
    fn is_held_back(&self) -> bool {
        false
    }
}

/// The source of a re-keying transfer: serves chunks by its own ids, and tells what they are called under ours.
#[async_trait]
pub trait RenamingSource: ChunkSource {
    /// The ids that these chunks, at most 4,096, have under the naming of the store that asks, in the order asked; `None` for
    /// one that the source does not have. What is told is believed only once the plaintext was hashed here.
    ///
    /// # Errors
    /// When the source cannot be reached or refuses.
    async fn rename(&self, ids: Vec<ChunkId>) -> Result<Vec<Option<ChunkId>>, SourceFault>;
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

/// A store in this process as a source for a domain with another naming.
#[derive(Clone)]
pub struct RenamingStoreSource {
    source: StoreSource,
    naming: Naming,
}

impl RenamingStoreSource {
    /// A source for a domain that names chunks so.
    pub fn new(source: StoreSource, naming: Naming) -> Self {
        RenamingStoreSource { source, naming }
    }
}

#[async_trait]
impl ChunkSource for RenamingStoreSource {
    async fn fetch(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        self.source.fetch(ids).await
    }
}

#[async_trait]
impl RenamingSource for RenamingStoreSource {
    async fn rename(&self, ids: Vec<ChunkId>) -> Result<Vec<Option<ChunkId>>, SourceFault> {
        let StoreSource { store, domain } = &self.source;
        store.rename(*domain, &ids, &self.naming).await.map_err(SourceFault::Store)
    }
}
