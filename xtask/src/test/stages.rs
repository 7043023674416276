//! The stages that are not cargo's tests.

use std::process::Command;

use super::tests_run;
use crate::failure::Failure;
use crate::project::{self, Tree};
use crate::tidy::{self, Tally};
use crate::{corpora, run};

/// The house rules, each counted as one test.
pub fn tidy(tally: &mut Tally) -> Result<(), Failure> {
    let (held, failed) = tidy::report(&Tree::load()?);
    println!("{} tidy checks passed, {} failed", held.passed, held.failed);
    tally.passed += held.passed;
    tally.failed += held.failed;
    let checks = usize::try_from(held.passed + held.failed).unwrap_or(usize::MAX);
    if failed.is_empty() { Ok(()) } else { Err(Failure::Untidy { checks, failed }) }
}

/// The images that tests read, made once and kept.
pub fn corpora() -> Result<(), Failure> {
    if let Some(missing) = missing_for_corpora() {
        println!("SKIP no `{missing}`: tests on real disk images say SKIP too");
        return Ok(());
    }
    corpora::make(corpora::Set::Tests, &corpora::folder())
}

fn missing_for_corpora() -> Option<&'static str> {
    ["qemu-img", "mke2fs", "debugfs"].into_iter().find(|program| run::find(program).is_none())
}

/// Whether the images are there to hand to tests.
pub fn has_corpora() -> bool {
    corpora::folder().join("made-by.sh").is_file()
}

/// Asks the built binary for help on each command that README.md shows, and looks for each flag in the answer.
pub fn readme(tally: &mut Tally) -> Result<(), Failure> {
    let commands = tidy::ferry_commands(&Tree::load()?);
    if commands.is_empty() {
        println!("SKIP README.md shows no `ferry` command");
        return Ok(());
    }
    // The one that the stage before this has built for its tests; `cargo build` would choose other features and take minutes.
    run::run(tests_run::cargo_test()?.args(["--quiet", "--no-run", "--test", "e2e"]))?;
    let ferry = project::target().join("debug/ferry");
    let mut wrong = Vec::new();
    for command in commands {
        let help = run::read(Command::new(&ferry).args(&command.words).arg("--help"));
        let lacks = match help {
            Ok(help) => command.flags.iter().find(|flag| !names(&help, flag)).cloned(),
            Err(failure) => Some(failure.chain()),
        };
        match lacks {
            None => tally.passed += 1,
            Some(what) => {
                println!("`{}`: `{what}`", command.line);
                tally.failed += 1;
                wrong.push(command.line);
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Failure::Readme { commands: wrong }) }
}

fn names(help: &str, flag: &str) -> bool {
    help.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).any(|word| word == flag)
}
