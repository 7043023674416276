//! `cargo test`, twice: as users build it, and with failpoints.

use std::process::Command;

use super::stages;
use crate::failure::Failure;
use crate::project::{self, Page, Tree};
use crate::tidy::Tally;
use crate::{corpora, run};

/// Every test of every crate, end-to-end ones included.
pub fn workspace(tally: &mut Tally) -> Result<(), Failure> {
    counted(cargo_test(), tally)
}

/// The tests that need named points to fail, found by what they say they need.
pub fn failpoints(tally: &mut Tally) -> Result<(), Failure> {
    let tree = Tree::load()?;
    let plan = Plan::of(&tree);
    if plan.is_empty() {
        println!("SKIP no test asks for the feature `failpoints`");
        return Ok(());
    }
    let mut command = cargo_test();
    command.arg("--features").arg(plan.features.join(","));
    if !plan.units.is_empty() {
        command.arg("--lib");
    }
    for name in &plan.tests {
        command.args(["--test", name]);
    }
    println!("unit tests of {:?}, tests {:?}", plan.units, plan.tests);
    counted(command, tally)
}

fn cargo_test() -> Command {
    let mut command = run::cargo();
    command.current_dir(project::root()).args(["test", "--workspace", "--no-fail-fast"]);
    if stages::has_corpora() {
        command.env("FERRY_CORPORA", corpora::folder());
    }
    command
}

/// What the second build is for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Plan {
    /// `store/failpoints` and the like, for every crate that has the feature.
    features: Vec<String>,
    /// Crates with unit tests that need it.
    units: Vec<String>,
    /// Integration tests that need it, by name.
    tests: Vec<String>,
}

impl Plan {
    fn of(tree: &Tree) -> Plan {
        let mut plan = Plan::default();
        for (name, manifest) in tree.manifests() {
            let table = manifest.text.parse::<toml::Table>().unwrap_or_default();
            if table.get("features").is_some_and(|features| features.get("failpoints").is_some()) {
                plan.features.push(format!("{name}/failpoints"));
            }
            plan.tests.extend(declared(&table));
        }
        for page in tree.rust() {
            let Some(name) = page.krate() else { continue };
            match integration(page) {
                Some(test) if asks(&page.text) => plan.tests.push(test.to_owned()),
                None if page.path.contains("/src/") && unit_asks(&page.text) => {
                    plan.units.push(name.to_owned());
                }
                Some(_) | None => {}
            }
        }
        for list in [&mut plan.units, &mut plan.tests] {
            list.sort_unstable();
            list.dedup();
        }
        plan
    }

    fn is_empty(&self) -> bool {
        self.units.is_empty() && self.tests.is_empty()
    }
}

/// The tests of a manifest with `required-features = ["failpoints"]`.
fn declared(table: &toml::Table) -> Vec<String> {
    let tests = table.get("test").and_then(toml::Value::as_array);
    let needs = |test: &&toml::Value| {
        let features = test.get("required-features").and_then(toml::Value::as_array);
        features.is_some_and(|list| list.iter().any(|name| name.as_str() == Some("failpoints")))
    };
    let name = |test: &toml::Value| Some(test.get("name")?.as_str()?.to_owned());
    tests.into_iter().flatten().filter(needs).filter_map(name).collect()
}

/// The integration test that a file belongs to: `crates/x/tests/NAME.rs` or `crates/x/tests/NAME/….rs`.
fn integration(page: &Page) -> Option<&str> {
    let inside = page.path.split_once("/tests/")?.1;
    if page.path.contains("/src/") {
        return None;
    }
    inside.split('/').next()?.split('.').next()
}

fn asks(text: &str) -> bool {
    text.contains("feature = \"failpoints\"")
}

/// A module of unit tests for the second build is marked `#[cfg(all(test, feature = "failpoints"))]`.
fn unit_asks(text: &str) -> bool {
    text.contains("cfg(all(test, feature = \"failpoints\"))")
}

/// Runs it, adding up what each test binary says at its end.
pub fn counted(mut command: Command, tally: &mut Tally) -> Result<(), Failure> {
    let mut here = Tally::default();
    let outcome = run::run_heard(&mut command, |line| {
        if let Some(more) = closing(line) {
            here.passed += more.passed;
            here.failed += more.failed;
        }
    });
    tally.passed += here.passed;
    tally.failed += here.failed;
    match outcome {
        Err(Failure::Ended { .. }) if here.failed > 0 => {
            Err(Failure::Tests { passed: here.passed, failed: here.failed })
        }
        other => other,
    }
}

/// `test result: ok. 5 passed; 0 failed; 1 ignored; …`
fn closing(line: &str) -> Option<Tally> {
    let rest = line.trim().strip_prefix("test result: ")?;
    let count = |word: &str| {
        let before = rest.split(word).next()?;
        before.split_whitespace().next_back()?.parse::<u64>().ok()
    };
    Some(Tally { passed: count(" passed")?, failed: count(" failed")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_added_up() {
        let line = "test result: FAILED. 5 passed; 2 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.1s";
        assert_eq!(closing(line), Some(Tally { passed: 5, failed: 2 }));
        assert_eq!(closing("test a::b ... ok"), None);
    }

    #[test]
    fn tests_that_need_failpoints_are_found_by_what_they_say() {
        let feature = "[features]\nfailpoints = []\n";
        let required = "[[test]]\nname = \"power\"\nrequired-features = [\"failpoints\"]\n[features]\nfailpoints = []\n";
        let tree = Tree::of(&[
            ("crates/store/Cargo.toml", feature),
            ("crates/ferry/Cargo.toml", required),
            ("crates/model/Cargo.toml", "[features]\n"),
            (
                "crates/store/src/pack.rs",
                "#[cfg(all(test, feature = \"failpoints\"))]\nmod crashes {}\n",
            ),
            ("crates/store/src/tree.rs", "#[cfg(feature = \"failpoints\")]\nfn a() {}\n"),
            ("crates/ferry/tests/crash.rs", "#![cfg(feature = \"failpoints\")]\n"),
            ("crates/ferry/tests/copy.rs", ""),
        ]);
        let plan = Plan::of(&tree);
        assert_eq!(plan.features, ["store/failpoints", "ferry/failpoints"]);
        assert_eq!(plan.units, ["store"]);
        assert_eq!(plan.tests, ["crash", "power"]);
    }
}
