//! Instances: records that say an image is used.

use axum::Json;
use axum::http::StatusCode;
use model::{ImageId, InstanceId, Name};

use super::auth::{At, On};
use super::read::ReadJson;
use super::wire::{Instance, InstanceImage, InstanceRequest, Items};
use crate::refusal::{Answer, BadRequest};

fn image(text: &str) -> Result<ImageId, BadRequest> {
    text.parse().map_err(|error| BadRequest::value("image", error))
}

/// List the account's instances in a region.
#[utoipa::path(get, path = "/v1/regions/{region}/instances", operation_id = "list_instances", tag = "instances",
    responses((status = 200, description = "All of them", body = Items<Instance>)))]
pub(crate) async fn list(at: At) -> Answer<Json<Items<Instance>>> {
    let instances = at.region.instances(&at.caller).await?;
    Ok(Json(instances.into_iter().map(Instance::from).collect()))
}

/// Register an instance made from an available image.
#[utoipa::path(post, path = "/v1/regions/{region}/instances", operation_id = "create_instance", tag = "instances",
    request_body = InstanceRequest, responses((status = 201, description = "The instance", body = Instance)))]
pub(crate) async fn create(
    at: At,
    ReadJson(request): ReadJson<InstanceRequest>,
) -> Answer<(StatusCode, Json<Instance>)> {
    let (name, image) = (Name::new(&request.name)?, image(&request.image)?);
    let instance = at.region.create_instance(&at.caller, name, &image).await?;
    Ok((StatusCode::CREATED, Json(instance.into())))
}

/// Show one instance.
#[utoipa::path(get, path = "/v1/regions/{region}/instances/{instance}", operation_id = "show_instance", tag = "instances",
    responses((status = 200, description = "The instance", body = Instance)))]
pub(crate) async fn show(on: On<InstanceId>) -> Answer<Json<Instance>> {
    let instance = on.region.instance(&on.caller, &on.id).await?;
    Ok(Json(instance.into()))
}

/// Forget an instance.
#[utoipa::path(delete, path = "/v1/regions/{region}/instances/{instance}", operation_id = "delete_instance", tag = "instances",
    responses((status = 204, description = "It is gone")))]
pub(crate) async fn delete(on: On<InstanceId>) -> Answer<StatusCode> {
    on.region.delete_instance(&on.caller, &on.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make an instance's system disk anew from another available image.
#[utoipa::path(put, path = "/v1/regions/{region}/instances/{instance}/image", operation_id = "change_instance_image", tag = "instances",
    request_body = InstanceImage, responses((status = 200, description = "The instance as it is now", body = Instance)))]
pub(crate) async fn change_image(
    on: On<InstanceId>,
    ReadJson(request): ReadJson<InstanceImage>,
) -> Answer<Json<Instance>> {
    let instance =
        on.region.change_instance_disk(&on.caller, &on.id, &image(&request.image)?).await?;
    Ok(Json(instance.into()))
}
