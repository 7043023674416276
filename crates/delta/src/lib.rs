//! What is new of a disk, told against a disk that both sides hold: pages that are there already by their numbers, the
//! rest compressed with what resembles it as a prefix. It must not open a file by name, or know stores, trees, regions
//! or the network.
//!
//! The side that sends has a [`BaseIndex`] of the base and an [`Encoder`], whose windows (docs/formats.md, section 20) a
//! [`Decoder`] unpacks in order. Whoever decodes hashes each chunk: what a window says is never trusted.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod ahead;
mod chunks;
mod decoder;
mod encoder;
mod index;
mod key;
mod names;
mod ops;
mod parcel;
mod prefix;
mod prints;
mod sent;
mod varint;

pub use chunks::{CHUNK_BYTES, CHUNK_PAGES, Chunks, PAGE_BYTES, Unreadable, WANTS_MAX};
pub use decoder::{DecodeError, Decoder, Malformed, WINDOW_BYTES_MAX, WindowRead};
pub use encoder::{Base, EncodeError, Encoder, Matching, Planned};
pub use index::{BaseIndex, IndexError, build_index};
pub use key::IndexKey;
