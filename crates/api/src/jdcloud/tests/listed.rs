//! What is said of the operations elsewhere.

use crate::cloud::listed::assert_listed;
use crate::jdcloud::operation::OPERATIONS;

/// They have their golden files and their rows on the page.
#[test]
fn every_operation_is_played_and_told() {
    let operations = OPERATIONS.iter().map(|one| (one.name, one.handler.is_some()));
    assert_listed("jdcloud", operations);
}
