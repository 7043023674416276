//! Access keys: made, listed, disabled, enabled, deleted.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::{AccessKeyId, Admittance, UserId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::auth::{Of, Signed};
use super::read::ReadQuery;
use super::wire::{Items, Key, NewKey};
use crate::ApiState;
use crate::refusal::{Answer, BadRequest};

/// Whose keys.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct KeysQuery {
    /// This user's; else the caller's own. Others' are for admins.
    user: Option<String>,
}

impl KeysQuery {
    fn user(&self) -> Result<Option<UserId>, BadRequest> {
        let user = self.user.as_deref().map(|text| text.parse()).transpose();
        user.map_err(|error| BadRequest::value("user", error))
    }
}

/// List the caller's or a user's access keys; their secrets are not shown again.
#[utoipa::path(get, path = "/v1/keys", operation_id = "list_keys", tag = "keys",
    params(KeysQuery), responses((status = 200, description = "All of them", body = Items<Key>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Signed(caller): Signed,
    ReadQuery(query): ReadQuery<KeysQuery>,
) -> Answer<Json<Items<Key>>> {
    let keys = match query.user()? {
        None => state.deployment.accounts.list_keys(&caller).await?,
        Some(user) => state.deployment.accounts.list_keys_of(&caller, &user).await?,
    };
    Ok(Json(keys.into_iter().map(Key::from).collect()))
}

/// Make an access key for the caller or a user, who may have two. This answer alone shows its secret.
#[utoipa::path(post, path = "/v1/keys", operation_id = "create_key", tag = "keys",
    params(KeysQuery), responses((status = 201, description = "The key and its secret", body = NewKey)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    Signed(caller): Signed,
    ReadQuery(query): ReadQuery<KeysQuery>,
) -> Answer<(StatusCode, Json<NewKey>)> {
    let created = match query.user()? {
        None => state.deployment.accounts.create_key(&caller).await?,
        Some(user) => state.deployment.accounts.create_key_of(&caller, &user).await?,
    };
    Ok((StatusCode::CREATED, Json(created.into())))
}

/// Disable an access key: nobody can sign in with it until it is enabled again.
#[utoipa::path(post, path = "/v1/keys/{key}/disable", operation_id = "disable_key", tag = "keys",
    responses((status = 200, description = "The key as it is now", body = Key)))]
pub(crate) async fn disable(
    State(state): State<ApiState>,
    of: Of<AccessKeyId>,
) -> Answer<Json<Key>> {
    let off = Admittance::Disabled;
    Ok(Json(state.deployment.accounts.set_key_state(&of.caller, &of.id, off).await?.into()))
}

/// Enable an access key.
#[utoipa::path(post, path = "/v1/keys/{key}/enable", operation_id = "enable_key", tag = "keys",
    responses((status = 200, description = "The key as it is now", body = Key)))]
pub(crate) async fn enable(
    State(state): State<ApiState>,
    of: Of<AccessKeyId>,
) -> Answer<Json<Key>> {
    let on = Admittance::Active;
    Ok(Json(state.deployment.accounts.set_key_state(&of.caller, &of.id, on).await?.into()))
}

/// Delete an access key, but for the last with which an admin can sign in.
#[utoipa::path(delete, path = "/v1/keys/{key}", operation_id = "delete_key", tag = "keys",
    responses((status = 204, description = "It opens nothing any more")))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    of: Of<AccessKeyId>,
) -> Answer<StatusCode> {
    state.deployment.accounts.delete_key(&of.caller, &of.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
