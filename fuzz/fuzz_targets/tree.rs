//! Root records and nodes from the wire. What decodes encodes to the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use store::{RootRecord, decode_node};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(record) = RootRecord::decode(bytes) {
        assert_eq!(record.encode(), bytes);
        let shape = record.shape();
        assert!(shape.chunks() >= record.places() && (1..=5).contains(&shape.depth()));
    }
    let Some((level, rest)) = bytes.split_first() else { return };
    for ids in [1, rest.len() / 32, 1_024] {
        if let Ok(decoded) = decode_node(rest, level % 6, ids) {
            assert_eq!(decoded.len(), ids);
        }
    }
});
