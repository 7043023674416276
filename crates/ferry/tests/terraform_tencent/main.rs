//! Tencent Cloud's own Terraform provider against a real service: as its makers publish it, less what cannot be built
//! (`xtask/src/test/terraform.rs` says what and why). Needs its programs, which `cargo xtask test --only terraform` builds;
//! without them every test says SKIP.
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

mod found;
mod images;
mod objects;
mod sharing;
mod syncs;
mod workspace;
