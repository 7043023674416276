//! Parcel sessions between regions: orders, answers and windows as bytes (`docs/formats.md` 20).

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use region::{PeerFault, PeerFrames, PeerParcel};
use serde::{Deserialize, Serialize};
use transfer::{
    BadOrder, ORDER_BYTES_MAX, PARCEL_BYTES_MAX, ParcelOrder, Part, SessionId, WindowAsk,
};

use super::server::{Asked, Scope, refused};
use crate::body::PacedBody;
use crate::chunk_list::check_octets;
use crate::native::{ReadQuery, octets};
use crate::refusal::{BadRequest, Refusal};

impl From<BadOrder> for BadRequest {
    fn from(bad: BadOrder) -> Self {
        BadRequest::value("order", bad)
    }
}

/// An order as it comes.
pub(super) struct ReadOrder(ParcelOrder);

impl<S: Send + Sync> FromRequest<S> for ReadOrder {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        check_octets(&request)?;
        let bytes = PacedBody::of(request, ORDER_BYTES_MAX)?.whole().await?;
        Ok(ReadOrder(ParcelOrder::decode(&bytes).map_err(BadRequest::from)?))
    }
}

/// Which window of which session is asked for.
pub(super) struct AskedWindow {
    session: SessionId,
    number: u32,
}

impl<S: Send + Sync> FromRequestParts<S> for AskedWindow {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let params = RawPathParams::from_request_parts(parts, &()).await;
        let params = params.map_err(|error| BadRequest::value("path", error))?;
        let of = |wanted| params.iter().find(|(name, _)| *name == wanted).map_or("", |part| part.1);
        let wrong = "it is not 32 hexadecimal digits";
        let session =
            session_of(of("session")).ok_or_else(|| BadRequest::value("session", wrong))?;
        let number = of("number")
            .parse()
            .map_err(|error| BadRequest::value("number", format!("{error}")))?;
        Ok(AskedWindow { session, number })
    }
}

pub(super) fn session_word(session: &SessionId) -> String {
    hex::encode(session.0)
}

fn session_of(word: &str) -> Option<SessionId> {
    let mut bytes = [0; 16];
    hex::decode_to_slice(word, &mut bytes).ok()?;
    Some(SessionId(bytes))
}

/// What need not be kept any longer, and which part of the window is asked for: all of it where it does not say.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WindowQuery {
    stored: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    part: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<u8>,
}

impl From<WindowAsk> for WindowQuery {
    fn from(ask: WindowAsk) -> Self {
        let part = (ask.part != Part::WHOLE).then_some(ask.part);
        WindowQuery { stored: ask.stored, part: part.map(Part::place), of: part.map(Part::of) }
    }
}

impl WindowQuery {
    fn part(&self) -> Result<Part, BadRequest> {
        let (place, of) = (self.part.unwrap_or(0), self.of.unwrap_or(1));
        let wrong = || BadRequest::value("part", format!("there is no part `{place}` of `{of}`"));
        Part::new(place, of).ok_or_else(wrong)
    }
}

pub(super) async fn open_parcels(
    asked: Asked,
    Scope(scope): Scope,
    ReadOrder(order): ReadOrder,
) -> Result<Result<Response, Response>, Refusal> {
    match asked.region.open_parcels(scope, order).await {
        Ok(opened) => Ok(Ok(octets(Body::from(opened.encode().to_vec())))),
        // The order does not fit the disk that it names.
        Err(PeerFault::Protocol { reason, .. }) => Err(BadRequest::value("order", reason).into()),
        Err(fault) => Ok(Err(refused(fault))),
    }
}

pub(super) async fn parcel(
    asked: Asked,
    Scope(scope): Scope,
    AskedWindow { session, number }: AskedWindow,
    ReadQuery(query): ReadQuery<WindowQuery>,
) -> Result<Result<Response, Response>, Refusal> {
    let ask = WindowAsk { session, number, stored: query.stored, part: query.part()? };
    let parcel = match asked.region.parcel(scope, ask).await {
        Ok(parcel) => parcel,
        Err(fault) => return Ok(Err(refused(fault))),
    };
    Ok(Ok(match parcel {
        PeerParcel::Window(pieces) => octets(Body::from_stream(pieces)),
        PeerParcel::End => StatusCode::NO_CONTENT.into_response(),
        PeerParcel::Gone => StatusCode::GONE.into_response(),
    }))
}

/// A body of no more bytes than a window has; one that is longer breaks the protocol.
pub(super) fn bounded(
    pieces: PeerFrames,
    broken: impl Fn(String) -> PeerFault + Send + 'static,
) -> PeerFrames {
    let mut left = PARCEL_BYTES_MAX;
    let bound = move |piece: Result<bytes::Bytes, PeerFault>| {
        let piece = piece?;
        let too_long = || broken(format!("its window is longer than `{PARCEL_BYTES_MAX}` bytes"));
        left = left.checked_sub(piece.len()).ok_or_else(too_long)?;
        Ok(piece)
    };
    pieces.map(bound).boxed()
}
