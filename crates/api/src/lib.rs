//! The doors: the native API `/v1`, those of the clouds, the peer protocol, metrics and health. Reaches no further than region.
//!
//! A handler translates, calls and translates back. Every refusal becomes one `application/problem+json` in
//! [`mod@problem`], every request passes once through `around`. Must not: decide a business question, open a
//! store or a catalog.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod alibaba;
mod around;
mod available_times;
mod body;
mod chunk_list;
mod cloud;
mod congestion;
mod cursor;
mod frame_body;
mod jdcloud;
pub mod native;
mod operators;
#[cfg(feature = "fuzzing")]
pub mod outside;
pub mod peer;
mod problem;
mod refusal;
mod request_id;
mod serve;
mod tencent;

use axum::Router;
use axum::http::request::Parts;
use axum::response::Response;
use region::Deployment;

pub use crate::congestion::{Congestion, Used};
pub use crate::cursor::CursorKey;
pub use crate::native::openapi_json;
pub use crate::operators::Metrics;
use crate::peer::PeerDoor;
pub use crate::peer::{PeerClient, PeerSecret, PeerSetupError, WeakSecret};
pub use crate::request_id::RequestId;
pub use crate::serve::{ServeLimits, serve};

/// Most bytes of a request's body, but for frames: 1 MiB (api-08).
pub const CONTROL_BODY_BYTES: usize = 1 << 20;
/// Most bytes of one body of frames: 64 MiB, about a pack. A client sends many.
pub const FRAMES_BODY_BYTES: usize = 64 << 20;
/// Most ids in one chunk list (`docs/formats.md` 6).
pub const CHUNK_LIST_IDS: usize = 4_096;
/// Longest request target: 32 KiB (api-08).
pub const URI_BYTES: usize = 32 << 10;

/// What every handler may use.
#[derive(Clone)]
pub struct ApiState {
    /// The regions and the accounts.
    pub deployment: Deployment,
    /// Seals page cursors (api-12). Processes that serve one deployment share it.
    pub cursor_key: CursorKey,
    /// What regions show each other; none where there are no regions beyond this process, and then no peer door either.
    pub peer_secret: Option<PeerSecret>,
    /// What is counted.
    pub metrics: Metrics,
}

/// What people see beside the doors, on the same port.
#[derive(Clone)]
pub struct Pages {
    /// Their routes: none of a door's.
    pub routes: Router,
    /// What a browser is told where there is no page; none for a client that is none.
    pub absent: fn(&Parts) -> Option<Response>,
}

impl Pages {
    /// None at all.
    pub fn none() -> Self {
        Pages { routes: Router::new(), absent: |_| None }
    }
}

/// Every route of the native API, of the peer protocol and of operators, the doors of the clouds before them and the pages
/// beside them, ready for [`serve`].
pub fn router(state: ApiState, pages: Pages) -> Router {
    let mut routes = native::router().merge(operators::router());
    if let Some(secret) = &state.peer_secret {
        routes = routes.merge(peer::router(PeerDoor::of(secret.clone(), state.deployment.clone())));
    }
    around::wrap(routes, pages, &state).with_state(state)
}
