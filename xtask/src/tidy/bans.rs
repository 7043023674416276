//! What a crate must not reach for: whole libraries by its manifest, parts of std by their names.

use super::arrows::dependencies;
use super::lexer::Views;
use super::{Violation, line_of};
use crate::project::{Page, Tree};

const HTTP: &[&str] = &[
    "axum",
    "actix-web",
    "http",
    "http-body",
    "hyper",
    "hyper-util",
    "isahc",
    "reqwest",
    "rocket",
    "tonic",
    "tower-http",
    "ureq",
    "utoipa",
    "warp",
];
const SQL: &[&str] = &["diesel", "postgres", "rusqlite", "sqlx", "tokio-postgres"];
const ASYNC: &[&str] = &["tokio", "async-std", "smol"];
const RANDOM: &[&str] = &["rand", "getrandom", "fastrand"];
const JSON: &[&str] = &["serde_json"];

/// A crate and the libraries that its own code must not use.
const LIBRARIES: [(&str, &[&[&str]]); 8] = [
    ("model", &[HTTP, SQL, ASYNC, RANDOM, JSON]),
    ("disk", &[HTTP, SQL, ASYNC]),
    ("delta", &[HTTP, SQL, ASYNC, RANDOM, JSON]),
    ("store", &[HTTP, SQL]),
    ("transfer", &[HTTP, SQL]),
    ("catalog", &[HTTP]),
    ("region", &[HTTP, SQL, JSON]),
    ("api", &[SQL]),
];

const IO: &[&str] = &["std::fs", "std::net", "std::process::Command", "std::env"];
const CLOCK: &[&str] = &["SystemTime::now", "Instant::now"];
const NETWORK: &[&str] = &["std::net", "tokio::net", "UnixStream", "UnixListener"];
const PROCESS: &[&str] = &["process::Command"];

/// A crate and the parts of std that its code outside tests must not name.
const PATHS: [(&str, &[&[&str]]); 8] = [
    ("model", &[IO, CLOCK, NETWORK, PROCESS]),
    ("disk", &[CLOCK, NETWORK, PROCESS]),
    (
        "delta",
        &[CLOCK, NETWORK, PROCESS, &["File::open", "File::create", "OpenOptions", "std::env"]],
    ),
    ("store", &[NETWORK, PROCESS]),
    ("transfer", &[NETWORK, PROCESS, &["remove_file", "remove_dir"]]), // it deletes nothing
    ("catalog", &[NETWORK, PROCESS]),
    ("region", &[NETWORK, PROCESS]),
    ("api", &[PROCESS]),
];

/// Manifests first, then code.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (name, manifest) in tree.manifests() {
        let banned = banned(&LIBRARIES, name);
        for (library, kind) in dependencies(manifest) {
            if kind != "dev-dependencies" && banned.contains(&library.as_str()) {
                let what = format!("`{name}` must not use `{library}`");
                violations.push(Violation::at(&manifest.path, 0, what));
            }
        }
    }
    // Examples measure a crate from outside: they open files and read clocks.
    let is_own = |page: &&Page| !page.is_test() && !page.path.contains("/examples/");
    for page in tree.rust().filter(is_own) {
        let banned = banned(&PATHS, page.krate().unwrap_or_default());
        if banned.is_empty() {
            continue;
        }
        let code = Views::of(&page.text).without_tests().code;
        for path in banned {
            for (at, _) in code.match_indices(path) {
                let what = format!("`{path}` has no place in `{}`", page.krate().unwrap_or("?"));
                violations.push(Violation::at(&page.path, line_of(&code, at), what));
            }
        }
    }
    violations
}

fn banned(rules: &[(&str, &[&'static [&'static str]])], name: &str) -> Vec<&'static str> {
    let rule = rules.iter().find(|(krate, _)| *krate == name);
    rule.map_or_else(Vec::new, |(_, groups)| groups.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_banned_library_is_found_and_one_for_tests_is_not() {
        let planted =
            "[dependencies]\nreqwest.workspace = true\n[dev-dependencies]\naxum = \"0\"\n";
        let found = check(&Tree::of(&[("crates/region/Cargo.toml", planted)]));
        assert_eq!(found.len(), 1);
        assert!(found[0].what.contains("reqwest"));
    }

    #[test]
    fn a_clock_in_the_model_is_found_but_not_in_its_comments_or_tests() {
        let planted = "// SystemTime::now\nfn a() { SystemTime::now(); }\n#[cfg(test)]\nmod tests { fn b() { Instant::now(); } }\n";
        let found = check(&Tree::of(&[("crates/model/src/time.rs", planted)]));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, 2);
    }
}
