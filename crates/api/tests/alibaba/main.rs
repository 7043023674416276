//! The door of Alibaba Cloud ECS, through the router with real regions behind it.
#![allow(clippy::unwrap_used, missing_docs)]

mod cancelling;
mod changes;
mod copies;
mod creation;
mod deletion;
mod door;
mod encryption;
mod foreign;
mod golden;
#[path = "../golden_runner/mod.rs"]
mod golden_runner;
mod images;
mod instances;
mod pages;
mod sharing;
mod signer;
mod snapshots;
mod tags;
mod tasks;
mod unsupported;
