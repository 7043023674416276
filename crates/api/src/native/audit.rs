//! The audit trails, of accounts and of each region: listed and checked.

use axum::Json;
use axum::extract::State;
use region::AuditQuery;
use serde::Deserialize;
use utoipa::IntoParams;

use super::auth::{At, Signed};
use super::paging::{Cursors, limit};
use super::read::ReadQuery;
use super::wire::{AuditEntry, Page, TrailCheck};
use crate::ApiState;
use crate::refusal::{Answer, BadRequest, Refusal};

/// Which entries to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TrailQuery {
    /// Only the doings of this account. Who is no operator sees the own account's alone.
    account: Option<String>,
    /// Only what was done to this id.
    subject: Option<String>,
    /// At most so many, 1 to 1,000; else 100.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl TrailQuery {
    fn filter(&self) -> String {
        format!("{:?}", (&self.account, &self.subject))
    }

    fn read(self, cursors: &Cursors<'_>) -> Result<AuditQuery, Refusal> {
        let account = self.account.map(|text| text.parse()).transpose();
        Ok(AuditQuery {
            account: account.map_err(|error| BadRequest::value("account", error))?,
            subject: self.subject,
            after: cursors.open(self.cursor.as_deref())?,
            limit: limit(self.limit)?,
        })
    }
}

/// List what was changed among accounts, users and access keys, newest first.
#[utoipa::path(get, path = "/v1/audit", operation_id = "list_accounts_audit", tag = "audit",
    params(TrailQuery), responses((status = 200, description = "A page of entries", body = Page<AuditEntry>)))]
pub(crate) async fn list_accounts(
    State(state): State<ApiState>,
    Signed(caller): Signed,
    ReadQuery(query): ReadQuery<TrailQuery>,
) -> Answer<Json<Page<AuditEntry>>> {
    let cursors = Cursors::of_accounts(&state.cursor_key, &caller, "audit", query.filter());
    let query = query.read(&cursors)?;
    Ok(Json(cursors.page(state.deployment.accounts.audit(&caller, query).await?)))
}

/// Check that nobody has altered the accounts' trail: for operators.
#[utoipa::path(post, path = "/v1/audit/verify", operation_id = "verify_accounts_audit", tag = "audit",
    responses((status = 200, description = "What was found", body = TrailCheck)))]
pub(crate) async fn verify_accounts(
    State(state): State<ApiState>,
    Signed(caller): Signed,
) -> Answer<Json<TrailCheck>> {
    Ok(Json(state.deployment.accounts.verify_audit(&caller).await?.into()))
}

/// List what was changed in a region, newest first.
#[utoipa::path(get, path = "/v1/regions/{region}/audit", operation_id = "list_audit", tag = "audit",
    params(TrailQuery), responses((status = 200, description = "A page of entries", body = Page<AuditEntry>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    at: At,
    ReadQuery(query): ReadQuery<TrailQuery>,
) -> Answer<Json<Page<AuditEntry>>> {
    let place = (&at.region, &at.caller);
    let cursors = Cursors::of(&state.cursor_key, place, "audit", query.filter());
    let query = query.read(&cursors)?;
    Ok(Json(cursors.page(at.region.audit(&at.caller, query).await?)))
}

/// Check that nobody has altered a region's trail: for operators.
#[utoipa::path(post, path = "/v1/regions/{region}/audit/verify", operation_id = "verify_audit", tag = "audit",
    responses((status = 200, description = "What was found", body = TrailCheck)))]
pub(crate) async fn verify(at: At) -> Answer<Json<TrailCheck>> {
    Ok(Json(at.region.verify_audit(&at.caller).await?.into()))
}
