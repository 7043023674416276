//! What is said of a door's operations elsewhere, for the tests of each door: their golden files, and the page that users read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Checks that each operation that is answered has a golden file, which the door's tests play, that no file is of another, and
/// that the page lists the same operations with the same answer to whether they are supported.
pub(crate) fn assert_listed<'a>(cloud: &str, operations: impl Iterator<Item = (&'a str, bool)>) {
    let mut known: Vec<(String, bool)> =
        operations.map(|(name, is_answered)| (name.to_owned(), is_answered)).collect();
    known.sort();
    let answered = known.iter().filter(|(_, is_answered)| *is_answered);
    let answered: BTreeSet<String> = answered.map(|(name, _)| name.clone()).collect();
    let files = std::fs::read_dir(here().join("tests/golden").join(cloud)).unwrap();
    let files: BTreeSet<String> = files
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(files, answered, "golden files, and operations that are answered");
    let page = here().join(format!("../../docs/{cloud}.md"));
    let page = std::fs::read_to_string(page).unwrap();
    let mut told: Vec<(String, bool)> = page.lines().filter_map(row).collect();
    told.sort();
    assert_eq!(told, known, "the page, and the operations that there are");
}

/// A row of a page's table of operations.
fn row(line: &str) -> Option<(String, bool)> {
    let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
    let name = cells.next()?.trim_end_matches('`').to_owned();
    match cells.next()? {
        "yes" => Some((name, true)),
        "no" => Some((name, false)),
        _ => None,
    }
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
