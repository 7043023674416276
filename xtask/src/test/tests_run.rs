//! `cargo test`, in the one build that all stages share.

use std::process::Command;
use std::time::Duration;

use super::stages;
use crate::failure::Failure;
use crate::project::{self, Tree};
use crate::tidy::Tally;
use crate::{corpora, run};

/// How long a run may print nothing before it counts as hanging: several times what the slowest test takes, and little enough that
/// CI still ends in its time.
const SILENCE: Duration = Duration::from_secs(900);

/// How many tests run at once: two for each core, unless it is set, since half of their time they wait for disks and clocks.
const THREADS: &str = "RUST_TEST_THREADS";

/// Every test of every crate, end-to-end and crash tests included.
pub fn workspace(tally: &mut Tally) -> Result<(), Failure> {
    // Compiling prints no line that `counted` hears.
    run::run(cargo_test()?.arg("--no-run"))?;
    counted(cargo_test()?, tally)
}

/// `cargo test` with the named points at which tests let things fail, which do nothing where no test asks: without them, half of what
/// is here would be built a second time for the tests that do.
pub fn cargo_test() -> Result<Command, Failure> {
    let mut command = run::cargo();
    command.current_dir(project::root()).args(["test", "--workspace", "--no-fail-fast"]);
    command.arg("--features").arg(with_failpoints(&Tree::load()?).join(","));
    if std::env::var_os(THREADS).is_none() {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        command.env(THREADS, (2 * cores).to_string());
    }
    if stages::has_corpora() {
        command.env("FERRY_CORPORA", corpora::folder());
    }
    Ok(command)
}

/// `store/failpoints` and the like, for every crate that has the feature.
fn with_failpoints(tree: &Tree) -> Vec<String> {
    let has = |text: &str| {
        let table = text.parse::<toml::Table>().unwrap_or_default();
        table.get("features").is_some_and(|features| features.get("failpoints").is_some())
    };
    let named = tree.manifests().filter(|(_, manifest)| has(&manifest.text));
    named.map(|(name, _)| format!("{name}/failpoints")).collect()
}

/// Runs it, adding up what each test binary says at its end.
pub fn counted(mut command: Command, tally: &mut Tally) -> Result<(), Failure> {
    let mut here = Tally::default();
    let outcome = run::run_heard(&mut command, SILENCE, |line| {
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
    fn crates_with_failpoints_are_found_by_their_manifests() {
        let feature = "[features]\nfailpoints = []\n";
        let tree = Tree::of(&[
            ("crates/store/Cargo.toml", feature),
            ("crates/model/Cargo.toml", "[features]\n"),
            ("crates/ferry/Cargo.toml", feature),
        ]);
        assert_eq!(with_failpoints(&tree), ["store/failpoints", "ferry/failpoints"]);
    }
}
