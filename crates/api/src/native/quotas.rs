//! Quotas: shown and set.

use axum::Json;
use model::{AccountId, QuotaKind};
use serde::Deserialize;
use utoipa::IntoParams;

use super::auth::{At, On};
use super::read::{ReadJson, ReadQuery};
use super::wire::{Items, Quota, QuotaLimit};
use crate::refusal::{Answer, BadRequest};

/// Whose quotas.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct QuotasQuery {
    /// This account's; else the caller's. Others than the own are for operators.
    account: Option<String>,
}

fn account(text: Option<&str>, own: &AccountId) -> Result<AccountId, BadRequest> {
    match text {
        Some(text) => text.parse().map_err(|error| BadRequest::value("account", error)),
        None => Ok(own.clone()),
    }
}

/// Show an account's quotas in a region.
#[utoipa::path(get, path = "/v1/regions/{region}/quotas", operation_id = "list_quotas", tag = "quotas",
    params(QuotasQuery), responses((status = 200, description = "All kinds", body = Items<Quota>)))]
pub(crate) async fn list(
    at: At,
    ReadQuery(query): ReadQuery<QuotasQuery>,
) -> Answer<Json<Items<Quota>>> {
    let account = account(query.account.as_deref(), &at.caller.account)?;
    let quotas = at.region.quotas_of(&at.caller, &account).await?;
    Ok(Json(quotas.into_iter().map(Quota::from).collect()))
}

/// Set a quota: for operators. What is above it already stays.
#[utoipa::path(put, path = "/v1/regions/{region}/quotas/{kind}", operation_id = "set_quota", tag = "quotas",
    request_body = QuotaLimit, responses((status = 200, description = "The quota as it is now", body = Quota)))]
pub(crate) async fn set(
    on: On<QuotaKind>,
    ReadJson(request): ReadJson<QuotaLimit>,
) -> Answer<Json<Quota>> {
    let account = account(request.account.as_deref(), &on.caller.account)?;
    let quota = on.region.set_quota_of(&on.caller, &account, on.id, request.limit).await?;
    Ok(Json(quota.into()))
}
