//! The door of Alibaba Cloud ECS, through the router with real regions behind it.
#![allow(clippy::unwrap_used, missing_docs)]

mod door;
mod golden;
mod signer;
