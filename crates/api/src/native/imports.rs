//! Imports: promise an image, ask what is missing, send it, finish.

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use model::ImageId;
use region::BeginImport;

use super::auth::{At, On};
use super::read::{ReadJson, Token};
use super::wire::{FinishRequest, Image, ImportRequest, ReceivedChunks};
use crate::body::PacedBody;
use crate::chunk_list::{ChunkList, check_octets};
use crate::frame_body::FrameRuns;
use crate::refusal::{Answer, Refusal};
use crate::{ApiState, FRAMES_BODY_BYTES};

/// A body of frames that is not read yet.
pub(crate) struct FrameBody(FrameRuns);

impl<S: Send + Sync> FromRequest<S> for FrameBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        check_octets(&request)?;
        Ok(FrameBody(FrameRuns::new(PacedBody::of(request, FRAMES_BODY_BYTES)?)))
    }
}

/// Bytes that are not text.
pub(crate) fn octets(body: impl IntoResponse) -> Response {
    ([(CONTENT_TYPE, "application/octet-stream")], body).into_response()
}

/// Promise an image whose disks will be sent.
#[utoipa::path(post, path = "/v1/regions/{region}/imports", operation_id = "begin_import", tag = "imports",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat: 1 to 64 printable ASCII characters")),
    request_body = ImportRequest, responses((status = 201, description = "The image, `creating`", body = Image)))]
pub(crate) async fn begin(
    State(state): State<ApiState>,
    at: At,
    Token(token): Token,
    ReadJson(request): ReadJson<ImportRequest>,
) -> Answer<(StatusCode, Json<Image>)> {
    let names = state.deployment.profiles.native().names;
    let command = BeginImport { names, ..request.into_command(token)? };
    let image = at.region.begin_import(&at.caller, command).await?;
    Ok((StatusCode::CREATED, Json(image.into())))
}

/// Ask which chunks the region lacks. Those it holds are kept for this import.
#[utoipa::path(post, path = "/v1/regions/{region}/imports/{image}/missing", operation_id = "import_missing", tag = "imports",
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "A chunk list: at most 4,096 ids of 32 bytes"),
    responses((status = 200, description = "One byte per id: 1 missing, 0 held", body = Vec<u8>, content_type = "application/octet-stream")))]
pub(crate) async fn missing(on: On<ImageId>, ChunkList(ids): ChunkList) -> Answer<Response> {
    let missing = on.region.import_missing(&on.caller, &on.id, ids).await?;
    Ok(octets(missing.into_iter().map(u8::from).collect::<Vec<_>>()))
}

/// Send chunks, as frames end to end, at most 64 MiB at once.
#[utoipa::path(post, path = "/v1/regions/{region}/imports/{image}/frames", operation_id = "import_frames", tag = "imports",
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "Frames, version 1, end to end"),
    responses((status = 200, description = "How many were taken", body = ReceivedChunks)))]
pub(crate) async fn frames(
    on: On<ImageId>,
    FrameBody(mut runs): FrameBody,
) -> Answer<Json<ReceivedChunks>> {
    let mut chunks = 0;
    while let Some(run) = runs.next().await? {
        chunks += on.region.import_frames(&on.caller, &on.id, run).await?;
    }
    Ok(Json(ReceivedChunks { chunks }))
}

/// Finish: every disk is checked to be whole and durable, then the image is available.
#[utoipa::path(post, path = "/v1/regions/{region}/imports/{image}/finish", operation_id = "finish_import", tag = "imports",
    request_body = FinishRequest, responses((status = 200, description = "The image, `available`", body = Image)))]
pub(crate) async fn finish(
    on: On<ImageId>,
    ReadJson(request): ReadJson<FinishRequest>,
) -> Answer<Json<Image>> {
    let image = on.region.finish_import(&on.caller, &on.id, request.into_digests()?).await?;
    Ok(Json(image.into()))
}
