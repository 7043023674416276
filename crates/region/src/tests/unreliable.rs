//! A peer that fails where a test says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures::StreamExt;
use model::{AccountId, CopyId, RegionId};
use store::{ChunkId, IdKey};
use transfer::{Opened, ParcelOrder, WindowAsk};

use crate::peer::{
    Accepted, CopyOffer, FetchScope, Held, HoldRequest, PeerFault, PeerFrames, PeerParcel,
    PeerRefused, PeerRegion, RelayRequest, Serving, ServingQuestion, Standing, TargetRoom,
    Withdrawal,
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

/// The requests between targets of one disk.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Between {
    /// What a region has of a disk.
    Serving,
    /// Chunks of a disk from another target.
    Relay,
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
    /// Nothing ever comes.
    Hangs,
    /// For `relay`: the frames are not of the chunks that they name, and well made.
    Lies,
}

type Plan<C> = Box<dyn Fn(C, u64) -> Fate + Send + Sync>;

/// A region behind a bad line. The plan decides by request and by its number, counted from 0 over all requests.
pub(super) struct Unreliable {
    region: Region,
    plan: Plan<Call>,
    count: AtomicU64,
    relay_plan: Plan<Between>,
    /// Of the requests between targets, which no other test counts.
    relay_count: AtomicU64,
    /// Bytes of frames that went through.
    pub(super) served: Arc<AtomicU64>,
    /// The same between targets.
    pub(super) relayed: Arc<AtomicU64>,
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
            relay_plan: Box::new(|_, _| Fate::Passes),
            relay_count: AtomicU64::new(0),
            served: Arc::default(),
            relayed: Arc::default(),
        })
    }

    /// A region that other targets reach over a bad line. The plan decides by request and by its number, counted from 0.
    pub(super) fn relaying(
        region: Region,
        plan: impl Fn(Between, u64) -> Fate + Send + Sync + 'static,
    ) -> Arc<Self> {
        let line = Unreliable::new(region, |_, _| Fate::Passes);
        let Ok(line) = Arc::try_unwrap(line) else { unreachable!("nobody else has it") };
        Arc::new(Unreliable { relay_plan: Box::new(plan), ..line })
    }

    /// A region whose line is good, and what leaves it is counted beside what leaves others.
    pub(super) fn counting(region: Region, served: Arc<AtomicU64>) -> Arc<Self> {
        let line = Unreliable::new(region, |_, _| Fate::Passes);
        let Ok(line) = Arc::try_unwrap(line) else { unreachable!("nobody else has it") };
        Arc::new(Unreliable { served, ..line })
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
            Fate::Passes | Fate::CutAfter(_) | Fate::Lies => answer,
            Fate::Lost | Fate::AnswerLost | Fate::Hangs => Err(self.lost().into()),
        }
    }
}

impl Unreliable {
    /// The body as far as it comes through.
    fn cut(&self, fate: Fate, body: PeerFrames, served: &Arc<AtomicU64>) -> PeerFrames {
        let limit = match fate {
            Fate::CutAfter(bytes) => bytes,
            Fate::Passes | Fate::Lost | Fate::AnswerLost | Fate::Hangs | Fate::Lies => usize::MAX,
        };
        let (served, broken) = (Arc::clone(served), self.lost());
        let mut left = limit;
        let mut broken = Some(broken);
        body.scan((), move |(), piece| {
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
        .boxed()
    }
}

/// A frame that names a chunk, whose checksum is right, and that holds something else.
fn false_frame(id: &ChunkId) -> bytes::Bytes {
    let mut frame = Vec::new();
    store::Encoder::new(1).unwrap().encode(id, &[7; store::CHUNK_BYTES], &mut frame);
    frame.into()
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
        Ok(self.cut(fate, frames, &self.served))
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

    async fn open_parcels(
        &self,
        scope: FetchScope,
        order: ParcelOrder,
    ) -> Result<Opened, PeerFault> {
        let fate = self.fate(Call::Fetch);
        let answer = self.region.open_parcels(scope, order).await;
        self.deliver(fate, answer)
    }

    async fn parcel(&self, scope: FetchScope, ask: WindowAsk) -> Result<PeerParcel, PeerFault> {
        let fate = self.fate(Call::Fetch);
        match self.deliver(fate, self.region.parcel(scope, ask).await)? {
            PeerParcel::Window(pieces) => {
                Ok(PeerParcel::Window(self.cut(fate, pieces, &self.served)))
            }
            PeerParcel::End => Ok(PeerParcel::End),
            PeerParcel::Gone => Ok(PeerParcel::Gone),
        }
    }

    async fn serving(&self, question: ServingQuestion) -> Result<Serving, PeerFault> {
        let fate =
            (self.relay_plan)(Between::Serving, self.relay_count.fetch_add(1, Ordering::SeqCst));
        if fate == Fate::Hangs {
            return std::future::pending().await;
        }
        self.deliver(fate, self.region.serving(question).await)
    }

    async fn relay(&self, request: RelayRequest) -> Result<PeerFrames, PeerFault> {
        let fate =
            (self.relay_plan)(Between::Relay, self.relay_count.fetch_add(1, Ordering::SeqCst));
        if fate == Fate::Hangs {
            return std::future::pending().await;
        }
        let ids = request.ids.clone();
        let frames = self.deliver(fate, self.region.relay(request).await)?;
        if fate == Fate::Lies {
            return Ok(futures::stream::iter(ids).map(|id| Ok(false_frame(&id))).boxed());
        }
        Ok(self.cut(fate, frames, &self.relayed))
    }

    fn is_private(&self) -> bool {
        true
    }

    fn is_here(&self) -> bool {
        true
    }
}
