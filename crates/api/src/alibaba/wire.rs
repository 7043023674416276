//! Reading a request: method, target, headers and body become parameters, an action and what was signed (contract 1).
//!
//! There is one reading of a request, or it is refused. An `Authorization` of `ACS3-...` makes it a request of the newer
//! signature, and a parameter `Signature` beside it is refused; everything else is one of the older (api-05).

mod region_of_host;

use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};

use super::error::ApiError;
use super::params::Params;
use crate::body::media_type;
use crate::cloud::arrived::is_form;
use crate::cloud::form::{self, Pairs};
use crate::cloud::{Arrived, Unreadable};

/// What the headers of the newer signature begin with.
pub(super) const OWN_HEADERS: &str = "x-acs-";

/// What an answer is written in.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// `application/json`.
    Json,
    /// `text/xml`.
    Xml,
}

/// How a request is signed.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// Parameters signed with HMAC-SHA1.
    V1,
    /// The request signed with HMAC-SHA256, named in the header `Authorization`.
    V3,
}

/// A request that was understood. Nothing of it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wire {
    /// What the answer is written in.
    pub(super) format: Format,
    /// What is asked for.
    pub(super) action: String,
    /// The version of the API that has it.
    pub(super) version: String,
    /// The host that the client means, with its port where it names one.
    pub(super) host: String,
    /// How it is signed.
    pub(super) scheme: Scheme,
    /// `GET` or `POST`.
    pub(super) method: Method,
    /// The parameters of the target.
    pub(super) query: Pairs,
    /// Those of the target and of a form body.
    pub(super) parameters: Pairs,
    /// The headers.
    pub(super) headers: HeaderMap,
    /// The body.
    pub(super) body: Vec<u8>,
}

/// A request that was not understood, and how to say so.
pub(super) struct Unread {
    /// What the answer is written in, as far as could be seen.
    pub(super) format: Format,
    /// The host that the client means.
    pub(super) host: String,
    /// What is wrong.
    pub(super) error: ApiError,
}

/// Reads a request.
pub(super) fn read(arrived: Arrived) -> Result<Wire, Unread> {
    let Arrived { parts, body } = arrived;
    let error = match (check_method(&parts.method), body) {
        (Ok(()), Ok(body)) => return Wire::of(parts, body),
        (Err(error), _) => error,
        (Ok(()), Err(unreadable)) => of_unreadable(unreadable),
    };
    let host = host_of(&parts.headers).unwrap_or_default();
    Err(Unread { format: format_of(&parts, &[]), host, error })
}

impl Wire {
    /// Reads a request that is here as a whole.
    pub(super) fn of(parts: Parts, body: Vec<u8>) -> Result<Wire, Unread> {
        let (format, host) = (format_of(&parts, &body), host_of(&parts.headers));
        let host_or_none = host.clone().unwrap_or_default();
        Self::read(parts, body, format).map_err(|error| Unread {
            format,
            host: host_or_none,
            error,
        })
    }

    fn read(parts: Parts, body: Vec<u8>, format: Format) -> Result<Wire, ApiError> {
        let Parts { method, uri, headers, .. } = parts;
        check_method(&method)?;
        check_headers(&headers)?;
        if uri.path() != "/" {
            return Err(ApiError::invalid("path", format!("`{}` is not /", uri.path())));
        }
        let host = host_of(&headers)?;
        if let Some(other) = uri.scheme_str().filter(|name| !["http", "https"].contains(name)) {
            return Err(ApiError::invalid("scheme", format!("`{other}` is not http")));
        }
        if uri.authority().is_some_and(|target| !target.as_str().eq_ignore_ascii_case(&host)) {
            return Err(ApiError::invalid("Host", "it is not the host of the request's target"));
        }
        let scheme = scheme_of(&headers);
        let mut query = Pairs::new();
        form::read_into(&mut query, query_of(&uri))?;
        let mut parameters = query.clone();
        if !body.is_empty() {
            check_body_type(&headers)?;
            form::read_into(&mut parameters, &body)?;
        }
        let named = |parameter: &str, header: &str| match scheme {
            Scheme::V1 => parameters.get(parameter).cloned().unwrap_or_default(),
            Scheme::V3 => headers.get(header).map(text_of).unwrap_or_default(),
        };
        let (action, version) =
            (named("Action", "x-acs-action"), named("Version", "x-acs-version"));
        if scheme == Scheme::V1 && !is_a_format(parameters.get("Format")) {
            return Err(ApiError::invalid("Format", "it is neither JSON nor XML"));
        }
        Ok(Wire { format, action, version, host, scheme, method, query, parameters, headers, body })
    }

    /// All parameters, those common to all requests included.
    pub(super) fn params(&self) -> Result<Params, ApiError> {
        Params::read(self.parameters.clone())
    }

    /// The region that the host names, where it names one.
    pub(super) fn host_region(&self) -> Option<&str> {
        let host = self.host.rsplit_once(':').map_or(self.host.as_str(), |(host, _port)| host);
        region_of_host::read(host)
    }

    /// The value of a header, trimmed; none where it is not there.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(text_of)
    }
}

/// Parameters as they are signed, without the one that is left out (contract 2).
pub(super) fn canonical(pairs: &Pairs, left_out: &str) -> String {
    let kept = pairs.iter().filter(|(name, _)| *name != left_out);
    let written =
        kept.map(|(name, value)| format!("{}={}", form::encoded(name), form::encoded(value)));
    written.collect::<Vec<_>>().join("&")
}

fn query_of(uri: &axum::http::Uri) -> &[u8] {
    uri.query().unwrap_or_default().as_bytes()
}

fn check_method(method: &Method) -> Result<(), ApiError> {
    if [Method::GET, Method::POST].contains(method) {
        return Ok(());
    }
    let message = format!("This http method is not supported: {method}.");
    Err(ApiError::forbidden("UnsupportedHTTPMethod", message))
}

/// Refuses what could be read in two ways: a header that means something here and is there twice, or is no text.
fn check_headers(headers: &HeaderMap) -> Result<(), ApiError> {
    let counts = |name: &HeaderName| {
        [HOST, AUTHORIZATION, CONTENT_TYPE, ACCEPT].contains(name)
            || name.as_str().starts_with(OWN_HEADERS)
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

/// Parameters in a body are those of a form; other contents would be signed by one scheme and not by the other.
fn check_body_type(headers: &HeaderMap) -> Result<(), ApiError> {
    if is_form(headers) {
        return Ok(());
    }
    let stated = media_type(headers).unwrap_or("none");
    let reason = format!("a body must be `application/x-www-form-urlencoded`, and is `{stated}`");
    Err(ApiError::invalid("Content-Type", reason))
}

fn of_unreadable(unreadable: Unreadable) -> ApiError {
    let (status, code) = match unreadable {
        Unreadable::TargetTooLong { .. } => (StatusCode::URI_TOO_LONG, "RequestUriTooLarge"),
        Unreadable::TooLong { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "RequestBodyTooLarge"),
        Unreadable::TooSlow => (StatusCode::REQUEST_TIMEOUT, "RequestTimeout"),
        Unreadable::Broken => (StatusCode::BAD_REQUEST, "InvalidRequestBody"),
    };
    ApiError::new(status, code, format!("The request cannot be read: {unreadable}."))
}

fn text_of(value: &axum::http::HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).trim().to_owned()
}

/// The host, as it is to be reached.
fn host_of(headers: &HeaderMap) -> Result<String, ApiError> {
    let host = headers.get(HOST).map(text_of).ok_or_else(|| ApiError::missing("Host"))?;
    let authority: axum::http::uri::Authority =
        host.parse().map_err(|_| ApiError::invalid("Host", "it is not a host"))?;
    Ok(authority.as_str().to_ascii_lowercase())
}

fn scheme_of(headers: &HeaderMap) -> Scheme {
    let names = |value: &axum::http::HeaderValue| {
        value.as_bytes().get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"ACS3"))
    };
    if headers.get(AUTHORIZATION).is_some_and(names) { Scheme::V3 } else { Scheme::V1 }
}

fn is_a_format(stated: Option<&String>) -> bool {
    stated.is_none_or(|text| text.is_empty() || named_format(text).is_some())
}

fn named_format(text: &str) -> Option<Format> {
    let is = |name| text.eq_ignore_ascii_case(name);
    if is("JSON") { Some(Format::Json) } else { is("XML").then_some(Format::Xml) }
}

/// What the answer is written in, seen before anything else is: errors have it too. The older signature has the parameter
/// `Format`, and XML without it; the newer has the header `Accept`, and JSON without it (contract 1).
fn format_of(parts: &Parts, body: &[u8]) -> Format {
    let stated = form::find(query_of(&parts.uri), "Format");
    let stated = stated.or_else(|| form::find(body, "Format"));
    let is_older = scheme_of(&parts.headers) == Scheme::V1;
    if is_older && let Some(format) = stated.as_deref().and_then(named_format) {
        return format;
    }
    // Sent without any signature: the newer clients name the action in a header alone.
    let has_action =
        form::is_named(query_of(&parts.uri), "Action") || form::is_named(body, "Action");
    let accepted = parts.headers.get(ACCEPT).map(text_of).unwrap_or_default();
    let is_unsigned_newer = !has_action && parts.headers.contains_key("x-acs-action");
    let is_xml_wanted = accepted.contains("xml") && !accepted.contains("json");
    if is_older && !is_unsigned_newer || is_xml_wanted { Format::Xml } else { Format::Json }
}
