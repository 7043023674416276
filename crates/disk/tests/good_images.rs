//! Real images, made by qemu-img from seeded content, read byte for byte; and our exports judged by qemu-img.
#![allow(clippy::unwrap_used, missing_docs)]

mod content;
mod qemu;

use std::path::Path;

use content::{Disk, SeededDisk};
use disk::{Declared, DiskWriter, Format, Image, WriteFormat};
use qemu::{Qemu, Subformat};

/// One image that qemu-img makes.
struct Made {
    name: &'static str,
    subformat: Subformat<'static>,
}

const fn made(name: &'static str, format: Format, options: &'static str) -> Made {
    Made { name, subformat: Subformat { format, options, flags: &[] } }
}

const fn packed(name: &'static str, format: Format, options: &'static str) -> Made {
    Made { name, subformat: Subformat { format, options, flags: &["-c"] } }
}

const IMAGES: [Made; 24] = [
    made("qcow2 v3", Format::Qcow2, "compat=1.1"),
    made("qcow2 v2", Format::Qcow2, "compat=0.10"),
    made("qcow2 512 B", Format::Qcow2, "cluster_size=512"),
    made("qcow2 4 KiB", Format::Qcow2, "cluster_size=4k"),
    made("qcow2 2 MiB", Format::Qcow2, "cluster_size=2M"),
    made("qcow2 subclusters", Format::Qcow2, "extended_l2=on"),
    made("qcow2 subclusters 16 KiB", Format::Qcow2, "extended_l2=on,cluster_size=16k"),
    made("qcow2 subclusters 2 MiB", Format::Qcow2, "extended_l2=on,cluster_size=2M"),
    made("qcow2 metadata", Format::Qcow2, "preallocation=metadata"),
    made("qcow2 full", Format::Qcow2, "preallocation=full"),
    made("qcow2 refcount 1", Format::Qcow2, "refcount_bits=1"),
    made("qcow2 refcount 64", Format::Qcow2, "refcount_bits=64"),
    made("qcow2 lazy", Format::Qcow2, "lazy_refcounts=on"),
    packed("qcow2 zlib", Format::Qcow2, "compression_type=zlib"),
    packed("qcow2 v2 zlib", Format::Qcow2, "compat=0.10"),
    packed("qcow2 zstd", Format::Qcow2, "compression_type=zstd"),
    packed("qcow2 zstd 2 MiB", Format::Qcow2, "compression_type=zstd,cluster_size=2M"),
    packed("qcow2 zlib 512 B", Format::Qcow2, "compression_type=zlib,cluster_size=512"),
    packed("qcow2 zstd 4 KiB", Format::Qcow2, "compression_type=zstd,cluster_size=4k"),
    packed("qcow2 zstd subclusters", Format::Qcow2, "compression_type=zstd,extended_l2=on"),
    made("vmdk sparse", Format::Vmdk, "subformat=monolithicSparse"),
    made("vmdk stream", Format::Vmdk, "subformat=streamOptimized"),
    made("vhd fixed", Format::Vhd, "subformat=fixed,force_size=on"),
    made("vhd dynamic", Format::Vhd, "subformat=dynamic,force_size=on"),
];

/// Every byte, in reads that are not aligned with anything, and again through `next_data` alone.
fn check_image(image: &Image, expected: &Disk) {
    assert_eq!(image.size_bytes(), expected.bytes.len() as u64);
    let mut reader = image.reader();
    for step in [expected.bytes.len(), 65_536, 77_777] {
        let mut got = vec![0xee; step];
        for (at, wanted) in expected.bytes.chunks(step).enumerate() {
            reader.read_at((at * step) as u64, &mut got).unwrap();
            assert!(got[..wanted.len()] == *wanted, "bytes differ from {} on", at * step);
            assert!(got[wanted.len()..].iter().all(|byte| *byte == 0), "no zeros beyond the end");
        }
    }
    let mut at = 0;
    while let Some(data) = image.next_data(at).unwrap() {
        assert!(data.start >= at && data.start < data.end && data.end <= image.size_bytes());
        let skipped = &expected.bytes[at as usize..data.start as usize];
        assert!(skipped.iter().all(|byte| *byte == 0), "data in {at}..{}", data.start);
        at = data.end;
    }
    assert!(expected.bytes[at as usize..].iter().all(|byte| *byte == 0), "data behind {at}");
    image.ensure_unchanged().unwrap();
}

#[test]
fn every_subformat_is_read_byte_for_byte() {
    let Some(qemu) = Qemu::find() else { return };
    for (seed, size_bytes) in [(1, 9 << 20), (2, (5 << 20) + 512), (3, 40 << 20)] {
        println!("seed {seed}, {size_bytes} bytes");
        let folder = tempfile::tempdir().unwrap();
        let disk = SeededDisk { seed, size_bytes }.make();
        let raw = folder.path().join("disk.raw");
        disk.write_sparse(&raw);
        check_image(&Image::open(&raw, Declared::As(Format::Raw)).unwrap(), &disk);
        for made in &IMAGES {
            println!("  {}", made.name);
            let path = folder.path().join("image");
            qemu.convert(&raw, &path, made.subformat);
            let image = Image::open(&path, Declared::Auto).unwrap();
            assert_eq!(image.format(), made.subformat.format);
            check_image(&image, &disk);
            std::fs::remove_file(&path).unwrap();
        }
    }
}

fn export(disk: &Disk, path: &Path, format: WriteFormat) {
    let writer = DiskWriter::create(path, format, disk.bytes.len() as u64).unwrap();
    const STEP: usize = 100_000;
    // Four threads, each from the end backwards, in pieces aligned with nothing.
    std::thread::scope(|scope| {
        for lane in 0..4 {
            let writer = &writer;
            scope.spawn(move || {
                let pieces: Vec<_> = disk.bytes.chunks(STEP).enumerate().collect();
                for (at, piece) in pieces.into_iter().rev().filter(|(at, _)| at % 4 == lane) {
                    writer.write_at((at * STEP) as u64, piece).unwrap();
                }
            });
        }
    });
    writer.finish().unwrap();
}

const FORMATS: [(WriteFormat, Format); 3] = [
    (WriteFormat::Raw, Format::Raw),
    (WriteFormat::Qcow2, Format::Qcow2),
    (WriteFormat::Vhd, Format::Vhd),
];

#[test]
fn exports_are_whole_sparse_and_clean() {
    let Some(qemu) = Qemu::find() else { return };
    for (seed, size_bytes) in [(4, 9 << 20), (5, (520 << 20) + 512), (6, 512)] {
        println!("seed {seed}, {size_bytes} bytes");
        let folder = tempfile::tempdir().unwrap();
        let disk = SeededDisk { seed, size_bytes }.make();
        let original = folder.path().join("disk.raw");
        disk.write_sparse(&original);
        for (format, read) in FORMATS {
            let path = folder.path().join("export");
            export(&disk, &path, format);
            qemu.compare(&original, &path, read);
            if read == Format::Qcow2 {
                qemu.check(&path);
            }
            let allocated = content::allocated_bytes(&path);
            let most = disk.data_bytes() * 3 / 2 + (1 << 20);
            assert!(allocated <= most, "{read}: {allocated} bytes on disk, more than {most}");
            check_image(&Image::open(&path, Declared::As(read)).unwrap(), &disk);
        }
    }
}
