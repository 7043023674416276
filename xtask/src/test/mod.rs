//! `cargo xtask test`: everything that must hold, stage after stage.

mod stages;
mod terraform;
mod tests_run;

use std::str::FromStr;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::tidy::Tally;

/// One part of the whole, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Programs that tests call.
    Install,
    /// The house rules.
    Tidy,
    /// Disk images that tests read.
    Corpora,
    /// Unit, integration, end-to-end and crash tests of the whole workspace, and the examples in its docs.
    Tests,
    /// The commands that README.md shows, on the binary just built.
    Readme,
    /// The cloud's own Terraform provider, where it is built or can be.
    Terraform,
}

const STAGES: [(Stage, &str); 6] = [
    (Stage::Install, "install"),
    (Stage::Tidy, "tidy"),
    (Stage::Corpora, "corpora"),
    (Stage::Tests, "tests"),
    (Stage::Readme, "readme"),
    (Stage::Terraform, "terraform"),
];

impl FromStr for Stage {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Stage, Failure> {
        let found = STAGES.into_iter().find(|(_, name)| *name == text);
        found.map(|(stage, _)| stage).ok_or(Failure::Usage)
    }
}

impl Stage {
    /// Does it, adding what passed and failed to `tally`.
    fn run(self, tally: &mut Tally, stages_began: Instant) -> Result<(), Failure> {
        match self {
            Stage::Install => crate::install::for_tests(),
            Stage::Tidy => stages::tidy(tally),
            Stage::Corpora => stages::corpora(),
            Stage::Tests => tests_run::workspace(tally),
            Stage::Readme => stages::readme(tally),
            Stage::Terraform => terraform::run(tally, stages_began),
        }
    }
}

/// All of them. A stage that fails does not keep the others from telling what they see.
pub fn every_stage() -> Result<(), Failure> {
    stages_in_turn(&STAGES.map(|(stage, _)| stage))
}

/// One alone, for work on what it shows.
pub fn one_stage(stage: Stage) -> Result<(), Failure> {
    stages_in_turn(&[stage])
}

fn stages_in_turn(stages: &[Stage]) -> Result<(), Failure> {
    let mut tally = Tally::default();
    let mut lines = Vec::new();
    let mut failed = Vec::new();
    let stages_began = Instant::now();
    for (stage, name) in STAGES.into_iter().filter(|(stage, _)| stages.contains(stage)) {
        println!("\n== {name}");
        let begun = Instant::now();
        let outcome = stage.run(&mut tally, stages_began);
        lines.push(line(name, begun.elapsed(), &outcome));
        if let Err(failure) = outcome {
            println!("{name}: {}", failure.chain());
            failed.push(name.to_owned());
        }
    }
    println!("\n{}", lines.join("\n"));
    // A stage can fail without a test of its own, and a green count would then hide it.
    if tally.failed == 0 {
        tally.failed = failed.len() as u64;
    }
    println!("{} passed, {} failed", tally.passed, tally.failed);
    if failed.is_empty() { Ok(()) } else { Err(Failure::Stages { stages: failed }) }
}

fn line(name: &str, took: Duration, outcome: &Result<(), Failure>) -> String {
    let word = if outcome.is_ok() { "ok" } else { "FAILED" };
    format!("{name:<11} {word:<7} {:>7.1} s", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_named_as_the_usage_names_them() {
        for (stage, name) in STAGES {
            assert_eq!(name.parse::<Stage>().unwrap(), stage);
            assert!(crate::USAGE.contains(name), "{name}");
        }
        assert!("everything".parse::<Stage>().is_err());
    }
}
