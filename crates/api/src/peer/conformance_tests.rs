//! Every case that a source of chunks must pass, passed by the peer protocol over real connections.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use catalog::{IndexOptions, SqliteIndex};
use futures::{FutureExt, StreamExt};
use model::{AccountId, CopyId, Digest, RegionId};
use region::{
    Accepted, CopyOffer, Estimate, FetchScope, Held, HoldRequest, IdSpace, PeerFault, PeerFrames,
    PeerParcel, PeerRefused, PeerRegion, RelayRequest, Serving, ServingQuestion, Standing,
    TargetRoom, Withdrawal,
};
use store::{ChunkId, ChunkStore, Domain, FilesBackend, IdKey, StoreOptions};
use tokio_util::sync::CancellationToken;
use transfer::testing::{Rig, cases};
use transfer::{
    ChunkSource, FrameStream, Opened, Parcel, ParcelFault, ParcelOffice, ParcelOrder, SourceFault,
    WindowAsk,
};

use axum::middleware::map_response;
use axum::response::Response;

use super::{PeerClient, PeerDoor, PeerSecret, router};
use crate::around::written;
use crate::request_id::RequestId;
use crate::{Metrics, ServeLimits, serve};

/// Cases that hold for a source in the same process only, and why.
///
/// They count on all leaves being in one request, and a source behind a connection gets smaller ones.
const OF_ONE_PROCESS: [&str; 2] =
    ["a_body_without_an_answer_for_all_breaks_the_protocol", "a_silent_source_is_left"];

pub(super) fn north() -> RegionId {
    "north".parse().unwrap()
}

fn failed(fault: &SourceFault) -> PeerFault {
    PeerFault::Failed { region: north(), reason: fault.to_string() }
}

fn no_parcels(reason: &str) -> PeerFault {
    PeerFault::Failed { region: north(), reason: reason.to_owned() }
}

/// A region of which only the chunks are asked for, or parcels of them.
pub(super) struct OnlyChunks {
    pub(super) chunks: Arc<dyn ChunkSource>,
    pub(super) parcels: Option<(ParcelOffice, Domain)>,
}

#[async_trait]
impl PeerRegion for OnlyChunks {
    async fn accept(&self, _: CopyOffer) -> Result<Accepted, PeerRefused> {
        unreachable!("only chunks are asked for")
    }
    async fn accept_all(&self, _: Vec<CopyOffer>) -> Result<Vec<Accepted>, PeerRefused> {
        unreachable!("only chunks are asked for")
    }
    async fn judge_all(&self, _: Vec<CopyOffer>) -> Result<(), PeerRefused> {
        unreachable!("only chunks are asked for")
    }
    async fn withdraw(&self, _: Withdrawal) -> Result<(), PeerRefused> {
        unreachable!("only chunks are asked for")
    }
    async fn estimate(&self, _: CopyOffer) -> Result<Estimate, PeerRefused> {
        unreachable!("only chunks are asked for")
    }
    async fn room(&self, _: &AccountId, _: &RegionId) -> Result<TargetRoom, PeerFault> {
        unreachable!("only chunks are asked for")
    }
    async fn standing(&self, _: &CopyId) -> Result<Standing, PeerFault> {
        unreachable!("only chunks are asked for")
    }
    async fn hold(&self, _: HoldRequest) -> Result<Held, PeerRefused> {
        unreachable!("only chunks are asked for")
    }
    async fn release(&self, _: &CopyId) -> Result<(), PeerFault> {
        unreachable!("only chunks are asked for")
    }
    async fn fetch(&self, _: FetchScope, ids: Vec<ChunkId>) -> Result<PeerFrames, PeerFault> {
        let frames = self.chunks.fetch(ids).await.map_err(|fault| failed(&fault))?;
        Ok(frames.map(|piece| piece.map_err(|fault| failed(&fault))).boxed())
    }
    async fn measure(&self, _: FetchScope, _: Vec<ChunkId>) -> Result<u64, PeerFault> {
        unreachable!("only chunks are asked for")
    }
    async fn rename(
        &self,
        _: FetchScope,
        _: IdKey,
        _: Vec<ChunkId>,
    ) -> Result<Vec<Option<ChunkId>>, PeerFault> {
        unreachable!("only chunks are asked for")
    }
    async fn open_parcels(&self, _: FetchScope, order: ParcelOrder) -> Result<Opened, PeerFault> {
        let Some((office, domain)) = &self.parcels else { return Err(no_parcels("it has none")) };
        office.open(&[*domain], order).await.map_err(|fault| match fault {
            ParcelFault::BeyondDisk { .. } => {
                PeerFault::Protocol { region: north(), reason: fault.to_string() }
            }
            other => no_parcels(&other.to_string()),
        })
    }
    async fn parcel(&self, _: FetchScope, ask: WindowAsk) -> Result<PeerParcel, PeerFault> {
        let Some((office, domain)) = &self.parcels else { return Err(no_parcels("it has none")) };
        let parcel = office.window(&[*domain], ask).await;
        Ok(match parcel.map_err(|fault| no_parcels(&fault.to_string()))? {
            Parcel::Window(pieces) => PeerParcel::Window(
                pieces.map(|piece| piece.map_err(|fault| failed(&fault))).boxed(),
            ),
            Parcel::End => PeerParcel::End,
            Parcel::Gone => PeerParcel::Gone,
        })
    }
    async fn serving(&self, question: ServingQuestion) -> Result<Serving, PeerFault> {
        assert_eq!((question.root, question.scope), (ROOT, scope()));
        Ok(match question.asker.as_str() {
            "late" => Serving::Complete,
            "same" => Serving::Receiving { come: 7 },
            _ => Serving::Nothing,
        })
    }
    async fn relay(&self, request: RelayRequest) -> Result<PeerFrames, PeerFault> {
        let RelayRequest { scope: of, root, ids, wait } = request;
        assert_eq!((root, wait, &of), (ROOT, WAIT, &scope()));
        self.fetch(of, ids).await
    }
    fn is_private(&self) -> bool {
        true
    }
    fn is_here(&self) -> bool {
        true
    }
}

const ROOT: Digest = Digest([3; 32]);
const WAIT: Duration = Duration::from_millis(1_234);

fn scope() -> FetchScope {
    FetchScope { account: AccountId::from_random(|| 1), ids: IdSpace::Plain }
}

/// A peer as a relay, as fan-out uses it.
struct RelayOverHttp(PeerClient);

#[async_trait]
impl ChunkSource for RelayOverHttp {
    async fn fetch(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        let transport =
            |fault| SourceFault::Transport { action: "fetch chunks", source: Box::new(fault) };
        let request = RelayRequest { scope: scope(), root: ROOT, ids, wait: WAIT };
        let frames = self.0.relay(request).await.map_err(transport)?;
        Ok(frames.map(move |piece| piece.map_err(transport)).boxed())
    }
}

/// A peer as a source, as the driver uses it.
struct OverHttp(PeerClient);

#[async_trait]
impl ChunkSource for OverHttp {
    async fn fetch(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        let transport =
            |fault| SourceFault::Transport { action: "fetch chunks", source: Box::new(fault) };
        let scope = FetchScope { account: AccountId::from_random(|| 1), ids: IdSpace::Plain };
        let frames = self.0.fetch(scope, ids).await.map_err(transport)?;
        Ok(frames.map(move |piece| piece.map_err(transport)).boxed())
    }
}

pub(super) async fn new_store() -> (ChunkStore, Domain) {
    let folder = tempfile::tempdir().unwrap().keep();
    let index = SqliteIndex::open(&folder.join("index.db"), IndexOptions::default()).unwrap();
    let backend = FilesBackend::open(&folder).unwrap();
    let store = ChunkStore::open(Arc::new(backend), Arc::new(index), StoreOptions::default())
        .await
        .unwrap();
    let domain = store.domain("acct-test").await.unwrap();
    (store, domain)
}

/// Serves a region's chunks; where, and the secret to be shown.
pub(super) async fn served(region: OnlyChunks) -> (String, PeerSecret) {
    let secret = PeerSecret::new(&"s".repeat(40)).unwrap();
    let region: Arc<dyn PeerRegion> = Arc::new(region);
    let door = PeerDoor::new(secret.clone(), move |_| Ok(Arc::clone(&region)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let write = async |answer: Response| written(answer, &RequestId::random());
    let served = (router::<()>(door).layer(map_response(write)), Metrics::new(Default::default()));
    tokio::spawn(serve(listener, served, ServeLimits::default(), CancellationToken::new()));
    (endpoint, secret)
}

async fn over_http(source: Arc<dyn ChunkSource>) -> Arc<dyn ChunkSource> {
    let (endpoint, secret) = served(OnlyChunks { chunks: source, parcels: None }).await;
    Arc::new(OverHttp(PeerClient::new(north(), &endpoint, secret).unwrap()))
}

async fn relayed_over_http(source: Arc<dyn ChunkSource>) -> Arc<dyn ChunkSource> {
    let (endpoint, secret) = served(OnlyChunks { chunks: source, parcels: None }).await;
    Arc::new(RelayOverHttp(PeerClient::new(north(), &endpoint, secret).unwrap()))
}

/// What another target has, and its chunks: every case of a source holds for a relay, which streams as chunks come
/// (docs/formats.md, section 23).
#[tokio::test]
async fn i3_a_relay_over_http_is_a_source_like_any_other() {
    run_all(Rig {
        new_store: Box::new(|| new_store().boxed()),
        over: Box::new(|source| relayed_over_http(source).boxed()),
    })
    .await;
    let chunks = Arc::new(transfer::testing::ShelfSource::new(Default::default()));
    let (endpoint, secret) = served(OnlyChunks { chunks, parcels: None }).await;
    let client = PeerClient::new(north(), &endpoint, secret.clone()).unwrap();
    for (asker, told) in [
        ("late", Serving::Complete),
        ("same", Serving::Receiving { come: 7 }),
        ("other", Serving::Nothing),
    ] {
        let asker = asker.parse().unwrap();
        let question = ServingQuestion { scope: scope(), root: ROOT, asker };
        assert_eq!(client.serving(question).await.unwrap(), told);
    }
    // What is out of bounds is refused before any region is asked.
    let root = ROOT.to_string();
    for wrong in [
        format!("relay?root={root}&wait_ms=10001"),
        format!("relay?root={root}"),
        "relay?root=zz&wait_ms=1".to_owned(),
        format!("relay?root={root}&wait_ms=1&more=1"),
    ] {
        let url = format!("{endpoint}/peer/v1/regions/north/{wrong}");
        let sent = reqwest::Client::new().post(url).header("authorization", secret.header());
        let sent = sent.header("ferry-account", scope().account.as_str());
        let status = sent.header("ferry-ids", "plain").send().await.unwrap().status();
        assert_eq!(status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn i3_the_peer_protocol_is_a_source_like_any_other() {
    run_all(Rig {
        new_store: Box::new(|| new_store().boxed()),
        over: Box::new(|source| over_http(source).boxed()),
    })
    .await;
}

async fn run_all(rig: Rig) {
    let rig = Arc::new(rig);
    let mut failed = Vec::new();
    for case in cases().into_iter().filter(|case| !OF_ONE_PROCESS.contains(&case.name)) {
        let rig = Arc::clone(&rig);
        let (name, run) = (case.name, case.run);
        if tokio::spawn(async move { run(&rig).await }).await.is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}
