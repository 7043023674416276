//! A wide area network on this machine: two network namespaces, joined by a forwarder of IP packets in user space that
//! delays, queues, loses, cuts and damages them as it is told, and counts each one.
//!
//! Real TCP runs over it; the kernel needs `tun` alone (`netem` is not in every kernel). It must not be depended on by the
//! product: [`Wan`] is for tests and measurements, and the program `wan` for people.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod counts;
mod flip;
mod forwarder;
mod namespace;
mod pipe;
mod quantity;
mod settings;
mod wan;

pub use counts::Counts;
pub use quantity::{BadQuantity, parse_bytes, parse_rate, parse_share, parse_time};
pub use settings::{Checksum, Cut, Flips, Settings};
pub use wan::{Side, Wan, WanError, Way};

/// The longest packet, IP header included, in bytes: Ethernet's.
pub const MTU_BYTES: usize = 1_500;
