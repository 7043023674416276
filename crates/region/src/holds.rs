//! Holds: the source's promise not to delete an image while a copy needs it.

use async_trait::async_trait;
use catalog::{Ensured, HoldRow, HoldStanding};
use futures::StreamExt;
use model::rules::{SourceFacts, judge_source};
use model::{AccountId, CopyId, Deprecation, DomainName, ImageStatus, RegionId, Timestamp};
use store::{ChunkId, IdKey};
use transfer::{Opened, ParcelOrder, WindowAsk};

use crate::peer::{
    Accepted, CopyOffer, FetchScope, Held, HeldDisk, HoldRequest, PeerFault, PeerFrames,
    PeerParcel, PeerRefused, PeerRegion, RelayRequest, Serving, ServingQuestion, Standing,
    TargetRoom, Withdrawal,
};
use crate::refused::{Refused, RegionFault, failpoint};
use crate::region::Region;
use crate::request::{Estimate, as_peer_fault, source_facts};

/// Holds younger than this are not asked about: their copy may be being accepted just now. A pace, not a promise.
const RECONCILE_AFTER_MS: i64 = 60_000;

impl Region {
    /// Keeps the image for a copy and names its disks. Asking again gives the same.
    async fn hold_image(&self, request: &HoldRequest) -> Result<Held, Refused> {
        failpoint!("src.hold");
        self.await_settled(&request.copy).await?;
        let mut tx = self.inner.catalog.begin().await?;
        if let Some(batch) = tx.batch_of_copy(&request.copy).await? {
            return Err(RegionFault::Unsettled { batch: batch.to_string() }.into());
        }
        let image = tx.image(&request.account, &request.image).await?;
        let image = image.filter(|image| image.status == ImageStatus::Available);
        let image = image.ok_or_else(|| self.no_image(&request.image))?;
        let disks = tx.image_disks(&image.id).await?;
        let snapshots = tx.snapshots_of_image(&image.id).await?;
        self.spend_again(&mut tx, &request.account, &request.copy).await?;
        let hold = HoldRow {
            copy: request.copy.clone(),
            account: request.account.clone(),
            image: image.id.clone(),
            target: request.target.clone(),
            standing: HoldStanding::Confirmed,
            created: self.inner.clock.now(),
        };
        if tx.ensure_hold(&hold).await? == Ensured::Other {
            return Err(
                RegionFault::Contradiction { what: "a copy holds another image already" }.into()
            );
        }
        tx.commit().await?;
        let domain =
            DomainName { account: request.account.clone(), key: image.encryption_key.clone() };
        let sealed = self.sealed_source(&domain).await?;
        let damaged_chunks = self.damaged_chunks_of(&domain, &disks).await?;
        // What was accepted goes on, although the image has been deprecated since.
        let deprecation = Deprecation::Current;
        let facts = source_facts(&image, image.kind);
        judge_source(&SourceFacts { damaged_chunks, deprecation, ..facts })?;
        let held = disks.iter().filter_map(|disk| {
            let digest = disk.digest?;
            let places = snapshots
                .iter()
                .find(|snapshot| Some(&snapshot.id) == disk.snapshot.as_ref())
                .map_or(0, |snapshot| snapshot.places);
            Some(HeldDisk { digest, places })
        });
        Ok(Held { disks: held.collect(), id_key: sealed.map(|sealed| sealed.id_key) })
    }

    /// Lets go of what a copy held. Letting go of nothing is no error.
    pub(crate) async fn release_hold(&self, copy: &CopyId) -> Result<(), RegionFault> {
        let mut tx = self.inner.catalog.begin().await?;
        self.let_go(&mut tx, copy).await?;
        tx.commit().await?;
        Ok(())
    }

    /// How a copy into this region stands.
    async fn copy_standing(&self, copy: &CopyId) -> Result<Standing, RegionFault> {
        let row = self.inner.catalog.read().await?.copy_unscoped(copy).await?;
        Ok(match row {
            None => Standing::Unknown,
            Some(row) if row.state.is_live() => Standing::Live,
            Some(_) => Standing::Ended,
        })
    }

    /// Asks the targets about holds of some age, and lets go where no copy needs one (I8). A target that cannot be asked
    /// keeps its hold.
    pub async fn reconcile_holds(&self) -> Result<u64, RegionFault> {
        let now = self.inner.clock.now();
        self.reconcile_holds_before(now.plus_ms(1 - RECONCILE_AFTER_MS)).await
    }

    /// The same for holds made before an instant.
    pub(crate) async fn reconcile_holds_before(
        &self,
        instant: Timestamp,
    ) -> Result<u64, RegionFault> {
        let holds = self.inner.catalog.read().await?.list_holds().await?;
        let mut released = 0;
        for hold in holds.into_iter().filter(|hold| hold.created < instant) {
            let Ok(peer) = self.peer(&hold.target) else { continue };
            match peer.standing(&hold.copy).await {
                Ok(Standing::Live) => {}
                Ok(Standing::Unknown) => {
                    released += u64::from(self.withdraw_unknown(&hold).await?);
                }
                Ok(Standing::Ended) => {
                    self.release_hold(&hold.copy).await?;
                    released += 1;
                }
                Err(fault) => {
                    tracing::warn!(copy = %hold.copy, target = %hold.target, %fault, "cannot ask about a hold")
                }
            }
        }
        Ok(released)
    }

    fn refused_to_peer(&self, refused: Refused) -> PeerRefused {
        match refused {
            Refused::Rejected(rejection) => PeerRefused::Rejected(rejection),
            Refused::Fault(fault) => PeerRefused::Fault(as_peer_fault(self.id(), fault)),
            Refused::Elsewhere { .. }
            | Refused::Unauthorised
            | Refused::Rehearsed
            | Refused::BadFrames { .. } => {
                let reason = refused.to_string();
                PeerRefused::Fault(PeerFault::Protocol { region: self.id().clone(), reason })
            }
        }
    }
}

#[async_trait]
impl PeerRegion for Region {
    async fn accept(&self, offer: CopyOffer) -> Result<Accepted, PeerRefused> {
        self.accept_copy(offer).await.map_err(|refused| self.refused_to_peer(refused))
    }

    async fn accept_all(&self, offers: Vec<CopyOffer>) -> Result<Vec<Accepted>, PeerRefused> {
        self.accept_copies(offers).await.map_err(|refused| self.refused_to_peer(refused))
    }

    async fn judge_all(&self, offers: Vec<CopyOffer>) -> Result<(), PeerRefused> {
        self.judge_copies(offers).await.map_err(|refused| self.refused_to_peer(refused))
    }

    async fn withdraw(&self, withdrawal: Withdrawal) -> Result<(), PeerRefused> {
        self.withdraw_copies(withdrawal).await.map_err(|refused| self.refused_to_peer(refused))
    }

    async fn estimate(&self, offer: CopyOffer) -> Result<Estimate, PeerRefused> {
        self.estimate_offer(offer).await.map_err(|refused| self.refused_to_peer(refused))
    }

    async fn room(&self, account: &AccountId, source: &RegionId) -> Result<TargetRoom, PeerFault> {
        match self.room_for(account, source).await.map_err(|refused| self.refused_to_peer(refused))
        {
            Ok(room) => Ok(room),
            Err(PeerRefused::Fault(fault)) => Err(fault),
            Err(PeerRefused::Rejected(rejection)) => {
                let (region, reason) = (self.id().clone(), rejection.to_string());
                Err(PeerFault::Protocol { region, reason })
            }
        }
    }

    async fn standing(&self, copy: &CopyId) -> Result<Standing, PeerFault> {
        self.copy_standing(copy).await.map_err(|fault| as_peer_fault(self.id(), fault))
    }

    async fn hold(&self, request: HoldRequest) -> Result<Held, PeerRefused> {
        self.hold_image(&request).await.map_err(|refused| self.refused_to_peer(refused))
    }

    async fn release(&self, copy: &CopyId) -> Result<(), PeerFault> {
        self.release_hold(copy).await.map_err(|fault| as_peer_fault(self.id(), fault))
    }

    async fn fetch(&self, scope: FetchScope, ids: Vec<ChunkId>) -> Result<PeerFrames, PeerFault> {
        let frames = self.frames_for_peer(&scope, ids).await;
        let frames = frames.map_err(|fault| as_peer_fault(self.id(), fault))?;
        let region = self.id().clone();
        Ok(frames.map(move |run| run.map_err(|fault| as_peer_fault(&region, fault))).boxed())
    }

    async fn tree(&self, scope: FetchScope, root: ChunkId) -> Result<PeerFrames, PeerFault> {
        let frames = self.tree_for_peer(&scope, root).await;
        let frames = frames.map_err(|fault| as_peer_fault(self.id(), fault))?;
        let region = self.id().clone();
        Ok(frames.map(move |run| run.map_err(|fault| as_peer_fault(&region, fault))).boxed())
    }

    async fn measure(&self, scope: FetchScope, ids: Vec<ChunkId>) -> Result<u64, PeerFault> {
        let measured = self.measure_for_peer(&scope, &ids).await;
        measured.map_err(|fault| as_peer_fault(self.id(), fault))
    }

    async fn rename(
        &self,
        scope: FetchScope,
        id_key: IdKey,
        ids: Vec<ChunkId>,
    ) -> Result<Vec<Option<ChunkId>>, PeerFault> {
        let renamed = self.rename_for_peer(&scope, id_key, &ids).await;
        renamed.map_err(|fault| as_peer_fault(self.id(), fault))
    }

    async fn open_parcels(
        &self,
        scope: FetchScope,
        order: ParcelOrder,
    ) -> Result<Opened, PeerFault> {
        self.open_parcels_for_peer(&scope, order).await
    }

    async fn parcel(&self, scope: FetchScope, ask: WindowAsk) -> Result<PeerParcel, PeerFault> {
        self.parcel_for_peer(&scope, ask).await
    }

    async fn serving(&self, question: ServingQuestion) -> Result<Serving, PeerFault> {
        let serving = self.serving_for_peer(&question).await;
        serving.map_err(|fault| as_peer_fault(self.id(), fault))
    }

    async fn relay(&self, request: RelayRequest) -> Result<PeerFrames, PeerFault> {
        let frames = self.relay_for_peer(request).await;
        let frames = frames.map_err(|fault| as_peer_fault(self.id(), fault))?;
        let region = self.id().clone();
        Ok(frames.map(move |run| run.map_err(|fault| as_peer_fault(&region, fault))).boxed())
    }

    fn is_private(&self) -> bool {
        true
    }

    fn is_here(&self) -> bool {
        true
    }
}
