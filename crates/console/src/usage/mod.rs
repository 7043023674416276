//! Usage by month, what it costs, and the rates (R000-4, R001-5, R003-3).

mod bill;
mod chart;
mod csv;
mod rates;
mod show;
mod wanted;

use axum::Router;

use crate::{Console, page};

/// Where they are.
pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/usage", page::get(show::show))
        .route("/usage.csv", axum::routing::get(csv::download))
        .route("/regions/{region}/rates", page::get(rates::ask).merge(page::post(rates::set)))
}
