//! `bad-13` to `bad-20`: other containers, two formats at once, and other formats than declared.

use disk::{Declared, Format};

use super::{Case, MALFORMED, UNSUPPORTED};
use crate::forge::{Put, qcow2, vhd, vmdk};

const AMBIGUOUS: &str = "AmbiguousFormat";

/// All of them.
pub fn cases(seed: u64) -> Vec<Case> {
    let mut cases = others();
    for length in [0, 1, 511] {
        cases.push(Case::new("bad-16", format!("{length} bytes"), MALFORMED, vec![7; length]));
    }
    for length in [513, 100_001] {
        let name = format!("raw of {length} bytes");
        cases.push(Case::new("bad-09", name, "InvalidImageSize", vec![7; length]));
    }
    cases.extend(polyglots(seed));
    cases.extend(mismatches(seed));
    cases
}

fn others() -> Vec<Case> {
    let at_start: [(&str, &str, &[u8]); 16] = [
        ("bad-13", "vhdx", b"vhdxfile"),
        ("bad-15", "qed", b"QED\0"),
        ("bad-15", "bochs", b"Bochs Virtual HD Image"),
        ("bad-15", "cloop", b"#!/bin/sh\n#V2.0 Format\nmodprobe cloop"),
        ("bad-15", "parallels", b"WithoutFreeSpace"),
        ("bad-15", "parallels 2", b"WithouFreSpacExt"),
        ("bad-15", "luks 1", b"LUKS\xba\xbe\0\x01"),
        ("bad-15", "luks 2", b"LUKS\xba\xbe\0\x02"),
        ("bad-15", "vmfsSparse", b"COWD\x01"),
        ("bad-15", "seSparse", b"\xbe\xba\xfe\xca\0\0\0\0"),
        ("bad-15", "gzip", b"\x1f\x8b\x08\0"),
        ("bad-15", "xz", b"\xfd7zXZ\0"),
        ("bad-15", "zstd", b"\x28\xb5\x2f\xfd"),
        ("bad-15", "bzip2", b"BZh9"),
        ("bad-15", "zip", b"PK\x03\x04"),
        ("bad-15", "7z", b"7z\xbc\xaf\x27\x1c"),
    ];
    let disk = || vec![0; 64 << 10];
    let mut cases = Vec::new();
    let mut add = |id, name: &str, bytes: Vec<u8>| {
        for declared in [Declared::Auto, Declared::As(Format::Raw)] {
            let case = Case::new(id, format!("{name}, {declared}"), UNSUPPORTED, bytes.clone());
            cases.push(Case { declared, ..case });
        }
    };
    for (id, name, magic) in at_start {
        let mut bytes = disk();
        bytes.text(0, magic);
        add(id, name, bytes);
    }
    let mut vdi = disk();
    vdi.text(0, b"<<< Oracle VM VirtualBox Disk Image >>>\n").le32(64, 0xbeda_107f);
    add("bad-14", "vdi", vdi);
    let mut dmg = disk();
    let trailer = dmg.len() - 512;
    dmg.text(trailer, b"koly");
    add("bad-15", "dmg", dmg);
    cases
}

fn put_mbr(bytes: &mut Vec<u8>) {
    bytes.text(446, &[0x80, 0, 2, 0, 0x83, 0, 9, 0, 1, 0, 0, 0, 100, 0, 0, 0]);
    bytes.text(510, &[0x55, 0xaa]);
}

fn polyglots(seed: u64) -> Vec<Case> {
    let mut cases = Vec::new();
    let containers = [
        ("qcow2", qcow2::forge(seed, qcow2::Shape::Zlib).bytes),
        ("vmdk", vmdk::forge_sparse(seed).bytes),
        ("dynamic vhd", vhd::forge_dynamic(seed).bytes),
    ];
    for (name, container) in containers {
        let mut add = |second: &str, change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = container.clone();
            change(&mut bytes);
            cases.push(Case::new("bad-17", format!("{name} and {second}"), AMBIGUOUS, bytes));
        };
        add("ISO", &|bytes| {
            bytes.resize(bytes.len().max(0x9000), 0);
            bytes.text(0x8001, b"CD001");
        });
        add("GPT", &|bytes| {
            bytes.text(512, b"EFI PART");
        });
        add("MBR", &put_mbr);
        add("dmg trailer", &|bytes| {
            bytes.extend(b"koly");
            bytes.resize(bytes.len() + 508, 0);
        });
        if name != "dynamic vhd" {
            add("vhd footer", &|bytes| bytes.extend(vhd::footer(2, bytes.len() as u64)));
            add("vdi", &|bytes| {
                bytes.le32(64, 0xbeda_107f);
            });
        }
    }
    // A bootable fixed vhd is no polyglot; a bootable disk with a footer of other size or type behind it is one.
    for (name, kind, size) in [("smaller", 2, 99 * 512), ("dynamic", 3, 100 * 512)] {
        let mut bytes = vec![0; 100 * 512];
        put_mbr(&mut bytes);
        bytes.extend(vhd::footer(kind, size));
        let name = format!("MBR and vhd footer of a {name} disk");
        cases.push(Case::new("bad-17", name, AMBIGUOUS, bytes));
    }
    cases
}

fn mismatches(seed: u64) -> Vec<Case> {
    let images = [
        (Format::Raw, vec![7; 4096]),
        (Format::Qcow2, qcow2::forge(seed, qcow2::Shape::Zlib).bytes),
        (Format::Vmdk, vmdk::forge_stream(seed).bytes),
        (Format::Vhd, vhd::forge_fixed(seed).bytes),
        (Format::Vhd, vhd::forge_dynamic(seed).bytes),
    ];
    let mut cases = Vec::new();
    for (format, bytes) in images {
        for declared in Format::ALL.into_iter().filter(|declared| *declared != format) {
            let id = if declared == Format::Raw { "bad-20" } else { "bad-18" };
            let name = format!("{format} declared {declared}");
            let case = Case::new(id, name, "FormatMismatch", bytes.clone());
            cases.push(Case { declared: Declared::As(declared), ..case });
        }
    }
    cases
}
