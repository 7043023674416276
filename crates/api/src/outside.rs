//! Everything that parses bytes from outside, for fuzz targets.

use crate::{alibaba, chunk_list, peer};

/// Parses the bytes as a chunk list and as each body of the peer protocol. Refusals are fine, panics are not.
pub fn parse_all(bytes: &[u8]) {
    if let Ok(ids) = chunk_list::parse(bytes) {
        assert_eq!(chunk_list::render(&ids), bytes);
    }
    peer::parse_all(bytes);
}

/// Reads the bytes as a request to the door of Alibaba Cloud ECS. Refusals are fine, panics are not.
pub fn read_alibaba_wire(bytes: &[u8]) {
    let _got_to_its_signature = alibaba::raw::take_apart(bytes);
}
