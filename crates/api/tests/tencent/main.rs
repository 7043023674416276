//! The door of Tencent Cloud CVM, through the router with real regions behind it.
#![allow(clippy::unwrap_used, missing_docs)]

mod admission;
mod changes;
mod connections;
mod copies;
mod creation;
mod deletion;
mod door;
mod golden;
#[path = "../golden_runner/mod.rs"]
mod golden_runner;
mod images;
mod legacy;
mod limits;
mod older;
mod repeats;
mod replays;
mod sending;
mod sharing;
mod signer;
mod snapshots;
mod tags;
mod tasks;
mod ways;
mod wire;
