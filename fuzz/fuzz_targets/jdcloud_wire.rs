//! Requests to the door of JD Cloud VM: read as far as their signature, or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    api::outside::read_jdcloud_wire(bytes);
});
