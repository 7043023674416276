//! A region that never answers.

use std::future::pending;

use async_trait::async_trait;
use model::{AccountId, CopyId, RegionId};
use store::{ChunkId, IdKey};
use transfer::{Opened, ParcelOrder, WindowAsk};

use crate::peer::{
    Accepted, CopyOffer, FetchScope, Held, HoldRequest, PeerFault, PeerFrames, PeerParcel,
    PeerRefused, PeerRegion, Standing, TargetRoom, Withdrawal,
};
use crate::request::Estimate;

/// A region whose line takes every request and never brings an answer.
pub(super) struct Silent;

#[async_trait]
impl PeerRegion for Silent {
    async fn accept(&self, _: CopyOffer) -> Result<Accepted, PeerRefused> {
        pending().await
    }

    async fn accept_all(&self, _: Vec<CopyOffer>) -> Result<Vec<Accepted>, PeerRefused> {
        pending().await
    }

    async fn judge_all(&self, _: Vec<CopyOffer>) -> Result<(), PeerRefused> {
        pending().await
    }

    async fn withdraw(&self, _: Withdrawal) -> Result<(), PeerRefused> {
        pending().await
    }

    async fn estimate(&self, _: CopyOffer) -> Result<Estimate, PeerRefused> {
        pending().await
    }

    async fn room(&self, _: &AccountId, _: &RegionId) -> Result<TargetRoom, PeerFault> {
        pending().await
    }

    async fn standing(&self, _: &CopyId) -> Result<Standing, PeerFault> {
        pending().await
    }

    async fn hold(&self, _: HoldRequest) -> Result<Held, PeerRefused> {
        pending().await
    }

    async fn release(&self, _: &CopyId) -> Result<(), PeerFault> {
        pending().await
    }

    async fn fetch(&self, _: FetchScope, _: Vec<ChunkId>) -> Result<PeerFrames, PeerFault> {
        pending().await
    }

    async fn measure(&self, _: FetchScope, _: Vec<ChunkId>) -> Result<u64, PeerFault> {
        pending().await
    }

    async fn rename(
        &self,
        _: FetchScope,
        _: IdKey,
        _: Vec<ChunkId>,
    ) -> Result<Vec<Option<ChunkId>>, PeerFault> {
        pending().await
    }

    async fn open_parcels(&self, _: FetchScope, _: ParcelOrder) -> Result<Opened, PeerFault> {
        pending().await
    }

    async fn parcel(&self, _: FetchScope, _: WindowAsk) -> Result<PeerParcel, PeerFault> {
        pending().await
    }

    fn is_private(&self) -> bool {
        true
    }

    fn is_here(&self) -> bool {
        true
    }
}
