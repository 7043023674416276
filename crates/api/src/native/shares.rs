//! Sharing and publishing: who else sees an image.

use axum::Json;
use model::ImageId;

use super::auth::On;
use super::read::ReadJson;
use super::wire::{Image, Items, PublishRequest, Share, ShareRequest};
use crate::refusal::Answer;

/// List the accounts that an image is shared with; only its owner may.
#[utoipa::path(get, path = "/v1/regions/{region}/images/{image}/shares", operation_id = "list_shares", tag = "images",
    responses((status = 200, description = "All of them", body = Items<Share>)))]
pub(crate) async fn list(on: On<ImageId>) -> Answer<Json<Items<Share>>> {
    let shares = on.region.shares(&on.caller, &on.id).await?;
    Ok(Json(shares.into_iter().map(Share::from).collect()))
}

/// Share an image with accounts of this deployment: all of them, or none where one is refused.
#[utoipa::path(post, path = "/v1/regions/{region}/images/{image}/share", operation_id = "share_image", tag = "images",
    request_body = ShareRequest, responses((status = 200, description = "Whom it is shared with now", body = Items<Share>)))]
pub(crate) async fn share(
    on: On<ImageId>,
    ReadJson(request): ReadJson<ShareRequest>,
) -> Answer<Json<Items<Share>>> {
    let shares = on.region.share_image(&on.caller, &on.id, request.into_accounts()?).await?;
    Ok(Json(shares.into_iter().map(Share::from).collect()))
}

/// Take an image back from accounts. What they use already stays as it is.
#[utoipa::path(post, path = "/v1/regions/{region}/images/{image}/unshare", operation_id = "unshare_image", tag = "images",
    request_body = ShareRequest, responses((status = 200, description = "Whom it is shared with still", body = Items<Share>)))]
pub(crate) async fn unshare(
    on: On<ImageId>,
    ReadJson(request): ReadJson<ShareRequest>,
) -> Answer<Json<Items<Share>>> {
    let shares = on.region.unshare_image(&on.caller, &on.id, request.into_accounts()?).await?;
    Ok(Json(shares.into_iter().map(Share::from).collect()))
}

/// Offer an image of the operator's account to every account.
#[utoipa::path(post, path = "/v1/regions/{region}/images/{image}/publish", operation_id = "publish_image", tag = "images",
    request_body = PublishRequest, responses((status = 200, description = "The image as it is now", body = Image)))]
pub(crate) async fn publish(
    on: On<ImageId>,
    ReadJson(request): ReadJson<PublishRequest>,
) -> Answer<Json<Image>> {
    let image = on.region.publish_image(&on.caller, &on.id, request.kind.into()).await?;
    Ok(Json(image.into()))
}

/// Take a published image back: it is a custom image again.
#[utoipa::path(post, path = "/v1/regions/{region}/images/{image}/unpublish", operation_id = "unpublish_image", tag = "images",
    responses((status = 200, description = "The image as it is now", body = Image)))]
pub(crate) async fn unpublish(on: On<ImageId>) -> Answer<Json<Image>> {
    let image = on.region.unpublish_image(&on.caller, &on.id).await?;
    Ok(Json(image.into()))
}
