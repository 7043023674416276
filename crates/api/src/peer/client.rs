//! Another region, reached over HTTP.

use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use model::{AccountId, CopyId, RegionId, Rejection};
use region::{
    Accepted, CopyOffer, Estimate, FetchScope, Held, HoldRequest, PeerFault, PeerFrames,
    PeerParcel, PeerRefused, PeerRegion, RelayRequest, Serving, ServingQuestion, Standing,
    TargetRoom, Withdrawal,
};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{ChunkId, IdKey};
use transfer::{OPENED_BYTES, Opened, ParcelOrder, WindowAsk};

use super::line::Line;
use super::parcels::{WindowQuery, bounded, session_word};
use super::relaying::{RelayQuery, ServingQuery, ServingWire};
use super::room::{RoomQuery, RoomWire};
use super::together::{AllAcceptedWire, OffersWire, WithdrawalWire};
use super::wire::{
    AcceptedWire, CopyWire, EstimateWire, HeldWire, HoldWire, Malformed, MeasuredWire, OfferWire,
    RefusedWire, StandingWire,
};
use super::{ACCOUNT_HEADER, ID_KEY_HEADER, IDS_HEADER, PeerSecret, ids_word};
use crate::{CONTROL_BODY_BYTES, Congestion, chunk_list};

/// The longest that a request without chunks may take in all, and that the first byte of an answer with chunks may take.
const ANSWER: Duration = Duration::from_secs(30);
/// The longest that naming chunks anew may take: the source reads and hashes all of them.
const RENAMED: Duration = Duration::from_secs(120);
/// The longest that opening a parcel session may take: the source may index a base first, for at most 45 s.
const OPENED: Duration = Duration::from_secs(90);
/// The longest that the first byte of a window may take: the source may be making it, and others before it.
const WINDOW: Duration = Duration::from_secs(60);

/// A peer that cannot be asked at all.
#[derive(Debug, thiserror::Error)]
pub enum PeerSetupError {
    /// The endpoint is no URL of the form `http://HOST:PORT`.
    #[error("`{endpoint}` is not an endpoint of the form `http://HOST:PORT`")]
    Endpoint {
        /// What was given.
        endpoint: String,
    },
    /// The HTTP client does not start.
    #[error("failed to make an HTTP client")]
    Client(#[source] reqwest::Error),
}

/// Another region, reached over HTTP. Every request may be repeated.
pub struct PeerClient {
    region: RegionId,
    base: Url,
    secret: PeerSecret,
    /// Makes requests; they go over the line.
    http: reqwest::Client,
    line: Line,
}

impl PeerClient {
    /// A region at an endpoint such as `http://10.0.0.2:7070`. Nothing is asked yet.
    ///
    /// # Errors
    /// When the endpoint has another form.
    pub fn new(
        region: RegionId,
        endpoint: &str,
        secret: PeerSecret,
    ) -> Result<Self, PeerSetupError> {
        let wrong = || PeerSetupError::Endpoint { endpoint: endpoint.to_owned() };
        let base = Url::parse(endpoint).map_err(|_| wrong())?;
        let bare = base.path() == "/" && base.query().is_none() && base.username().is_empty();
        if base.scheme() != "http" || !base.has_host() || !bare {
            return Err(wrong());
        }
        let http = reqwest::Client::builder().no_proxy().build().map_err(PeerSetupError::Client)?;
        let line = Line::new(Congestion::default());
        Ok(PeerClient { region, base, secret, http, line })
    }

    /// The same over connections with another congestion control.
    #[must_use]
    pub fn with_congestion(self, congestion: Congestion) -> Self {
        PeerClient { line: Line::new(congestion), ..self }
    }

    fn request(&self, method: Method, what: &str) -> RequestBuilder {
        let mut url = self.base.clone();
        url.set_path(&format!("/peer/v1/regions/{}/{what}", self.region));
        self.http.request(method, url).header(AUTHORIZATION, self.secret.header().clone())
    }

    fn scoped(&self, method: Method, what: &str, scope: &FetchScope) -> RequestBuilder {
        self.request(method, what)
            .header(ACCOUNT_HEADER, scope.account.as_str())
            .header(IDS_HEADER, ids_word(scope.ids))
    }

    fn list_request(&self, what: &str, scope: &FetchScope, ids: &[ChunkId]) -> RequestBuilder {
        self.scoped(Method::POST, what, scope)
            .header(CONTENT_TYPE, "application/octet-stream")
            .body(chunk_list::render(ids))
    }

    /// The answer to a request without chunks, within the time for one.
    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, PeerRefused> {
        self.within(ANSWER, async {
            let response = self.accepted(self.sent(request).await?).await?;
            Ok(self.json(response).await?)
        })
        .await
    }

    /// Sends a request whose good answer says nothing more.
    async fn tell(&self, request: RequestBuilder) -> Result<(), PeerRefused> {
        self.within(ANSWER, async {
            let response = self.sent(request).await?;
            self.accepted(response).await.map(drop)
        })
        .await
    }

    /// The head of the answer to a request.
    async fn sent(&self, request: RequestBuilder) -> Result<Response, PeerFault> {
        self.line.send(request).await.map_err(|error| unreachable(&self.region, &error))
    }

    /// What is answered within this time.
    async fn within<T, E: From<PeerFault>>(
        &self,
        time: Duration,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let late = || PeerFault::Unreachable {
            region: self.region.clone(),
            reason: format!("it answered nothing within {} s", time.as_secs()),
        };
        tokio::time::timeout(time, answer).await.unwrap_or_else(|_elapsed| Err(late().into()))
    }

    async fn post<T: DeserializeOwned>(
        &self,
        what: &str,
        body: &impl Serialize,
    ) -> Result<T, PeerRefused> {
        self.ask(self.request(Method::POST, what).json(body)).await
    }

    /// The response, if it is a good one; else what it says.
    async fn accepted(&self, response: Response) -> Result<Response, PeerRefused> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if status == StatusCode::UNAUTHORIZED {
            return Err(PeerFault::Unauthorised { region: self.region.clone() }.into());
        }
        if !matches!(status, StatusCode::CONFLICT | StatusCode::SERVICE_UNAVAILABLE) {
            return Err(self.protocol(format!("it answers `{status}`")).into());
        }
        match self.json(response).await? {
            RefusedWire::Rejection(rejection) => {
                Err(rejection.parse().map_err(|wrong| self.malformed(&wrong))?.into())
            }
            RefusedWire::Fault { reason } => {
                let reason = crate::refusal::shortened(&reason);
                Err(PeerFault::Failed { region: self.region.clone(), reason }.into())
            }
        }
    }

    /// The response to a request whose answer is a stream: only its beginning is waited for.
    async fn begun(
        &self,
        request: RequestBuilder,
        within: Duration,
    ) -> Result<Response, PeerFault> {
        self.within(within, self.sent(request)).await
    }

    /// A body as it comes.
    fn pieces(&self, response: Response) -> PeerFrames {
        let region = self.region.clone();
        let pieces = response.bytes_stream();
        pieces.map(move |piece| piece.map_err(|error| unreachable(&region, &error))).boxed()
    }

    /// A body of at most so many bytes.
    async fn body(&self, mut response: Response, most: usize) -> Result<Vec<u8>, PeerFault> {
        let mut bytes = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > most {
                return Err(self.protocol(format!("its answer is longer than `{most}` bytes")));
            }
        }
        Ok(bytes)
    }

    /// A body of JSON of at most 1 MiB, like the ones we send.
    async fn json<T: DeserializeOwned>(&self, response: Response) -> Result<T, PeerFault> {
        let bytes = self.body(response, CONTROL_BODY_BYTES).await?;
        serde_json::from_slice(&bytes)
            .map_err(|error| self.protocol(crate::refusal::shortened(&error.to_string())))
    }

    fn unreachable(&self, error: &dyn std::error::Error) -> PeerFault {
        unreachable(&self.region, error)
    }

    fn protocol(&self, reason: String) -> PeerFault {
        PeerFault::Protocol { region: self.region.clone(), reason }
    }

    fn malformed(&self, malformed: &Malformed) -> PeerFault {
        self.protocol(malformed.to_string())
    }

    /// A rejection where none is possible breaks the protocol.
    fn only_fault(&self, refused: PeerRefused) -> PeerFault {
        match refused {
            PeerRefused::Fault(fault) => fault,
            PeerRefused::Rejected(rejection) => self.no_rejection(&rejection),
        }
    }

    fn no_rejection(&self, rejection: &Rejection) -> PeerFault {
        self.protocol(format!("it refuses what cannot be refused: {rejection}"))
    }
}

/// The transport's words, with their causes: `error sending request` alone helps nobody.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        words = format!("{words}: {inner}");
        cause = inner.source();
    }
    words
}

fn unreachable(region: &RegionId, error: &dyn std::error::Error) -> PeerFault {
    let reason = crate::refusal::shortened(&with_causes(error));
    PeerFault::Unreachable { region: region.clone(), reason }
}

#[async_trait]
impl PeerRegion for PeerClient {
    async fn accept(&self, offer: CopyOffer) -> Result<Accepted, PeerRefused> {
        let accepted: AcceptedWire =
            self.post("accept", &OfferWire::new(&offer, &self.secret)).await?;
        Ok(accepted.parse().map_err(|wrong| self.malformed(&wrong))?)
    }

    async fn accept_all(&self, offers: Vec<CopyOffer>) -> Result<Vec<Accepted>, PeerRefused> {
        let accepted: AllAcceptedWire =
            self.post("accept-all", &OffersWire::new(&offers, &self.secret)).await?;
        Ok(accepted.parse(offers.len()).map_err(|wrong| self.malformed(&wrong))?)
    }

    async fn judge_all(&self, offers: Vec<CopyOffer>) -> Result<(), PeerRefused> {
        let request = self.request(Method::POST, "judge-all");
        self.tell(request.json(&OffersWire::new(&offers, &self.secret))).await
    }

    async fn withdraw(&self, withdrawal: Withdrawal) -> Result<(), PeerRefused> {
        let request = self.request(Method::POST, "withdraw");
        self.tell(request.json(&WithdrawalWire::from(&withdrawal))).await
    }

    async fn estimate(&self, offer: CopyOffer) -> Result<Estimate, PeerRefused> {
        let estimate: EstimateWire =
            self.post("estimate", &OfferWire::new(&offer, &self.secret)).await?;
        Ok(estimate.parse().map_err(|wrong| self.malformed(&wrong))?)
    }

    async fn room(&self, account: &AccountId, source: &RegionId) -> Result<TargetRoom, PeerFault> {
        let query = RoomQuery { account: account.to_string(), source: source.to_string() };
        let asked = self.ask::<RoomWire>(self.request(Method::GET, "room").query(&query)).await;
        let room = asked.map_err(|refused| self.only_fault(refused))?;
        room.parse(source, &self.region).map_err(|wrong| self.malformed(&wrong))
    }

    async fn standing(&self, copy: &CopyId) -> Result<Standing, PeerFault> {
        let asked =
            self.ask::<StandingWire>(self.request(Method::GET, &format!("standing/{copy}"))).await;
        asked.map(Standing::from).map_err(|refused| self.only_fault(refused))
    }

    async fn hold(&self, request: HoldRequest) -> Result<Held, PeerRefused> {
        let held: HeldWire = self.post("hold", &HoldWire::from(&request)).await?;
        Ok(held.parse(&self.secret).map_err(|wrong| self.malformed(&wrong))?)
    }

    async fn release(&self, copy: &CopyId) -> Result<(), PeerFault> {
        let request =
            self.request(Method::POST, "release").json(&CopyWire { copy: copy.to_string() });
        self.tell(request).await.map_err(|refused| self.only_fault(refused))
    }

    async fn fetch(&self, scope: FetchScope, ids: Vec<ChunkId>) -> Result<PeerFrames, PeerFault> {
        let response = self.begun(self.list_request("fetch", &scope, &ids), ANSWER).await?;
        let response = self.accepted(response).await.map_err(|refused| self.only_fault(refused))?;
        Ok(self.pieces(response))
    }

    async fn tree(&self, scope: FetchScope, root: ChunkId) -> Result<PeerFrames, PeerFault> {
        let response = self.begun(self.list_request("tree", &scope, &[root]), ANSWER).await?;
        if response.status() == StatusCode::NOT_FOUND {
            // A peer of an older version.
            let reason = "it sends no trees ahead".to_owned();
            return Err(PeerFault::Failed { region: self.region.clone(), reason });
        }
        let response = self.accepted(response).await.map_err(|refused| self.only_fault(refused))?;
        Ok(self.pieces(response))
    }

    async fn measure(&self, scope: FetchScope, ids: Vec<ChunkId>) -> Result<u64, PeerFault> {
        let asked = self.ask::<MeasuredWire>(self.list_request("measure", &scope, &ids)).await;
        asked.map(|measured| measured.bytes).map_err(|refused| self.only_fault(refused))
    }

    async fn rename(
        &self,
        scope: FetchScope,
        id_key: IdKey,
        ids: Vec<ChunkId>,
    ) -> Result<Vec<Option<ChunkId>>, PeerFault> {
        let request = self.list_request("rename", &scope, &ids);
        let request = request.header(ID_KEY_HEADER, self.secret.wrap_id_key(&id_key));
        let body = self
            .within(RENAMED, async {
                let response = self.accepted(self.sent(request).await?).await;
                let response = response.map_err(|refused| self.only_fault(refused))?;
                self.body(response, ids.len() * 32).await
            })
            .await?;
        if body.len() != ids.len() * 32 {
            let reason = format!("it renames `{}` chunks in `{}` bytes", ids.len(), body.len());
            return Err(self.protocol(reason));
        }
        Ok(chunk_list::parse_renamed(&body))
    }

    /// Over loopback; links have no TLS yet.
    async fn open_parcels(
        &self,
        scope: FetchScope,
        order: ParcelOrder,
    ) -> Result<Opened, PeerFault> {
        let request = self.scoped(Method::POST, "parcels", &scope);
        let request = request.header(CONTENT_TYPE, "application/octet-stream").body(order.encode());
        let response = self.begun(request, OPENED).await?;
        if response.status() == StatusCode::NOT_FOUND {
            // A peer of an older version.
            let reason = "it knows no parcels".to_owned();
            return Err(PeerFault::Failed { region: self.region.clone(), reason });
        }
        let response = self.accepted(response).await.map_err(|refused| self.only_fault(refused))?;
        let bytes = self.body(response, OPENED_BYTES).await?;
        Opened::decode(&bytes)
            .ok_or_else(|| self.protocol(format!("its answer has `{}` bytes", bytes.len())))
    }

    async fn parcel(&self, scope: FetchScope, ask: WindowAsk) -> Result<PeerParcel, PeerFault> {
        let what = format!("parcels/{}/{}", session_word(&ask.session), ask.number);
        let request = self.scoped(Method::GET, &what, &scope).query(&WindowQuery::from(ask));
        let response = self.begun(request, WINDOW).await?;
        match response.status() {
            StatusCode::NO_CONTENT => return Ok(PeerParcel::End),
            StatusCode::GONE => return Ok(PeerParcel::Gone),
            _ => {}
        }
        let response = self.accepted(response).await.map_err(|refused| self.only_fault(refused))?;
        let region = self.region.clone();
        let broken = move |reason| PeerFault::Protocol { region: region.clone(), reason };
        Ok(PeerParcel::Window(bounded(self.pieces(response), broken)))
    }

    async fn serving(&self, question: ServingQuestion) -> Result<Serving, PeerFault> {
        let ServingQuestion { scope, root, asker } = question;
        let request = self.scoped(Method::GET, "serving", &scope);
        let asked = self.ask::<ServingWire>(request.query(&ServingQuery::new(&root, &asker))).await;
        asked.map(Serving::from).map_err(|refused| self.only_fault(refused))
    }

    async fn relay(&self, request: RelayRequest) -> Result<PeerFrames, PeerFault> {
        let RelayRequest { scope, root, ids, wait } = request;
        let request = self.list_request("relay", &scope, &ids).query(&RelayQuery::new(&root, wait));
        let response = self.begun(request, ANSWER).await?;
        let response = self.accepted(response).await.map_err(|refused| self.only_fault(refused))?;
        Ok(self.pieces(response))
    }

    fn is_private(&self) -> bool {
        let host = self.base.host_str().unwrap_or_default();
        let address =
            host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
        address.map_or(host == "localhost", |address| address.is_loopback())
    }

    fn is_here(&self) -> bool {
        false
    }
}
