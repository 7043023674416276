//! The peer door: one region answers another.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::StreamExt;
use model::{AccountId, CopyId, RegionId};
use region::{CopyOffer, Deployment, FetchScope, PeerFault, PeerRefused, PeerRegion, Refused};
use store::{ChunkId, IdKey};

use super::parcels::{open_parcels, parcel};
use super::rejection::WireRejection;
use super::relaying::{relay, serving};
use super::room::{RoomQuery, RoomWire};
use super::together::{AllAcceptedWire, OffersWire, ReadOffers, WithdrawalWire};
use super::wire::{
    AcceptedWire, CopyWire, EstimateWire, HeldWire, HoldWire, Malformed, MeasuredWire, OfferWire,
    RefusedWire, StandingWire, read,
};
use super::{ACCOUNT_HEADER, ID_KEY_HEADER, IDS_HEADER, PeerSecret, ids_of};
use crate::chunk_list::ChunkList;
use crate::native::{ReadJson, ReadQuery, octets, path_names};
use crate::refusal::{BadRequest, Refusal, shortened};

/// Finds a region that this process serves.
type FindRegion = dyn Fn(&RegionId) -> Result<Arc<dyn PeerRegion>, Refused> + Send + Sync;

/// What the peer door needs: the secret to be shown, and the regions behind it.
#[derive(Clone)]
pub(crate) struct PeerDoor {
    secret: PeerSecret,
    find: Arc<FindRegion>,
}

impl PeerDoor {
    /// The door to the regions that `find` finds.
    pub(super) fn new(
        secret: PeerSecret,
        find: impl Fn(&RegionId) -> Result<Arc<dyn PeerRegion>, Refused> + Send + Sync + 'static,
    ) -> Self {
        PeerDoor { secret, find: Arc::new(find) }
    }

    /// The door to the regions of a deployment that this process serves.
    pub(crate) fn of(secret: PeerSecret, deployment: Deployment) -> Self {
        Self::new(secret, move |id| Ok(Arc::new(deployment.region(id)?)))
    }
}

/// The routes that regions use; each asks for the shared secret first.
pub(crate) fn router<S: Clone + Send + Sync + 'static>(door: PeerDoor) -> Router<S> {
    Router::new()
        .route("/peer/v1/regions/{region}/accept", post(accept))
        .route("/peer/v1/regions/{region}/accept-all", post(accept_all))
        .route("/peer/v1/regions/{region}/judge-all", post(judge_all))
        .route("/peer/v1/regions/{region}/withdraw", post(withdraw))
        .route("/peer/v1/regions/{region}/estimate", post(estimate))
        .route("/peer/v1/regions/{region}/room", get(room))
        .route("/peer/v1/regions/{region}/standing/{copy}", get(standing))
        .route("/peer/v1/regions/{region}/hold", post(hold))
        .route("/peer/v1/regions/{region}/release", post(release))
        .route("/peer/v1/regions/{region}/fetch", post(fetch))
        .route("/peer/v1/regions/{region}/tree", post(tree))
        .route("/peer/v1/regions/{region}/measure", post(measure))
        .route("/peer/v1/regions/{region}/rename", post(rename))
        .route("/peer/v1/regions/{region}/serving", get(serving))
        .route("/peer/v1/regions/{region}/relay", post(relay))
        .route("/peer/v1/regions/{region}/parcels", post(open_parcels))
        .route("/peer/v1/regions/{region}/parcels/{session}/{number}", get(parcel))
        .route_layer(from_fn_with_state(door.clone(), shown))
        .with_state(door)
}

async fn shown(
    State(door): State<PeerDoor>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    if !door.secret.is_shown_by(request.headers().get(AUTHORIZATION)) {
        return Err(Refused::Unauthorised.into());
    }
    Ok(next.run(request).await)
}

/// The region that a peer asks.
pub(super) struct Asked {
    id: RegionId,
    pub(super) region: Arc<dyn PeerRegion>,
    secret: PeerSecret,
}

impl FromRequestParts<PeerDoor> for Asked {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, door: &PeerDoor) -> Result<Self, Refusal> {
        let id: RegionId = path_names(parts).await?;
        let region = (door.find)(&id)?;
        Ok(Asked { id, region, secret: door.secret.clone() })
    }
}

/// The copy that a peer asks about.
struct AskedCopy(CopyId);

impl<S: Send + Sync> FromRequestParts<S> for AskedCopy {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        Ok(AskedCopy(path_names(parts).await?))
    }
}

/// Whose chunks a peer asks for.
pub(super) struct Scope(pub(super) FetchScope);

impl<S: Send + Sync> FromRequestParts<S> for Scope {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let text = parts
            .headers
            .get(ACCOUNT_HEADER)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let account: AccountId =
            text.parse().map_err(|error| BadRequest::value("Ferry-Account", error))?;
        let ids = parts.headers.get(IDS_HEADER).and_then(|value| value.to_str().ok());
        let ids = ids_of(ids.unwrap_or_default())
            .ok_or_else(|| BadRequest::value("Ferry-Ids", "it is neither `plain` nor `sealed`"))?;
        Ok(Scope(FetchScope { account, ids }))
    }
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        BadRequest::value(malformed.name, malformed.reason).into()
    }
}

/// A refusal in the peers' own words.
struct PeerAnswer(PeerRefused);

impl IntoResponse for PeerAnswer {
    fn into_response(self) -> Response {
        match self.0 {
            PeerRefused::Rejected(rejection) => {
                let body = RefusedWire::Rejection(WireRejection::from(&rejection));
                (StatusCode::CONFLICT, Json(body)).into_response()
            }
            PeerRefused::Fault(fault) => {
                tracing::error!(%fault, "a peer's request failed");
                let body = RefusedWire::Fault { reason: shortened(&own_words(fault)) };
                (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
            }
        }
    }
}

/// What failed here, without our name: the peer puts it in front again.
fn own_words(fault: PeerFault) -> String {
    match fault {
        PeerFault::Unreachable { reason, .. }
        | PeerFault::Protocol { reason, .. }
        | PeerFault::Failed { reason, .. } => reason,
        PeerFault::Unauthorised { .. } => fault.to_string(),
    }
}

pub(super) fn refused(refused: impl Into<PeerRefused>) -> Response {
    PeerAnswer(refused.into()).into_response()
}

type Answered<T> = Result<Result<Json<T>, Response>, Refusal>;

async fn accept(asked: Asked, ReadJson(offer): ReadJson<OfferWire>) -> Answered<AcceptedWire> {
    let accepted = asked.region.accept(offer_for(&asked, offer)?).await;
    Ok(accepted.map(|accepted| Json(accepted.into())).map_err(refused))
}

async fn accept_all(asked: Asked, ReadOffers(offers): ReadOffers) -> Answered<AllAcceptedWire> {
    let accepted = asked.region.accept_all(offers_for(&asked, offers)?).await;
    Ok(accepted.map(|accepted| Json(accepted.into())).map_err(refused))
}

async fn judge_all(
    asked: Asked,
    ReadOffers(offers): ReadOffers,
) -> Result<Result<StatusCode, Response>, Refusal> {
    let judged = asked.region.judge_all(offers_for(&asked, offers)?).await;
    Ok(judged.map(|()| StatusCode::NO_CONTENT).map_err(refused))
}

async fn withdraw(
    asked: Asked,
    ReadJson(withdrawal): ReadJson<WithdrawalWire>,
) -> Result<Result<StatusCode, Response>, Refusal> {
    let withdrawn = asked.region.withdraw(withdrawal.parse()?).await;
    Ok(withdrawn.map(|()| StatusCode::NO_CONTENT).map_err(refused))
}

fn offers_for(asked: &Asked, offers: OffersWire) -> Result<Vec<CopyOffer>, Malformed> {
    offers.offers.into_iter().map(|offer| offer_for(asked, offer)).collect()
}

async fn estimate(asked: Asked, ReadJson(offer): ReadJson<OfferWire>) -> Answered<EstimateWire> {
    let estimated = asked.region.estimate(offer_for(&asked, offer)?).await;
    Ok(estimated.map(|estimate| Json(estimate.into())).map_err(refused))
}

/// An offer names its target itself; it must be the region that is asked.
fn offer_for(asked: &Asked, offer: OfferWire) -> Result<CopyOffer, Malformed> {
    let offer = offer.parse(&asked.secret)?;
    if offer.target != asked.id {
        return Err(Malformed::new(
            "target",
            format!("`{}` is not the region that was asked", offer.target),
        ));
    }
    Ok(offer)
}

async fn room(asked: Asked, ReadQuery(query): ReadQuery<RoomQuery>) -> Answered<RoomWire> {
    let (account, source) = (read("account", &query.account)?, read("source", &query.source)?);
    let room = asked.region.room(&account, &source).await;
    Ok(room.map(|room| Json(room.into())).map_err(refused))
}

async fn standing(
    asked: Asked,
    AskedCopy(copy): AskedCopy,
) -> Result<Json<StandingWire>, Response> {
    let standing = asked.region.standing(&copy).await;
    standing.map(|standing| Json(standing.into())).map_err(refused)
}

async fn hold(asked: Asked, ReadJson(request): ReadJson<HoldWire>) -> Answered<HeldWire> {
    let held = asked.region.hold(request.parse()?).await;
    Ok(held.map(|held| Json(HeldWire::new(held, &asked.secret))).map_err(refused))
}

async fn release(
    asked: Asked,
    ReadJson(request): ReadJson<CopyWire>,
) -> Result<Result<StatusCode, Response>, Refusal> {
    let released = asked.region.release(&read("copy", &request.copy)?).await;
    Ok(released.map(|()| StatusCode::NO_CONTENT).map_err(refused))
}

async fn fetch(
    asked: Asked,
    Scope(scope): Scope,
    ChunkList(ids): ChunkList,
) -> Result<Response, Response> {
    let frames = asked.region.fetch(scope, ids).await.map_err(refused)?;
    // The status is sent already: a fault breaks the connection off, and the peer asks again for what is missing.
    let logged = frames.inspect(|run| {
        if let Err(fault) = run {
            tracing::error!(%fault, "sending chunks to a peer failed midway");
        }
    });
    Ok(octets(Body::from_stream(logged)))
}

async fn tree(
    asked: Asked,
    Scope(scope): Scope,
    ChunkList(ids): ChunkList,
) -> Result<Result<Response, Response>, Refusal> {
    let &[root] = ids.as_slice() else {
        return Err(BadRequest::value("body", "it names one root").into());
    };
    let frames = asked.region.tree(scope, root).await;
    // A fault midway breaks it off: then the peer asks for the nodes one by one.
    Ok(frames.map(|frames| octets(Body::from_stream(frames))).map_err(refused))
}

async fn measure(
    asked: Asked,
    Scope(scope): Scope,
    ChunkList(ids): ChunkList,
) -> Result<Json<MeasuredWire>, Response> {
    let measured = asked.region.measure(scope, ids).await;
    measured.map(|bytes| Json(MeasuredWire { bytes })).map_err(refused)
}

/// The id key under which a peer wants to know chunks.
struct IdKeyShown(IdKey);

impl FromRequestParts<PeerDoor> for IdKeyShown {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, door: &PeerDoor) -> Result<Self, Refusal> {
        let shown = parts.headers.get(ID_KEY_HEADER).and_then(|value| value.to_str().ok());
        let id_key = shown.and_then(|wrapped| door.secret.unwrap_id_key(wrapped));
        let wrong =
            || BadRequest::value("Ferry-Id-Key", "it does not open under the peers' secret");
        Ok(IdKeyShown(id_key.ok_or_else(wrong)?))
    }
}

async fn rename(
    asked: Asked,
    Scope(scope): Scope,
    IdKeyShown(id_key): IdKeyShown,
    ChunkList(ids): ChunkList,
) -> Result<Response, Response> {
    let renamed = asked.region.rename(scope, id_key, ids).await.map_err(refused)?;
    // A chunk that is not here is answered by the zero id, which no chunk has.
    let renamed: Vec<ChunkId> = renamed.into_iter().map(|id| id.unwrap_or(ChunkId::ZERO)).collect();
    Ok(octets(Body::from(crate::chunk_list::render(&renamed))))
}
