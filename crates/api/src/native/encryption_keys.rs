//! Encryption keys: made, listed, switched off and on, rotated, deleted after a waiting time.

use axum::Json;
use axum::http::StatusCode;
use model::EncryptionKeyId;
use model::rules::{LoseImages, WaitingDays};

use super::auth::{At, On};
use super::read::ReadQuery;
use super::wire::{EncryptionKey, Items, KeyDeletion};
use crate::refusal::Answer;

/// List the account's encryption keys in a region.
#[utoipa::path(get, path = "/v1/regions/{region}/encryption-keys", operation_id = "list_encryption_keys", tag = "encryption keys",
    responses((status = 200, description = "All of them", body = Items<EncryptionKey>)))]
pub(crate) async fn list(at: At) -> Answer<Json<Items<EncryptionKey>>> {
    let keys = at.region.encryption_keys(&at.caller).await?;
    Ok(Json(keys.into_iter().map(|key| EncryptionKey::new(at.region.id(), key)).collect()))
}

/// Make an encryption key.
#[utoipa::path(post, path = "/v1/regions/{region}/encryption-keys", operation_id = "create_encryption_key", tag = "encryption keys",
    responses((status = 201, description = "The key", body = EncryptionKey)))]
pub(crate) async fn create(at: At) -> Answer<(StatusCode, Json<EncryptionKey>)> {
    let key = at.region.create_encryption_key(&at.caller).await?;
    Ok((StatusCode::CREATED, Json(EncryptionKey::new(at.region.id(), key))))
}

/// Show one encryption key.
#[utoipa::path(get, path = "/v1/regions/{region}/encryption-keys/{encryption_key}", operation_id = "show_encryption_key", tag = "encryption keys",
    responses((status = 200, description = "The key", body = EncryptionKey)))]
pub(crate) async fn show(on: On<EncryptionKeyId>) -> Answer<Json<EncryptionKey>> {
    let key = on.region.encryption_key(&on.caller, &on.id).await?;
    Ok(Json(EncryptionKey::new(on.region.id(), key)))
}

/// Delete an encryption key after a waiting time. What it seals cannot be read by anybody afterwards.
#[utoipa::path(delete, path = "/v1/regions/{region}/encryption-keys/{encryption_key}", operation_id = "delete_encryption_key", tag = "encryption keys",
    params(KeyDeletion), responses((status = 202, description = "The key, with the time when it goes", body = EncryptionKey)))]
pub(crate) async fn delete(
    on: On<EncryptionKeyId>,
    ReadQuery(deletion): ReadQuery<KeyDeletion>,
) -> Answer<(StatusCode, Json<EncryptionKey>)> {
    let days = deletion.days.map(WaitingDays::new).transpose()?.unwrap_or_default();
    let lose = if deletion.lose_images { LoseImages::Yes } else { LoseImages::No };
    let key = on.region.schedule_key_deletion(&on.caller, &on.id, days, lose).await?;
    Ok((StatusCode::ACCEPTED, Json(EncryptionKey::new(on.region.id(), key))))
}

/// Switch an encryption key off: what it seals cannot be read or written until it is enabled again.
#[utoipa::path(post, path = "/v1/regions/{region}/encryption-keys/{encryption_key}/disable", operation_id = "disable_encryption_key", tag = "encryption keys",
    responses((status = 200, description = "The key as it is now", body = EncryptionKey)))]
pub(crate) async fn disable(on: On<EncryptionKeyId>) -> Answer<Json<EncryptionKey>> {
    let key = on.region.disable_encryption_key(&on.caller, &on.id).await?;
    Ok(Json(EncryptionKey::new(on.region.id(), key)))
}

/// Switch an encryption key on; also takes back its deletion while it waits.
#[utoipa::path(post, path = "/v1/regions/{region}/encryption-keys/{encryption_key}/enable", operation_id = "enable_encryption_key", tag = "encryption keys",
    responses((status = 200, description = "The key as it is now", body = EncryptionKey)))]
pub(crate) async fn enable(on: On<EncryptionKeyId>) -> Answer<Json<EncryptionKey>> {
    let key = on.region.enable_encryption_key(&on.caller, &on.id).await?;
    Ok(Json(EncryptionKey::new(on.region.id(), key)))
}

/// Wrap new data keys with a new version from now on.
#[utoipa::path(post, path = "/v1/regions/{region}/encryption-keys/{encryption_key}/rotate", operation_id = "rotate_encryption_key", tag = "encryption keys",
    responses((status = 200, description = "The key as it is now", body = EncryptionKey)))]
pub(crate) async fn rotate(on: On<EncryptionKeyId>) -> Answer<Json<EncryptionKey>> {
    let key = on.region.rotate_encryption_key(&on.caller, &on.id).await?;
    Ok(Json(EncryptionKey::new(on.region.id(), key)))
}
