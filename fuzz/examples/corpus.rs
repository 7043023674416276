//! Makes the images to begin from: `cargo run --example corpus` in this folder, then `cargo fuzz run TARGET`.

use std::path::Path;

#[path = "../../crates/disk/tests/content/mod.rs"]
mod content;
#[path = "../../crates/disk/tests/forge/mod.rs"]
mod forge;

use forge::qcow2::Shape;
use forge::{qcow2, vhd, vmdk};

fn save(target: &str, name: &str, bytes: &[u8]) {
    for target in [target, "detect"] {
        let folder = Path::new("corpus").join(target);
        std::fs::create_dir_all(&folder).expect("a folder for the corpus");
        std::fs::write(folder.join(name), bytes).expect("room for the corpus");
    }
}

fn main() {
    for seed in 0..4 {
        for shape in [Shape::Zlib, Shape::Zstd, Shape::Extended] {
            save("qcow2", &format!("{shape:?}-{seed}"), &qcow2::forge(seed, shape).bytes);
        }
        save("vmdk", &format!("sparse-{seed}"), &vmdk::forge_sparse(seed).bytes);
        save("vmdk", &format!("stream-{seed}"), &vmdk::forge_stream(seed).bytes);
        save("vhd", &format!("fixed-{seed}"), &vhd::forge_fixed(seed).bytes);
        save("vhd", &format!("dynamic-{seed}"), &vhd::forge_dynamic(seed).bytes);
    }
}
