//! How copies into this region went.

use axum::Json;
use model::CopyId;

use super::auth::On;
use super::wire::{CopyAttempts, CopyRates};
use crate::refusal::Answer;

/// Show how fast a copy was over time.
#[utoipa::path(get, path = "/v1/regions/{region}/copies/{copy}/rates", operation_id = "show_copy_rates", tag = "copies",
    responses((status = 200, description = "Its rates, the oldest first", body = CopyRates)))]
pub(crate) async fn rates(on: On<CopyId>) -> Answer<Json<CopyRates>> {
    Ok(Json(on.region.copy_rates(&on.caller, &on.id).await?.into()))
}

/// List a copy's last failed attempts.
#[utoipa::path(get, path = "/v1/regions/{region}/copies/{copy}/attempts", operation_id = "list_copy_attempts", tag = "copies",
    responses((status = 200, description = "Its failed attempts, the oldest first", body = CopyAttempts)))]
pub(crate) async fn attempts(on: On<CopyId>) -> Answer<Json<CopyAttempts>> {
    Ok(Json(on.region.copy_attempts(&on.caller, &on.id).await?.into()))
}
