//! The door of JD Cloud VM and of the snapshots of its disk service: its SDKs and its command line work against it unmodified.
//!
//! A request is read ([`wire`]), its operation is found ([`operation`]), its signature and clock are checked ([`signing`],
//! [`admission`]), and what changes something is done once however often it arrives. A handler translates, calls the region and
//! translates back; `rejection` has the cloud's words for each refusal. The contract is the recorded behaviour of the clients;
//! `docs/jdcloud.md` lists what is supported and what differs.

mod admission;
mod call;
mod changes;
mod constraints;
mod conversion;
mod copies;
mod creation;
mod error;
mod filters;
mod given;
mod ids;
mod image_value;
mod images;
mod operation;
mod oss_url;
mod paging;
mod params;
mod quotas;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod raw;
mod rejection;
mod sharing;
mod signing;
mod snapshots;
mod tasks;
#[cfg(test)]
mod tests;
mod times;
mod wire;
mod words;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use model::{ClientToken, RegionId, Rejection};
use region::{Caller, Refused};
use serde_json::{Value, json};

use crate::ApiState;
use crate::cloud::replay::{self, Answer, Sent};
use crate::cloud::{Arrived, new_uuid};
use crate::jdcloud::call::{Call, Handler, Reply, fields};
use crate::jdcloud::error::ApiError;
use crate::jdcloud::operation::{Effect, Found, Service};
use crate::jdcloud::params::Params;
use crate::jdcloud::signing::Claim;
use crate::jdcloud::wire::Wire;

/// The header that names a request in its answer.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-jdcloud-request-id");
/// What every answer is.
const JSON: &str = "application/json; charset=utf-8";
/// How long the answer to a change is kept: from the far end of the window in which its request is good to the near end, and a
/// minute for one that waits for its turn.
const KEPT_MS: i64 = 2 * admission::WITHIN_MS + 60_000;

/// A request that was let in, and what it asks for.
struct Admitted {
    caller: Caller,
    found: Found,
    wire: Wire,
    /// The digest of all that makes the request what it is.
    digest: [u8; 32],
}

/// Answers a request.
pub(crate) async fn answer(state: &ApiState, arrived: Arrived) -> Response {
    let id = new_request_id();
    let answer = match admitted(state, arrived, &id).await {
        Ok(admitted) => performed(state, &admitted, &id).await,
        Err(error) => of_reply(Err(error), &id),
    };
    written(answer, &id)
}

/// What a handler that panicked is answered.
pub(crate) fn broken() -> Response {
    let id = new_request_id();
    written(of_reply(Err(ApiError::internal()), &id), &id)
}

/// Reads a request, finds what it asks for, and lets it in.
async fn admitted(state: &ApiState, arrived: Arrived, id: &str) -> Result<Admitted, ApiError> {
    let body = arrived.body.map_err(wire::of_unreadable)?;
    let wire = Wire::of(arrived.parts, body)?;
    let claim = Claim::of(&wire)?;
    let service = Service::read(&claim.service);
    let found = service.and_then(|service| operation::find(&wire.method, &wire.path, service));
    let found = found.ok_or_else(ApiError::no_route)?;
    let caller = admission::admit(state, &claim, &found.region, id).await?;
    let digest = digest_of(&wire, &claim);
    Ok(Admitted { caller, found, wire, digest })
}

/// All that is signed is in the signature; the rest is there so that no two requests depend on that alone.
fn digest_of(wire: &Wire, claim: &Claim) -> [u8; 32] {
    let mut parts = vec![
        "jdcloud",
        &claim.key,
        claim.algorithm.name(),
        &claim.signature,
        wire.method.as_str(),
        &wire.path,
    ];
    parts.extend(wire.query.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]));
    replay::digest_of(parts.into_iter().map(str::as_bytes).chain([wire.body.as_slice()]))
}

/// Does what is asked: at once where it only looks, else once for all requests like it.
async fn performed(state: &ApiState, admitted: &Admitted, id: &str) -> Answer {
    let prepared = prepare(state, admitted);
    let (call, handler) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return of_reply(Err(error), id),
    };
    match admitted.found.operation.effect {
        Effect::Looks => of_reply(handler(&call).await, id),
        Effect::Changes => {
            let sent = Sent { digest: admitted.digest, kept_ms: KEPT_MS };
            let act = async { of_reply(handler(&call).await, id) };
            let done = replay::once(&state.deployment.accounts, sent, act).await;
            done.unwrap_or_else(|fault| of_reply(Err(ApiError::of_fault(&fault)), id))
        }
    }
}

/// What a handler needs.
fn prepare(state: &ApiState, admitted: &Admitted) -> Result<(Call, Handler), ApiError> {
    let Admitted { caller, found, wire, digest } = admitted;
    let name = found.operation.name;
    let handler = found.operation.handler.ok_or_else(|| ApiError::unsupported(name))?;
    let params = Params::read(found.path(), &wire.query, wire.body_object()?)?;
    let absent = || ApiError::no_region(&found.region);
    let region: RegionId = found.region.parse().map_err(|_| absent())?;
    let region = state.deployment.region(&region).map_err(|refused| match refused {
        Refused::Rejected(Rejection::RegionUnknown { .. }) => absent(),
        Refused::Elsewhere { region, endpoint } => ApiError::argument(format!(
            "Invalid region '{region}': it is served at {endpoint}; send the request there"
        )),
        Refused::Fault(fault) => ApiError::of_fault(&fault),
        Refused::Rejected(_)
        | Refused::Rehearsed
        | Refused::Unauthorised
        | Refused::BadFrames { .. } => ApiError::internal(),
    })?;
    let token = match found.operation.effect {
        Effect::Looks => None,
        Effect::Changes => Some(token(&params, digest)?),
    };
    let (deployment, caller) = (state.deployment.clone(), caller.clone());
    Ok((Call { deployment, caller, params, region, token }, handler))
}

/// The client's own token, else one that an identical request has too.
fn token(params: &Params, digest: &[u8; 32]) -> Result<ClientToken, ApiError> {
    let own = params.text("clientToken")?.map(str::to_owned);
    let token = own.unwrap_or_else(|| hex::encode(digest));
    ClientToken::new(&token).map_err(|rejection| ApiError::invalid("clientToken", rejection))
}

/// An answer's status and body. A fault's is not kept for a repeated request.
fn of_reply(reply: Reply, id: &str) -> Answer {
    let (status, body) = match reply {
        Ok(result) => {
            let mut body = fields(json!({ "requestId": id }));
            body.insert("result".to_owned(), Value::Object(result));
            (StatusCode::OK, Value::Object(body))
        }
        Err(error) => {
            tracing::info!(request_id = id, code = %error.code, status = error.status, "refused");
            (error.code, json!({"requestId": id, "error": error.body()}))
        }
    };
    Answer { status, body: body.to_string(), is_settled: !status.is_server_error() }
}

/// An answer, with its headers. One that is given again names the request that it was first given to.
fn written(answer: Answer, id: &str) -> Response {
    /// All that is read of a body, which may be long.
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Named {
        request_id: String,
    }
    let named = serde_json::from_str::<Named>(&answer.body).ok();
    let first = named.map_or_else(|| id.to_owned(), |named| named.request_id);
    (answer.status, [(CONTENT_TYPE, JSON.to_owned()), (REQUEST_ID, first)], answer.body)
        .into_response()
}

/// An id for an answer: 32 lower-case digits.
fn new_request_id() -> String {
    new_uuid().replace('-', "")
}
