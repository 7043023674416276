//! Which crate may know which: the arrows of the house.

use std::collections::BTreeMap;

use super::Violation;
use crate::project::{Page, Tree};

/// A crate and the workspace crates that it may name. What is not listed is not allowed.
const ARROWS: [(&str, &[&str]); 12] = [
    ("model", &[]),
    ("disk", &[]),
    ("wan", &[]),
    ("delta", &[]),
    ("store", &["model"]),
    ("transfer", &["store", "delta"]),
    ("catalog", &["model", "store"]),
    ("region", &["model", "disk", "store", "transfer", "catalog"]),
    ("api", &["region", "model", "store", "transfer"]),
    ("kms", &["region", "model", "store"]),
    ("console", &["region", "model"]),
    (
        "ferry",
        &["model", "disk", "store", "transfer", "catalog", "region", "api", "kms", "console"],
    ),
];

/// Arrows that tests alone may have: they run on the real index, not on a double of it.
const TEST_ARROWS: [(&str, &str); 4] =
    [("store", "catalog"), ("transfer", "catalog"), ("api", "catalog"), ("ferry", "wan")];

/// Every arrow between crates, tests' own included, against the list; and no crate without a line in it.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let crates: Vec<&str> = tree.manifests().map(|(name, _)| name).chain(["xtask"]).collect();
    let mut violations = Vec::new();
    for (name, manifest) in tree.manifests() {
        let Some(may) = allowed.get(name) else {
            let what =
                format!("crate `{name}` has no arrows: a new crate needs a new \"must not\"");
            violations.push(Violation::at(&manifest.path, 0, what));
            continue;
        };
        for (dependency, kind) in dependencies(manifest) {
            let known = crates.contains(&dependency.as_str());
            // In tests a crate may use what it may use, and itself with other features.
            let in_test = dependency == name || TEST_ARROWS.contains(&(name, dependency.as_str()));
            let is_test = kind == "dev-dependencies" && in_test;
            if known && !may.contains(&dependency.as_str()) && !is_test {
                let what = format!("`{name}` must not know `{dependency}` ({kind})");
                violations.push(Violation::at(&manifest.path, 0, what));
            }
        }
    }
    violations
}

/// The packages that a manifest names, each with the table that names it.
pub fn dependencies(manifest: &Page) -> Vec<(String, String)> {
    let Ok(table) = manifest.text.parse::<toml::Table>() else { return Vec::new() };
    let mut found = Vec::new();
    collect(&table, &mut found);
    if let Some(targets) = table.get("target").and_then(toml::Value::as_table) {
        targets.values().filter_map(toml::Value::as_table).for_each(|t| collect(t, &mut found));
    }
    found
}

fn collect(table: &toml::Table, found: &mut Vec<(String, String)>) {
    for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
        for (name, value) in table.get(kind).and_then(toml::Value::as_table).into_iter().flatten() {
            let renamed = value.get("package").and_then(toml::Value::as_str);
            let path = value.get("path").and_then(toml::Value::as_str);
            let folder = path.and_then(|path| path.rsplit('/').next());
            found.push((renamed.or(folder).unwrap_or(name).to_owned(), kind.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(disk: &str) -> Tree {
        Tree::of(&[
            ("crates/model/Cargo.toml", "[dependencies]\nserde.workspace = true\n"),
            ("crates/store/Cargo.toml", "[dependencies]\nmodel.workspace = true\n"),
            ("crates/disk/Cargo.toml", disk),
        ])
    }

    #[test]
    fn allowed_arrows_pass() {
        assert_eq!(check(&tree("[dependencies]\nzstd = \"1\"\n")), []);
    }

    #[test]
    fn a_forbidden_arrow_is_found_under_each_disguise() {
        for manifest in [
            "[dependencies]\nstore.workspace = true\n",
            "[dev-dependencies]\nstore = { path = \"../store\" }\n",
            "[dependencies]\nshelf = { package = \"store\", path = \"../store\" }\n",
            "[dependencies]\nshelf = { path = \"../store\" }\n",
            "[target.'cfg(unix)'.dependencies]\nstore.workspace = true\n",
        ] {
            assert_eq!(check(&tree(manifest)).len(), 1, "{manifest}");
        }
    }

    #[test]
    fn a_crate_without_arrows_is_found() {
        let found = check(&Tree::of(&[("crates/attic/Cargo.toml", "[package]\n")]));
        assert!(found[0].what.contains("attic"));
    }

    #[test]
    fn nothing_may_know_the_binary() {
        assert!(ARROWS.iter().all(|(_, may)| !may.contains(&"ferry")));
    }
}
