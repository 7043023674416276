//! Frames from the wire: cut, checked, opened. What opens is what its id says.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use store::{CHUNK_BYTES, ChunkId, Decoder, Encoder, Frames};

thread_local! {
    static DECODER: RefCell<Decoder> = RefCell::new(Decoder::new().expect("zstd has memory"));
}

fuzz_target!(|bytes: &[u8]| {
    DECODER.with_borrow_mut(|decoder| {
        for frame in Frames::new(bytes.to_vec().into()) {
            let Ok((header, frame)) = frame else { break };
            if let Ok(Some(plain)) = decoder.open(&frame) {
                assert!(plain.len() <= CHUNK_BYTES && ChunkId::of(plain) == header.id);
            }
        }
        // What we make ourselves of any bytes reads back.
        let plain = &bytes[..bytes.len().min(CHUNK_BYTES)];
        if !plain.is_empty() {
            let mut frame = Vec::new();
            let mut encoder = Encoder::new(1).expect("zstd has memory");
            encoder.encode(&ChunkId::of(plain), plain, &mut frame);
            assert_eq!(decoder.open(&frame).expect("our own frame is good"), Some(plain));
        }
    });
});
