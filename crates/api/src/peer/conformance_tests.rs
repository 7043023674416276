//! Every case that a source of chunks must pass, passed by the peer protocol over real connections.

use std::sync::Arc;

use async_trait::async_trait;
use catalog::{IndexOptions, SqliteIndex};
use futures::{FutureExt, StreamExt};
use model::{AccountId, CopyId, RegionId};
use region::{
    Accepted, CopyOffer, Estimate, FetchScope, Held, HoldRequest, IdSpace, PeerFault, PeerFrames,
    PeerRefused, PeerRegion, Standing, TargetRoom, Withdrawal,
};
use store::{ChunkId, ChunkStore, Domain, FilesBackend, IdKey, StoreOptions};
use tokio_util::sync::CancellationToken;
use transfer::testing::{Rig, cases};
use transfer::{ChunkSource, FrameStream, SourceFault};

use super::{PeerClient, PeerDoor, PeerSecret, router};
use crate::{Metrics, ServeLimits, serve};

/// Cases that hold for a source in the same process only, and why.
///
/// They count on all leaves being in one request, and a source behind a connection gets smaller ones.
const OF_ONE_PROCESS: [&str; 2] =
    ["a_body_without_an_answer_for_all_breaks_the_protocol", "a_silent_source_is_left"];

fn north() -> RegionId {
    "north".parse().unwrap()
}

fn failed(fault: &SourceFault) -> PeerFault {
    PeerFault::Failed { region: north(), reason: fault.to_string() }
}

/// A region of which only the chunks are asked for.
struct OnlyChunks(Arc<dyn ChunkSource>);

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
        let frames = self.0.fetch(ids).await.map_err(|fault| failed(&fault))?;
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
    fn is_private(&self) -> bool {
        true
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

async fn new_store() -> (ChunkStore, Domain) {
    let folder = tempfile::tempdir().unwrap().keep();
    let index = SqliteIndex::open(&folder.join("index.db"), IndexOptions::default()).unwrap();
    let backend = FilesBackend::open(&folder).unwrap();
    let store = ChunkStore::open(Arc::new(backend), Arc::new(index), StoreOptions::default())
        .await
        .unwrap();
    let domain = store.domain("acct-test").await.unwrap();
    (store, domain)
}

async fn over_http(source: Arc<dyn ChunkSource>) -> Arc<dyn ChunkSource> {
    let secret = PeerSecret::new(&"s".repeat(40)).unwrap();
    let region: Arc<dyn PeerRegion> = Arc::new(OnlyChunks(source));
    let door = PeerDoor::new(secret.clone(), move |_| Ok(Arc::clone(&region)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let served = (router::<()>(door), Metrics::new(Default::default()));
    tokio::spawn(serve(listener, served, ServeLimits::default(), CancellationToken::new()));
    Arc::new(OverHttp(PeerClient::new(north(), &endpoint, secret).unwrap()))
}

#[tokio::test]
async fn i3_the_peer_protocol_is_a_source_like_any_other() {
    let rig = Arc::new(Rig {
        new_store: Box::new(|| new_store().boxed()),
        over: Box::new(|source| over_http(source).boxed()),
    });
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
