//! The project's own commands: `cargo xtask test`, `tidy`, `corpora`, `screenshot`, `bench`.
//!
//! Must not: be depended on, or hold anything that Ferry needs to run.
#![cfg_attr(test, allow(clippy::unwrap_used))]
// The clippy bans keep clocks and child processes out of the product; they are what these commands are made of.
#![allow(clippy::disallowed_methods)]

mod bench;
mod corpora;
mod failure;
mod install;
mod node;
mod project;
mod run;
mod screenshot;
mod test;
mod tidy;
mod venv;

use std::path::Path;
use std::process::ExitCode;

use failure::Failure;

/// The commands by name, as `tidy` compares them with what the pages promise.
pub const COMMANDS: [&str; 5] = ["test", "tidy", "corpora", "screenshot", "bench"];

const USAGE: &str = "usage: cargo xtask COMMAND
  test [--only STAGE]      install what tests need, then run every check and test
                           stages: install, tidy, corpora, tests, readme, terraform
                           terraform builds the provider once, for ten minutes: settings FERRY_TEST_CACHE
                           (~/.cache/ferry-tests), FERRY_TERRAFORM_BUILD_SECS (1500)
  tidy                     check the house rules that the compiler does not
  corpora FOLDER           make the disk images that tests use
  corpora --bench FOLDER   make the larger ones that benchmarks use (root, loop devices, 6 GiB)
  corpora --lived FOLDER   make out of those larger ones that lived, with databases (9 GiB more)
  screenshot               make the pictures of the console that README.md shows: docs/console.png, docs/console-dark.png
  bench [NAME]...          measure the release build against its peers (root: hosts are network namespaces)
                           names: lan, delta, wan, loss, floors, import, memory, fanout, control
                           settings: BENCH_ROUNDS (3), BENCH_SLOW_ROUNDS (1, of what takes long),
                           BENCH_IMAGES (target/bench/images), BENCH_FERRY (the release build)
  bench publish            keep what was found last in docs/benchmarks/ and make docs/benchmarks.md of it
  bench page               make docs/benchmarks.md of what is kept";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match command(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage) => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
        Err(failure) => {
            eprintln!("xtask: {}", failure.chain());
            ExitCode::FAILURE
        }
    }
}

fn command(words: &[&str]) -> Result<(), Failure> {
    match words {
        ["test"] => test::every_stage(),
        ["test", "--only", stage] => test::one_stage(stage.parse()?),
        ["tidy"] => tidy::run(),
        ["corpora", "--bench", folder] => corpora::make(corpora::Set::Bench, Path::new(folder)),
        ["corpora", "--lived", folder] => corpora::make(corpora::Set::Lived, Path::new(folder)),
        ["corpora", folder] => corpora::make(corpora::Set::Tests, Path::new(folder)),
        ["screenshot"] => screenshot::make(),
        ["bench", names @ ..] => bench::run(names),
        _ => Err(Failure::Usage),
    }
}
