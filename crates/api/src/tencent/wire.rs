//! Reading a request: method, target, headers and body become parameters, an action and what was signed (contract 1, 4).
//!
//! There is one reading of a request, or it is refused. An `Authorization` makes it a request of the newer signature, which is
//! in the headers; everything else is one of the older, which is in the parameters (api-05).

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, Uri};

use super::error::ApiError;
use super::params::Params;
use crate::body::media_type;
use crate::cloud::arrived::{FORM, is_form};
use crate::cloud::form::{self, BadForm, Pairs};
use crate::cloud::json;

/// What the headers of the newer signature begin with.
const OWN_HEADERS: &str = "x-tc-";
/// Headers of the newer signature that say what a request means. Without their `Authorization` they would be a second reading
/// beside that of the parameters. Others of its headers are sent with the older signature too.
const MEANING: [&str; 5] =
    ["x-tc-action", "x-tc-version", "x-tc-region", "x-tc-timestamp", "x-tc-token"];
/// The path of the older API.
const INDEX: &str = "/v2/index.php";
/// The one media type of a body under the newer signature.
const JSON: &str = "application/json";
/// Parameters of the older signature that every operation has.
const COMMON: [&str; 11] = [
    "Action",
    "Region",
    "Timestamp",
    "Nonce",
    "SecretId",
    "Signature",
    "SignatureMethod",
    "Version",
    "Token",
    "Language",
    "RequestClient",
];

/// Which API a request speaks.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Flavour {
    /// The API 3.0, under whatever path.
    Current,
    /// The API 2.0: its own path, and no version.
    Legacy,
}

/// How a request is signed.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// Parameters signed with HMAC-SHA1 or HMAC-SHA256.
    V1,
    /// The request signed with TC3-HMAC-SHA256, in the header `Authorization`.
    Tc3,
}

/// A request that was understood. Nothing of it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wire {
    /// Which API it speaks.
    pub(super) flavour: Flavour,
    /// How it is signed.
    pub(super) scheme: Scheme,
    /// `GET` or `POST`.
    pub(super) method: Method,
    /// The path, as it was sent.
    pub(super) path: String,
    /// The query, as it was sent; empty where there is none.
    pub(super) query: String,
    /// The host, literally as it was sent: some clients send a scheme or a path with it, and sign that (contract 5).
    pub(super) host: String,
    /// What is asked for.
    pub(super) action: String,
    /// The version of the API that has it.
    pub(super) version: String,
    /// The region that it goes to; empty where none is named.
    pub(super) region: String,
    /// What is asked, without what is common to all requests.
    pub(super) params: Params,
    /// All parameters of the older signature, those common to all requests included.
    pub(super) pairs: Pairs,
    /// The headers.
    pub(super) headers: HeaderMap,
    /// The body.
    pub(super) body: Vec<u8>,
}

/// Which API a request speaks, seen before anything else is: errors are written in its way too. On the path of the older one, a
/// version makes it a request of the newer (contract 1, flavour B).
pub(super) fn flavour_of(parts: &Parts, body: &[u8]) -> Flavour {
    let query = query_of(&parts.uri);
    let form = if is_form(&parts.headers) { body } else { &[] };
    let has_version = [query, form]
        .iter()
        .any(|text| form::find(text, "Version").is_some_and(|version| !version.is_empty()));
    match parts.uri.path() == INDEX && !has_version && scheme_of(&parts.headers) == Scheme::V1 {
        true => Flavour::Legacy,
        false => Flavour::Current,
    }
}

impl Wire {
    /// Reads a request that is here as a whole.
    pub(super) fn of(parts: Parts, body: Vec<u8>) -> Result<Wire, ApiError> {
        let flavour = flavour_of(&parts, &body);
        let Parts { method, uri, headers, .. } = parts;
        if ![Method::GET, Method::POST].contains(&method) {
            let message = format!("The HTTP method {method} is not supported: send GET or POST.");
            return Err(ApiError::new("UnsupportedProtocol", message));
        }
        check_headers(&headers)?;
        let host = text_of(&headers, HOST.as_str()).ok_or_else(|| ApiError::missing("Host"))?;
        check_target(&uri, &host)?;
        let scheme = scheme_of(&headers);
        let read = match scheme {
            Scheme::V1 => of_parameters(&method, &uri, &headers, &body)?,
            Scheme::Tc3 => of_headers(&method, &uri, &headers, &body)?,
        };
        Ok(Wire {
            flavour,
            scheme,
            method,
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            host,
            action: read.action,
            version: read.version,
            region: read.region,
            params: read.params,
            pairs: read.pairs,
            headers,
            body,
        })
    }

    /// The value of a header, trimmed; none where it is not there.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        text_of(&self.headers, name)
    }

    /// Whether it comes with the token of a temporary key.
    pub(super) fn is_temporary(&self) -> bool {
        let token = match self.scheme {
            Scheme::V1 => self.pairs.get("Token").cloned(),
            Scheme::Tc3 => self.header("x-tc-token"),
        };
        token.is_some_and(|token| !token.is_empty())
    }
}

/// What the two signatures read from different places.
struct Read {
    action: String,
    version: String,
    region: String,
    params: Params,
    pairs: Pairs,
}

/// Under the older signature everything is a parameter, in the query or in a form, or in both: a name must be there once.
fn of_parameters(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Read, ApiError> {
    if MEANING.iter().any(|name| headers.contains_key(*name)) {
        let message = "The header Authorization is missing.";
        return Err(ApiError::new("AuthFailure.InvalidAuthorization", message));
    }
    let mut pairs = Pairs::new();
    form::read_into(&mut pairs, query_of(uri)).map_err(of_form)?;
    if *method == Method::GET && !body.is_empty() {
        return Err(ApiError::invalid("body", "a GET has none"));
    }
    if !body.is_empty() {
        check_media_type(headers, FORM)?;
        form::read_into(&mut pairs, body).map_err(of_form)?;
    }
    let named = |name: &str| pairs.get(name).cloned().unwrap_or_default();
    let (action, version, region) = (named("Action"), named("Version"), named("Region"));
    let own = pairs.iter().filter(|(name, _)| !COMMON.contains(&name.as_str()));
    let own = own.map(|(name, value)| (name.clone(), value.clone())).collect();
    Ok(Read { action, version, region, params: Params::of_pairs(&own)?, pairs })
}

/// Under the newer signature the common parameters are headers. The others are in the query of a GET, or in the JSON body of a
/// POST; what is elsewhere is signed by nobody.
fn of_headers(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Read, ApiError> {
    let params = if *method == Method::GET {
        if !body.is_empty() {
            return Err(ApiError::invalid("body", "a GET has none"));
        }
        let mut pairs = Pairs::new();
        form::read_into(&mut pairs, query_of(uri)).map_err(of_form)?;
        Params::of_pairs(&pairs)?
    } else {
        if !query_of(uri).is_empty() {
            return Err(ApiError::invalid("query", "the parameters of a POST are in its body"));
        }
        check_media_type(headers, JSON)?;
        let body = if body.is_empty() { b"{}" } else { body };
        Params::of_json(json::object(body).map_err(|bad| ApiError::invalid("body", bad))?)
    };
    let named = |name: &str| text_of(headers, name).unwrap_or_default();
    let (action, version, region) =
        (named("x-tc-action"), named("x-tc-version"), named("x-tc-region"));
    Ok(Read { action, version, region, params, pairs: Pairs::new() })
}

fn query_of(uri: &Uri) -> &[u8] {
    uri.query().unwrap_or_default().as_bytes()
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

/// A target that names a host itself, as clients behind a proxy write it, names the one that the header names.
fn check_target(uri: &Uri, host: &str) -> Result<(), ApiError> {
    if let Some(other) = uri.scheme_str().filter(|name| !["http", "https"].contains(name)) {
        let message = format!("The protocol `{other}` is not supported.");
        return Err(ApiError::new("UnsupportedProtocol", message));
    }
    let bare = host.split_once("://").map_or(host, |(_scheme, host)| host);
    let bare = bare.split('/').next().unwrap_or_default();
    match uri.authority() {
        Some(target) if !target.as_str().eq_ignore_ascii_case(bare) => {
            Err(ApiError::invalid("Host", "it is not the host of the request's target"))
        }
        Some(_) | None => Ok(()),
    }
}

fn check_media_type(headers: &HeaderMap, wanted: &str) -> Result<(), ApiError> {
    let stated = media_type(headers).unwrap_or("none");
    if stated.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let reason = format!("the body must be `{wanted}`, and is `{stated}`");
    Err(ApiError::invalid("Content-Type", reason))
}

fn of_form(bad: BadForm) -> ApiError {
    ApiError::invalid(&bad.name, bad.reason)
}

fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
}

fn scheme_of(headers: &HeaderMap) -> Scheme {
    if headers.contains_key(AUTHORIZATION) { Scheme::Tc3 } else { Scheme::V1 }
}
