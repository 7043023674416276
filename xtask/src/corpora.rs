//! The disk images that tests and benchmarks work on, made once and kept.
//!
//! The making is shell, in `tests/corpora/`, since it is a list of calls of other programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::{project, run};

/// Which images.
#[derive(Clone, Copy, Debug)]
pub enum Set {
    /// One small Debian in every format.
    Tests,
    /// The 2 GiB images that figures are told for.
    Bench,
    /// Larger ones with databases that lived, made out of those, into the same folder.
    Lived,
}

impl Set {
    fn script(self) -> &'static str {
        match self {
            Set::Tests => "tests/corpora/make.sh",
            Set::Bench => "tests/corpora/make-bench.sh",
            Set::Lived => "tests/corpora/make-bench-lived.sh",
        }
    }

    /// What the script sources.
    fn sourced(self) -> &'static [&'static str] {
        match self {
            Set::Tests => &["debian.sh"],
            Set::Bench => &["debian.sh", "mounts.sh"],
            Set::Lived => &["mounts.sh"],
        }
    }

    /// Where the recipe lies that the images were made by, and the note that says what they are.
    fn notes(self) -> (&'static str, &'static str) {
        match self {
            Set::Tests | Set::Bench => ("made-by.sh", "contents.txt"),
            Set::Lived => ("made-lived-by.sh", "contents-lived.txt"),
        }
    }
}

/// Where tests find their images unless told otherwise: `FERRY_CORPORA` names this folder to them.
pub fn folder() -> PathBuf {
    project::target().join("corpora")
}

/// Makes the set in `folder`, unless this very script has already made it there.
pub fn make(set: Set, folder: &Path) -> Result<(), Failure> {
    let script = project::root().join(set.script());
    let recipe = recipe(set, &script)?;
    let (stamp, note) = set.notes();
    let stamp = folder.join(stamp);
    if fs::read_to_string(&stamp).is_ok_and(|made_by| made_by == recipe) {
        println!("{}: {}", folder.display(), describe(&folder.join(note)));
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(Failure::file("create", folder))?;
    run::run(Command::new("bash").arg(&script).arg(folder))?;
    fs::write(&stamp, recipe).map_err(Failure::file("write", &stamp))?;
    println!("{}: {}", folder.display(), describe(&folder.join(note)));
    Ok(())
}

/// The script with what it sources: another recipe makes other images.
fn recipe(set: Set, script: &Path) -> Result<String, Failure> {
    let read = |file: &Path| fs::read_to_string(file).map_err(Failure::file("read", file));
    let mut text = read(script)?;
    for name in set.sourced() {
        text += &read(&script.with_file_name(name))?;
    }
    Ok(text)
}

/// What the folder's note says its images are.
fn describe(note: &Path) -> String {
    let note = fs::read_to_string(note).unwrap_or_default();
    note.lines().next().unwrap_or("the images").to_owned()
}
