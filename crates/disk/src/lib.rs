//! Disk image files in and out: raw, qcow2, vmdk, vhd.
//!
//! It must not open any path named inside an image, and knows no chunks, regions or network.
//!
//! [`Image::open`] decides the format by content and checks all metadata once: bounded in memory and time, refused by
//! name. Readers then map a stretch of the disk to holes, bytes of the file, or a compressed unit. [`DiskWriter`] makes
//! raw, qcow2 and fixed vhd files that appear under their name only when whole and durable.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod bytes;
mod claims;
mod detect;
mod error;
mod extent;
mod format;
mod host;
mod image;
mod limits;
mod qcow2;
mod reader;
mod table;
mod unpack;
mod vhd;
mod vmdk;
mod write;

pub use detect::Signature;
pub use error::{Malformed, NamedInside, OpenError, Problem, ReadError, Unsupported, WriteError};
pub use format::{Declared, Format, UnknownFormat};
pub use image::Image;
pub use limits::{MAX_DESCRIPTOR_BYTES, MAX_DISK_BYTES, MAX_TABLE_BYTES, SECTOR_BYTES};
pub use reader::Reader;
pub use write::{DiskFile, DiskWriter, WriteFormat};
