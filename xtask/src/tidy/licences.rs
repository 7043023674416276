//! Every library's licence is one that `deny.toml` allows.

use std::collections::BTreeSet;

use super::Violation;
use crate::project::{self, Tree};
use crate::run;

const RULES: &str = "deny.toml";

/// Asks cargo what the lock file brings in, and judges each.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let Some(rules) = tree.page(RULES) else {
        return vec![Violation::at(RULES, 0, "there is no list of allowed licences")];
    };
    let allowed = allowed(&rules.text);
    let told = run::read(run::cargo().current_dir(project::root()).args([
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--filter-platform", // else it fetches what only other systems need
        "x86_64-unknown-linux-gnu",
    ]));
    match told {
        Ok(told) => judge(&told, &allowed),
        Err(failure) => vec![Violation::at("Cargo.lock", 0, failure.chain())],
    }
}

fn allowed(rules: &str) -> BTreeSet<String> {
    let table = rules.parse::<toml::Table>().unwrap_or_default();
    let list = table.get("licenses").and_then(|licences| licences.get("allow"));
    let names = list.and_then(toml::Value::as_array).into_iter().flatten();
    names.filter_map(toml::Value::as_str).map(str::to_owned).collect()
}

/// What is wrong with the packages that `cargo metadata` tells of.
fn judge(metadata: &str, allowed: &BTreeSet<String>) -> Vec<Violation> {
    let metadata: serde_json::Value = serde_json::from_str(metadata).unwrap_or_default();
    let Some(packages) = metadata["packages"].as_array() else {
        return vec![Violation::at("Cargo.lock", 0, "`cargo metadata` told of no packages")];
    };
    let mut violations = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or("?");
        let expression = package["license"].as_str().unwrap_or("none");
        if !permits(expression, allowed) {
            let what = format!("`{name}` is under `{expression}`, which {RULES} does not allow");
            violations.push(Violation::at("Cargo.lock", 0, what));
        }
    }
    violations
}

/// An SPDX expression: `/` and `OR` leave a choice, `AND` does not and binds tighter.
fn permits(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = expression.trim();
    let parts = |mark: &str| split_outside(expression, mark);
    for mark in [" OR ", "/"] {
        let choices = parts(mark);
        if choices.len() > 1 {
            return choices.iter().any(|choice| permits(choice, allowed));
        }
    }
    let all = parts(" AND ");
    if all.len() > 1 {
        return all.iter().all(|part| permits(part, allowed));
    }
    match expression.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) => permits(inner, allowed),
        None => allowed.contains(expression),
    }
}

/// Splits at `mark` where no bracket is open.
fn split_outside<'a>(text: &'a str, mark: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(mark) {
        let before = &text[..at];
        if before.matches('(').count() == before.matches(')').count() {
            parts.push(&text[start..at]);
            start = at + mark.len();
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mit_and_zlib() -> BTreeSet<String> {
        allowed("[licenses]\nallow = [\"MIT\", \"Zlib\"]\n")
    }

    #[test]
    fn expressions_are_read_as_spdx_does() {
        let list = mit_and_zlib();
        for good in
            ["MIT", "GPL-3.0 OR MIT", "MIT/GPL-3.0", "MIT AND Zlib", "(GPL-3.0 OR MIT) AND Zlib"]
        {
            assert!(permits(good, &list), "{good}");
        }
        for bad in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(MIT OR Zlib) AND GPL-3.0",
            "GPL-3.0 OR (MIT AND BSD)",
            "",
        ] {
            assert!(!permits(bad, &list), "{bad}");
        }
    }

    #[test]
    fn a_library_under_another_licence_or_none_is_found() {
        let told = r#"{"packages":[{"name":"a","license":"MIT"},{"name":"b","license":"GPL-3.0"},{"name":"c","license":null}]}"#;
        assert_eq!(judge(told, &mit_and_zlib()).len(), 2);
        assert_eq!(judge("not JSON", &mit_and_zlib()).len(), 1);
    }
}
