//! The console's pages as a browser without script sees them: what is asked, what is answered, what is kept.
#![allow(clippy::unwrap_used, missing_docs)]

mod images;
mod kit;
mod sign_in;
