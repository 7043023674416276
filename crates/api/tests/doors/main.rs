//! The doors over real connections, with real regions behind them.
#![allow(clippy::unwrap_used, missing_docs)]

mod accounts;
mod alibaba;
mod bad_inputs;
mod copies;
mod encryption;
mod foreign;
mod imports;
mod listings;
mod openapi;
mod operators;
mod peers;
mod raw_http;
mod records;
mod sharing;
#[path = "../alibaba/signer.rs"]
mod signer;
mod snapshots;
mod tasks;
mod tickets;
mod usage;
mod world;
