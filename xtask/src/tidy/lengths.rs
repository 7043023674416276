//! Files and functions short enough to be read.

use super::lexer::{Views, item_end};
use super::{Violation, line_of, words};
use crate::project::Tree;

/// Lines of a file, its inline tests not counted.
const FILE_LINES: usize = 600;
/// Lines of a function, from `fn` to its closing brace, tests included.
const FUNCTION_LINES: usize = 70;

/// Both, for every Rust file.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for page in tree.rust() {
        let views = Views::of(&page.text);
        let lines = page.text.lines().count() - test_lines(&views);
        if lines > FILE_LINES {
            let what = format!("{lines} lines, {FILE_LINES} at most");
            violations.push(Violation::at(&page.path, 0, what));
        }
        for (line, name, lines) in functions(&views.code) {
            if lines > FUNCTION_LINES {
                let what = format!("`{name}` has {lines} lines, {FUNCTION_LINES} at most");
                violations.push(Violation::at(&page.path, line, what));
            }
        }
    }
    violations
}

/// How many lines have code only because of tests.
fn test_lines(views: &Views) -> usize {
    let code = |views: &Views| views.code.lines().filter(|line| !line.trim().is_empty()).count();
    code(views) - code(&views.without_tests())
}

/// Every function with a body: its line, its name, its lines.
fn functions(code: &str) -> Vec<(usize, &str, usize)> {
    let mut found = Vec::new();
    let mut words = words(code).peekable();
    while let Some((at, word)) = words.next() {
        if word != "fn" {
            continue;
        }
        // A function pointer's type has no name behind `fn`.
        let Some(&(name_at, name)) = words.peek() else { continue };
        if !code[at + 2..name_at].trim().is_empty() {
            continue;
        }
        let end = item_end(code, name_at);
        let line = line_of(code, at);
        found.push((line, name, line_of(code, end) - line + 1));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        check(&Tree::of(&[("crates/disk/src/a.rs", text)])).into_iter().map(|v| v.what).collect()
    }

    #[test]
    fn a_long_file_is_found_unless_tests_make_it_long() {
        let lines = "const A: u8 = 1;\n".repeat(FILE_LINES);
        assert_eq!(found(&lines), Vec::<String>::new());
        assert_eq!(found(&format!("{lines}const B: u8 = 2;\n")).len(), 1);
        let tests = format!("{lines}#[cfg(test)]\nmod tests {{\n{lines}}}\n");
        assert_eq!(found(&tests), Vec::<String>::new());
    }

    #[test]
    fn a_long_function_is_found_and_a_long_signature_counts() {
        let body = |lines: usize| {
            format!("fn f<T: Fn([u8; 2])>(\n  a: u8,\n) {{\n{}}}\n", "  g();\n".repeat(lines))
        };
        assert_eq!(found(&body(FUNCTION_LINES - 4)), Vec::<String>::new());
        assert_eq!(found(&body(FUNCTION_LINES - 3)), ["`f` has 71 lines, 70 at most"]);
    }

    #[test]
    fn functions_after_a_declaration_are_measured_on_their_own() {
        let code = "trait A { fn a(&self); fn b(&self) {\n} }\ntype P = fn(u8) -> u8;\nfn c() {}\n";
        let names: Vec<&str> = functions(code).into_iter().map(|(_, name, _)| name).collect();
        assert_eq!(names, ["a", "b", "c"]);
    }
}
