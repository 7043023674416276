//! The door of JD Cloud VM, through the router with real regions behind it.
#![allow(clippy::unwrap_used, missing_docs)]

mod admission;
mod changes;
mod constraints;
mod conversion;
mod copies;
mod creation;
mod deletion;
mod door;
mod gateway;
mod golden;
#[path = "../golden_runner/mod.rs"]
mod golden_runner;
mod images;
mod quotas;
mod replays;
mod sharing;
mod signer;
mod snapshots;
mod story;
mod tasks;
