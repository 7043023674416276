//! Which format any bytes are, and whatever follows from it.
#![no_main]

use disk::Declared;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    ferry_fuzz::open_and_read(bytes, Declared::Auto);
});
