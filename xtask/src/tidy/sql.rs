//! SQL is written in `catalog` alone.

use super::Violation;
use super::lexer::Views;
use crate::project::Tree;

/// Beginnings of statements, in the case that SQL is written in here.
const STATEMENTS: [&str; 9] = [
    "SELECT ",
    "INSERT INTO ",
    "INSERT OR ",
    "UPDATE OR ",
    "DELETE FROM ",
    "CREATE TABLE ",
    "CREATE INDEX ",
    "PRAGMA ",
    "BEGIN IMMEDIATE",
];

/// Looks for statements between quotes, outside tests.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for page in tree.rust().filter(|page| !page.is_test()) {
        if page.krate().is_none_or(|name| name == "catalog") {
            continue;
        }
        let texts = Views::of(&page.text).without_tests().texts;
        for (at, line) in texts.lines().enumerate() {
            if let Some(statement) = STATEMENTS.iter().find(|statement| line.contains(**statement))
            {
                let what = format!("SQL outside `catalog`: `{}`", statement.trim());
                violations.push(Violation::at(&page.path, at + 1, what));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_outside_the_catalog_is_found() {
        let text = "// SELECT 1\nfn a() { run(\"SELECT id FROM image\"); }\n";
        let tree = Tree::of(&[("crates/region/src/a.rs", text), ("crates/catalog/src/a.rs", text)]);
        let found = check(&tree);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].path.as_str(), found[0].line), ("crates/region/src/a.rs", 2));
    }
}
