//! The console: web pages made on the server, usable without script, made live by a small script of our own.
//!
//! It has no door of its own: it calls what `region` offers everyone, as the person who signed in. A page's handler gathers,
//! shows, and decides nothing. Must not: know the native API, a cloud, SQL or the insides of a region; put a text into a
//! page that is not escaped; need a script.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod acting;
mod assets;
mod audit;
mod confirm;
mod cookies;
mod copies;
mod copying;
mod encryption_keys;
mod form;
mod headers;
mod images;
mod instances;
mod keys;
mod live;
mod look;
mod names;
mod newest;
mod overview;
mod page;
mod people;
mod refusal;
mod regions;
mod rejection_words;
mod settings;
mod sign_in;
mod snapshots;
mod streams;
mod tasks;
mod tickets;
mod token;
mod usage;
mod visit;
mod words;

use std::time::Duration;

use axum::Router;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use region::Deployment;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;

use crate::streams::Streams;

/// How the console is reached and how lively it is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where people reach it, where that is not the address it listens at: behind a proxy. As a browser writes an origin. With
    /// `https` its cookies are `Secure`.
    pub address: Option<String>,
    /// How often a page that is watched is looked at again.
    pub live_every: Duration,
}

impl Default for Settings {
    /// Once a second: a new image is in its list within two (R000-9).
    fn default() -> Self {
        Settings { address: None, live_every: Duration::from_secs(1) }
    }
}

/// What every page may use.
#[derive(Clone)]
pub struct Console {
    deployment: Deployment,
    settings: Settings,
    stop: CancellationToken,
    streams: Streams,
}

impl Console {
    /// The console of a deployment. Pages that are watched are let go of once `stop` is cancelled.
    pub fn new(deployment: Deployment, settings: Settings, stop: CancellationToken) -> Self {
        Console { deployment, settings, stop, streams: Streams::default() }
    }

    /// A place for one more watched page of a visitor.
    fn place_of(&self, visit: &visit::Visit) -> Option<streams::Place> {
        self.streams.enter(visit.caller.user.clone())
    }

    fn is_secure(&self) -> bool {
        self.settings.address.as_deref().is_some_and(|address| address.starts_with("https://"))
    }
}

/// Every page of the console.
pub fn router(console: Console) -> Router {
    let pages = Router::new()
        .route("/", page::get(overview::show))
        .route("/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/sign-in/forget.css", get(sign_in::forget))
        .route("/sign-in/once/{token}", get(sign_in::redeem))
        .route("/sign-out", page::post(sign_in::sign_out))
        .route("/settings", post(settings::keep))
        .merge(acting::routes())
        .merge(audit::routes())
        .merge(copies::routes())
        .merge(copying::routes())
        .merge(encryption_keys::routes())
        .merge(images::routes())
        .merge(instances::routes())
        .merge(keys::routes())
        .merge(people::routes())
        .merge(regions::routes())
        .merge(snapshots::routes())
        .merge(tickets::routes())
        .merge(tasks::routes())
        .merge(usage::routes());
    pages
        .layer(CatchPanicLayer::custom(refusal::panicked))
        .layer(axum::middleware::map_response(headers::guarded))
        .route("/assets/{name}", get(assets::asset))
        .with_state(console)
}

/// What a browser that asks for a page is told where there is none; `None` for every other client.
pub fn absent(request: &Parts) -> Option<Response> {
    let is_asked = page::wants_html(&request.headers);
    is_asked.then(|| headers::guard(refusal::absent(request).into_response()))
}
