//! What regions ask of each other: a few idempotent requests, the same in one process and between two.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use model::{
    AccountId, Attributes, ClientToken, CopyId, Description, Digest, DiskRole, EncryptionKeyId,
    Family, ImageId, Name, NameRule, Particulars, Purpose, Quota, RegionId, Rejection, Retry,
    Sealing, SizeBytes, SnapshotId, SnapshotName, Tags, TicketId, Urgency, UserId,
};
use store::{ChunkId, IdKey};
use transfer::{Opened, ParcelOrder, WindowAsk};

use crate::fan_out::absent;
use crate::links::LinkView;
use crate::request::Estimate;

/// Frames from another region, cut anywhere.
pub type PeerFrames = BoxStream<'static, Result<Bytes, PeerFault>>;

/// Another region's answer to a request for a window of a parcel session.
pub enum PeerParcel {
    /// The bytes of one window, cut anywhere.
    Window(PeerFrames),
    /// The window before was the last.
    End,
    /// There is no such session of this scope, or not any longer: what is still missing is ordered anew.
    Gone,
}

/// A copy that the source's door asks the target to accept, with all that the source knows of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyOffer {
    /// Chosen by the source's door, so that its hold can be made first.
    pub copy: CopyId,
    /// Who owns both images.
    pub account: AccountId,
    /// Who of that account asks.
    pub user: Option<UserId>,
    /// Where the image is.
    pub source: RegionId,
    /// Where it is to go.
    pub target: RegionId,
    /// The source image.
    pub image: ImageId,
    /// What is to be made of it.
    pub cargo: Cargo,
    /// The name in the target.
    pub name: Name,
    /// The description in the target, the origin noted (R002-7).
    pub description: Description,
    /// The machine it is for.
    pub attributes: Attributes,
    /// The family it is of.
    pub family: Option<Family>,
    /// What a door keeps of it.
    pub particulars: Particulars,
    /// The tags in the target.
    pub tags: Tags,
    /// Its disks, the system disk first.
    pub disks: Vec<OfferedDisk>,
    /// How the source is sealed; none where it is plain.
    pub sealed: Option<SealedSource>,
    /// What the copy is to be sealed with.
    pub sealing: Sealing,
    /// How soon it is wanted.
    pub urgency: Urgency,
    /// Whether its name must be new in the target.
    pub names: NameRule,
    /// Whether it may run without asking anybody.
    pub approval: Approval,
    /// The caller's token and the fingerprint of what it was used for.
    pub token: Option<(ClientToken, [u8; 32])>,
    /// Names the caller's request.
    pub request_id: String,
}

/// What a copy is to make in its target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cargo {
    /// An image.
    Image,
    /// A snapshot alone: the offered image is its carrier.
    Snapshot(Box<SnapshotCargo>),
}

/// A snapshot that is copied alone. Its description and tags are the offer's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotCargo {
    /// The id that it will have in the target.
    pub snapshot: SnapshotId,
    /// What it will be called.
    pub name: SnapshotName,
    /// Which disk its source was made for.
    pub role: DiskRole,
    /// The oldest image that rests on its source; the carrier where none does. It is told as its origin.
    pub made_for: ImageId,
}

impl Cargo {
    /// What the image's row in the target is there for.
    pub(crate) fn purpose(&self) -> Purpose {
        match self {
            Cargo::Image => Purpose::Image,
            Cargo::Snapshot(_) => Purpose::Carrier,
        }
    }

    /// The id of the snapshot that is to be made, where it is one alone.
    pub(crate) fn snapshot(&self) -> Option<&SnapshotId> {
        match self {
            Cargo::Image => None,
            Cargo::Snapshot(cargo) => Some(&cargo.snapshot),
        }
    }
}

/// How a source image is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSource {
    /// The key of the source region that seals it.
    pub key: EncryptionKeyId,
    /// Names its chunks.
    pub id_key: IdKey,
}

/// Whether a copy may run, as its source's door judged it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approval {
    /// It needs none.
    NotNeeded,
    /// This ticket's approval for the target is spent on it.
    Ticket(TicketId),
    /// It needs one and has none: it is refused so, unless its token says that it was accepted before.
    Missing(Box<Rejection>),
}

/// A disk of an offered image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedDisk {
    /// Its virtual size.
    pub size: SizeBytes,
    /// The name of its contents.
    pub digest: Digest,
    /// The snapshot it rests on in the source.
    pub snapshot: SnapshotId,
}

/// Whether a token's request was new.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It was accepted now.
    First,
    /// It was accepted before; the answer is the same.
    Again,
}

/// A copy that was promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The copy.
    pub copy: CopyId,
    /// The target image.
    pub image: ImageId,
    /// The promised snapshot, where one alone is copied.
    pub snapshot: Option<SnapshotId>,
    /// Whether this request did it.
    pub seen: Seen,
}

/// What a target has for an account's copies from one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetRoom {
    /// The account's image quota there.
    pub images: Quota,
    /// The account's snapshot quota there.
    pub snapshots: Quota,
    /// The link from the source, with the account's own copies on it; none where both are one region.
    pub link: Option<LinkView>,
}

/// Copies that their source takes back, because the others that they were asked for with are refused: nobody was told of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// The source that asked for them.
    pub source: RegionId,
    /// The copies.
    pub copies: Vec<CopyId>,
    /// Names the caller's request.
    pub request_id: String,
}

/// What a hold is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldRequest {
    /// The copy that needs the image.
    pub copy: CopyId,
    /// Who owns it.
    pub account: AccountId,
    /// The source image.
    pub image: ImageId,
    /// Where it goes.
    pub target: RegionId,
}

/// A held image: its disks, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// One per disk.
    pub disks: Vec<HeldDisk>,
    /// Names its chunks where it is sealed.
    pub id_key: Option<IdKey>,
}

/// A disk of a held image.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct HeldDisk {
    /// The name of its contents.
    pub digest: Digest,
    /// Chunks of it that are not zero: what progress is measured against.
    pub places: u64,
}

/// Whose chunks are asked for: chunks are shared only inside a domain (promise 10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchScope {
    /// The account.
    pub account: AccountId,
    /// Which of its chunks.
    pub ids: IdSpace,
}

/// What a region has of a disk for another target of it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Serving {
    /// Nothing, or it is none of the asker's.
    Nothing,
    /// A copy receives it there.
    Receiving {
        /// Places whose chunks have come, or were there.
        come: u64,
    },
    /// All of it.
    Complete,
}

/// A target of a disk asks another region what it has of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServingQuestion {
    /// Whose disk it is.
    pub scope: FetchScope,
    /// The disk.
    pub root: Digest,
    /// The target: who is asked learns that there is another, and may ask it in turn.
    pub asker: RegionId,
}

/// A target asks another region for chunks of a disk that both receive, or that the other one has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayRequest {
    /// Whose disk it is.
    pub scope: FetchScope,
    /// The disk.
    pub root: Digest,
    /// Its chunks.
    pub ids: Vec<ChunkId>,
    /// How long may be waited for those that the other region receives just now; at most 10 s.
    pub wait: Duration,
}

/// By which names an account's chunks are asked for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum IdSpace {
    /// By the hash of what is plain at rest.
    Plain,
    /// By the keyed hash of what is sealed, whichever of the account's keys seals it there.
    Sealed,
}

/// How a copy stands in its target region, as its source asks.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The target has no such copy.
    Unknown,
    /// It still needs the source.
    Live,
    /// It has ended.
    Ended,
}

/// Another region failed.
#[derive(Debug, thiserror::Error)]
pub enum PeerFault {
    /// It cannot be reached, broke off, or is too slow.
    #[error("region `{region}` cannot be reached: {reason}")]
    Unreachable {
        /// Which.
        region: RegionId,
        /// In the transport's words.
        reason: String,
    },
    /// It answered what is no answer.
    #[error("region `{region}` broke the peer protocol: {reason}")]
    Protocol {
        /// Which.
        region: RegionId,
        /// What was wrong.
        reason: String,
    },
    /// It says that it failed itself.
    #[error("region `{region}` failed: {reason}")]
    Failed {
        /// Which.
        region: RegionId,
        /// In its words.
        reason: String,
    },
    /// It does not accept who we are.
    #[error("region `{region}` does not accept this region as its peer; check the shared secret")]
    Unauthorised {
        /// Which.
        region: RegionId,
    },
}

impl PeerFault {
    /// All of them may pass: networks heal, operators repair.
    pub fn retry(&self) -> Retry {
        match self {
            PeerFault::Unreachable { .. }
            | PeerFault::Protocol { .. }
            | PeerFault::Failed { .. }
            | PeerFault::Unauthorised { .. } => Retry::Later,
        }
    }
}

/// Why another region did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum PeerRefused {
    /// Understood and refused.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// It failed.
    #[error(transparent)]
    Fault(#[from] PeerFault),
}

/// One region as another sees it. Every request may be repeated.
#[async_trait]
pub trait PeerRegion: Send + Sync {
    /// At the target: promises the copy.
    async fn accept(&self, offer: CopyOffer) -> Result<Accepted, PeerRefused>;
    /// At the target: promises all of these copies or none. They need not be of one account, and carry no tokens.
    async fn accept_all(&self, offers: Vec<CopyOffer>) -> Result<Vec<Accepted>, PeerRefused>;
    /// At the target: judges these copies as `accept_all` would, altogether; nothing is promised.
    async fn judge_all(&self, offers: Vec<CopyOffer>) -> Result<(), PeerRefused>;
    /// At the target: takes back copies that `accept_all` promised and that have not begun. One that is not there is refused from
    /// then on, should its offer still arrive.
    async fn withdraw(&self, withdrawal: Withdrawal) -> Result<(), PeerRefused>;
    /// At the target: what the copy would cost.
    async fn estimate(&self, offer: CopyOffer) -> Result<Estimate, PeerRefused>;
    /// At the target: what it has for copies of an account from `source`, whether they could run or not.
    async fn room(&self, account: &AccountId, source: &RegionId) -> Result<TargetRoom, PeerFault>;
    /// At the target: whether a copy still needs its source.
    async fn standing(&self, copy: &CopyId) -> Result<Standing, PeerFault>;
    /// At the source: keeps the image until released, and names its disks.
    async fn hold(&self, request: HoldRequest) -> Result<Held, PeerRefused>;
    /// At the source: lets go. Releasing what is not held is no error.
    async fn release(&self, copy: &CopyId) -> Result<(), PeerFault>;
    /// At the source: one frame per id, in any order.
    async fn fetch(&self, scope: FetchScope, ids: Vec<ChunkId>) -> Result<PeerFrames, PeerFault>;
    /// At the source: frames of a root and of the first nodes under it, from the top down, sent before they are asked for
    /// (`docs/formats.md` 24). A region that sends nothing ahead is asked for each.
    async fn tree(&self, _: FetchScope, _: ChunkId) -> Result<PeerFrames, PeerFault> {
        Ok(stream::empty().boxed())
    }
    /// At the source: how many bytes the frames of these ids take altogether.
    async fn measure(&self, scope: FetchScope, ids: Vec<ChunkId>) -> Result<u64, PeerFault>;
    /// At the source: what these chunks are called under another id key; none for a chunk that it does not have.
    async fn rename(
        &self,
        scope: FetchScope,
        id_key: IdKey,
        ids: Vec<ChunkId>,
    ) -> Result<Vec<Option<ChunkId>>, PeerFault>;
    /// At the source: opens a parcel session. [`PeerFault::Failed`] where it serves no parcels of this now: frames serve it.
    async fn open_parcels(
        &self,
        scope: FetchScope,
        order: ParcelOrder,
    ) -> Result<Opened, PeerFault>;
    /// At the source: a window of a session of this scope, or a part of it.
    /// [`PeerFault::Failed`] where a chunk of it cannot be read: frames tell which.
    async fn parcel(&self, scope: FetchScope, ask: WindowAsk) -> Result<PeerParcel, PeerFault>;
    /// At another target: what it has of a disk. A region that relays nothing has nothing.
    async fn serving(&self, _: ServingQuestion) -> Result<Serving, PeerFault> {
        Ok(Serving::Nothing)
    }
    /// At another target: one frame per id, in any order; what it does not have, and does not get within the time that is
    /// waited, has one that says so. The answer comes as the chunks come.
    async fn relay(&self, request: RelayRequest) -> Result<PeerFrames, PeerFault> {
        Ok(stream::iter(absent(&request.ids).map(Ok)).boxed())
    }
    /// Whether nobody but the two regions can read what crosses: in one process, over TLS or over loopback.
    fn is_private(&self) -> bool;
    /// Whether it is in this process.
    fn is_here(&self) -> bool;
}
