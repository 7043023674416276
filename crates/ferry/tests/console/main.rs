//! The console in Debian's Chromium, used as people use it: pages are read, links and buttons clicked, labels filled in. Where
//! Chromium or its driver is missing every test says SKIP. `target/console` keeps what the browser showed.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../wire/mod.rs"]
mod wire;
#[path = "../world/mod.rs"]
mod world;

mod approval;
mod axe;
mod browser;
mod copying;
mod driver;
mod hands;
mod harness;
mod keyboard;
mod live;
mod look;
mod names;
mod pages;
mod people;
mod picture;
mod several;
mod sign_in;
mod site;
mod using;
