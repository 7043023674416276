//! Bounds on memory and time. One test, as it looks at the whole process.
#![allow(clippy::unwrap_used, missing_docs)]

mod qemu;

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use disk::{Declared, DiskWriter, Format, Image, MAX_DISK_BYTES, WriteFormat};
use qemu::Qemu;

const TIB: u64 = 1 << 40;

/// Most memory the process ever had, in bytes.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

fn stretches(image: &Image) -> Vec<Range<u64>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(data) = image.next_data(at).unwrap() {
        at = data.end;
        found.push(data);
    }
    found
}

fn write_sparse(path: &Path, format: WriteFormat, size_bytes: u64) {
    let writer = DiskWriter::create(path, format, size_bytes).unwrap();
    for offset in [0, TIB, size_bytes - 512] {
        writer.write_at(offset, &[7; 512]).unwrap();
    }
    writer.finish().unwrap();
}

/// R001-9: what is not there costs nothing.
fn check_sparse(folder: &Path, format: WriteFormat, size_bytes: u64) {
    let path = folder.join("sparse");
    write_sparse(&path, format, size_bytes);
    let image = Image::open(&path, Declared::Auto).unwrap();
    assert_eq!(image.size_bytes(), size_bytes);
    let found = stretches(&image);
    assert!(found.iter().map(|data| data.end - data.start).sum::<u64>() <= 3 * 65_536);
    let mut reader = image.reader();
    for offset in [0, TIB, size_bytes - 512] {
        assert!(found.iter().any(|data| data.contains(&offset)));
        let mut sector = [0; 512];
        reader.read_at(offset, &mut sector).unwrap();
        assert_eq!(sector, [7; 512]);
    }
}

/// `bad-05`, `bad-06`: the largest tables a header may announce, all there.
fn check_largest_tables(folder: &Path) {
    let path = folder.join("tables");
    let file = File::create(&path).unwrap();
    let write = |at: u64, bytes: &[u8]| file.write_all_at(bytes, at).unwrap();
    file.set_len(80 << 20).unwrap();
    write(0, b"QFI\xfb\0\0\0\x03");
    write(20, &9u32.to_be_bytes());
    write(24, &(128u64 << 30).to_be_bytes());
    write(36, &(4u32 << 20).to_be_bytes());
    write(40, &(1u64 << 20).to_be_bytes());
    write(48, &(40u64 << 20).to_be_bytes());
    write(56, &(65_536u32).to_be_bytes());
    write(96, &[0, 0, 0, 4, 0, 0, 0, 104]);
    let image = Image::open(&path, Declared::As(Format::Qcow2)).unwrap();
    assert_eq!(stretches(&image), []);
}

#[test]
fn memory_and_time_are_bounded_whatever_the_size() {
    let folder = tempfile::tempdir().unwrap();
    let (before, started) = (peak_bytes(), Instant::now());
    for size_bytes in [8 * TIB, MAX_DISK_BYTES] {
        for format in [WriteFormat::Raw, WriteFormat::Qcow2, WriteFormat::Vhd] {
            if format != WriteFormat::Qcow2 && size_bytes > 8 * TIB {
                continue; // more than ext4 takes in one file
            }
            check_sparse(folder.path(), format, size_bytes);
        }
    }
    check_largest_tables(folder.path());
    if let Some(qemu) = Qemu::find() {
        let path = folder.path().join("allocated");
        let name = path.to_str().unwrap();
        qemu.run(&["create", "-q", "-f", "qcow2", "-o", "preallocation=metadata", name, "200G"]);
        let image = Image::open(&path, Declared::Auto).unwrap();
        assert_eq!(stretches(&image), [], "clusters that are holes of the file hold no data");
    }
    let grown = peak_bytes() - before;
    println!("peak grew by {grown} bytes in {:?}", started.elapsed());
    assert!(grown <= 128 << 20, "peak grew by {grown} bytes");
    assert!(started.elapsed() < Duration::from_secs(20), "took {:?}", started.elapsed());
}
