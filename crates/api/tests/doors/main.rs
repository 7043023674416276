//! The doors over real connections, with real regions behind them.
#![allow(clippy::unwrap_used, missing_docs)]

mod bad_inputs;
mod copies;
mod imports;
mod listings;
mod openapi;
mod operators;
mod peers;
mod raw_http;
mod records;
mod world;
