//! Regions: which there are, and who serves them.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::extract::State;
use axum::http::request::Parts;
use model::{RegionId, Rejection};

use super::auth::{Signed, named};
use super::wire::{Items, Region};
use crate::ApiState;
use crate::refusal::{Answer, Refusal};

/// The region that a path names, wherever it is served.
pub(crate) struct AnyRegion(RegionId);

impl FromRequestParts<ApiState> for AnyRegion {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Refusal> {
        Signed::from_request_parts(parts, state).await?;
        Ok(AnyRegion(named(parts).await?))
    }
}

/// List the regions of this deployment.
#[utoipa::path(get, path = "/v1/regions", operation_id = "list_regions", tag = "regions",
    responses((status = 200, description = "All regions, by name", body = Items<Region>)))]
pub(crate) async fn list(State(state): State<ApiState>, _signed: Signed) -> Json<Items<Region>> {
    Json(state.deployment.regions().into_iter().map(Region::from).collect())
}

/// Show one region.
#[utoipa::path(get, path = "/v1/regions/{region}", operation_id = "show_region", tag = "regions",
    responses((status = 200, description = "The region", body = Region)))]
pub(crate) async fn show(
    State(state): State<ApiState>,
    AnyRegion(id): AnyRegion,
) -> Answer<Json<Region>> {
    let found = state.deployment.regions().into_iter().find(|view| view.id == id);
    let view = found.ok_or(Rejection::RegionUnknown { region: id })?;
    Ok(Json(Region::from(view)))
}
