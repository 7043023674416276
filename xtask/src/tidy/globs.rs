//! Outside tests a name says where it comes from: no `use x::*`.

use super::lexer::Views;
use super::{Violation, line_of};
use crate::project::Tree;

/// Looks for a star at the end of a path.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for page in tree.rust().filter(|page| !page.is_test()) {
        let code = Views::of(&page.text).without_tests().code;
        for (at, _) in code.match_indices("::*") {
            // `u8::*` cannot be; `Type::*const` could, so only what ends a path counts.
            let behind = code[at + 3..].trim_start();
            if behind.starts_with([';', ',', '}']) {
                violations.push(Violation::at(&page.path, line_of(&code, at), "glob import"));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_outside_tests_is_found_and_one_inside_is_not() {
        let text = "use std::io::*;\n#[cfg(test)]\nmod tests { use super::*; }\n";
        let tree = Tree::of(&[("crates/disk/src/a.rs", text), ("crates/disk/tests/b.rs", text)]);
        let found = check(&tree);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].path.as_str(), found[0].line), ("crates/disk/src/a.rs", 1));
    }
}
