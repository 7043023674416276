//! Accounts: made, listed, shown, disabled and enabled.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::{AccountId, Admittance, Name};
use region::PageQuery;

use super::auth::{Of, Signed};
use super::paging::{Cursors, PageParams, limit};
use super::read::{ReadJson, ReadQuery};
use super::wire::{Account, AccountRequest, Page};
use crate::ApiState;
use crate::refusal::Answer;

/// List accounts, newest first: all of them for operators, the own one for others.
#[utoipa::path(get, path = "/v1/accounts", operation_id = "list_accounts", tag = "accounts",
    params(PageParams), responses((status = 200, description = "A page of accounts", body = Page<Account>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Signed(caller): Signed,
    ReadQuery(query): ReadQuery<PageParams>,
) -> Answer<Json<Page<Account>>> {
    let cursors = Cursors::of_accounts(&state.cursor_key, &caller, "accounts", String::new());
    let after = cursors.open(query.cursor.as_deref())?;
    let query = PageQuery { after, limit: limit(query.limit)? };
    Ok(Json(cursors.page(state.deployment.accounts.accounts(&caller, query).await?)))
}

/// Make an account, without users: for admins.
#[utoipa::path(post, path = "/v1/accounts", operation_id = "create_account", tag = "accounts",
    request_body = AccountRequest, responses((status = 201, description = "The account", body = Account)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    Signed(caller): Signed,
    ReadJson(request): ReadJson<AccountRequest>,
) -> Answer<(StatusCode, Json<Account>)> {
    let name = Name::new(&request.name)?;
    let account = state.deployment.accounts.create_account(&caller, name).await?;
    Ok((StatusCode::CREATED, Json(account.into())))
}

/// Show one account.
#[utoipa::path(get, path = "/v1/accounts/{account}", operation_id = "show_account", tag = "accounts",
    responses((status = 200, description = "The account", body = Account)))]
pub(crate) async fn show(
    State(state): State<ApiState>,
    of: Of<AccountId>,
) -> Answer<Json<Account>> {
    Ok(Json(state.deployment.accounts.account(&of.caller, &of.id).await?.into()))
}

/// Disable an account: its users cannot sign in until it is enabled again. What runs for them goes on. For admins.
#[utoipa::path(post, path = "/v1/accounts/{account}/disable", operation_id = "disable_account", tag = "accounts",
    responses((status = 200, description = "The account as it is now", body = Account)))]
pub(crate) async fn disable(
    State(state): State<ApiState>,
    of: Of<AccountId>,
) -> Answer<Json<Account>> {
    let off = Admittance::Disabled;
    Ok(Json(state.deployment.accounts.set_account_state(&of.caller, &of.id, off).await?.into()))
}

/// Enable an account: its users can sign in. For admins.
#[utoipa::path(post, path = "/v1/accounts/{account}/enable", operation_id = "enable_account", tag = "accounts",
    responses((status = 200, description = "The account as it is now", body = Account)))]
pub(crate) async fn enable(
    State(state): State<ApiState>,
    of: Of<AccountId>,
) -> Answer<Json<Account>> {
    let on = Admittance::Active;
    Ok(Json(state.deployment.accounts.set_account_state(&of.caller, &of.id, on).await?.into()))
}
