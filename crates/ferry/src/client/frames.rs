//! Asks a region for chunks of a snapshot.

use bytes::Bytes;
use model::RegionId;
use reqwest::Method;
use store::ChunkId;

use super::{Body, Call, Client};
use crate::failure::Failure;

/// Chunks of one snapshot, to be asked for.
#[derive(Clone, Debug)]
pub struct FrameRequest {
    /// Where.
    pub region: RegionId,
    /// Which snapshot.
    pub snapshot: String,
}

impl Client {
    /// The frames of these chunks, in any order, unchecked. At most 4,096 ids; the answer is kept in memory whole, so a
    /// caller who counts on bounded memory asks for fewer.
    pub async fn frames(&self, of: &FrameRequest, ids: &[ChunkId]) -> Result<Bytes, Failure> {
        let list: Bytes = ids.iter().flat_map(|id| *id.as_bytes()).collect::<Vec<u8>>().into();
        let path = format!("/v1/regions/{}/snapshots/{}/frames", of.region, of.snapshot);
        let ask = || {
            Call::new("fetch chunks", Method::POST, path.clone()).with(Body::Octets(list.clone()))
        };
        self.ask_patiently(ask).await
    }
}
