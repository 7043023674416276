//! The native API `/v1`. Each handler translates, calls the region, and translates back.

mod accounts;
mod audit;
mod auth;
mod copies;
mod copy_history;
mod encryption_keys;
mod events;
mod images;
mod imports;
mod instances;
mod keys;
mod links;
mod local_images;
mod openapi;
mod paging;
mod quotas;
mod read;
mod regions;
mod shares;
mod sign_in_links;
mod snapshots;
mod tasks;
mod tickets;
mod usage;
mod users;
pub mod wire;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use auth::named as path_names;
pub(crate) use imports::octets;
pub use openapi::openapi_json;
pub(crate) use read::{ReadJson, ReadQuery, json_of};

use crate::ApiState;

/// Those on the copies into a region.
fn of_copies() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(copies::list))
        .routes(routes!(copies::show))
        .routes(routes!(copies::retry))
        .routes(routes!(copy_history::rates))
        .routes(routes!(copy_history::attempts))
        .routes(routes!(events::watch))
}

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
        .merge(of_copies())
        .routes(routes!(snapshots::list))
        .routes(routes!(snapshots::show, snapshots::delete))
        .routes(routes!(snapshots::frames))
        .routes(routes!(quotas::list))
        .routes(routes!(quotas::set))
        .routes(routes!(usage::show))
        .routes(routes!(usage::rates, usage::set_rate))
        .routes(routes!(links::list))
        .routes(routes!(links::set))
        .routes(routes!(instances::list, instances::create))
        .routes(routes!(instances::show, instances::delete))
        .routes(routes!(instances::change_image))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::delete))
        .routes(routes!(keys::disable))
        .routes(routes!(keys::enable))
        .routes(routes!(sign_in_links::create))
        .routes(routes!(accounts::list, accounts::create))
        .routes(routes!(accounts::show))
        .routes(routes!(accounts::disable))
        .routes(routes!(accounts::enable))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::show, users::delete))
        .routes(routes!(users::set_role))
        .routes(routes!(users::disable))
        .routes(routes!(users::enable))
        .routes(routes!(audit::list))
        .routes(routes!(audit::verify))
        .routes(routes!(audit::list_accounts))
        .routes(routes!(audit::verify_accounts))
        .routes(routes!(encryption_keys::list, encryption_keys::create))
        .routes(routes!(encryption_keys::show, encryption_keys::delete))
        .routes(routes!(encryption_keys::disable))
        .routes(routes!(encryption_keys::enable))
        .routes(routes!(encryption_keys::rotate))
        .routes(routes!(snapshots::naming))
        .routes(routes!(copies::request_several))
        .routes(routes!(snapshots::create_image))
        .routes(routes!(snapshots::copy))
        .routes(routes!(tickets::list, tickets::open))
        .routes(routes!(tickets::show))
        .routes(routes!(tickets::approve))
        .routes(routes!(tickets::refuse))
        .routes(routes!(shares::list))
        .routes(routes!(shares::share))
        .routes(routes!(shares::unshare))
        .routes(routes!(shares::publish))
        .routes(routes!(shares::unpublish))
        .routes(routes!(local_images::register))
        .routes(routes!(local_images::convert))
        .routes(routes!(openapi::document))
        .merge(on_tasks())
}

/// Those on tasks.
fn on_tasks() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(tasks::import))
        .routes(routes!(tasks::export))
        .routes(routes!(tasks::list))
        .routes(routes!(tasks::show, tasks::cancel))
}

/// The routes, without what is around them.
pub(crate) fn router() -> Router<ApiState> {
    operations().into()
}
