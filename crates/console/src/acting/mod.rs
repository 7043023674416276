//! What is done with one image: a form that says what will happen, or why it cannot just now.

mod cancel;
mod convert;
mod delete;
mod edit;
mod export;
mod instance;
mod publish;
mod share;
mod subject;
mod tag_lines;

use axum::Router;

use crate::{Console, page};

pub(crate) use tag_lines::{tags_told, tags_typed};

/// Where they are.
pub(crate) fn routes() -> Router<Console> {
    let of = |action: &str| format!("/regions/{{region}}/images/{{image}}/{action}");
    Router::new()
        .route(&of("cancel"), page::get(cancel::show).merge(page::post(cancel::act)))
        .route(&of("edit"), page::get(edit::show).merge(page::post(edit::act)))
        .route(&of("delete"), page::get(delete::show).merge(page::post(delete::act)))
        .route(&of("share"), page::get(share::show).merge(page::post(share::act)))
        .route(&of("publish"), page::get(publish::show).merge(page::post(publish::act)))
        .route(&of("export"), page::get(export::show).merge(page::post(export::act)))
        .route(&of("instance"), page::get(instance::show).merge(page::post(instance::act)))
        .route(&of("convert"), page::get(convert::show).merge(page::post(convert::act)))
}
