//! The cloud's SDK for JavaScript. Needs Node.js and what `cargo xtask test --only install` installs; else it says SKIP.

use std::path::Path;
use std::process::Command;

use crate::scene::STAGE;

#[test]
fn r000_11_the_client_for_javascript_copies_and_keeps_images() {
    let libraries = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("node");
    if !libraries.join("installed.json").is_file() {
        println!(
            "SKIP no JavaScript libraries in target/node: `cargo xtask test --only install` makes it"
        );
        return;
    }
    let mut node = Command::new("node");
    node.arg(STAGE.path("javascript.js")).env("NODE_PATH", libraries.join("node_modules"));
    STAGE.play_with(node, ("javascript", "newer"));
}
