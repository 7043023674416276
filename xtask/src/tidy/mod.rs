//! The house rules that neither the compiler nor clippy checks.
//!
//! Each check is a pure function from the project's texts to violations, with a test that plants one.

mod arrows;
mod bans;
mod dialects;
mod docs;
mod formats;
mod globs;
mod lengths;
mod lexer;
mod licences;
mod links;
mod names;
mod readme;
mod sql;

use std::fmt;

use crate::failure::Failure;
use crate::project::Tree;

pub use readme::ferry_commands;

/// One place where a rule is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// From the top folder.
    pub path: String,
    /// Counted from 1; 0 when the whole file is meant.
    pub line: usize,
    /// A lowercase fragment.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(out, "{}: {}", self.path, self.what),
            line => write!(out, "{}:{line}: {}", self.path, self.what),
        }
    }
}

impl Violation {
    fn at(path: &str, line: usize, what: impl Into<String>) -> Violation {
        Violation { path: path.to_owned(), line, what: what.into() }
    }
}

/// How many checks held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
}

type Check = fn(&Tree) -> Vec<Violation>;

const CHECKS: [(&str, Check); 12] = [
    ("arrows", arrows::check),
    ("bans", bans::check),
    ("dialects", dialects::check),
    ("docs", docs::check),
    ("formats", formats::check),
    ("globs", globs::check),
    ("lengths", lengths::check),
    ("licences", licences::check),
    ("links", links::check),
    ("names", names::check),
    ("readme", readme::check),
    ("sql", sql::check),
];

/// Runs every check and prints each violation.
pub fn run() -> Result<(), Failure> {
    let (tally, failed) = report(&Tree::load()?);
    println!("{} tidy checks passed, {} failed", tally.passed, tally.failed);
    if failed.is_empty() { Ok(()) } else { Err(Failure::Untidy { checks: CHECKS.len(), failed }) }
}

/// The same, for the stage of that name: how many held, and which did not.
pub fn report(tree: &Tree) -> (Tally, Vec<&'static str>) {
    let mut tally = Tally::default();
    let mut failed = Vec::new();
    for (name, check) in CHECKS {
        let violations = check(tree);
        for violation in &violations {
            println!("{name}: {violation}");
        }
        if violations.is_empty() {
            tally.passed += 1;
        } else {
            tally.failed += 1;
            failed.push(name);
        }
    }
    (tally, failed)
}

/// The line of a place in a text, counted from 1.
fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// The words of a text, each with where it starts.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let mut at = 0;
    text.split(move |character| !is_word(character)).filter_map(move |word| {
        let start = at;
        // `split` leaves out the one character between; it may be wider than a byte.
        at += word.len();
        at += text[at..].chars().next().map_or(0, char::len_utf8);
        (!word.is_empty()).then_some((start, word))
    })
}
