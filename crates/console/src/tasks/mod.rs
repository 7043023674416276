//! Tasks: imports of objects and exports to them, and what begins an import.

mod cancel;
mod import;
mod list;
mod machine;
mod one;
mod register;
mod standing;

use axum::Router;

use crate::{Console, page};

/// Where they are.
pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/tasks", page::get(list::show))
        .route("/regions/{region}/tasks/{task}", page::get(one::show))
        .route(
            "/regions/{region}/tasks/{task}/cancel",
            page::get(cancel::show).merge(page::post(cancel::act)),
        )
        .route("/regions/{region}/import", page::get(import::show).merge(page::post(import::act)))
        .route(
            "/regions/{region}/register",
            page::get(register::show).merge(page::post(register::act)),
        )
}
