//! Usage and rates.

use axum::Json;
use region::Whose;
use serde::Deserialize;
use utoipa::IntoParams;

use super::auth::At;
use super::read::{ReadJson, ReadQuery};
use super::wire::{Items, Rate, RateRequest, UsageLine};
use crate::refusal::{Answer, BadRequest, Refusal};

/// Which usage.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageQuery {
    /// The month in UTC, as `2026-11`; else this one, until now.
    month: Option<String>,
    /// Another account's; for operators.
    account: Option<String>,
    /// All accounts'; for operators.
    #[serde(default)]
    all: bool,
}

pub(super) fn whose(account: Option<String>, all: bool) -> Result<Whose, Refusal> {
    match (account, all) {
        (None, false) => Ok(Whose::Own),
        (None, true) => Ok(Whose::Everyone),
        (Some(account), false) => {
            let account = account.parse();
            Ok(Whose::Account(account.map_err(|error| BadRequest::value("account", error))?))
        }
        (Some(_), true) => Err(BadRequest::value("all", "it is given beside an account").into()),
    }
}

/// Show what was used in a month, and what it costs. Use of what is gone stays.
#[utoipa::path(get, path = "/v1/regions/{region}/usage", operation_id = "show_usage", tag = "usage",
    params(UsageQuery), responses((status = 200, description = "A line for each account, meter, link and rate with any use", body = Items<UsageLine>)))]
pub(crate) async fn show(
    at: At,
    ReadQuery(query): ReadQuery<UsageQuery>,
) -> Answer<Json<Items<UsageLine>>> {
    let month = match &query.month {
        None => at.region.this_month(),
        Some(text) => text.parse().map_err(|error| BadRequest::value("month", error))?,
    };
    let lines = at.region.usage(&at.caller, month, whose(query.account, query.all)?).await?;
    Ok(Json(lines.into_iter().map(|line| UsageLine::new(month, line)).collect()))
}

/// List the rates of a region. Before the first one's day nothing is charged.
#[utoipa::path(get, path = "/v1/regions/{region}/rates", operation_id = "list_rates", tag = "usage",
    responses((status = 200, description = "All rates, by meter and day", body = Items<Rate>)))]
pub(crate) async fn rates(at: At) -> Answer<Json<Items<Rate>>> {
    let rates = at.region.rates(&at.caller).await?;
    Ok(Json(rates.into_iter().map(Rate::from).collect()))
}

/// Set a rate from a day after today on; for operators. It takes the place of one from the same day.
#[utoipa::path(post, path = "/v1/regions/{region}/rates", operation_id = "set_rate", tag = "usage",
    request_body = RateRequest, responses((status = 200, description = "The rate", body = Rate)))]
pub(crate) async fn set_rate(
    at: At,
    ReadJson(request): ReadJson<RateRequest>,
) -> Answer<Json<Rate>> {
    let RateRequest { meter, from, price } = request;
    let meter = meter.parse().map_err(|error| BadRequest::value("meter", error))?;
    let from = from.parse().map_err(|error| BadRequest::value("from", error))?;
    let price = price.parse().map_err(|error| BadRequest::value("price", error))?;
    Ok(Json(at.region.set_rate(&at.caller, meter, from, price).await?.into()))
}
