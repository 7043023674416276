//! The cloud's own Terraform provider, as its makers publish it, against a real service. Needs its programs, which
//! `cargo xtask test --only terraform` builds; without them every test says SKIP.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../ecs/mod.rs"]
mod ecs;
#[path = "../world/mod.rs"]
mod world;

mod copies;
mod found;
mod recorder;
mod workspace;
