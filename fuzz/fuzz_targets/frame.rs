//! Frames from the wire and headers at rest: cut, checked, opened. What opens is what its id says, under its naming alone.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use store::{CHUNK_BYTES, ChunkId, Decoder, Encoder, FrameHeader, Frames, IdKey, Naming, Seal};

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
        // At rest a header has the one seal or the other, never both, and states no more than fits.
        let (plain, sealed) =
            (FrameHeader::parse(bytes), FrameHeader::parse_stored(bytes, Seal::Aes256Gcm));
        assert!(plain.is_err() || sealed.is_err());
        if let Ok(header) = sealed {
            assert!((29..=store::STORED_MAX).contains(&header.stored_bytes()));
            assert!(decoder.open(bytes).is_err(), "a sealed frame is not for the wire");
        }
        // What we make ourselves of any bytes reads back.
        let plain = &bytes[..bytes.len().min(CHUNK_BYTES)];
        if !plain.is_empty() {
            let mut frame = Vec::new();
            let mut encoder = Encoder::new(1).expect("zstd has memory");
            encoder.encode(&ChunkId::of(plain), plain, &mut frame);
            assert_eq!(decoder.open(&frame).expect("our own frame is good"), Some(plain));
            let naming = Naming::Keyed(IdKey::new([7; 32]));
            assert!(decoder.open_named(&frame, &naming).is_err());
            frame.clear();
            encoder.encode(&naming.id(plain), plain, &mut frame);
            assert_eq!(decoder.open_named(&frame, &naming).expect("and named so"), Some(plain));
            assert!(decoder.open(&frame).is_err());
        }
    });
});
