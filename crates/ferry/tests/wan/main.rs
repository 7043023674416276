//! Two services with an emulated wide area network between them, its bytes counted outside of both. Each test says SKIP where
//! there can be no such network (no root, no `/dev/net/tun`).
#![allow(clippy::unwrap_used, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "the bytes of a real network are waited for")]

#[path = "../world/mod.rs"]
mod world;

mod copying;
mod scene;
