//! Images: the list with its search, and the page of one.

mod list;
mod making;
mod offers;
mod pages;
mod row;
mod standing;
mod together;
mod wanted;

use axum::Router;

use crate::{Console, page};

/// The pages of images.
pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/images", page::get(list::show))
        .route("/copy", axum::routing::get(together::show))
}
