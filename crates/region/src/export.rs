//! Export: the caller walks a disk's tree and asks for its chunks, as a region does.

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use model::Act;
use model::{DomainName, SnapshotId};
use store::{ChunkId, Domain, Naming};

use crate::commands::Caller;
use crate::refused::{Refused, RegionFault};
use crate::region::Region;

/// Runs of whole frames, as they lie in packs.
pub type FrameStream = BoxStream<'static, Result<Bytes, RegionFault>>;

impl Region {
    /// By what the chunks of a snapshot are named, so that the caller can check each.
    pub async fn disk_naming(
        &self,
        caller: &Caller,
        snapshot: &SnapshotId,
    ) -> Result<Naming, Refused> {
        caller.must(Act::Read)?;
        let domain = self.readable_domain(caller, snapshot).await?;
        Ok(self.inner.store.naming(domain)?)
    }

    /// One frame per id, in any order, from the domain of a snapshot of the caller's.
    pub async fn disk_frames(
        &self,
        caller: &Caller,
        snapshot: &SnapshotId,
        ids: Vec<ChunkId>,
    ) -> Result<FrameStream, Refused> {
        caller.must(Act::Read)?;
        let domain = self.readable_domain(caller, snapshot).await?;
        let frames = self.inner.store.frames(domain, ids);
        Ok(frames.map(|run| run.map_err(RegionFault::from)).boxed())
    }

    /// Where the chunks of a snapshot lie that the caller may read: its own, or one under an image that it sees (R001-7).
    async fn readable_domain(
        &self,
        caller: &Caller,
        snapshot: &SnapshotId,
    ) -> Result<Domain, Refused> {
        let mut tx = self.inner.catalog.read().await?;
        let row = tx.readable_snapshot(&caller.account, snapshot).await?;
        let row = row.ok_or_else(|| self.no_snapshot(snapshot))?;
        let domain = DomainName { account: row.account, key: row.encryption_key };
        Ok(self.domain(&domain).await?)
    }
}
