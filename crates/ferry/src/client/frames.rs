//! Asks a region for chunks of a snapshot.

use api::native::wire;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use model::RegionId;
use reqwest::Method;
use store::{ChunkId, IdKey, Naming};

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
    /// By what the chunks of a snapshot are named.
    pub async fn naming(&self, of: &FrameRequest) -> Result<Naming, Failure> {
        let path = format!("/v1/regions/{}/snapshots/{}/naming", of.region, of.snapshot);
        let said: wire::Naming = self.get("ask how chunks are named", path).await?;
        let Some(id_key) = said.id_key else { return Ok(Naming::Plain) };
        let bytes = STANDARD.decode(id_key).ok().and_then(|bytes| bytes.try_into().ok());
        let bytes: [u8; 32] = bytes.ok_or_else(|| Failure::WrongDisk {
            region: of.region.clone(),
            reason: "it names its chunks by a key that has not 32 bytes".to_owned(),
        })?;
        Ok(Naming::Keyed(IdKey::new(bytes)))
    }

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
