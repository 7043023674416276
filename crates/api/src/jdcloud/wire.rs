//! Reading a request: method, target, headers and body. There is one reading of a request, or it is refused (contract 5).
//!
//! A signature covers the decoded path with its slashes in a row made one, and those pairs of the query that have a name and
//! a `=`. Exactly that is read: whatever a client could send besides has no meaning.

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value};

use super::error::ApiError;
use crate::cloud::form::{self, BadForm, Pairs};
use crate::cloud::{Unreadable, json};

/// What the headers of this cloud's clients begin with.
const OWN_HEADERS: &str = "x-jdcloud-";

/// A request that was understood. Nothing of it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wire {
    /// Its method.
    pub(super) method: Method,
    /// Its path, decoded, without slashes in a row.
    pub(super) path: String,
    /// The parameters of its target.
    pub(super) query: Pairs,
    /// Its headers.
    pub(super) headers: HeaderMap,
    /// Its body.
    pub(super) body: Vec<u8>,
}

impl Wire {
    /// Reads a request.
    pub(super) fn of(parts: Parts, body: Vec<u8>) -> Result<Wire, ApiError> {
        let Parts { method, uri, headers, .. } = parts;
        check_headers(&headers)?;
        let host = text_of(headers.get(HOST).ok_or_else(|| ApiError::missing("host"))?);
        if uri.authority().is_some_and(|target| !target.as_str().eq_ignore_ascii_case(&host)) {
            return Err(ApiError::invalid("host", "it is not the host of the request's target"));
        }
        let path = form::decoded(uri.path().as_bytes());
        let path = path.map_err(|reason| ApiError::invalid("path", reason))?;
        let mut query = Pairs::new();
        let signed = uri.query().unwrap_or_default().split('&').filter(|pair| is_signed(pair));
        for pair in signed {
            form::read_into(&mut query, pair.as_bytes()).map_err(of_form)?;
        }
        Ok(Wire { method, path: with_single_slashes(&path), query, headers, body })
    }

    /// The value of a header, trimmed; none where it is not there.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(text_of)
    }

    /// The parameters of the body.
    pub(super) fn body_object(&self) -> Result<Map<String, Value>, ApiError> {
        if self.body.is_empty() {
            return Ok(Map::new());
        }
        json::object(&self.body).map_err(|bad| ApiError::invalid("body", bad))
    }
}

/// Whether a pair of a query is among what is signed: it has a name and a `=`.
pub(super) fn is_signed(pair: &str) -> bool {
    pair.find('=').is_some_and(|equals| equals > 0)
}

/// Every row of slashes as one, and one before all.
pub(super) fn with_single_slashes(path: &str) -> String {
    let mut single = String::with_capacity(path.len() + 1);
    single.push('/');
    for character in path.chars() {
        if character != '/' || !single.ends_with('/') {
            single.push(character);
        }
    }
    single
}

/// Refuses what could be read in two ways: a header that means something here and is there twice, or is no text.
fn check_headers(headers: &HeaderMap) -> Result<(), ApiError> {
    let counts = |name: &HeaderName| {
        [HOST, AUTHORIZATION, CONTENT_TYPE].contains(name) || name.as_str().starts_with(OWN_HEADERS)
    };
    for name in headers.keys().filter(|name| counts(name)) {
        if headers.get_all(name).iter().count() > 1 {
            return Err(ApiError::invalid(name.as_str(), "it is given more than once"));
        }
        if headers.get(name).is_some_and(|value| value.to_str().is_err()) {
            return Err(ApiError::invalid(name.as_str(), "it is not plain text"));
        }
    }
    Ok(())
}

fn text_of(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).trim().to_owned()
}

fn of_form(bad: BadForm) -> ApiError {
    ApiError::invalid(&bad.name, bad.reason)
}

/// The cloud's answer to what cannot be read as a whole (contract 4).
pub(super) fn of_unreadable(unreadable: Unreadable) -> ApiError {
    let (code, status) = match unreadable {
        Unreadable::TargetTooLong { .. } => (StatusCode::URI_TOO_LONG, "HTTP_URI_TOO_LONG"),
        Unreadable::TooLong { .. } => {
            (StatusCode::PAYLOAD_TOO_LARGE, "HTTP_REQUEST_ENTITY_TOO_LARGE")
        }
        Unreadable::TooSlow => (StatusCode::REQUEST_TIMEOUT, "HTTP_REQUEST_TIMEOUT"),
        Unreadable::Broken => (StatusCode::BAD_REQUEST, "HTTP_BAD_REQUEST"),
    };
    ApiError::new(code, status, format!("The request cannot be read: {unreadable}"))
}
