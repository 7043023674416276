//! Every bad image of the published list is refused by its name, and nothing that an image names is ever opened.
#![allow(clippy::unwrap_used, missing_docs)]

mod bad;
mod content;
mod forge;
mod qemu;
mod watch;

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::path::Path;

use content::Random;
use disk::{Declared, Format, Image};
use forge::qcow2::Shape;
use forge::{Put, qcow2, vhd, vmdk};
use qemu::{Qemu, Subformat};
use watch::Watch;

const SEEDS: [u64; 3] = [1, 20_261_122, 0xfe_4411];

/// A good forged image: name, format, bytes, and the disk it stands for.
type Good = (String, Format, Vec<u8>, Vec<u8>);

fn good_images(seed: u64) -> Vec<Good> {
    let mut images = Vec::new();
    for shape in [Shape::Zlib, Shape::Zstd, Shape::Extended] {
        let image = qcow2::forge(seed, shape);
        images.push((format!("qcow2 {shape:?}"), Format::Qcow2, image.bytes, image.disk));
    }
    for (name, image) in
        [("vmdk sparse", vmdk::forge_sparse(seed)), ("vmdk stream", vmdk::forge_stream(seed))]
    {
        images.push((name.into(), Format::Vmdk, image.bytes, image.disk));
    }
    for (name, image) in
        [("vhd fixed", vhd::forge_fixed(seed)), ("vhd dynamic", vhd::forge_dynamic(seed))]
    {
        images.push((name.into(), Format::Vhd, image.bytes, image.disk));
    }
    images
}

fn read_all(image: &Image) -> Result<Vec<u8>, disk::ReadError> {
    let mut bytes = vec![0xee; image.size_bytes() as usize];
    image.reader().read_at(0, &mut bytes).map(|()| bytes)
}

#[test]
fn forged_images_are_good_until_they_are_broken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    for seed in SEEDS {
        for (name, format, bytes, disk) in good_images(seed) {
            println!("seed {seed}: {name}");
            std::fs::write(&path, &bytes).unwrap();
            let image = Image::open(&path, Declared::As(format)).unwrap();
            assert!(read_all(&image).unwrap() == disk, "{name}: bytes differ");
            if let (Format::Qcow2, Some(qemu)) = (format, Qemu::find()) {
                qemu.check(&path);
                let raw = folder.path().join("raw");
                std::fs::write(&raw, &disk).unwrap();
                qemu.compare(&raw, &path, format);
            }
        }
    }
}

#[test]
fn bad_01_to_bad_20_are_refused_by_name_and_nothing_named_inside_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    let marked = tempfile::tempdir().unwrap();
    let marker = marked.path().join("marker");
    std::fs::write(&marker, [b'M'; 4096]).unwrap();
    let marker = marker.to_str().unwrap();
    let watch = Watch::on(marked.path());
    let mut counted = BTreeMap::new();
    for seed in SEEDS {
        println!("seed {seed}");
        let mut cases = bad::qcow2::cases(seed, marker);
        cases.extend(bad::vmdk::cases(seed, marker));
        cases.extend(bad::vhd::cases(seed, marker));
        cases.extend(bad::containers::cases(seed));
        for case in cases {
            std::fs::write(&path, &case.bytes).unwrap();
            let told = format!("seed {seed}, {} `{}`", case.id, case.name);
            match Image::open(&path, case.declared) {
                Ok(image) => panic!("{told}: accepted as {}", image.format()),
                Err(error) => assert_eq!(error.code(), case.code, "{told}: {error}"),
            }
            *counted.entry(case.id).or_insert(0) += 1;
        }
    }
    assert_eq!(watch.events(), 0, "something named inside an image was opened");
    std::fs::read(marker).unwrap();
    assert_ne!(watch.events(), 0, "the watch sees nothing");
    println!("{counted:?}");
    assert!(counted.values().sum::<i32>() > 100 * SEEDS.len() as i32);
}

/// `bad-16`: cut at every sector.
fn check_cuts(path: &Path, format: Format, disk: &[u8]) {
    let sectors = std::fs::metadata(path).unwrap().len().div_ceil(512);
    let file = OpenOptions::new().write(true).open(path).unwrap();
    for cut in (0..sectors).rev().map(|sector| sector * 512) {
        file.set_len(cut).unwrap();
        match Image::open(path, Declared::Auto) {
            Err(error) => assert_eq!(error.code(), "MalformedImage", "cut at {cut}: {error}"),
            Ok(image) => {
                // A fixed vhd without its footer is the disk's own bytes.
                let found = (format, image.format());
                assert_eq!(found, (Format::Vhd, Format::Raw), "cut at {cut}: accepted");
                assert!(disk.starts_with(&read_all(&image).unwrap()), "cut at {cut}");
            }
        }
        assert!(Image::open(path, Declared::As(format)).is_err(), "cut at {cut}");
    }
}

#[test]
fn bad_16_an_image_cut_at_any_sector_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    for (name, format, bytes, disk) in good_images(SEEDS[0]) {
        std::fs::write(&path, &bytes).unwrap();
        println!("{name}");
        check_cuts(&path, format, &disk);
    }
    let Some(qemu) = Qemu::find() else { return };
    let raw = folder.path().join("raw");
    let disk = content::SeededDisk { seed: 16, size_bytes: 1 << 20 }.make();
    disk.write_sparse(&raw);
    for (format, options, flags) in [
        (Format::Qcow2, "cluster_size=64k", &[][..]),
        (Format::Qcow2, "compat=0.10", &[]),
        (Format::Qcow2, "extended_l2=on", &[]),
        (Format::Qcow2, "compression_type=zlib", &["-c"]),
        (Format::Qcow2, "compression_type=zstd,cluster_size=4k", &["-c"]),
        (Format::Vmdk, "subformat=monolithicSparse", &[]),
        (Format::Vmdk, "subformat=streamOptimized", &[]),
        (Format::Vhd, "subformat=dynamic,force_size=on", &[]),
        (Format::Vhd, "subformat=fixed,force_size=on", &[]),
    ] {
        qemu.convert(&raw, &path, Subformat { format, options, flags });
        println!("qemu-img {format} {options}");
        check_cuts(&path, format, &disk.bytes);
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn bad_08_a_high_ratio_alone_is_accepted() {
    let Some(qemu) = Qemu::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (raw, path) = (folder.path().join("raw"), folder.path().join("image"));
    let disk = vec![b'x'; 8 << 20];
    std::fs::write(&raw, &disk).unwrap();
    let zstd =
        Subformat { format: Format::Qcow2, options: "compression_type=zstd", flags: &["-c"] };
    qemu.convert(&raw, &path, zstd);
    let image = Image::open(&path, Declared::Auto).unwrap();
    assert!(read_all(&image).unwrap() == disk);
}

#[test]
fn bad_19_a_disk_with_a_broken_gpt_is_opaque_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    for (entry_bytes, first, last) in [(0, 34, 40), (1 << 31, 34, 40), (128, 90, 40)] {
        let mut bytes = vec![0; 1 << 20];
        bytes.text(450, &[0xee]).text(510, &[0x55, 0xaa]).text(512, b"EFI PART");
        bytes.le32(512 + 16, 0xbad).le64(512 + 40, first).le64(512 + 48, last);
        bytes.le32(512 + 84, entry_bytes);
        std::fs::write(&path, &bytes).unwrap();
        let image = Image::open(&path, Declared::Auto).unwrap();
        assert_eq!(image.format(), Format::Raw);
        assert!(read_all(&image).unwrap() == bytes);
    }
}

#[test]
fn bad_17_a_bootable_fixed_vhd_is_no_polyglot() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    let mut bytes = vec![0; 100 * 512];
    bytes.text(446, &[0x80, 0, 2, 0, 0x83]).text(510, &[0x55, 0xaa]);
    bytes.extend(vhd::footer(2, 100 * 512));
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(Image::open(&path, Declared::Auto).unwrap().format(), Format::Vhd);
}

#[test]
fn random_damage_never_panics_and_never_hangs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    let mut accepted = 0;
    for seed in SEEDS {
        println!("seed {seed}");
        let mut random = Random(seed);
        for (_, _, bytes, _) in good_images(seed) {
            for _ in 0..400 {
                let mut damaged = bytes.clone();
                for _ in 0..=random.below(3) {
                    // Mostly where the metadata is.
                    let reach = if random.below(4) == 0 { damaged.len() } else { 2048 };
                    let at = random.below(reach as u64) as usize;
                    damaged[at] = random.next() as u8;
                }
                std::fs::write(&path, &damaged).unwrap();
                if let Ok(image) = Image::open(&path, Declared::Auto)
                    && image.size_bytes() <= 64 << 20
                {
                    accepted += 1;
                    let _ = read_all(&image);
                }
            }
        }
    }
    println!("{accepted} of {} damaged images accepted", SEEDS.len() * 7 * 400);
}
