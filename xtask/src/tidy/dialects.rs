//! No dialect uses another: each stands alone over `region`.

use super::lexer::Views;
use super::{Violation, line_of, words};
use crate::project::Tree;

const DIALECTS: [&str; 4] = ["alibaba", "tencent", "jdcloud", "native"];

/// Looks for one dialect's name in another's code.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for page in tree.rust() {
        let Some(inside) = page.path.strip_prefix("crates/api/src/") else { continue };
        let Some(own) = DIALECTS.iter().find(|dialect| {
            inside.strip_prefix(**dialect).is_some_and(|rest| rest.starts_with(['/', '.']))
        }) else {
            continue;
        };
        let code = Views::of(&page.text).code;
        for (at, word) in words(&code) {
            if word != *own && DIALECTS.contains(&word) {
                let what = format!("dialect `{own}` names dialect `{word}`");
                violations.push(Violation::at(&page.path, line_of(&code, at), what));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialect_that_uses_another_is_found() {
        let tree = Tree::of(&[
            ("crates/api/src/alibaba/sign.rs", "use crate::tencent::sign;\n"),
            ("crates/api/src/lib.rs", "mod alibaba;\nmod tencent;\n"),
            ("crates/api/src/native/routes.rs", "use super::native;\n"),
        ]);
        let found = check(&tree);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "crates/api/src/alibaba/sign.rs");
    }
}
