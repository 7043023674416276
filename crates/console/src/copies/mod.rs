//! Copies: those into each region, one of them with how it went, and what may still be done about it.

mod acts;
mod chart;
mod list;
mod one;
mod standing;
mod steps;

use axum::Router;

use crate::Console;
use crate::page;

/// Where they are.
pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/copies", page::get(list::show))
        .route("/regions/{region}/copies/{copy}", page::get(one::show))
        // What is refused is shown at this address too.
        .route(
            "/regions/{region}/copies/{copy}/retry",
            page::get(one::show).merge(page::post(acts::retry)),
        )
        .route(
            "/regions/{region}/copies/{copy}/cancel",
            page::get(acts::ask_cancel).merge(page::post(acts::cancel)),
        )
}
