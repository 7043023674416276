//! Regions and links: who serves each region, quotas and their limits, and the links with what is set of them and their queues.

mod limit;
mod link;
mod links;
mod list;
mod queue;
mod quotas;

use axum::Router;

use crate::{Console, page};

/// Where they are.
pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/regions", page::get(list::show))
        .route(
            "/regions/{region}/links/{source}",
            page::get(link::show).merge(page::post(link::act)),
        )
        .route("/regions/{region}/quotas", page::get(quotas::show).merge(page::post(quotas::act)))
}
