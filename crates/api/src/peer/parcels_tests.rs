//! Parcel sessions over real connections, and what a peer may get wrong about them.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use futures::TryStreamExt;
use model::AccountId;
use region::{FetchScope, IdSpace, PeerFault, PeerParcel, PeerRegion};
use reqwest::header::AUTHORIZATION;
use reqwest::{Method, StatusCode};
use store::DiskRoot;
use transfer::testing::{SampleDisk, Weight};
use transfer::{
    Matching, Opened, PARCEL_BYTES_MAX, ParcelOffice, ParcelOrder, Part, SessionId, StoreSource,
    WindowAsk,
};

use super::conformance_tests::{OnlyChunks, new_store, north, served};
use super::parcels::session_word;
use super::{ACCOUNT_HEADER, IDS_HEADER, PeerClient, PeerSecret};

fn scope() -> FetchScope {
    FetchScope { account: AccountId::from_random(|| 1), ids: IdSpace::Plain }
}

fn order(root: DiskRoot, wants: impl IntoIterator<Item = u64>) -> ParcelOrder {
    let wants = wants.into_iter().collect();
    ParcelOrder { root, bases: vec![], matching: Matching::On, wants }
}

/// A region that serves a disk of 150 chunks as parcels, as a peer sees it.
struct Peer {
    disk: SampleDisk,
    client: PeerClient,
    endpoint: String,
    secret: PeerSecret,
}

impl Peer {
    async fn new() -> Peer {
        let (store, domain) = new_store().await;
        let places: Vec<_> = (1..=150).map(Some).collect();
        let disk = SampleDisk::of(&places, Weight::Heavy);
        disk.put_into(&store, domain, |_| true).await;
        let folder = tempfile::tempdir().unwrap().keep();
        let chunks = Arc::new(StoreSource::new(store.clone(), domain));
        let parcels = Some((ParcelOffice::new(store, folder), domain));
        let (endpoint, secret) = served(OnlyChunks { chunks, parcels }).await;
        let client = PeerClient::new(north(), &endpoint, secret.clone()).unwrap();
        Peer { disk, client, endpoint, secret }
    }

    async fn open(&self, wants: std::ops::Range<u64>) -> Result<Opened, PeerFault> {
        self.client.open_parcels(scope(), order(self.disk.root, wants)).await
    }

    async fn window(&self, session: SessionId, number: u32) -> Result<Option<Vec<u8>>, PeerFault> {
        self.asked(WindowAsk::whole(session, number, number)).await
    }

    async fn asked(&self, ask: WindowAsk) -> Result<Option<Vec<u8>>, PeerFault> {
        match self.client.parcel(scope(), ask).await? {
            PeerParcel::Window(pieces) => Ok(Some(pieces.try_collect::<Vec<_>>().await?.concat())),
            PeerParcel::End => Ok(None),
            PeerParcel::Gone => panic!("the session is gone"),
        }
    }

    /// Status and text of the answer to what no client of ours sends.
    async fn raw(&self, method: Method, what: &str, body: Vec<u8>) -> (StatusCode, String) {
        let url = format!("{}/peer/v1/regions/north/{what}", self.endpoint);
        let request = reqwest::Client::new().request(method, url);
        let request = request
            .header(AUTHORIZATION, self.secret.header().clone())
            .header(ACCOUNT_HEADER, scope().account.as_str())
            .header(IDS_HEADER, "plain");
        let answer = request.body(body).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }
}

#[tokio::test]
async fn a_session_crosses_as_it_is_made() {
    let peer = Peer::new().await;
    let opened = peer.open(0..150).await.unwrap();
    assert_eq!(opened.base, None);
    let mut windows = 0;
    while let Some(bytes) = peer.window(opened.session, windows).await.unwrap() {
        let again = peer.window(opened.session, windows).await.unwrap();
        assert!(again.is_some_and(|again| again == bytes), "window {windows}");
        assert!(bytes.len() > 1 << 20 && bytes.len() <= PARCEL_BYTES_MAX);
        for of in [1, 3, 16] {
            let parts = Part::all(of).map(|part| WindowAsk {
                part,
                ..WindowAsk::whole(opened.session, windows, windows)
            });
            let mut joined = Vec::new();
            for part in parts {
                joined.extend(peer.asked(part).await.unwrap().unwrap());
            }
            assert!(joined == bytes, "window {windows} in {of} parts");
        }
        windows += 1;
    }
    assert_eq!(windows, 3, "150 chunks in windows of 4 MiB");
    // The end was told and everything is stored: the source forgets the session.
    let gone = peer.client.parcel(scope(), WindowAsk::whole(opened.session, 3, 3)).await.unwrap();
    assert!(matches!(gone, PeerParcel::Gone | PeerParcel::End));
    let never =
        peer.client.parcel(scope(), WindowAsk::whole(SessionId([9; 16]), 0, 0)).await.unwrap();
    assert!(matches!(never, PeerParcel::Gone));
}

/// R004-3: whatever a peer sends is refused with a reason, or served.
#[tokio::test]
async fn hostile_orders_and_requests_are_refused_with_their_reason() {
    let peer = Peer::new().await;
    let good = order(peer.disk.root, [1, 2]).encode();
    let cases = [
        (b"FERRYPO2".to_vec(), "does not begin with"),
        (good[..good.len() - 1].to_vec(), "cut short"),
        ([&good[..], &[0]].concat(), "follow its end"),
        ([&good[..41], &[65]].concat(), "bases are more"),
        (order(peer.disk.root, [150]).encode(), "`150` is not below the disk's `150`"),
        (vec![0; transfer::ORDER_BYTES_MAX + 1], "longer than"),
    ];
    for (body, reason) in cases {
        let (status, text) = peer.raw(Method::POST, "parcels", body).await;
        let refused = [StatusCode::BAD_REQUEST, StatusCode::PAYLOAD_TOO_LARGE].contains(&status);
        assert!(refused && text.contains(reason), "{status} {text} for {reason}");
    }
    let id = session_word(&SessionId([7; 16]));
    for (path, reason) in [
        ("parcels/xyz/0?stored=0".to_owned(), "session"),
        (format!("parcels/{id}00/0?stored=0"), "session"),
        (format!("parcels/{id}/-1?stored=0"), "number"),
        (format!("parcels/{id}/4294967296?stored=0"), "number"),
        (format!("parcels/{id}/0"), "stored"),
        (format!("parcels/{id}/0?stored=x"), "query"),
        (format!("parcels/{id}/0?stored=0&part=4&of=4"), "no part `4` of `4`"),
        (format!("parcels/{id}/0?stored=0&part=0&of=0"), "no part `0` of `0`"),
        (format!("parcels/{id}/0?stored=0&part=0&of=17"), "no part `0` of `17`"),
        (format!("parcels/{id}/0?stored=0&part=1"), "no part `1` of `1`"),
        (format!("parcels/{id}/0?stored=0&part=-1&of=4"), "query"),
    ] {
        let (status, text) = peer.raw(Method::GET, &path, vec![]).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {text}");
        assert!(text.contains(reason), "{path}: {text}");
    }
    let (status, _) = peer.raw(Method::GET, &format!("parcels/{id}/0?stored=0"), vec![]).await;
    assert_eq!(status, StatusCode::GONE);
    // The source's own faults are told as such: the target goes on with frames.
    let fault = peer.client.open_parcels(scope(), order(DiskRoot::new(peer.disk.chunks[0]), [0]));
    let fault = fault.await.unwrap_err();
    assert!(matches!(&fault, PeerFault::Failed { reason, .. } if reason.contains("not here")));
}

/// A peer that answers what no source answers, and one of an older version.
#[tokio::test]
async fn a_window_without_end_and_a_peer_that_knows_no_parcels() {
    let endless = || async {
        let piece = bytes::Bytes::from(vec![0; 1 << 20]);
        Body::from_stream(futures::stream::repeat_with(move || {
            Ok::<_, std::io::Error>(piece.clone())
        }))
    };
    let path = "/peer/v1/regions/{region}/parcels/{session}/{number}";
    let router: Router = Router::new().route(path, get(endless));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let secret = PeerSecret::new(&"s".repeat(40)).unwrap();
    let client = PeerClient::new(north(), &endpoint, secret).unwrap();
    let parcel = client.parcel(scope(), WindowAsk::whole(SessionId([1; 16]), 0, 0)).await.unwrap();
    let PeerParcel::Window(pieces) = parcel else { panic!("it is a window") };
    let fault = pieces.try_collect::<Vec<_>>().await.unwrap_err();
    assert!(matches!(&fault, PeerFault::Protocol { reason, .. } if reason.contains("longer")));
    let root = DiskRoot::new(store::ChunkId::of(b"a disk"));
    let fault = client.open_parcels(scope(), order(root, [0])).await.unwrap_err();
    assert!(matches!(&fault, PeerFault::Failed { reason, .. } if reason.contains("no parcels")));
}
