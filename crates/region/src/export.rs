//! Export: the caller walks a disk's tree and asks for its chunks, as a region does.

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use model::{DomainName, SnapshotId};
use store::ChunkId;

use crate::commands::Caller;
use crate::refused::{Refused, RegionFault};
use crate::region::Region;

/// Runs of whole frames, as they lie in packs.
pub type FrameStream = BoxStream<'static, Result<Bytes, RegionFault>>;

impl Region {
    /// One frame per id, in any order, from the domain of a snapshot of the caller's.
    pub async fn disk_frames(
        &self,
        caller: &Caller,
        snapshot: &SnapshotId,
        ids: Vec<ChunkId>,
    ) -> Result<FrameStream, Refused> {
        let view = self.snapshot(caller, snapshot).await?;
        let domain = DomainName { account: caller.account.clone(), key: view.encryption_key };
        let domain = self.domain(&domain).await?;
        let frames = self.inner.store.frames(domain, ids);
        Ok(frames.map(|run| run.map_err(RegionFault::from)).boxed())
    }
}
