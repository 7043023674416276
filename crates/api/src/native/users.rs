//! Users: made, listed, shown, given roles, disabled, enabled and deleted.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::{AccountId, Admittance, UserId};
use region::{PageQuery, UserChange};
use serde::Deserialize;
use utoipa::IntoParams;

use super::auth::{Of, Signed};
use super::paging::{Cursors, limit};
use super::read::{ReadJson, ReadQuery};
use super::wire::{Page, User, UserRequest, UserRole};
use crate::ApiState;
use crate::refusal::{Answer, BadRequest};

/// Whose users to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsersQuery {
    /// Those of this account; else of the caller's. Others than the own are for operators.
    account: Option<String>,
    /// At most so many, 1 to 1,000; else 100.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List the users of an account, newest first.
#[utoipa::path(get, path = "/v1/users", operation_id = "list_users", tag = "users",
    params(UsersQuery), responses((status = 200, description = "A page of users", body = Page<User>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Signed(caller): Signed,
    ReadQuery(query): ReadQuery<UsersQuery>,
) -> Answer<Json<Page<User>>> {
    let account: Option<AccountId> = query
        .account
        .map(|text| text.parse())
        .transpose()
        .map_err(|error| BadRequest::value("account", error))?;
    let filter = format!("{account:?}");
    let cursors = Cursors::of_accounts(&state.cursor_key, &caller, "users", filter);
    let after = cursors.open(query.cursor.as_deref())?;
    let query = PageQuery { after, limit: limit(query.limit)? };
    let users = state.deployment.accounts.users(&caller, account.as_ref(), query).await?;
    Ok(Json(cursors.page(users)))
}

/// Make a user, without access keys: for admins.
#[utoipa::path(post, path = "/v1/users", operation_id = "create_user", tag = "users",
    request_body = UserRequest, responses((status = 201, description = "The user", body = User)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    Signed(caller): Signed,
    ReadJson(request): ReadJson<UserRequest>,
) -> Answer<(StatusCode, Json<User>)> {
    let user = state.deployment.accounts.create_user(&caller, request.into_command()?).await?;
    Ok((StatusCode::CREATED, Json(user.into())))
}

/// Show one user.
#[utoipa::path(get, path = "/v1/users/{user}", operation_id = "show_user", tag = "users",
    responses((status = 200, description = "The user", body = User)))]
pub(crate) async fn show(State(state): State<ApiState>, of: Of<UserId>) -> Answer<Json<User>> {
    Ok(Json(state.deployment.accounts.user(&of.caller, &of.id).await?.into()))
}

/// Give a user another role: for admins.
#[utoipa::path(put, path = "/v1/users/{user}/role", operation_id = "set_user_role", tag = "users",
    request_body = UserRole, responses((status = 200, description = "The user as it is now", body = User)))]
pub(crate) async fn set_role(
    State(state): State<ApiState>,
    of: Of<UserId>,
    ReadJson(request): ReadJson<UserRole>,
) -> Answer<Json<User>> {
    let role = request.role.parse().map_err(|error| BadRequest::value("role", error))?;
    change(&state, &of, UserChange::Role(role)).await
}

/// Disable a user: it cannot sign in until it is enabled again. For admins.
#[utoipa::path(post, path = "/v1/users/{user}/disable", operation_id = "disable_user", tag = "users",
    responses((status = 200, description = "The user as it is now", body = User)))]
pub(crate) async fn disable(State(state): State<ApiState>, of: Of<UserId>) -> Answer<Json<User>> {
    change(&state, &of, UserChange::State(Admittance::Disabled)).await
}

/// Enable a user: it can sign in. For admins.
#[utoipa::path(post, path = "/v1/users/{user}/enable", operation_id = "enable_user", tag = "users",
    responses((status = 200, description = "The user as it is now", body = User)))]
pub(crate) async fn enable(State(state): State<ApiState>, of: Of<UserId>) -> Answer<Json<User>> {
    change(&state, &of, UserChange::State(Admittance::Active)).await
}

async fn change(state: &ApiState, of: &Of<UserId>, change: UserChange) -> Answer<Json<User>> {
    Ok(Json(state.deployment.accounts.change_user(&of.caller, &of.id, change).await?.into()))
}

/// Delete a user with its access keys: for admins. What it made stays its account's.
#[utoipa::path(delete, path = "/v1/users/{user}", operation_id = "delete_user", tag = "users",
    responses((status = 204, description = "It is gone")))]
pub(crate) async fn delete(State(state): State<ApiState>, of: Of<UserId>) -> Answer<StatusCode> {
    state.deployment.accounts.delete_user(&of.caller, &of.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
