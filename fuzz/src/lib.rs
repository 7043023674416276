//! What every target does with its bytes: they become a file in memory, which is opened and read.

use std::fs::File;
use std::os::unix::fs::FileExt;

use disk::{Declared, Image};
use rustix::fs::{MemfdFlags, memfd_create};

/// Disks up to this size are read whole, larger ones only where they hold data.
const READ_WHOLE_BYTES: u64 = 4 << 20;
/// Stretches of data looked at.
const MAX_STRETCHES: usize = 200;

/// Opens `bytes` as an image and reads it. Refusals are fine; panics, hangs and large allocations are not.
pub fn open_and_read(bytes: &[u8], declared: Declared) {
    let file = File::from(memfd_create("image", MemfdFlags::CLOEXEC).expect("memory for a file"));
    file.write_all_at(bytes, 0).expect("memory for the bytes");
    let Ok(image) = Image::from_file(file, declared) else { return };
    let size_bytes = image.size_bytes();
    assert!(size_bytes > 0 && size_bytes % 512 == 0 && size_bytes <= disk::MAX_DISK_BYTES);
    let mut reader = image.reader();
    let mut whole = vec![0xee; size_bytes.min(READ_WHOLE_BYTES) as usize];
    let is_read = reader.read_at(0, &mut whole).is_ok();
    let mut buffer = vec![0; 70_000];
    let mut at = 0;
    for _ in 0..MAX_STRETCHES {
        let Ok(Some(data)) = image.next_data(at) else { return };
        assert!(data.start >= at && data.start < data.end && data.end <= size_bytes);
        let skipped = whole.get(at as usize..(data.start as usize).min(whole.len()));
        if let (true, Some(skipped)) = (is_read, skipped) {
            assert!(skipped.iter().all(|byte| *byte == 0), "data outside of the stretches");
        }
        let length = (data.end - data.start).min(buffer.len() as u64) as usize;
        let _ = reader.read_at(data.start, &mut buffer[..length]);
        at = data.end;
    }
}
