//! What is written in any order reads back, in both formats, and nothing appears before it is whole.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use disk::{Declared, DiskWriter, Image, WriteError, WriteFormat};
use proptest::collection::vec;
use proptest::prelude::*;

/// Sectors of the disk, each written at most once: its number and its byte.
type Sectors = BTreeMap<u64, u8>;

fn write(path: &Path, format: WriteFormat, sectors: u64, content: &[(u64, u8)]) {
    let writer = DiskWriter::create(path, format, sectors * 512).unwrap();
    for (sector, byte) in content {
        writer.write_at(sector * 512, &[*byte; 512]).unwrap();
    }
    writer.finish().unwrap();
}

fn read(path: &Path, sectors: u64, expected: &Sectors) {
    let image = Image::open(path, Declared::Auto).unwrap();
    assert_eq!(image.size_bytes(), sectors * 512);
    let mut reader = image.reader();
    let mut at = 0;
    let mut seen = Sectors::new();
    while let Some(data) = image.next_data(at).unwrap() {
        for sector in data.start / 512..data.end / 512 {
            let mut bytes = [0xee; 512];
            reader.read_at(sector * 512, &mut bytes).unwrap();
            assert!(bytes.iter().all(|byte| *byte == bytes[0]));
            if bytes[0] != 0 {
                seen.insert(sector, bytes[0]);
            }
        }
        at = data.end;
    }
    let expected: Sectors =
        expected.iter().filter(|(_, byte)| **byte != 0).map(|(at, byte)| (*at, *byte)).collect();
    assert_eq!(seen, expected);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sectors_written_in_any_order_read_back(
        sectors in 1u64..3_000_000,
        places in vec((0u64..3_000_000, 0u8..4), 0..60),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk");
        let expected: Sectors = places.iter().map(|(at, byte)| (at % sectors, *byte)).collect();
        let content: Vec<_> = places
            .iter()
            .map(|(at, _)| (at % sectors, expected[&(at % sectors)]))
            .collect();
        for format in [WriteFormat::Raw, WriteFormat::Qcow2, WriteFormat::Vhd] {
            write(&path, format, sectors, &content);
            read(&path, sectors, &expected);
        }
    }
}

#[test]
fn a_dropped_writer_leaves_nothing_and_keeps_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk");
    std::fs::write(&path, b"older").unwrap();
    let writer = DiskWriter::create(&path, WriteFormat::Qcow2, 1 << 20).unwrap();
    writer.write_at(0, &[1; 4096]).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    drop(writer);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(std::fs::read(&path).unwrap(), b"older");
}

#[test]
fn a_finished_file_has_the_rights_of_any_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, plain) = (folder.path().join("disk"), folder.path().join("plain"));
    DiskWriter::create(&path, WriteFormat::Raw, 512).unwrap().finish().unwrap();
    std::fs::write(&plain, b"").unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&path), mode(&plain));
}

#[test]
fn sizes_and_ranges_that_no_disk_has_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk");
    for size_bytes in [0, 1, 513, (64 << 40) + 512, u64::MAX] {
        let refused = DiskWriter::create(&path, WriteFormat::Raw, size_bytes);
        assert!(matches!(refused, Err(WriteError::Size { .. })), "{size_bytes}");
    }
    let writer = DiskWriter::create(&path, WriteFormat::Raw, 1024).unwrap();
    for offset in [1, 1024, u64::MAX] {
        let refused = writer.write_at(offset, &[1; 1024]);
        assert!(matches!(refused, Err(WriteError::OutOfRange { .. })), "{offset}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn bad_22_a_file_that_changes_while_it_is_read_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk");
    std::fs::write(&path, [7; 8192]).unwrap();
    let image = Image::open(&path, Declared::Auto).unwrap();
    image.ensure_unchanged().unwrap();
    std::fs::write(&path, [8; 4096]).unwrap();
    assert_eq!(image.ensure_unchanged().unwrap_err().code(), "ImageChanged");
    let mut buffer = [0; 8192];
    assert_eq!(image.reader().read_at(0, &mut buffer).unwrap_err().code(), "ImageChanged");
}
