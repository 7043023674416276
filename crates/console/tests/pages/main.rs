//! The console's pages as a browser without script sees them: what is asked, what is answered, what is kept.
#![allow(clippy::unwrap_used, missing_docs)]

mod acting;
mod audit;
mod copies;
mod copying;
mod encryption_keys;
mod hostile;
mod images;
mod instances;
mod keys;
mod kit;
mod overview;
mod people;
mod regions;
mod sign_in;
mod snapshots;
mod someone;
mod tasks;
mod tickets;
mod usage;
