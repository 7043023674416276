//! vhd footers, dynamic headers, block tables, bitmaps. Checksums are set right, or nothing would get past them.
#![no_main]

use disk::{Declared, Format};
use libfuzzer_sys::fuzz_target;

fn seal(bytes: &mut [u8], (at, length): (usize, usize), checksum: usize) {
    let Some(end) = at.checked_add(length) else { return };
    let Some(part) = bytes.get_mut(at..end) else { return };
    part[checksum..checksum + 4].fill(0);
    let sum: u32 = part.iter().map(|byte| u32::from(*byte)).sum();
    part[checksum..checksum + 4].copy_from_slice(&(!sum).to_be_bytes());
}

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes.to_vec();
    if let Some(footer) = bytes.len().checked_sub(512) {
        bytes[footer..footer + 8].copy_from_slice(b"conectix");
        if bytes.starts_with(b"conectix") {
            let header: [u8; 8] = bytes[16..24].try_into().expect("8 bytes");
            seal(&mut bytes, (u64::from_be_bytes(header) as usize, 1024), 36);
            seal(&mut bytes, (0, 512), 64);
        }
        seal(&mut bytes, (footer, 512), 64);
    }
    ferry_fuzz::open_and_read(&bytes, Declared::As(Format::Vhd));
});
