//! Images that qemu wrote into after they were made: partial clusters, zero clusters, discards, compressed clusters
//! among others, internal snapshots. The content is kept beside them and compared.
#![allow(clippy::unwrap_used, missing_docs)]

mod content;
mod qemu;

use std::path::Path;
use std::process::Command;

use content::Random;
use disk::{Declared, Format, Image};
use qemu::Qemu;

const SIZE_BYTES: u64 = 6 << 20;

/// Writes at random places, as qemu-io commands, and the same to `disk`.
fn scribble(random: &mut Random, disk: &mut [u8]) -> Vec<String> {
    let mut commands = Vec::new();
    for _ in 0..25 {
        let offset = random.below(SIZE_BYTES / 512) * 512;
        let length = (512 * (1 + random.below(300))).min(SIZE_BYTES - offset);
        let place = offset as usize..(offset + length) as usize;
        match random.below(4) {
            0 => {
                commands.push(format!("write -z {offset} {length}"));
                disk[place].fill(0);
            }
            1 => {
                commands.push(format!("write -z -u {offset} {length}"));
                disk[place].fill(0);
            }
            _ => {
                let byte = 1 + random.below(255) as u8;
                commands.push(format!("write -P {byte} {offset} {length}"));
                disk[place].fill(byte);
            }
        }
    }
    commands
}

/// Every seventh cluster compressed; qemu does that only where nothing was written yet.
fn compress(disk: &mut [u8]) -> Vec<String> {
    const CLUSTER: usize = 65_536;
    let mut commands = Vec::new();
    for at in (0..disk.len()).step_by(7 * CLUSTER) {
        let byte = 1 + (at / CLUSTER) as u8;
        commands.push(format!("write -c -P {byte} {at} {CLUSTER}"));
        disk[at..at + CLUSTER].fill(byte);
    }
    commands
}

fn qemu_io(path: &Path, driver: &str, commands: &[String]) {
    let mut command = Command::new("qemu-io");
    command.args(["-d", "unmap", "-f", driver]);
    for one in commands {
        command.args(["-c", one]);
    }
    let output = command.arg(path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && !text.contains("failed"), "qemu-io: {text}");
}

fn check(path: &Path, format: Format, disk: &[u8]) {
    let image = Image::open(path, Declared::As(format)).unwrap();
    let mut bytes = vec![0xee; disk.len()];
    image.reader().read_at(0, &mut bytes).unwrap();
    assert!(bytes == disk, "bytes differ");
    // Again from its stretches alone.
    let (mut rebuilt, mut reader) = (vec![0; disk.len()], image.reader());
    let mut at = 0;
    while let Some(data) = image.next_data(at).unwrap() {
        at = data.end;
        let place = data.start as usize..data.end as usize;
        reader.read_at(data.start, &mut rebuilt[place]).unwrap();
    }
    assert!(rebuilt == disk, "bytes differ when read by stretches");
}

/// What the image holds before anything is written over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fresh {
    Empty,
    /// Clusters of 64 KiB, some of them compressed.
    Compressed,
}

#[test]
fn images_that_were_written_over_are_read_byte_for_byte() {
    let Some(qemu) = Qemu::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    let name = path.to_str().unwrap();
    let kinds = [
        (Format::Qcow2, "qcow2", "compat=1.1", Fresh::Compressed),
        (Format::Qcow2, "qcow2", "compat=0.10", Fresh::Compressed),
        (Format::Qcow2, "qcow2", "compression_type=zstd", Fresh::Compressed),
        (Format::Qcow2, "qcow2", "extended_l2=on", Fresh::Compressed),
        (Format::Qcow2, "qcow2", "extended_l2=on,cluster_size=2M", Fresh::Empty),
        (Format::Qcow2, "qcow2", "cluster_size=512", Fresh::Empty),
        (Format::Qcow2, "qcow2", "lazy_refcounts=on", Fresh::Empty),
        (Format::Vmdk, "vmdk", "subformat=monolithicSparse", Fresh::Empty),
        (Format::Vhd, "vpc", "subformat=dynamic,force_size=on", Fresh::Empty),
    ];
    for (seed, (format, driver, options, fresh)) in kinds.into_iter().enumerate() {
        println!("seed {seed}: {driver} {options}");
        let mut random = Random(seed as u64);
        let mut disk = vec![0; SIZE_BYTES as usize];
        qemu.run(&["create", "-q", "-f", driver, "-o", options, name, "6M"]);
        if fresh == Fresh::Compressed {
            qemu_io(&path, driver, &compress(&mut disk));
        }
        for round in 0..3 {
            qemu_io(&path, driver, &scribble(&mut random, &mut disk));
            check(&path, format, &disk);
            if format == Format::Qcow2 {
                // bad-07: a sound snapshot shares tables and clusters with the disk and is not read.
                qemu.run(&["snapshot", "-c", &format!("s{round}"), name]);
                check(&path, format, &disk);
            }
        }
        std::fs::remove_file(&path).unwrap();
    }
}
