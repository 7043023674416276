//! One word for one idea, and file names that say what is inside.

use super::lexer::Views;
use super::{Violation, line_of, words};
use crate::project::Tree;

/// Names that say nothing about what is inside.
const HOLLOW: [&str; 9] =
    ["utils", "util", "helpers", "helper", "common", "manager", "managers", "misc", "stuff"];

/// Files first, then the words of the code.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for page in tree.rust() {
        let hollow = page.path.split(['/', '.']).find(|part| HOLLOW.contains(part));
        if let Some(part) = hollow {
            let what = format!("`{part}` says nothing about what is inside");
            violations.push(Violation::at(&page.path, 0, what));
        }
        let code = Views::of(&page.text).code;
        for (at, word) in words(&code) {
            if let Some(better) = short_for(word) {
                let what = format!("`{word}`: say `{better}`");
                violations.push(Violation::at(&page.path, line_of(&code, at), what));
            }
        }
    }
    violations
}

/// The word to use where `src` or `dst` is a part of a name, be it snake or camel.
fn short_for(word: &str) -> Option<&'static str> {
    let mut parts = word.split('_').flat_map(|part| {
        let camel = ["Src", "Dst"].into_iter().find(|short| {
            part.strip_prefix(short)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_uppercase))
        });
        [Some(part), camel].into_iter().flatten()
    });
    parts.find_map(|part| match part.to_ascii_lowercase().as_str() {
        "src" => Some("source"),
        "dst" => Some("target"),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_words_are_found_in_code_and_not_in_paths_or_texts() {
        let text = "let src_image = dst; // src\ninclude_str!(\"src/lib.rs\"); fn srcs() {}\nstruct SrcImage;\n";
        let found: Vec<usize> = check(&Tree::of(&[("crates/disk/src/a.rs", text)]))
            .into_iter()
            .map(|v| v.line)
            .collect();
        assert_eq!(found, [1, 1, 3]);
    }

    #[test]
    fn hollow_file_names_are_found() {
        let tree =
            Tree::of(&[("crates/disk/src/utils.rs", ""), ("crates/disk/src/common/mod.rs", "")]);
        assert_eq!(check(&tree).len(), 2);
    }
}
