//! Requests of the clouds' clients: given to a door, and read by each as far as their signature, or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    api::outside::read_cloud_wires(bytes);
});
