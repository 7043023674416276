//! Alibaba Cloud's own Terraform provider, as its makers publish it, against a real service. Needs its programs, which
//! `cargo xtask test --only terraform` builds; without them every test says SKIP.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../cvm/mod.rs"]
mod cvm;
#[path = "../ecs/mod.rs"]
mod ecs;
#[path = "../provider/mod.rs"]
mod provider;
#[path = "../wire/mod.rs"]
mod wire;
#[path = "../world/mod.rs"]
mod world;

mod copies;
mod found;
mod workspace;
