//! `bad-11`: vmdk.

use super::{Case, MALFORMED, UNSUPPORTED};
use crate::forge::vmdk::{
    CAPACITY, Places, descriptor, field, forge_sparse, forge_stream, set_descriptor,
};
use crate::forge::{Forged, Put};

const ID: &str = "bad-11";
const EXTENT_PATH: &str = "UnsafeImage.ExtentPath";
const PARENT: &str = "UnsafeImage.Parent";

/// A change that breaks one thing.
type Change<'a> = &'a dyn Fn(&mut Vec<u8>, Places);

struct Maker {
    base: Forged<Places>,
    cases: Vec<Case>,
}

impl Maker {
    fn add(&mut self, code: &'static str, name: &str, change: Change<'_>) {
        let bytes = self.base.broken(|bytes, at| change(bytes, at));
        self.cases.push(Case::new(ID, name, code, bytes));
    }

    fn malformed(&mut self, name: &str, change: Change<'_>) {
        self.add(MALFORMED, name, change);
    }
}

/// All of them. `marker` is a file that must never be opened.
pub fn cases(seed: u64, marker: &str) -> Vec<Case> {
    let mut sparse = Maker { base: forge_sparse(seed), cases: bare(marker) };
    embedded(&mut sparse, marker);
    header(&mut sparse);
    tables(&mut sparse);
    let mut stream = Maker { base: forge_stream(seed), cases: sparse.cases };
    footers(&mut stream);
    markers(&mut stream);
    stream.cases
}

/// Descriptors alone in a file.
fn bare(marker: &str) -> Vec<Case> {
    let kinds = [
        ("monolithicFlat", "FLAT"),
        ("twoGbMaxExtentFlat", "FLAT"),
        ("twoGbMaxExtentSparse", "SPARSE"),
        ("monolithicSparse", "SPARSE"),
        ("vmfs", "VMFS"),
        ("vmfsSparse", "VMFSSPARSE"),
        ("fullDevice", "FLAT"),
        ("custom", "VMFSRDM"),
    ];
    let mut cases = Vec::new();
    let mut add = |name: String, code, mut text: String| {
        text += &"#".repeat(600_usize.saturating_sub(text.len()));
        cases.push(Case::new(ID, name, code, text.into_bytes()));
    };
    for (create_type, kind) in kinds {
        for name in [marker, "../marker", "disk-f001.vmdk"] {
            let text = descriptor(create_type, &format!("RW 2048 {kind} \"{name}\" 0"));
            add(format!("{create_type} of {name}"), EXTENT_PATH, text);
        }
    }
    add("descriptor without extents".into(), MALFORMED, descriptor("monolithicFlat", ""));
    let long = descriptor("monolithicFlat", &"# padding\n".repeat(7000));
    add("descriptor file above 64 KiB".into(), MALFORMED, long);
    let text = descriptor("monolithicFlat", "RW 8 FLAT \"x\"");
    add("child descriptor".into(), PARENT, text.replace("=ffffffff", "=1234abcd"));
    cases
}

fn embedded(maker: &mut Maker, marker: &str) {
    let own = format!("RW {CAPACITY} SPARSE \"d.vmdk\"");
    for name in [marker, "../marker", "a/b", "..\\marker", "C:\\x", ".."] {
        let text = descriptor("monolithicSparse", &format!("RW {CAPACITY} SPARSE \"{name}\""));
        maker.add(EXTENT_PATH, &format!("embedded extent {name}"), &|bytes, _| {
            set_descriptor(bytes, &text);
        });
    }
    let paths = [
        ("two extents", descriptor("monolithicSparse", &format!("{own}\nRW 8 FLAT \"{marker}\""))),
        ("flat extent", descriptor("monolithicSparse", &format!("RW {CAPACITY} FLAT \"x\" 0"))),
        ("other create type", descriptor("twoGbMaxExtentSparse", &own)),
        ("no name", descriptor("vmfs", "RW")),
    ];
    for (name, text) in paths {
        maker.add(EXTENT_PATH, name, &|bytes, _| set_descriptor(bytes, &text));
    }
    let good = descriptor("monolithicSparse", &own);
    let malformed = [
        ("no extents", descriptor("monolithicSparse", "")),
        ("no create type", good.replace("createType", "x")),
        ("extent of other size", descriptor("monolithicSparse", "RW 8 SPARSE \"d.vmdk\"")),
        ("extent without size", descriptor("monolithicSparse", "RW x SPARSE \"d.vmdk\"")),
        ("empty", String::new()),
    ];
    for (name, text) in malformed {
        maker.malformed(&format!("descriptor: {name}"), &|bytes, _| set_descriptor(bytes, &text));
    }
    let child = good.replace("=ffffffff", "=1234abcd");
    maker.add(PARENT, "parentCID", &|bytes, _| set_descriptor(bytes, &child));
    let hint = format!("{good}parentFileNameHint=\"{marker}\"\n");
    maker.add(PARENT, "parentFileNameHint", &|bytes, _| set_descriptor(bytes, &hint));
    for (offset, sectors) in
        [(0, 20), (1, 0), (1, 129), (1, 1 << 40), (1 << 30, 20), (u64::MAX - 1, 20), (1, u64::MAX)]
    {
        let name = format!("descriptor of {sectors} sectors at {offset}");
        maker.malformed(&name, &|bytes, _| {
            bytes.le64(field::DESCRIPTOR_OFFSET, offset).le64(field::DESCRIPTOR_SIZE, sectors);
        });
    }
}

fn header(maker: &mut Maker) {
    for version in [0, 4, u32::MAX] {
        maker.add(UNSUPPORTED, &format!("version {version}"), &|bytes, _| {
            bytes.le32(field::VERSION, version);
        });
    }
    for flags in [1 << 5, 1 << 31, 1 << 16, 1 << 17] {
        maker.add(UNSUPPORTED, &format!("flags {flags:#x}"), &|bytes, _| {
            bytes.le32(field::FLAGS, 1 | flags);
        });
    }
    maker.add(UNSUPPORTED, "compression 2", &|bytes, _| bytes[field::COMPRESSION] = 2);
    maker.malformed("line ends changed", &|bytes, _| {
        bytes.text(field::NEWLINES, b"\n \n\n");
    });
    for (capacity, code) in
        [(0, "InvalidImageSize"), (1 << 40, "ImageTooLarge"), (u64::MAX, "ImageTooLarge")]
    {
        maker.add(code, &format!("capacity {capacity}"), &|bytes, _| {
            bytes.le64(field::CAPACITY, capacity);
        });
    }
    for grain in [0, 3, 8192, 1 << 55, u64::MAX] {
        maker.malformed(&format!("grain of {grain} sectors"), &|bytes, _| {
            bytes.le64(field::GRAIN_SIZE, grain);
        });
    }
    for entries in [0, 513, u32::MAX] {
        maker.malformed(&format!("tables of {entries} entries"), &|bytes, _| {
            bytes.le32(field::TABLE_ENTRIES, entries);
        });
    }
}

fn tables(maker: &mut Maker) {
    for sector in [0, 1, 1 << 30, 1 << 60, u64::MAX - 1] {
        maker.malformed(&format!("grain directory at sector {sector}"), &|bytes, _| {
            bytes.le64(field::DIRECTORY, sector);
        });
        if sector != 0 {
            maker.malformed(&format!("redundant directory at sector {sector}"), &|bytes, _| {
                bytes.le32(field::FLAGS, 3).le64(field::REDUNDANT_DIRECTORY, sector);
            });
        }
    }
    let base = maker.base.at.clone();
    for (name, place) in
        [("descriptor", base.descriptor), ("directory", base.directory), ("far away", 1 << 40)]
    {
        let sector = (place / 512) as u32;
        maker.malformed(&format!("grain table: {name}"), &|bytes, at| {
            bytes.le32(at.directory, sector);
        });
        maker.malformed(&format!("grain: {name}"), &|bytes, at| {
            bytes.le32(at.grains[0], sector);
        });
    }
    maker.malformed("one grain table twice", &|bytes, at| {
        bytes.le32(at.directory + 4, (at.table / 512) as u32);
    });
    maker.malformed("one grain twice", &|bytes, at| {
        bytes.le32(at.grains[0], (at.data[1] / 512) as u32);
    });
    maker.malformed("grains that overlap in part", &|bytes, at| {
        bytes.le32(at.grains[0], (at.data[1] / 512) as u32 + 1);
    });
}

fn footers(maker: &mut Maker) {
    maker.malformed("no footer", &|bytes, at| bytes.truncate(at.footer - 512));
    maker.malformed("only the end missing", &|bytes, at| bytes.truncate(at.footer + 512));
    maker.malformed("footer without header", &|bytes, at| {
        bytes.text(at.footer, b"XXXX");
    });
    maker.malformed("footer of a footer", &|bytes, at| {
        bytes.le64(at.footer + field::DIRECTORY, u64::MAX);
    });
    for (name, place) in
        [("capacity", field::CAPACITY), ("flags", field::FLAGS), ("grain", field::GRAIN_SIZE)]
    {
        maker.malformed(&format!("{name} differs in the footer"), &|bytes, at| {
            bytes[at.footer + place] ^= 4;
        });
    }
    maker.malformed("footer marker of another kind", &|bytes, at| {
        bytes.le32(at.footer - 512 + 12, 7);
    });
    maker.malformed("end marker with a size", &|bytes, at| {
        bytes.le32(at.footer + 512 + 8, 7);
    });
}

fn markers(maker: &mut Maker) {
    for size in [0, 10_000, 0x7fff_ffff, u32::MAX] {
        maker.malformed(&format!("grain marker of {size} bytes"), &|bytes, at| {
            bytes.le32(at.data[0] + 8, size);
        });
    }
    maker.malformed("grain marker of another sector", &|bytes, at| {
        bytes.le64(at.data[0], 1 << 40);
    });
    maker.malformed("grain that runs into the next", &|bytes, at| {
        bytes.le32(at.data[0] + 8, (at.data[1] - at.data[0]) as u32);
    });
    maker.malformed("entry that points at no marker", &|bytes, at| {
        bytes.le32(at.grains[0], (at.table / 512) as u32 - 1);
    });
}
