//! Requests to the door of Alibaba Cloud ECS: read as far as their signature, or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    api::outside::read_alibaba_wire(bytes);
});
