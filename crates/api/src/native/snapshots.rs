//! Snapshots: listed, shown, deleted, read.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use model::SnapshotId;
use region::{CopySnapshot, CreateImage, SnapshotQuery, SnapshotSelection};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::auth::{At, On};
use super::imports::octets;
use super::paging::{Cursors, limit};
use super::read::{ReadJson, ReadQuery, Token};
use super::wire::{
    Image, Naming, Page, Snapshot, SnapshotCopyRequest, SnapshotImageRequest, SnapshotPromised,
};
use crate::ApiState;
use crate::chunk_list::ChunkList;
use crate::refusal::{Answer, BadRequest};

/// What made a snapshot.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Made {
    /// A copy.
    Copied,
    /// An import.
    Imported,
}

/// Which snapshots to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SnapshotsQuery {
    /// Only those that a copy made, or only those that an import made.
    #[param(inline)]
    origin: Option<Made>,
    /// Only those of this image.
    image: Option<String>,
    /// At most so many, 1 to 1,000; else 100.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl SnapshotsQuery {
    fn selection(&self) -> SnapshotSelection {
        match self.origin {
            None => SnapshotSelection::All,
            Some(Made::Copied) => SnapshotSelection::Copied,
            Some(Made::Imported) => SnapshotSelection::Imported,
        }
    }
}

/// List snapshots, newest first.
#[utoipa::path(get, path = "/v1/regions/{region}/snapshots", operation_id = "list_snapshots", tag = "snapshots",
    params(SnapshotsQuery), responses((status = 200, description = "A page of snapshots", body = Page<Snapshot>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    at: At,
    ReadQuery(query): ReadQuery<SnapshotsQuery>,
) -> Answer<Json<Page<Snapshot>>> {
    let filter = format!("{:?}", (query.origin, &query.image));
    let cursors = Cursors::of(&state.cursor_key, (&at.region, &at.caller), "snapshots", filter);
    let image = query
        .image
        .as_deref()
        .map(|text| text.parse().map_err(|error| BadRequest::value("image", error)));
    let (selection, after) = (query.selection(), cursors.open(query.cursor.as_deref())?);
    let query =
        SnapshotQuery { selection, image: image.transpose()?, after, limit: limit(query.limit)? };
    Ok(Json(cursors.page(at.region.snapshots(&at.caller, query).await?)))
}

/// Show one snapshot.
#[utoipa::path(get, path = "/v1/regions/{region}/snapshots/{snapshot}", operation_id = "show_snapshot", tag = "snapshots",
    responses((status = 200, description = "The snapshot", body = Snapshot)))]
pub(crate) async fn show(on: On<SnapshotId>) -> Answer<Json<Snapshot>> {
    let snapshot = on.region.snapshot(&on.caller, &on.id).await?;
    Ok(Json(snapshot.into()))
}

/// Make an image of snapshots of the region; it is available at once.
#[utoipa::path(post, path = "/v1/regions/{region}/snapshot-images", operation_id = "create_image", tag = "images",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat: 1 to 64 printable ASCII characters")),
    request_body = SnapshotImageRequest, responses((status = 201, description = "The image, `available`", body = Image)))]
pub(crate) async fn create_image(
    State(state): State<ApiState>,
    at: At,
    Token(token): Token,
    ReadJson(request): ReadJson<SnapshotImageRequest>,
) -> Answer<(StatusCode, Json<Image>)> {
    let names = state.deployment.profiles.native().names;
    let command = CreateImage { names, ..request.into_command(token)? };
    let image = at.region.create_image(&at.caller, command).await?;
    Ok((StatusCode::CREATED, Json(image.into())))
}

/// Copy one snapshot, without an image, to another region, or within the region under another key.
///
/// The new snapshot has its id at once; deleting it cancels the copy.
#[utoipa::path(post, path = "/v1/regions/{region}/snapshots/{snapshot}/copies", operation_id = "copy_snapshot", tag = "snapshots",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat: 1 to 64 printable ASCII characters")),
    request_body = SnapshotCopyRequest, responses((status = 202, description = "The target promised it", body = SnapshotPromised)))]
pub(crate) async fn copy(
    State(state): State<ApiState>,
    on: On<SnapshotId>,
    Token(token): Token,
    ReadJson(request): ReadJson<SnapshotCopyRequest>,
) -> Answer<(StatusCode, Json<SnapshotPromised>)> {
    let profile = state.deployment.profiles.native().clone();
    let command = CopySnapshot { profile, ..request.into_command(on.id, token)? };
    let target = command.target.to_string();
    let promised = on.region.copy_snapshot(&on.caller, command).await?;
    let (copy, snapshot) = (promised.copy.to_string(), promised.snapshot.to_string());
    Ok((StatusCode::ACCEPTED, Json(SnapshotPromised { target, copy, snapshot })))
}

/// Delete a snapshot that no image uses; one that is still being copied here is cancelled.
#[utoipa::path(delete, path = "/v1/regions/{region}/snapshots/{snapshot}", operation_id = "delete_snapshot", tag = "snapshots",
    responses((status = 204, description = "It is gone")))]
pub(crate) async fn delete(on: On<SnapshotId>) -> Answer<StatusCode> {
    on.region.delete_snapshot(&on.caller, &on.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Say by what a snapshot's chunks are named, so that whoever reads them can check each.
#[utoipa::path(get, path = "/v1/regions/{region}/snapshots/{snapshot}/naming", operation_id = "name_snapshot_chunks", tag = "snapshots",
    responses((status = 200, description = "The naming", body = Naming)))]
pub(crate) async fn naming(on: On<SnapshotId>) -> Answer<Json<Naming>> {
    let id_key = match on.region.disk_naming(&on.caller, &on.id).await? {
        store::Naming::Plain => None,
        store::Naming::Keyed(id_key) => Some(STANDARD.encode(id_key.bytes())),
    };
    Ok(Json(Naming { id_key }))
}

/// Read chunks of a snapshot: walk the tree from its digest, and ask for what you need.
#[utoipa::path(post, path = "/v1/regions/{region}/snapshots/{snapshot}/frames", operation_id = "read_snapshot", tag = "snapshots",
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "A chunk list: at most 4,096 ids of 32 bytes"),
    responses((status = 200, description = "One frame per id, in any order, end to end", body = Vec<u8>, content_type = "application/octet-stream")))]
pub(crate) async fn frames(on: On<SnapshotId>, ChunkList(ids): ChunkList) -> Answer<Response> {
    let frames = on.region.disk_frames(&on.caller, &on.id, ids).await?;
    // The status is sent already: a fault breaks the connection off, and the client sees a body that is cut short.
    let logged = frames.inspect(|run| {
        if let Err(fault) = run {
            tracing::error!(%fault, "reading a snapshot failed midway");
        }
    });
    Ok(octets(Body::from_stream(logged)))
}
