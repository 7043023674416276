//! The calls that the clouds' Terraform providers made when they were run for real, played again: signed anew, in their order,
//! each with the answer it had. `cargo xtask test --only terraform` with `FERRY_TEST_RECORD=1` writes them.
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

mod alibaba;
mod tencent;
