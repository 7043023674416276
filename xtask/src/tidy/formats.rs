//! Every version of every format, and every migration, is named by a test.
//!
//! A format is a heading of `docs/formats.md` that ends in `, version N`. A test names it by writing the heading's words,
//! `Disk trees, version 1`, in its code or its comments; a migration by its file's name, `0001_init`.

use super::lexer::Views;
use super::{Violation, line_of};
use crate::project::{Page, Tree};

const FORMATS: &str = "docs/formats.md";

/// Looks for each name in all test code of the crates.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let tests: Vec<String> =
        tree.rust().filter(|page| page.krate().is_some()).map(test_text).collect();
    let named = |name: &str| tests.iter().any(|test| test.contains(&name.to_lowercase()));
    let mut violations = Vec::new();
    for (line, format) in tree.page(FORMATS).into_iter().flat_map(versions) {
        if !named(&format) {
            violations.push(Violation::at(FORMATS, line, format!("no test names `{format}`")));
        }
    }
    for page in tree.pages.iter().filter(|page| page.path.contains("/migrations/")) {
        let file = page.path.rsplit('/').next().unwrap_or_default();
        let Some(stem) = file.strip_suffix(".sql") else { continue };
        if !named(stem) {
            violations.push(Violation::at(&page.path, 0, format!("no test names `{stem}`")));
        }
    }
    violations
}

/// The headings with a version, each with its line.
fn versions(page: &Page) -> Vec<(usize, String)> {
    let heading = |(at, line): (usize, &str)| {
        let title = line.strip_prefix("## ")?.trim_start_matches(|c: char| c.is_ascii_digit());
        let title = title.trim_start_matches(['.', ' ']).trim();
        title.contains(", version ").then(|| (at + 1, title.to_owned()))
    };
    page.text.lines().enumerate().filter_map(heading).collect()
}

/// What of a file is test: all of an integration test, else everything behind the first test mark. In lower case.
fn test_text(page: &Page) -> String {
    if page.is_test() {
        return page.text.to_lowercase();
    }
    let code = Views::of(&page.text).code;
    let first = ["#[cfg(test)]", "#[cfg(all(test"].iter().filter_map(|mark| code.find(mark)).min();
    let Some(at) = first else { return String::new() };
    let skipped = line_of(&code, at) - 1;
    page.text.lines().skip(skipped).collect::<Vec<_>>().join("\n").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_migrations_that_no_test_names_are_found() {
        let tree = Tree::of(&[
            (
                FORMATS,
                "# Formats\n## 1. Chunks\n## 2. Disk trees, version 1\n## 3. Packs, version 2\n",
            ),
            ("crates/catalog/migrations/sqlite/0001_init.sql", ""),
            ("crates/catalog/migrations/sqlite/0002_more.sql", ""),
            (
                "crates/store/src/tree.rs",
                "// packs, version 2\n#[cfg(test)]\nmod tests {\n// disk trees, version 1\n}\n",
            ),
            ("crates/catalog/tests/migrate.rs", "const FIRST: &str = \"0001_init\";\n"),
        ]);
        let found: Vec<String> = check(&tree).into_iter().map(|v| v.what).collect();
        assert_eq!(found, ["no test names `Packs, version 2`", "no test names `0002_more`"]);
    }
}
