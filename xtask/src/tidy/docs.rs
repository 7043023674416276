//! Every crate says at its door what it must not do.

use super::Violation;
use crate::project::Tree;

/// The `//!` text of each crate's `lib.rs`, or of `main.rs` where there is none, names its "must not".
pub fn check(tree: &Tree) -> Vec<Violation> {
    let folders = tree.manifests().map(|(name, _)| format!("crates/{name}/src"));
    let mut violations = Vec::new();
    for folder in folders.chain(tree.page("xtask/Cargo.toml").map(|_| "xtask/src".to_owned())) {
        let door = ["lib.rs", "main.rs"].map(|name| tree.page(&format!("{folder}/{name}")));
        let Some(page) = door.into_iter().flatten().next() else {
            violations.push(Violation::at(&folder, 0, "the crate has neither lib.rs nor main.rs"));
            continue;
        };
        let doc: Vec<&str> =
            page.text.lines().filter_map(|line| line.trim().strip_prefix("//!")).collect();
        if !doc.join(" ").to_lowercase().contains("must not") {
            let what = "the crate's `//!` text does not say what it must not do";
            violations.push(Violation::at(&page.path, 1, what));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_that_does_not_say_its_must_not_is_found() {
        let tree = Tree::of(&[
            ("crates/model/Cargo.toml", ""),
            ("crates/model/src/lib.rs", "//! Values.\n//!\n//! Must not: do I/O.\n"),
            ("crates/disk/Cargo.toml", ""),
            ("crates/disk/src/lib.rs", "//! Disks.\n// must not\n"),
        ]);
        let found = check(&tree);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "crates/disk/src/lib.rs");
    }
}
