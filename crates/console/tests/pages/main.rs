//! The console's pages as a browser without script sees them: what is asked, what is answered, what is kept.
#![allow(clippy::unwrap_used, missing_docs)]

mod acting;
mod images;
mod instances;
mod kit;
mod sign_in;
mod tasks;
