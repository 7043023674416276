//! Images: listed, shown, changed, deleted, cancelled, verified.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::rules::Force;
use model::{ImageId, ImageKind, ImageStatus};
use region::{EditImage, ImageQuery, SnapshotsOfImage};
use serde::Deserialize;
use utoipa::IntoParams;

use super::auth::{At, On};
use super::paging::{Cursors, limit};
use super::read::{ReadJson, ReadQuery};
use super::wire::{Image, ImageEdit, Page, Verified};
use crate::ApiState;
use crate::refusal::{Answer, BadRequest};

/// Which images to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImagesQuery {
    /// Only these, separated by commas: `creating` (waiting ones too), `available`, `create_failed`.
    status: Option<String>,
    /// Only images of exactly this name.
    name: Option<String>,
    /// As what the caller sees them: `custom` (its own, those that it published included; the default), `shared` (with it by
    /// others, the last shared first), `public` or `marketplace` (everybody's).
    kind: Option<String>,
    /// At most so many, 1 to 1,000; else 100.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl ImagesQuery {
    fn filter(&self) -> String {
        format!("{:?}", (&self.status, &self.name, &self.kind))
    }

    fn kind(&self) -> Result<Option<ImageKind>, BadRequest> {
        let read = |word: &String| word.parse().map_err(|error| BadRequest::value("kind", error));
        self.kind.as_ref().map(read).transpose()
    }

    fn statuses(&self) -> Result<Vec<ImageStatus>, BadRequest> {
        let words = self.status.iter().flat_map(|words| words.split(','));
        words.map(|word| word.parse().map_err(|error| BadRequest::value("status", error))).collect()
    }
}

/// How to delete an image.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteQuery {
    /// Delete although instances use it, or other accounts see it. Never overrides a running copy or conversion.
    #[serde(default)]
    force: bool,
    /// Leave its snapshots.
    #[serde(default)]
    keep_snapshots: bool,
}

impl DeleteQuery {
    fn into_choices(self) -> (Force, SnapshotsOfImage) {
        let force = if self.force { Force::Yes } else { Force::No };
        let snapshots =
            if self.keep_snapshots { SnapshotsOfImage::Keep } else { SnapshotsOfImage::Delete };
        (force, snapshots)
    }
}

/// List images, newest first.
#[utoipa::path(get, path = "/v1/regions/{region}/images", operation_id = "list_images", tag = "images",
    params(ImagesQuery), responses((status = 200, description = "A page of images", body = Page<Image>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    at: At,
    ReadQuery(query): ReadQuery<ImagesQuery>,
) -> Answer<Json<Page<Image>>> {
    let cursors =
        Cursors::of(&state.cursor_key, (&at.region, &at.caller), "images", query.filter());
    let (status, after) = (query.statuses()?, cursors.open(query.cursor.as_deref())?);
    let query = ImageQuery {
        kind: query.kind()?,
        status,
        name: query.name,
        ids: Vec::new(),
        after,
        limit: limit(query.limit)?,
    };
    Ok(Json(cursors.page(at.region.images(&at.caller, query).await?)))
}

/// Show one image.
#[utoipa::path(get, path = "/v1/regions/{region}/images/{image}", operation_id = "show_image", tag = "images",
    responses((status = 200, description = "The image", body = Image)))]
pub(crate) async fn show(on: On<ImageId>) -> Answer<Json<Image>> {
    let image = on.region.image(&on.caller, &on.id).await?;
    Ok(Json(image.into()))
}

/// Change an image's name, description or tags.
#[utoipa::path(patch, path = "/v1/regions/{region}/images/{image}", operation_id = "edit_image", tag = "images",
    request_body = ImageEdit, responses((status = 200, description = "The image as it is now", body = Image)))]
pub(crate) async fn edit(
    State(state): State<ApiState>,
    on: On<ImageId>,
    ReadJson(edit): ReadJson<ImageEdit>,
) -> Answer<Json<Image>> {
    let names = state.deployment.profiles.native().names;
    let edit = EditImage { names, ..edit.into_command()? };
    let image = on.region.edit_image(&on.caller, &on.id, edit).await?;
    Ok(Json(image.into()))
}

/// Delete an image and, unless they are to stay, its snapshots.
#[utoipa::path(delete, path = "/v1/regions/{region}/images/{image}", operation_id = "delete_image", tag = "images",
    params(DeleteQuery), responses((status = 204, description = "It is gone")))]
pub(crate) async fn delete(
    on: On<ImageId>,
    ReadQuery(query): ReadQuery<DeleteQuery>,
) -> Answer<StatusCode> {
    let (force, snapshots) = query.into_choices();
    on.region.delete_image(&on.caller, &on.id, force, snapshots).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Cancel the copy or import that makes an image.
#[utoipa::path(post, path = "/v1/regions/{region}/images/{image}/cancel", operation_id = "cancel_image", tag = "images",
    responses((status = 204, description = "It will not become available")))]
pub(crate) async fn cancel(on: On<ImageId>) -> Answer<StatusCode> {
    on.region.cancel_image(&on.caller, &on.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read and hash every chunk of an image again.
#[utoipa::path(post, path = "/v1/regions/{region}/images/{image}/verify", operation_id = "verify_image", tag = "images",
    responses((status = 200, description = "What was found", body = Verified)))]
pub(crate) async fn verify(on: On<ImageId>) -> Answer<Json<Verified>> {
    let verified = on.region.verify_image(&on.caller, &on.id).await?;
    Ok(Json(verified.into()))
}
