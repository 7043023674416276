//! `bad-12`: vhd.

use super::{Case, MALFORMED, UNSUPPORTED};
use crate::forge::vhd::{
    Places, field, forge_dynamic, forge_fixed, header, seal_footer, seal_header,
};
use crate::forge::{Forged, Put};

const ID: &str = "bad-12";

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

    /// Changes the footer, and its copy where there is one, and seals both.
    fn footer(&mut self, code: &'static str, name: &str, change: &dyn Fn(&mut Vec<u8>, usize)) {
        self.add(code, name, &|bytes, at| {
            for place in [at.footer, 0] {
                if bytes[place..].starts_with(b"conectix") {
                    change(bytes, place);
                    seal_footer(bytes, place);
                }
            }
        });
    }

    /// Changes the dynamic header and seals it.
    fn header(&mut self, code: &'static str, name: &str, change: &dyn Fn(&mut Vec<u8>, usize)) {
        self.add(code, name, &|bytes, at| {
            change(bytes, at.header);
            seal_header(bytes, at.header);
        });
    }
}

/// All of them. `marker` is a file that must never be opened.
pub fn cases(seed: u64, marker: &str) -> Vec<Case> {
    let mut fixed = Maker { base: forge_fixed(seed), cases: Vec::new() };
    footers(&mut fixed, "fixed");
    fixed.footer(MALFORMED, "fixed: size is not the file's", &|bytes, at| {
        bytes.be64(at + field::CURRENT_SIZE, 99 * 512).be32(at + field::GEOMETRY, 0);
    });
    let mut dynamic = Maker { base: forge_dynamic(seed), cases: fixed.cases };
    footers(&mut dynamic, "dynamic");
    parents(&mut dynamic, marker);
    headers(&mut dynamic);
    blocks(&mut dynamic);
    dynamic.cases
}

fn footers(maker: &mut Maker, kind: &str) {
    for place in [field::CHECKSUM, field::CURRENT_SIZE + 7, 200] {
        maker.add(MALFORMED, &format!("{kind}: footer byte {place} wrong"), &|bytes, at| {
            bytes[at.footer + place] ^= 1;
        });
    }
    for disk_type in [0, 1, 5, 6, u32::MAX] {
        maker.footer(UNSUPPORTED, &format!("{kind}: type {disk_type}"), &|bytes, at| {
            bytes.be32(at + field::TYPE, disk_type);
        });
    }
    maker.footer(UNSUPPORTED, &format!("{kind}: version 2"), &|bytes, at| {
        bytes.be32(at + field::VERSION, 0x2_0000);
    });
    let sizes = [
        (0, "InvalidImageSize"),
        (513, "InvalidImageSize"),
        (1 << 47, "ImageTooLarge"),
        (u64::MAX, "ImageTooLarge"),
    ];
    for (size, code) in sizes {
        maker.footer(code, &format!("{kind}: size {size}"), &|bytes, at| {
            bytes.be64(at + field::CURRENT_SIZE, size);
        });
    }
    maker.footer(MALFORMED, &format!("{kind}: geometry above the size"), &|bytes, at| {
        bytes.be16(at + field::GEOMETRY, 60_000);
    });
}

fn parents(maker: &mut Maker, marker: &str) {
    const PARENT: &str = "UnsafeImage.Parent";
    maker.add(PARENT, "differencing", &|bytes, at| {
        for (nth, unit) in marker.encode_utf16().enumerate() {
            bytes.be16(at.header + header::PARENT_NAME + nth * 2, unit);
        }
        bytes.text(at.header + header::LOCATORS, b"W2ku");
        seal_header(bytes, at.header);
        for place in [0, at.footer] {
            bytes.be32(place + field::TYPE, 4);
            seal_footer(bytes, place);
        }
    });
    maker.footer(PARENT, "differencing, header far away", &|bytes, at| {
        bytes.be32(at + field::TYPE, 4).be64(at + field::HEADER_OFFSET, u64::MAX - 3);
    });
    maker.header(PARENT, "dynamic with a parent locator", &|bytes, at| {
        bytes.text(at + header::LOCATORS + 24, b"W2ru");
    });
}

fn headers(maker: &mut Maker) {
    maker.add(MALFORMED, "footer copy missing", &|bytes, _| bytes[..512].fill(0));
    maker.add(MALFORMED, "footer copy damaged", &|bytes, _| bytes[100] ^= 1);
    maker.add(MALFORMED, "footer copy of another size", &|bytes, _| {
        bytes.be64(field::CURRENT_SIZE, 1 << 20);
        seal_footer(bytes, 0);
    });
    maker.add(MALFORMED, "header checksum wrong", &|bytes, at| bytes[at.header + 900] ^= 1);
    maker.header(MALFORMED, "header cookie wrong", &|bytes, at| bytes[at] ^= 1);
    for offset in [0, 1 << 20, u64::MAX - 100] {
        maker.footer(MALFORMED, &format!("header at {offset}"), &|bytes, at| {
            bytes.be64(at + field::HEADER_OFFSET, offset);
        });
    }
    for size in [0, 3, 256, 3 * 512, 1 << 27, 1 << 31] {
        maker.header(MALFORMED, &format!("block size {size}"), &|bytes, at| {
            bytes.be32(at + header::BLOCK_SIZE, size);
        });
    }
    for entries in [0, 19, 1 << 24, u32::MAX] {
        maker.header(MALFORMED, &format!("{entries} table entries"), &|bytes, at| {
            bytes.be32(at + header::TABLE_ENTRIES, entries);
        });
    }
    for offset in [0, 513, 512, 1 << 40, u64::MAX - 511] {
        maker.header(MALFORMED, &format!("block table at {offset}"), &|bytes, at| {
            bytes.be64(at + header::TABLE_OFFSET, offset);
        });
    }
}

fn blocks(maker: &mut Maker) {
    let base = maker.base.at.clone();
    let last = (base.footer / 512) as u32;
    for (name, sector) in [
        ("the footer's copy", 0),
        ("the header", 1),
        ("the block table", 3),
        ("the footer", last),
        ("just before the footer", last - 1),
        ("far away", 0xffff_fffe),
    ] {
        maker.add(MALFORMED, &format!("block at {name}"), &|bytes, at| {
            bytes.be32(at.blocks[0], sector);
        });
    }
    maker.add(MALFORMED, "one block twice", &|bytes, at| {
        bytes.copy_within(at.blocks[1]..at.blocks[1] + 4, at.blocks[0]);
    });
}
