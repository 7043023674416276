//! The real binary, from an empty folder to an exported image.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../world/mod.rs"]
mod world;

mod answers;
mod console;
mod encryption;
mod fan_out;
mod journey;
mod links;
mod local_images;
mod people;
mod processes;
mod refusals;
mod snapshots;
mod tasks;
mod tickets;
mod usage;
