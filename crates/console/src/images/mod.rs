//! Images: the list with its search, and the page of one.

mod elsewhere;
mod facts;
mod history;
mod list;
mod making;
mod offers;
mod pages;
mod row;
mod show;
mod standing;
mod together;
mod verify;
mod wanted;

use axum::Router;

use crate::{Console, page};

/// The pages of images.
pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/images", page::get(list::show))
        .route("/regions/{region}/images/{image}", page::get(show::show))
        .route(
            "/regions/{region}/images/{image}/verify",
            page::get(show::show).merge(page::post(verify::verify)),
        )
        .route("/copy", axum::routing::get(together::show))
}
