//! Bodies of the peer protocol and chunk lists: parsed or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    api::outside::parse_all(bytes);
});
