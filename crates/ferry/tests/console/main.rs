//! The console in Debian's Chromium, used as people use it: pages are read, links and buttons clicked, labels filled in. Where
//! Chromium or its driver is missing every test says SKIP. `target/console` keeps what the browser showed.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../wire/mod.rs"]
mod wire;
#[path = "../world/mod.rs"]
mod world;

mod axe;
mod browser;
mod driver;
mod hands;
mod harness;
mod look;
mod picture;
mod sign_in;
mod site;
