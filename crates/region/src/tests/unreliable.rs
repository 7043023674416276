//! A peer that fails where a test says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures::StreamExt;
use model::{AccountId, CopyId, RegionId};
use store::{ChunkId, IdKey};

use crate::peer::{
    Accepted, CopyOffer, FetchScope, Held, HoldRequest, PeerFault, PeerFrames, PeerRefused,
    PeerRegion, Standing, TargetRoom, Withdrawal,
};
use crate::region::Region;
use crate::request::Estimate;

/// The requests between regions.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// Also of several at once.
    Accept,
    Standing,
    Hold,
    /// Also the withdrawal of copies, which goes the other way.
    Release,
    Fetch,
}

/// What happens to a request.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It goes through.
    Passes,
    /// It never arrives.
    Lost,
    /// It is done, and the answer is lost.
    AnswerLost,
    /// For `fetch`: the answer breaks off after so many bytes.
    CutAfter(usize),
}

type Plan = Box<dyn Fn(Call, u64) -> Fate + Send + Sync>;

/// A region behind a bad line. The plan decides by request and by its number, counted from 0 over all requests.
pub(super) struct Unreliable {
    region: Region,
    plan: Plan,
    count: AtomicU64,
    /// Bytes of frames that went through.
    pub(super) served: Arc<AtomicU64>,
}

impl Unreliable {
    pub(super) fn new(
        region: Region,
        plan: impl Fn(Call, u64) -> Fate + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Unreliable {
            region,
            plan: Box::new(plan),
            count: AtomicU64::new(0),
            served: Arc::default(),
        })
    }

    fn fate(&self, call: Call) -> Fate {
        (self.plan)(call, self.count.fetch_add(1, Ordering::SeqCst))
    }

    fn lost(&self) -> PeerFault {
        PeerFault::Unreachable {
            region: self.region.id().clone(),
            reason: "the line is bad".to_owned(),
        }
    }

    fn deliver<T, E: From<PeerFault>>(&self, fate: Fate, answer: Result<T, E>) -> Result<T, E> {
        match fate {
            Fate::Passes | Fate::CutAfter(_) => answer,
            Fate::Lost | Fate::AnswerLost => Err(self.lost().into()),
        }
    }
}

#[async_trait]
impl PeerRegion for Unreliable {
    async fn accept(&self, offer: CopyOffer) -> Result<Accepted, PeerRefused> {
        let fate = self.fate(Call::Accept);
        if fate == Fate::Lost {
            return Err(self.lost().into());
        }
        let answer = self.region.accept(offer).await;
        self.deliver(fate, answer)
    }

    async fn accept_all(&self, offers: Vec<CopyOffer>) -> Result<Vec<Accepted>, PeerRefused> {
        let fate = self.fate(Call::Accept);
        if fate == Fate::Lost {
            return Err(self.lost().into());
        }
        let answer = self.region.accept_all(offers).await;
        self.deliver(fate, answer)
    }

    async fn judge_all(&self, offers: Vec<CopyOffer>) -> Result<(), PeerRefused> {
        self.region.judge_all(offers).await
    }

    async fn withdraw(&self, withdrawal: Withdrawal) -> Result<(), PeerRefused> {
        let fate = self.fate(Call::Release);
        if fate == Fate::Lost {
            return Err(self.lost().into());
        }
        let answer = self.region.withdraw(withdrawal).await;
        self.deliver(fate, answer)
    }

    async fn estimate(&self, offer: CopyOffer) -> Result<Estimate, PeerRefused> {
        self.region.estimate(offer).await
    }

    async fn room(&self, account: &AccountId, source: &RegionId) -> Result<TargetRoom, PeerFault> {
        self.region.room(account, source).await
    }

    async fn standing(&self, copy: &CopyId) -> Result<Standing, PeerFault> {
        let fate = self.fate(Call::Standing);
        let answer = self.region.standing(copy).await;
        self.deliver(fate, answer)
    }

    async fn hold(&self, request: HoldRequest) -> Result<Held, PeerRefused> {
        let fate = self.fate(Call::Hold);
        if fate == Fate::Lost {
            return Err(self.lost().into());
        }
        let answer = self.region.hold(request).await;
        self.deliver(fate, answer)
    }

    async fn release(&self, copy: &CopyId) -> Result<(), PeerFault> {
        let fate = self.fate(Call::Release);
        if fate == Fate::Lost {
            return Err(self.lost());
        }
        let answer = self.region.release(copy).await;
        self.deliver(fate, answer)
    }

    async fn fetch(&self, scope: FetchScope, ids: Vec<ChunkId>) -> Result<PeerFrames, PeerFault> {
        let fate = self.fate(Call::Fetch);
        let frames = self.deliver(fate, self.region.fetch(scope, ids).await)?;
        let limit = match fate {
            Fate::CutAfter(bytes) => bytes,
            Fate::Passes | Fate::Lost | Fate::AnswerLost => usize::MAX,
        };
        let (served, broken) = (Arc::clone(&self.served), self.lost());
        let mut left = limit;
        let mut broken = Some(broken);
        Ok(frames
            .scan((), move |(), piece| {
                let piece = match piece {
                    Ok(bytes) if bytes.len() <= left => {
                        left -= bytes.len();
                        served.fetch_add(bytes.len() as u64, Ordering::SeqCst);
                        Some(Ok(bytes))
                    }
                    Ok(bytes) if left > 0 => {
                        served.fetch_add(left as u64, Ordering::SeqCst);
                        let part = bytes.slice(..left);
                        left = 0;
                        Some(Ok(part))
                    }
                    Ok(_) => broken.take().map(Err),
                    Err(fault) => Some(Err(fault)),
                };
                futures::future::ready(piece)
            })
            .boxed())
    }

    async fn measure(&self, scope: FetchScope, ids: Vec<ChunkId>) -> Result<u64, PeerFault> {
        self.region.measure(scope, ids).await
    }

    async fn rename(
        &self,
        scope: FetchScope,
        id_key: IdKey,
        ids: Vec<ChunkId>,
    ) -> Result<Vec<Option<ChunkId>>, PeerFault> {
        let fate = self.fate(Call::Fetch);
        let answer = self.region.rename(scope, id_key, ids).await;
        self.deliver(fate, answer)
    }

    fn is_private(&self) -> bool {
        true
    }
}
