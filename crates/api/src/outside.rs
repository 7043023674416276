//! Everything that parses bytes from outside, for fuzz targets.

use crate::{chunk_list, peer};

/// Parses the bytes as a chunk list and as each body of the peer protocol. Refusals are fine, panics are not.
pub fn parse_all(bytes: &[u8]) {
    if let Ok(ids) = chunk_list::parse(bytes) {
        assert_eq!(chunk_list::render(&ids), bytes);
    }
    peer::parse_all(bytes);
}
