//! What is said of the operations elsewhere: their golden files, and the page that users read.

use std::collections::BTreeSet;
use std::path::Path;

use crate::jdcloud::operation::OPERATIONS;

/// Each operation that is answered has a golden file, which the tests of this door play; and no file is of another.
#[test]
fn every_operation_that_is_answered_has_a_golden_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/jdcloud");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeSet<String> =
        files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    let answered = OPERATIONS.iter().filter(|operation| operation.handler.is_some());
    let answered: BTreeSet<String> = answered.map(|operation| operation.name.to_owned()).collect();
    let without: Vec<_> = answered.difference(&files).collect();
    let of_none: Vec<_> = files.difference(&answered).collect();
    assert!(without.is_empty() && of_none.is_empty(), "without: {without:?}, of none: {of_none:?}");
}

/// The page that users read lists the same operations, with the same answer to whether they are supported.
#[test]
fn the_page_lists_every_operation() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/jdcloud.md");
    let page = std::fs::read_to_string(page).unwrap();
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
        let name = cells.next()?.trim_end_matches('`').to_owned();
        match cells.next()? {
            "yes" => Some((name, true)),
            "no" => Some((name, false)),
            _ => None,
        }
    };
    let mut told: Vec<(String, bool)> = page.lines().filter_map(row).collect();
    let known = OPERATIONS.iter().map(|o| (o.name.to_owned(), o.handler.is_some()));
    let mut known: Vec<_> = known.collect();
    told.sort();
    known.sort();
    assert_eq!(told, known);
}
