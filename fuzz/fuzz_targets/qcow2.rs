//! qcow2 headers, tables and compressed clusters.
#![no_main]

use disk::{Declared, Format};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes.to_vec();
    if bytes.len() >= 4 {
        bytes[..4].copy_from_slice(b"QFI\xfb");
    }
    ferry_fuzz::open_and_read(&bytes, Declared::As(Format::Qcow2));
});
