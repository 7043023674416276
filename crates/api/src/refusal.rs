//! Everything a request may be refused for: by the region, or by the door itself before it gets that far.

use axum::response::{IntoResponse, Response};
use model::{InvalidId, Rejection, UnknownWord};
use region::Refused;
use std::sync::Arc;

use crate::native::wire::Problem;

/// A request that HTTP or JSON makes wrong, before any region hears of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadRequest {
    /// No such path.
    #[error("there is nothing at this path; `/v1/openapi.json` lists what there is")]
    UnknownPath,
    /// The path is there, the method is not.
    #[error("this path does not answer this method")]
    UnknownMethod,
    /// The request target is too long.
    #[error("the request target is longer than `{limit}` bytes")]
    UriTooLong {
        /// The most.
        limit: usize,
    },
    /// The body is too long.
    #[error("the body is longer than `{limit}` bytes")]
    BodyTooLong {
        /// The most.
        limit: usize,
    },
    /// The body came below the minimum rate (api-19).
    #[error("the body came too slowly")]
    BodyTooSlow,
    /// The body ended before it was whole.
    #[error("the body broke off")]
    BodyBroken,
    /// Not the media type that this operation takes.
    #[error("the body must be `{wanted}`")]
    MediaType {
        /// The one it takes.
        wanted: &'static str,
    },
    /// The body is not the JSON that this operation takes.
    #[error("the body is not the JSON that is wanted: {reason}")]
    Json {
        /// The parser's words, shortened.
        reason: String,
    },
    /// The query is not one that this operation takes.
    #[error("the query is not one that this operation takes: {reason}")]
    Query {
        /// The parser's words, shortened.
        reason: String,
    },
    /// A value of path, query, header or body that cannot be read.
    #[error("`{name}` is refused: {reason}")]
    Value {
        /// Where it stands.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A page cursor that we did not make for this listing and this account (api-12).
    #[error("the cursor was not made for this listing; begin again without it")]
    Cursor,
}

impl BadRequest {
    pub(crate) fn value(name: &'static str, reason: impl ToString) -> Self {
        BadRequest::Value { name, reason: shortened(&reason.to_string()) }
    }
}

/// At most 300 characters of a parser's text: it may quote what was sent.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(300).collect()
}

/// Why a handler does not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The region's answer.
    #[error(transparent)]
    Region(#[from] Refused),
    /// The door's own.
    #[error(transparent)]
    Request(#[from] BadRequest),
    /// Several targets, and each refused.
    #[error("every target refused")]
    EveryTarget {
        /// Each target and its problem; never empty.
        refused: Vec<crate::native::wire::TargetRefused>,
    },
    /// A handler panicked. The text went to the log.
    #[error("the handler panicked")]
    Panicked,
    /// Something this process needs does not answer.
    #[error("`{part}` does not answer")]
    NotReady {
        /// What.
        part: String,
    },
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Refusal::Region(rejection.into())
    }
}

impl From<InvalidId> for Refusal {
    fn from(invalid: InvalidId) -> Self {
        BadRequest::value("id", invalid).into()
    }
}

impl From<UnknownWord> for BadRequest {
    fn from(unknown: UnknownWord) -> Self {
        BadRequest::value("word", unknown)
    }
}

/// A refusal on its way out: `around` gives it the request's id and writes it.
#[derive(Clone)]
pub(crate) struct Unwritten(pub(crate) Arc<Refusal>);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = Response::new(axum::body::Body::empty());
        *response.status_mut() = crate::problem::status(&self);
        response.extensions_mut().insert(Unwritten(Arc::new(self)));
        response
    }
}

/// What a handler answers.
pub(crate) type Answer<T> = Result<T, Refusal>;

/// One target's refusal, in the words that a whole request would get.
pub(crate) fn of_target(refused: Refused, request_id: &str) -> Problem {
    let refusal = Refusal::Region(refused);
    crate::problem::log(&refusal);
    crate::problem::describe(&refusal, request_id)
}
