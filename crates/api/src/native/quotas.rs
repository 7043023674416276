//! Quotas: shown and set.

use axum::Json;
use model::QuotaKind;

use super::auth::{At, On};
use super::read::ReadJson;
use super::wire::{Items, Quota, QuotaLimit};
use crate::refusal::Answer;

/// Show the account's quotas in a region.
#[utoipa::path(get, path = "/v1/regions/{region}/quotas", operation_id = "list_quotas", tag = "quotas",
    responses((status = 200, description = "All kinds", body = Items<Quota>)))]
pub(crate) async fn list(at: At) -> Answer<Json<Items<Quota>>> {
    let quotas = at.region.quotas(&at.caller).await?;
    Ok(Json(quotas.into_iter().map(Quota::from).collect()))
}

/// Set a quota. What is above it already stays.
#[utoipa::path(put, path = "/v1/regions/{region}/quotas/{kind}", operation_id = "set_quota", tag = "quotas",
    request_body = QuotaLimit, responses((status = 200, description = "The quota as it is now", body = Quota)))]
pub(crate) async fn set(
    on: On<QuotaKind>,
    ReadJson(request): ReadJson<QuotaLimit>,
) -> Answer<Json<Quota>> {
    let quota = on.region.set_quota(&on.caller, on.id, request.limit).await?;
    Ok(Json(quota.into()))
}
