//! Local images: registered in place, and converted.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::ImageId;
use region::{ConvertImage, RegisterImage};

use super::auth::{At, On};
use super::read::{ReadJson, Token};
use super::wire::{ConvertRequest, Image, LocalImageRequest};
use crate::ApiState;
use crate::refusal::Answer;

/// Register an image file that lies in the account's folder of local images.
#[utoipa::path(post, path = "/v1/regions/{region}/local-images", operation_id = "register_local_image", tag = "images",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat: 1 to 64 printable ASCII characters")),
    request_body = LocalImageRequest, responses((status = 201, description = "The image, `available`", body = Image)))]
pub(crate) async fn register(
    State(state): State<ApiState>,
    at: At,
    Token(token): Token,
    ReadJson(request): ReadJson<LocalImageRequest>,
) -> Answer<(StatusCode, Json<Image>)> {
    let names = state.deployment.profiles.native().names;
    let command = RegisterImage { names, ..request.into_command(token)? };
    let image = at.region.register_local_image(&at.caller, command).await?;
    Ok((StatusCode::CREATED, Json(image.into())))
}

/// Convert an image in a local file into one on snapshots, which can be copied. Asked again while that runs, the answer is the
/// same image.
#[utoipa::path(post, path = "/v1/regions/{region}/images/{image}/convert", operation_id = "convert_image", tag = "images",
    request_body = ConvertRequest, responses((status = 202, description = "The new image, `waiting` or `creating`", body = Image)))]
pub(crate) async fn convert(
    State(state): State<ApiState>,
    on: On<ImageId>,
    ReadJson(request): ReadJson<ConvertRequest>,
) -> Answer<(StatusCode, Json<Image>)> {
    let names = state.deployment.profiles.native().names;
    let command = ConvertImage { names, ..request.into_command(on.id)? };
    let image = on.region.convert_image(&on.caller, command).await?;
    Ok((StatusCode::ACCEPTED, Json(image.into())))
}
