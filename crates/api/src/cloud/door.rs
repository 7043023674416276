//! Which door a request is for: one port serves all of them.
//!
//! What a request says most plainly decides: first the scheme of its `Authorization`, then headers that one cloud's clients
//! alone send, then the cloud's own host, then the path, and last the parameters, those of a form included. What says nothing
//! is for the native API, the console and everybody else.

use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::{HeaderMap, Method, Uri};

use super::arrived::is_form;
use super::form;
use crate::body::media_type;

/// A door of this service.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// The native API, and whatever else has a path of its own.
    Native,
    /// Alibaba Cloud ECS.
    Alibaba,
    /// Tencent Cloud CVM.
    Tencent,
    /// JD Cloud VM.
    JdCloud,
}

impl Door {
    /// Its name in figures and logs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Door::Native => "native",
            Door::Alibaba => "alibaba",
            Door::Tencent => "tencent",
            Door::JdCloud => "jdcloud",
        }
    }
}

/// The path of the older API of Tencent Cloud.
const INDEX: &str = "/v2/index.php";
/// Versions of the APIs behind `/`, and whose they are.
const VERSIONS: [(&str, Door); 4] = [
    ("2014-05-26", Door::Alibaba),
    ("2017-12-14", Door::Alibaba),
    ("2017-03-12", Door::Tencent),
    ("2018-08-13", Door::Tencent),
];
/// Parameters that one cloud's signatures alone have.
const SIGNERS: [(&str, Door); 4] = [
    ("SecretId", Door::Tencent),
    ("AccessKeyId", Door::Alibaba),
    ("SignatureNonce", Door::Alibaba),
    ("SignatureVersion", Door::Alibaba),
];
/// Beginnings of `Authorization`, in lower case.
const SCHEMES: [(&str, Door); 4] = [
    ("acs3-", Door::Alibaba),
    ("tc3-", Door::Tencent),
    ("jdcloud2-", Door::JdCloud),
    ("jdcloud3-", Door::JdCloud),
];
/// Beginnings of headers.
const HEADERS: [(&str, Door); 3] =
    [("x-acs-", Door::Alibaba), ("x-tc-", Door::Tencent), ("x-jdcloud-", Door::JdCloud)];
/// Ends of the clouds' own hosts.
const HOSTS: [(&str, Door); 4] = [
    (".aliyuncs.com", Door::Alibaba),
    (".tencentcloudapi.com", Door::Tencent),
    (".api.qcloud.com", Door::Tencent),
    (".jdcloud-api.com", Door::JdCloud),
];

/// Whether the parameters in a body can decide: only behind paths where more than one cloud's clients send them.
pub(crate) fn needs_form(method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
    *method == Method::POST && [INDEX, "/"].contains(&uri.path()) && is_form(headers)
}

/// The door that a request is for. `form` is its body, where [`needs_form`] says so, and else empty.
pub(crate) fn door_of(method: &Method, uri: &Uri, headers: &HeaderMap, form: &[u8]) -> Door {
    let by_head =
        by_authorization(headers).or_else(|| by_headers(headers)).or_else(|| by_host(uri, headers));
    if let Some(door) = by_head {
        return door;
    }
    match uri.path() {
        INDEX => Door::Tencent,
        "/" => by_parameters(uri, form).unwrap_or_else(|| of_nobodys(method, uri, headers, form)),
        // An endpoint may have a path, and what is signed in the older way has nothing else to be known by.
        _ => {
            let is_signed = form::is_named(query_of(uri), "Signature");
            let signer = (is_signed && !headers.contains_key(AUTHORIZATION))
                .then(|| by_signer(uri, form))
                .flatten();
            signer.unwrap_or(Door::Native)
        }
    }
}

/// By the first scheme that is one of a cloud's. A request with two is refused by the door that it comes to.
fn by_authorization(headers: &HeaderMap) -> Option<Door> {
    let schemes = headers.get_all(AUTHORIZATION).iter();
    let begins = |stated: &[u8], scheme: &str| {
        stated
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()))
    };
    let of = |stated: &[u8]| {
        SCHEMES.iter().find(|(scheme, _)| begins(stated, scheme)).map(|(_, door)| *door)
    };
    schemes.map(|stated| stated.as_bytes()).find_map(of)
}

/// Where the headers are those of one cloud's clients. A scheme of `Authorization` that is no cloud's is the native API's.
fn by_headers(headers: &HeaderMap) -> Option<Door> {
    if headers.contains_key(AUTHORIZATION) {
        return None;
    }
    let begins = |start: &str| headers.keys().any(|name| name.as_str().starts_with(start));
    HEADERS.iter().find(|(start, _)| begins(start)).map(|(_, door)| *door)
}

/// By a host that is one of a cloud's own, wherever it stands: a client that goes through a proxy writes it into the target, and
/// one writes a scheme before it.
fn by_host(uri: &Uri, headers: &HeaderMap) -> Option<Door> {
    let stated = uri.host().map(str::to_owned).or_else(|| {
        let host = headers.get(HOST)?.to_str().ok()?;
        let host = host.split_once("://").map_or(host, |(_scheme, host)| host);
        host.split(['/', ':']).next().map(str::to_owned)
    })?;
    let host = stated.to_ascii_lowercase();
    HOSTS.iter().find(|(end, _)| host.ends_with(end)).map(|(_, door)| *door)
}

fn by_parameters(uri: &Uri, form: &[u8]) -> Option<Door> {
    let version = || {
        let stated =
            form::find(query_of(uri), "Version").or_else(|| form::find(form, "Version"))?;
        VERSIONS.iter().find(|(version, _)| *version == stated).map(|(_, door)| *door)
    };
    by_signer(uri, form).or_else(version)
}

/// By who signs in such a way. One that signs in both ways is no client's; the first on the list says so.
fn by_signer(uri: &Uri, form: &[u8]) -> Option<Door> {
    let named = |name: &str| form::is_named(query_of(uri), name) || form::is_named(form, name);
    SIGNERS.iter().find(|(name, _)| named(name)).map(|(_, door)| *door)
}

/// A request to `/` that no cloud's client sends as it is. One that asks for an action is answered in the words of the cloud
/// whose clients send their parameters so; a look at the page is not.
fn of_nobodys(method: &Method, uri: &Uri, headers: &HeaderMap, form: &[u8]) -> Door {
    let named = |name: &str| form::is_named(query_of(uri), name) || form::is_named(form, name);
    let asks = named("Action") || named("Signature");
    if *method == Method::POST {
        let is_json = media_type(headers) == Some("application/json");
        if is_json { Door::Tencent } else { Door::Alibaba }
    } else if asks {
        Door::Alibaba
    } else {
        Door::Native
    }
}

fn query_of(uri: &Uri) -> &[u8] {
    uri.query().unwrap_or_default().as_bytes()
}

#[cfg(test)]
#[path = "door_tests.rs"]
mod tests;
