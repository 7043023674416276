//! Snapshots: the list with where each comes from, the page of one, and what is done with one.

mod copy;
mod delete;
mod image;
mod list;
mod offers;
mod one;
mod row;

use axum::Router;

use crate::{Console, page};

/// Where they are.
pub(crate) fn routes() -> Router<Console> {
    let of = |action: &str| format!("/regions/{{region}}/snapshots/{{snapshot}}{action}");
    Router::new()
        .route("/snapshots", page::get(list::show))
        .route(&of(""), page::get(one::show))
        .route(&of("/copy"), page::get(copy::show).merge(page::post(copy::act)))
        .route(&of("/image"), page::get(image::show).merge(page::post(image::act)))
        .route(&of("/delete"), page::get(delete::show).merge(page::post(delete::act)))
}
