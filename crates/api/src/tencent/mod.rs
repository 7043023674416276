//! The door of Tencent Cloud CVM: its SDKs, its command line and its Terraform provider work against it unmodified.
//!
//! A request is read ([`wire`]), its signature and clock are checked ([`admission`]), its operation is found
//! ([`operation`]) and performed ([`performing`]): a change that is asked for twice by the same request is made once. A handler
//! translates, calls the region and translates back. The older API 2.0 has its own words for some of the same ([`legacy`]). The
//! contract is the recorded behaviour of the clients; `docs/tencent.md` lists what is supported and what differs.

mod admission;
mod bucket_url;
mod call;
mod copies;
mod error;
mod exports;
mod filters;
mod given;
mod ids;
mod image_changes;
mod image_creation;
mod image_value;
mod images;
mod imports;
mod legacy;
mod operation;
mod paging;
mod params;
mod performing;
mod place;
mod quotas;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod raw;
mod regions;
mod rejection;
mod reply;
mod sharing;
mod sign_tc3;
mod sign_v1;
mod snapshots;
mod systems;
mod tags;
#[cfg(test)]
mod tests;
mod times;
mod wire;
mod words;

use axum::response::Response;

use crate::ApiState;
use crate::cloud::{Arrived, Unreadable, new_uuid};
use crate::tencent::admission::Claim;
use crate::tencent::error::ApiError;
use crate::tencent::wire::{Flavour, Wire, flavour_of};

/// Answers every request that is for this door.
pub(crate) async fn answer(state: &ApiState, arrived: Arrived) -> Response {
    let request_id = new_uuid();
    let Arrived { parts, body } = arrived;
    let flavour = flavour_of(&parts, body.as_deref().unwrap_or_default());
    let answered = match body {
        Ok(body) => match Wire::of(parts, body) {
            Ok(wire) => admitted(state, &wire, &request_id).await,
            Err(error) => Err(error),
        },
        Err(unreadable) => Err(of_unreadable(unreadable)),
    };
    let body = answered.unwrap_or_else(|error| reply::body(flavour, Err(error), &request_id));
    reply::written(body)
}

/// Lets a request in, then does what it asks.
async fn admitted(state: &ApiState, wire: &Wire, request_id: &str) -> Result<String, ApiError> {
    let claim = Claim::of(wire)?;
    let caller = admission::admit(state, &claim, request_id).await?;
    performing::perform(state, (wire, &claim), caller).await
}

/// The answer where a handler failed in a way that nobody thought of.
pub(crate) fn broken() -> Response {
    reply::written(reply::body(Flavour::Current, Err(ApiError::internal()), &new_uuid()))
}

fn of_unreadable(unreadable: Unreadable) -> ApiError {
    let code = match unreadable {
        Unreadable::TargetTooLong { .. } | Unreadable::TooLong { .. } => "RequestSizeLimitExceeded",
        Unreadable::TooSlow | Unreadable::Broken => "InvalidRequest",
    };
    ApiError::new(code, format!("The request cannot be read: {unreadable}."))
}
