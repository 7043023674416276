//! Access keys: the visitor's own, and, with the same parts, those of somebody that an admin looks after.

mod changing;
mod making;
mod own;
mod table;

pub(crate) use changing::{Change, ask, change, enable};
pub(crate) use making::{Made, make};
pub(crate) use table::{KeyTable, standing};

use axum::Router;
use model::UserId;

use crate::page::Section;
use crate::{Console, page};

/// Whose keys a page is about.
pub(crate) struct Holder {
    /// The user.
    pub(crate) user: UserId,
    /// Under which path the keys are.
    pub(crate) base: String,
    /// The page that lists them.
    pub(crate) back: String,
    /// Which part of the console that is.
    pub(crate) section: Section,
}

/// The pages of the own keys.
pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/keys", page::get(own::show).merge(page::post(own::create)))
        .route("/keys/{key}/enable", page::get(own::show).merge(page::post(own::enable)))
        .route(
            "/keys/{key}/disable",
            page::get(|visit| own::ask(visit, Change::Disable))
                .merge(page::post(|visit, _form| own::change(visit, Change::Disable))),
        )
        .route(
            "/keys/{key}/delete",
            page::get(|visit| own::ask(visit, Change::Delete))
                .merge(page::post(|visit, _form| own::change(visit, Change::Delete))),
        )
}
