//! Reading requests: JSON, queries and the token, each refused with its reason.

use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use model::ClientToken;
use serde::de::DeserializeOwned;

use crate::CONTROL_BODY_BYTES;
use crate::body::{PacedBody, media_type};
use crate::refusal::{BadRequest, Refusal, shortened};

/// The header whose value makes a request safe to repeat.
const TOKEN_HEADER: &str = "idempotency-key";

/// A body of JSON. Unknown and repeated members are refused by the types; nesting beyond 128 by the parser (api-08).
pub(crate) struct ReadJson<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for ReadJson<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        json_of(request, CONTROL_BODY_BYTES).await.map(ReadJson)
    }
}

/// A body of JSON of at most so many bytes.
pub(crate) async fn json_of<T: DeserializeOwned>(
    request: Request,
    most: usize,
) -> Result<T, Refusal> {
    if media_type(request.headers()) != Some("application/json") {
        return Err(BadRequest::MediaType { wanted: "application/json" }.into());
    }
    let bytes = PacedBody::of(request, most)?.whole().await?;
    // Serde would read an array as an object's members in order; no operation takes an array.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(BadRequest::Json { reason: "it is not an object".to_owned() }.into());
    }
    let read = serde_json::from_slice(&bytes);
    Ok(read.map_err(|error| BadRequest::Json { reason: shortened(&error.to_string()) })?)
}

/// A query. Unknown and repeated parameters are refused by the types.
pub(crate) struct ReadQuery<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for ReadQuery<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let read = Query::try_from_uri(&parts.uri);
        let Query(value) =
            read.map_err(|error| BadRequest::Query { reason: shortened(&error.to_string()) })?;
        Ok(ReadQuery(value))
    }
}

/// The caller's token, from `Idempotency-Key` (api-17).
pub(crate) struct Token(pub(crate) Option<ClientToken>);

impl<S: Send + Sync> FromRequestParts<S> for Token {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let mut given = parts.headers.get_all(TOKEN_HEADER).iter();
        let (first, second) = (given.next(), given.next());
        if second.is_some() {
            return Err(BadRequest::value("Idempotency-Key", "it is given twice").into());
        }
        let Some(value) = first else {
            return Ok(Token(None));
        };
        let text =
            value.to_str().map_err(|_| BadRequest::value("Idempotency-Key", "it is not ASCII"))?;
        Ok(Token(Some(ClientToken::new(text)?)))
    }
}
