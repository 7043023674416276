//! Everything that parses bytes from outside, for fuzz targets.

use crate::cloud::door::{door_of, needs_form};
use crate::cloud::raw;
use crate::{alibaba, chunk_list, jdcloud, peer, tencent};

/// Parses the bytes as a chunk list and as each body of the peer protocol. Refusals are fine, panics are not.
pub fn parse_all(bytes: &[u8]) {
    if let Ok(ids) = chunk_list::parse(bytes) {
        assert_eq!(chunk_list::render(&ids), bytes);
    }
    peer::parse_all(bytes);
}

/// Reads the bytes as a request to each cloud's door, whichever it is for. Refusals are fine, panics are not.
pub fn read_cloud_wires(bytes: &[u8]) {
    if let Some((parts, body)) = raw::parsed(bytes) {
        let needs_form = needs_form(&parts.method, &parts.uri, &parts.headers);
        let form = if needs_form { body.as_slice() } else { &[] };
        let _door = door_of(&parts.method, &parts.uri, &parts.headers, form);
    }
    for take_apart in [alibaba::raw::take_apart, tencent::raw::take_apart, jdcloud::raw::take_apart]
    {
        let _got_to_its_signature = take_apart(bytes);
    }
}
