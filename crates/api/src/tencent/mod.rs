//! The door of Tencent Cloud CVM: its SDKs, its command line and its Terraform provider work against it unmodified.

mod call;
mod error;
mod operation;
mod params;
mod place;
mod reply;

use axum::response::Response;

use crate::ApiState;
use crate::cloud::{Arrived, new_uuid};
use crate::tencent::error::ApiError;

/// Answers every request that is for this door.
pub(crate) async fn answer(_state: &ApiState, _arrived: Arrived) -> Response {
    broken()
}

/// The answer where a handler failed in a way that nobody thought of.
pub(crate) fn broken() -> Response {
    reply::written(reply::enveloped(Err(ApiError::internal()), &new_uuid()))
}
