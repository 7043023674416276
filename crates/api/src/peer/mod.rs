//! The peer protocol: the requests of [`region::PeerRegion`] over HTTP/1.1 with streamed bodies.
//!
//! A peer is of the same deployment and shows its secret; still, whatever it sends is parsed through the model's own
//! constructors, and no list or text from it is without bounds.

mod client;
#[cfg(test)]
mod conformance_tests;
mod rejection;
mod secret;
mod server;
mod wire;

pub use client::{PeerClient, PeerSetupError};
pub use secret::{PeerSecret, WeakSecret};
pub(crate) use server::{PeerDoor, router};

/// The header that says whose chunks are asked for.
const ACCOUNT_HEADER: &str = "ferry-account";
