//! Tickets: those that ask for an approval, the page of one, and how an operator answers it (R000-7, R003-2).

mod decide;
mod list;
mod one;
mod people;
mod stand;

use axum::Router;

use crate::{Console, page};

/// Where they are.
pub(crate) fn routes() -> Router<Console> {
    Router::new().route("/tickets", page::get(list::show)).route(
        "/regions/{region}/tickets/{ticket}",
        page::get(one::show).merge(page::post(decide::act)),
    )
}
