//! Reading, signatures and their mutations, against requests that real clients sent.

mod mutations;
mod properties;
mod readings;
mod vectors;
