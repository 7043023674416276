//! A link between the project's pages leads somewhere.

use super::Violation;
use crate::project::{self, Page, Tree};

/// Every relative link of every Markdown page: the file is there, and the heading too if one is named.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for page in tree.markdown() {
        for (line, link) in links(&page.text) {
            if let Some(what) = broken(tree, page, &link) {
                violations.push(Violation::at(&page.path, line, what));
            }
        }
    }
    violations
}

/// The targets of `[text](target)` outside code, each with its line.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        // Every second piece between backticks is code.
        let prose: Vec<&str> = line.split('`').step_by(2).collect();
        let prose = prose.join("`");
        for (open, _) in prose.match_indices("](") {
            let behind = &prose[open + 2..];
            if let Some(close) = behind.find(')') {
                let link = behind[..close].split_whitespace().next().unwrap_or_default();
                found.push((at + 1, link.to_owned()));
            }
        }
    }
    found
}

fn broken(tree: &Tree, page: &Page, link: &str) -> Option<String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let path = if file.is_empty() { page.path.clone() } else { resolved(&page.path, file) };
    let target = tree.page(&path);
    let folder = tree.pages.iter().any(|other| other.path.starts_with(&format!("{path}/")));
    // A picture is no text, so the tree has not read it.
    if target.is_none() && !folder && !project::root().join(&path).is_file() {
        return Some(format!("`{link}` leads nowhere"));
    }
    let found = target.is_none_or(|target| headings(&target.text).any(|slug| slug == heading));
    (!heading.is_empty() && !found).then(|| format!("`{path}` has no heading `#{heading}`"))
}

fn resolved(from: &str, file: &str) -> String {
    let mut parts: Vec<&str> =
        if file.starts_with('/') { Vec::new() } else { from.split('/').collect() };
    parts.pop();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The headings as links spell them: lower case, spaces to hyphens, the rest of the signs gone.
fn headings(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter(|line| line.starts_with('#')).map(|line| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let keep = |c: char| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        };
        title.chars().filter_map(keep).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_missing_files_and_headings_are_found() {
        let tree = Tree::of(&[
            (
                "README.md",
                "[a](docs/a.md) [b](docs/a.md#2-two-things) [c](docs) [d](https://x.invalid/y)\n`[e](no)`\n```\n[f](no)\n```\n",
            ),
            (
                "docs/a.md",
                "# A\n## 2. Two `things`\n[up](../README.md) [self](#a)\n[gone](b.md)\n[gone](#c)\n",
            ),
        ]);
        let found: Vec<usize> = check(&tree).into_iter().map(|v| v.line).collect();
        assert_eq!(found, [4, 5]);
    }
}
