//! Access keys: listed, made, deleted.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use model::AccessKeyId;
use region::Caller;

use super::auth::{Signed, named};
use super::wire::{Items, Key, NewKey};
use crate::ApiState;
use crate::refusal::{Answer, Refusal};

/// A caller who names an access key.
pub(crate) struct OnKey {
    caller: Caller,
    id: AccessKeyId,
}

impl FromRequestParts<ApiState> for OnKey {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Refusal> {
        let Signed(caller) = Signed::from_request_parts(parts, state).await?;
        Ok(OnKey { caller, id: named(parts).await? })
    }
}

/// List the account's access keys; their secrets are not shown again.
#[utoipa::path(get, path = "/v1/keys", operation_id = "list_keys", tag = "keys",
    responses((status = 200, description = "All of them", body = Items<Key>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Signed(caller): Signed,
) -> Answer<Json<Items<Key>>> {
    let keys = state.deployment.accounts.list_keys(&caller).await?;
    Ok(Json(keys.into_iter().map(Key::from).collect()))
}

/// Make an access key. This answer alone shows its secret.
#[utoipa::path(post, path = "/v1/keys", operation_id = "create_key", tag = "keys",
    responses((status = 201, description = "The key and its secret", body = NewKey)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    Signed(caller): Signed,
) -> Answer<(StatusCode, Json<NewKey>)> {
    let created = state.deployment.accounts.create_key(&caller).await?;
    Ok((StatusCode::CREATED, Json(created.into())))
}

/// Delete an access key, but for the last.
#[utoipa::path(delete, path = "/v1/keys/{key}", operation_id = "delete_key", tag = "keys",
    responses((status = 204, description = "It opens nothing any more")))]
pub(crate) async fn delete(State(state): State<ApiState>, key: OnKey) -> Answer<StatusCode> {
    state.deployment.accounts.delete_key(&key.caller, &key.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
