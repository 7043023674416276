//! Performing what a request asks that was let in. Signatures have no nonce that could refuse a repeated request, so a change that
//! is asked for by the same request again is not made again: the first answer is given back (api-03).

use axum::http::StatusCode;
use model::ClientToken;
use region::Caller;

use super::admission::{Algorithm, Claim};
use super::call::Call;
use super::error::ApiError;
use super::operation::{self, Answered, Effect, Operation, TAG_VERSION, VERSIONS};
use super::wire::{Flavour, Wire};
use super::{legacy, place, reply};
use crate::ApiState;
use crate::cloud::replay::{self, Answer, Sent, digest_of};

/// How much longer than its request is good an answer is kept: a request that was let in, in the last millisecond, may wait for
/// its turn some seconds at most. A minute is enough.
const KEPT_LONGER_MS: i64 = 60_000;

/// Does what a request asks; the body of its answer.
pub(super) async fn perform(
    state: &ApiState,
    (wire, claim): (&Wire, &Claim),
    caller: Caller,
) -> Result<String, ApiError> {
    let answered = found(wire, claim)?;
    wire.params.only(answered.parameters)?;
    let digest = digest(state, wire, claim);
    let (flavour, request_id) = (wire.flavour, caller.request_id.clone());
    let call = Call {
        deployment: state.deployment.clone(),
        caller,
        params: wire.params.clone(),
        region: wire.region.clone(),
        host: wire.host.clone(),
        token: token(answered.effect, &digest),
    };
    let act = async {
        let outcome = (answered.handler)(&call).await;
        let is_settled = outcome.as_ref().map_or_else(|error| !error.is_fault(), |_| true);
        let body = reply::body(flavour, outcome, &request_id);
        Answer { status: StatusCode::OK, body, is_settled }
    };
    match answered.effect {
        Effect::Looks => Ok(act.await.body),
        Effect::Changes => {
            // A request from the far end of its window is good until the near end.
            let kept_ms = 2 * claim.within_ms() + KEPT_LONGER_MS;
            let done =
                replay::once(&state.deployment.accounts, Sent { digest, kept_ms }, act).await;
            done.map(|answer| answer.body).map_err(|fault| ApiError::of_fault(&fault))
        }
    }
}

/// What answers a request.
fn found(wire: &Wire, claim: &Claim) -> Result<Answered, ApiError> {
    let operation = match wire.flavour {
        Flavour::Current => current(wire, claim)?,
        Flavour::Legacy => legacy::find(&wire.action),
    };
    let unknown = || {
        let message = format!("The action `{}` is not one of this service.", wire.action);
        ApiError::new("InvalidAction", message)
    };
    let operation = operation.ok_or_else(unknown)?;
    operation.answered.ok_or_else(|| ApiError::unsupported(operation.name))
}

fn current(wire: &Wire, claim: &Claim) -> Result<Option<&'static Operation>, ApiError> {
    for (name, given) in [("Action", &wire.action), ("Version", &wire.version)] {
        if given.is_empty() {
            return Err(ApiError::missing(name));
        }
    }
    let wrong = || {
        let message = format!("The version `{}` is not that of this service.", wire.version);
        ApiError::new("NoSuchVersion", message)
    };
    if !VERSIONS.contains(&wire.version.as_str()) {
        return Err(wrong());
    }
    match operation::find(claim.service(), &wire.action) {
        Some(found) if found.version() != wire.version => Err(wrong()),
        found => Ok(found),
    }
}

/// What makes a request the one that it is: all that decides what it does, and what proves it. What is not signed and decides
/// nothing is left out, and what can be spelled in several ways is brought to one: else whoever overheard a request could send it
/// again with another path, or with another name of the same region.
fn digest(state: &ApiState, wire: &Wire, claim: &Claim) -> [u8; 32] {
    let algorithm = match &claim.algorithm {
        Algorithm::HmacSha1 => "HmacSHA1",
        Algorithm::HmacSha256 => "HmacSHA256",
        Algorithm::Tc3(_) => "TC3-HMAC-SHA256",
    };
    let flavour = match wire.flavour {
        Flavour::Current => "3.0",
        Flavour::Legacy => "2.0",
    };
    // The names of what is tagged say their region themselves: that of the request decides nothing.
    let region = if wire.version == TAG_VERSION {
        String::new()
    } else {
        let region = place::region_named(&state.deployment, &wire.region);
        region.map_or_else(|| wire.region.clone(), |region| region.to_string())
    };
    // The older signature is of all parameters, and of any other reading of the same text.
    let params = match &claim.algorithm {
        Algorithm::Tc3(_) => wire.params.canonical(),
        Algorithm::HmacSha1 | Algorithm::HmacSha256 => String::new(),
    };
    digest_of([
        b"tencent".as_slice(),
        flavour.as_bytes(),
        claim.key.as_bytes(),
        algorithm.as_bytes(),
        &claim.signature,
        wire.action.as_bytes(),
        wire.version.as_bytes(),
        region.as_bytes(),
        params.as_bytes(),
    ])
}

/// A text that only this very request has, of a request that changes something.
fn token(effect: Effect, digest: &[u8; 32]) -> Option<ClientToken> {
    match effect {
        Effect::Changes => ClientToken::new(&hex::encode(digest)).ok(),
        Effect::Looks => None,
    }
}
