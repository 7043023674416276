//! The native API `/v1`. Each handler translates, calls the region, and translates back.

mod auth;
mod copies;
mod events;
mod images;
mod imports;
mod instances;
mod keys;
mod openapi;
mod paging;
mod quotas;
mod read;
mod regions;
mod snapshots;
pub mod wire;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use auth::named as path_names;
pub(crate) use imports::octets;
pub use openapi::openapi_json;
pub(crate) use read::ReadJson;

use crate::ApiState;

/// All operations, each with its description.
fn operations() -> OpenApiRouter<ApiState> {
    OpenApiRouter::with_openapi(openapi::head())
        .routes(routes!(regions::list))
        .routes(routes!(regions::show))
        .routes(routes!(images::list))
        .routes(routes!(images::show, images::edit, images::delete))
        .routes(routes!(images::cancel))
        .routes(routes!(images::verify))
        .routes(routes!(copies::request))
        .routes(routes!(imports::begin))
        .routes(routes!(imports::missing))
        .routes(routes!(imports::frames))
        .routes(routes!(imports::finish))
        .routes(routes!(copies::list))
        .routes(routes!(copies::show))
        .routes(routes!(copies::retry))
        .routes(routes!(events::watch))
        .routes(routes!(snapshots::list))
        .routes(routes!(snapshots::show, snapshots::delete))
        .routes(routes!(snapshots::frames))
        .routes(routes!(quotas::list))
        .routes(routes!(quotas::set))
        .routes(routes!(instances::list, instances::create))
        .routes(routes!(instances::show, instances::delete))
        .routes(routes!(instances::change_image))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::delete))
        .routes(routes!(openapi::document))
}

/// The routes, without what is around them.
pub(crate) fn router() -> Router<ApiState> {
    operations().into()
}
