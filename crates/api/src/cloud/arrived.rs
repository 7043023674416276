//! A request for a cloud's door that is here as a whole, or could not be read.

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::body::{PacedBody, media_type};
use crate::refusal::BadRequest;
use crate::{CONTROL_BODY_BYTES, URI_BYTES};

/// The media type of parameters in a body.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// Most bytes of a form: 256 KiB. The longest request that any operation takes is shorter, and whoever has no key yet can make a
/// door keep no more.
const FORM_BODY_BYTES: usize = 256 << 10;

/// A request for a cloud's door. Nothing of it is believed yet.
#[derive(Debug)]
pub(crate) struct Arrived {
    /// Its method, target and headers.
    pub(crate) parts: Parts,
    /// Its body.
    pub(crate) body: Result<Vec<u8>, Unreadable>,
}

/// Why a request could not be read as a whole.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// Its target is too long (api-08).
    #[error("the request target is longer than {limit} bytes")]
    TargetTooLong {
        /// The most, in bytes.
        limit: usize,
    },
    /// Its body is too long (api-08).
    #[error("the body is longer than {limit} bytes")]
    TooLong {
        /// The most, in bytes.
        limit: usize,
    },
    /// Its body came below the least rate (api-19).
    #[error("the body came too slowly")]
    TooSlow,
    /// Its body ended before it was whole.
    #[error("the body broke off")]
    Broken,
}

impl Arrived {
    /// Waits for the whole of a request.
    pub(crate) async fn of(request: Request) -> Arrived {
        let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
        let limit = if is_form(request.headers()) { FORM_BODY_BYTES } else { CONTROL_BODY_BYTES };
        let (parts, body) = request.into_parts();
        if target > URI_BYTES {
            let unreadable = Unreadable::TargetTooLong { limit: URI_BYTES };
            return Arrived { parts, body: Err(unreadable) };
        }
        let mut request = Request::new(body);
        // The stated length is looked at before anything is read.
        *request.headers_mut() = parts.headers.clone();
        let body = match PacedBody::of(request, limit) {
            Ok(body) => body.whole().await,
            Err(refused) => Err(refused),
        };
        Arrived { parts, body: body.map_err(|refused| of_body(&refused)) }
    }
}

/// Whether a body says that it is a form.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|stated| stated.eq_ignore_ascii_case(FORM))
}

fn of_body(refused: &BadRequest) -> Unreadable {
    match refused {
        BadRequest::BodyTooLong { limit } => Unreadable::TooLong { limit: *limit },
        BadRequest::BodyTooSlow => Unreadable::TooSlow,
        // Bodies are refused for nothing else.
        BadRequest::BodyBroken
        | BadRequest::UnknownPath
        | BadRequest::UnknownMethod
        | BadRequest::UriTooLong { .. }
        | BadRequest::MediaType { .. }
        | BadRequest::Json { .. }
        | BadRequest::Query { .. }
        | BadRequest::Value { .. }
        | BadRequest::Cursor => Unreadable::Broken,
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::header::CONTENT_TYPE;

    use super::*;

    async fn arrived(kind: &str, target: &str, bytes: usize) -> Result<usize, Unreadable> {
        let request = Request::builder().uri(target).header(CONTENT_TYPE, kind);
        let arrived = Arrived::of(request.body(Body::from(vec![b'a'; bytes])).unwrap()).await;
        arrived.body.map(|body| body.len())
    }

    #[tokio::test]
    async fn api_08_targets_and_bodies_are_bounded() {
        let form = "Application/x-www-form-urlencoded; charset=utf-8";
        assert_eq!(arrived(form, "/", 256 << 10).await, Ok(256 << 10));
        let limit = 256 << 10;
        assert_eq!(arrived(form, "/", limit + 1).await, Err(Unreadable::TooLong { limit }));
        let limit = 1 << 20;
        assert_eq!(arrived("application/json", "/", limit).await, Ok(limit));
        let too_long = arrived("application/json", "/", limit + 1).await;
        assert_eq!(too_long, Err(Unreadable::TooLong { limit }));
        let limit = 32 << 10;
        let target = format!("/?{}", "a".repeat(limit - 2));
        assert_eq!(arrived(form, &target, 0).await, Ok(0));
        let too_long = arrived(form, &format!("{target}a"), 0).await;
        assert_eq!(too_long, Err(Unreadable::TargetTooLong { limit }));
    }
}
