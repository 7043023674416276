//! Instances: those that say they use images, forgetting one, and giving one another system disk.

mod delete;
mod disk;
mod list;

use axum::Router;

use crate::{Console, page};

/// Where they are.
pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/instances", page::get(list::show))
        .route(
            "/regions/{region}/instances/{instance}/delete",
            page::get(delete::show).merge(page::post(delete::act)),
        )
        .route(
            "/regions/{region}/instances/{instance}/disk",
            page::get(disk::show).merge(page::post(disk::act)),
        )
}
