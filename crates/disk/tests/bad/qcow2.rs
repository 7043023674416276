//! `bad-01` to `bad-10`: qcow2.

use super::{Case, MALFORMED, UNSUPPORTED};
use crate::forge::qcow2::{COPIED, PACKED, Places, Shape, field, forge};
use crate::forge::{Forged, Put};

/// A change that breaks one thing.
type Change<'a> = &'a dyn Fn(&mut Vec<u8>, Places);

struct Maker {
    base: Forged<Places>,
    cases: Vec<Case>,
}

impl Maker {
    fn add(&mut self, id: &'static str, code: &'static str, name: &str, change: Change<'_>) {
        let bytes = self.base.broken(|bytes, at| change(bytes, at));
        self.cases.push(Case::new(id, name, code, bytes));
    }

    fn malformed(&mut self, id: &'static str, name: &str, change: Change<'_>) {
        self.add(id, MALFORMED, name, change);
    }
}

/// All of them. `marker` is a file that must never be opened.
pub fn cases(seed: u64, marker: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for shape in [Shape::Zlib, Shape::Zstd] {
        let mut maker = Maker { base: forge(seed, shape), cases: Vec::new() };
        names(&mut maker, marker);
        features(&mut maker);
        extensions(&mut maker);
        tables(&mut maker);
        loops(&mut maker);
        snapshots(&mut maker);
        shared_clusters(&mut maker);
        sizes(&mut maker);
        cases.extend(maker.cases);
    }
    let mut maker = Maker { base: forge(seed, Shape::Extended), cases: Vec::new() };
    subclusters(&mut maker);
    cases.extend(maker.cases);
    cases
}

fn put_extension(bytes: &mut Vec<u8>, kind: u32, name: &str) {
    let at = field::EXTENSIONS;
    bytes.be32(at, kind).be32(at + 4, name.len() as u32).text(at + 8, name.as_bytes());
}

fn names(maker: &mut Maker, marker: &str) {
    const DATA_FILE: u32 = 0x4441_5441;
    const BACKING_FORMAT: u32 = 0xe279_2aca;
    let external = "UnsafeImage.ExternalData";
    maker.add("bad-01", external, "data file bit", &|bytes, _| {
        let features = bytes[field::INCOMPATIBLE + 7] | 4;
        bytes[field::INCOMPATIBLE + 7] = features;
    });
    maker.add("bad-01", external, "data file extension", &|bytes, _| {
        put_extension(bytes, DATA_FILE, marker);
    });
    maker.add("bad-01", external, "data file bit and extension", &|bytes, _| {
        bytes[field::INCOMPATIBLE + 7] |= 4;
        put_extension(bytes, DATA_FILE, marker);
    });
    let backing = "UnsafeImage.BackingFile";
    let json = format!("json:{{\"driver\":\"raw\",\"file.filename\":\"{marker}\"}}");
    for name in [marker, "../marker", json.as_str(), "nbd://127.0.0.1:1/x", ""] {
        maker.add("bad-02", backing, &format!("backing file {name}"), &|bytes, _| {
            put_extension(bytes, BACKING_FORMAT, "raw");
            bytes.be64(field::BACKING_OFFSET, 1024).be32(field::BACKING_LENGTH, name.len() as u32);
            bytes.text(1024, name.as_bytes());
        });
    }
    for (offset, length) in [(1024, u32::MAX), (u64::MAX - 4, 100), (4090, 1023), (1 << 40, 4)] {
        let name = format!("backing name of {length} bytes at {offset}");
        maker.add("bad-02", backing, &name, &|bytes, _| {
            bytes.be64(field::BACKING_OFFSET, offset).be32(field::BACKING_LENGTH, length);
        });
    }
}

fn features(maker: &mut Maker) {
    for bit in [5, 6, 31, 63] {
        maker.add("bad-03", UNSUPPORTED, &format!("incompatible bit {bit}"), &|bytes, _| {
            bytes[field::INCOMPATIBLE + 7 - bit / 8] |= 1 << (bit % 8);
        });
    }
    for version in [0, 1, 4, u32::MAX] {
        maker.add("bad-03", UNSUPPORTED, &format!("version {version}"), &|bytes, _| {
            bytes.be32(field::VERSION, version);
        });
    }
    for method in [1, 2, 77] {
        maker.add("bad-15", UNSUPPORTED, &format!("encryption {method}"), &|bytes, _| {
            bytes.be32(field::CRYPT, method);
        });
    }
    maker.add("bad-03", UNSUPPORTED, "compression type 2", &|bytes, _| {
        bytes[field::INCOMPATIBLE + 7] |= 8;
        bytes[field::COMPRESSION_TYPE] = 2;
    });
    maker.malformed("bad-10", "compression type and bit disagree", &|bytes, _| {
        bytes[field::INCOMPATIBLE + 7] ^= 8;
    });
    maker.malformed("bad-10", "corrupt bit", &|bytes, _| bytes[field::INCOMPATIBLE + 7] |= 2);
    for bits in [0, 8, 22, 63, u32::MAX] {
        maker.malformed("bad-10", &format!("cluster bits {bits}"), &|bytes, _| {
            bytes.be32(field::CLUSTER_BITS, bits);
        });
    }
    for order in [7, 63, u32::MAX] {
        maker.malformed("bad-10", &format!("refcount order {order}"), &|bytes, _| {
            bytes.be32(field::REFCOUNT_ORDER, order);
        });
    }
    maker.malformed("bad-10", "extended L2 with 4 KiB clusters", &|bytes, _| {
        bytes[field::INCOMPATIBLE + 7] |= 16;
    });
    maker.malformed("bad-10", "version 2 with a zero cluster", &|bytes, _| {
        bytes.be32(field::VERSION, 2);
        bytes[72..112].fill(0);
    });
}

fn extensions(maker: &mut Maker) {
    for length in [0, 96, 105, 4104, u32::MAX] {
        maker.malformed("bad-04", &format!("header length {length}"), &|bytes, _| {
            bytes.be32(field::HEADER_LENGTH, length);
        });
    }
    for length in [0x7fff_ffff, u32::MAX, 4096 - 112 - 8 + 1] {
        maker.malformed("bad-04", &format!("extension length {length}"), &|bytes, _| {
            bytes.be32(field::EXTENSIONS, 0x1234_5678).be32(field::EXTENSIONS + 4, length);
        });
    }
    maker.malformed("bad-04", "truncated extension", &|bytes, _| {
        bytes.be32(field::EXTENSIONS, 0x1234_5678).be32(field::EXTENSIONS + 4, 1000);
        bytes.truncate(512);
    });
}

/// Offsets at which no table may be: between clusters, behind the end, beyond what a file can have.
fn bad_offsets(bytes: &[u8]) -> [u64; 6] {
    let end = bytes.len().next_multiple_of(4096) as u64;
    [0x3001, 0x3200, end, 1 << 40, u64::MAX << 12, 1 << 63]
}

fn tables(maker: &mut Maker) {
    for entries in [0, 1, 2, 0x0040_0001, u32::MAX] {
        maker.malformed("bad-05", &format!("L1 size {entries}"), &|bytes, _| {
            bytes.be32(field::L1_SIZE, entries);
        });
    }
    for offset in bad_offsets(&maker.base.bytes).into_iter().chain([0]) {
        maker.malformed("bad-05", &format!("L1 table at {offset:#x}"), &|bytes, _| {
            bytes.be64(field::L1_OFFSET, offset);
        });
        maker.malformed("bad-05", &format!("refcount table at {offset:#x}"), &|bytes, _| {
            bytes.be64(field::REFCOUNT_OFFSET, offset);
        });
    }
    for offset in bad_offsets(&maker.base.bytes) {
        maker.malformed("bad-05", &format!("L2 table at {offset:#x}"), &|bytes, at| {
            bytes.be64(at.l1, offset | COPIED | 1 << 59);
        });
        maker.malformed("bad-05", &format!("refcount block at {offset:#x}"), &|bytes, at| {
            bytes.be64(at.refcount_table, offset);
        });
    }
    for offset in [0x3200, 1 << 40, 0x00ff_ffff_ffff_f000] {
        maker.malformed("bad-05", &format!("L2 table just at {offset:#x}"), &|bytes, at| {
            bytes.be64(at.l1, offset | COPIED);
        });
        maker.malformed("bad-05", &format!("data cluster at {offset:#x}"), &|bytes, at| {
            bytes.be64(at.plain[0], offset | COPIED);
        });
    }
    for (name, value) in [("reserved bit", 1 << 57), ("low bit", 1 << 3), ("no offset", 0)] {
        maker.malformed("bad-05", &format!("L2 entry with {name}"), &|bytes, at| {
            bytes.be64(at.plain[0], value | COPIED);
        });
    }
    maker.malformed("bad-05", "compressed cluster behind the end", &|bytes, at| {
        bytes.be64(at.packed[0], PACKED | 0xff_ffff_0000);
    });
}

fn loops(maker: &mut Maker) {
    for clusters in [0, 8193, u32::MAX] {
        maker.malformed(
            "bad-06",
            &format!("refcount table of {clusters} clusters"),
            &|bytes, _| {
                bytes.be32(field::REFCOUNT_CLUSTERS, clusters);
            },
        );
    }
    let base = maker.base.at.clone();
    let places =
        [("refcount table", base.refcount_table), ("L1 table", base.l1), ("L2 table", base.l2)];
    for (name, place) in places {
        let place = place as u64;
        maker.malformed("bad-06", &format!("refcount block is the {name}"), &|bytes, at| {
            bytes.be64(at.refcount_table, place);
        });
        maker.malformed("bad-06", &format!("data cluster is the {name}"), &|bytes, at| {
            bytes.be64(at.plain[0], place | COPIED);
        });
        maker.malformed("bad-06", &format!("compressed cluster in the {name}"), &|bytes, at| {
            bytes.be64(at.packed[0], PACKED | place);
        });
        maker.malformed("bad-06", &format!("second L2 table is the {name}"), &|bytes, at| {
            bytes.be64(at.l1 + 8, place | COPIED);
        });
    }
    maker.malformed("bad-06", "L2 table is the L1 table", &|bytes, at| {
        bytes.be64(at.l1, at.l1 as u64 | COPIED);
    });
    maker.malformed("bad-06", "L1 table is the refcount table", &|bytes, at| {
        bytes.be64(field::L1_OFFSET, at.refcount_table as u64);
    });
}

fn snapshots(maker: &mut Maker) {
    maker.malformed("bad-07", "snapshots without number", &|bytes, _| {
        bytes.be32(field::SNAPSHOTS, u32::MAX);
    });
    for offset in bad_offsets(&maker.base.bytes).into_iter().chain([0, 0x3000]) {
        maker.malformed("bad-07", &format!("snapshot table at {offset:#x}"), &|bytes, _| {
            bytes.be32(field::SNAPSHOTS, 1).be64(field::SNAPSHOTS_OFFSET, offset);
        });
    }
    let with_entry = |bytes: &mut Vec<u8>, l1_offset: u64, (l1_size, extra): (u32, u32)| {
        let at = bytes.len();
        bytes.resize(at + 4096, 0);
        bytes.be32(field::SNAPSHOTS, 1).be64(field::SNAPSHOTS_OFFSET, at as u64);
        bytes.be64(at, l1_offset).be32(at + 8, l1_size).be32(at + 36, extra);
    };
    maker.malformed("bad-07", "snapshot's L1 size", &|bytes, _| {
        with_entry(bytes, 0x3000, (0x1000_0000, 16));
    });
    maker.malformed("bad-07", "snapshot's extra data", &|bytes, _| {
        with_entry(bytes, 0, (0, u32::MAX));
    });
    maker.malformed("bad-07", "snapshot's L1 table is the active one", &|bytes, _| {
        with_entry(bytes, 0x3000, (1, 16));
    });
    maker.malformed("bad-07", "snapshot's L1 table behind the end", &|bytes, _| {
        with_entry(bytes, 1 << 40, (1, 16));
    });
    maker.malformed("bad-07", "more snapshots than the file has", &|bytes, _| {
        with_entry(bytes, 0, (0, 16));
        bytes.be32(field::SNAPSHOTS, 65_536);
    });
}

fn shared_clusters(maker: &mut Maker) {
    let entry = |bytes: &[u8], at: usize| u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap());
    maker.malformed("bad-08", "all entries to one compressed cluster", &|bytes, at| {
        let bomb = entry(bytes, at.packed[0]);
        for index in 0..at.cluster / 8 {
            bytes.be64(at.l2 + index * 8, bomb);
        }
    });
    maker.malformed("bad-08", "two entries to one compressed cluster", &|bytes, at| {
        let shared = entry(bytes, at.packed[0]);
        bytes.be64(at.packed[1], shared);
    });
    maker.malformed("bad-08", "two entries to one plain cluster", &|bytes, at| {
        let shared = entry(bytes, at.plain[0]);
        bytes.be64(at.plain[1], shared);
    });
    maker.malformed("bad-08", "compressed cluster inside a plain one", &|bytes, at| {
        let plain = entry(bytes, at.plain[0]) & !COPIED;
        bytes.be64(at.packed[0], PACKED | (plain + 77));
    });
}

fn sizes(maker: &mut Maker) {
    let (invalid, large) = ("InvalidImageSize", "ImageTooLarge");
    let sizes = [
        (0, invalid),
        (1, invalid),
        (511, invalid),
        ((3 << 20) + 1, invalid),
        ((64 << 40) + 512, large),
        (63 << 50, large),
        (2 << 60, large),
        (i64::MAX as u64, large),
        (u64::MAX, large),
    ];
    for (size, code) in sizes {
        maker.add("bad-09", code, &format!("size {size}"), &|bytes, _| {
            bytes.be64(field::SIZE, size);
        });
    }
}

fn subclusters(maker: &mut Maker) {
    maker.malformed("bad-10", "subcluster both allocated and zero", &|bytes, at| {
        bytes.be64(at.plain[0] + 8, 0x1_ffff_ffff);
    });
    maker.malformed("bad-10", "subclusters allocated in no cluster", &|bytes, at| {
        bytes.be64(at.plain[0], 0);
    });
    maker.malformed("bad-10", "subclusters in a compressed cluster", &|bytes, at| {
        bytes.be64(at.packed[0] + 8, 1);
    });
    maker.malformed("bad-10", "zero bit in an extended entry", &|bytes, at| {
        bytes[at.plain[0] + 7] |= 1;
    });
}
