//! The doors over real connections, with real regions behind them.
#![allow(clippy::unwrap_used, missing_docs)]

mod accounts;
mod alibaba;
mod bad_inputs;
mod clouds;
mod copies;
mod encryption;
mod foreign;
mod imports;
#[allow(dead_code)] // requests that are bent, which that door's own tests send
#[path = "../jdcloud/signer.rs"]
mod jdcloud_signer;
mod links;
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
mod states;
mod tasks;
mod tickets;
mod usage;
mod world;
