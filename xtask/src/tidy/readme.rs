//! What the pages tell a reader to type exists.

use super::Violation;
use crate::COMMANDS;
use crate::project::Tree;

const PAGES: [&str; 2] = ["README.md", "CONTRIBUTING.md"];

/// The pages are there, and each `cargo xtask` and `just` command that they show exists.
///
/// `ferry`'s own commands are tried on the built binary by the stage `readme`.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let recipes = tree.page("justfile").map(|page| recipes(&page.text)).unwrap_or_default();
    let mut violations = Vec::new();
    for path in PAGES {
        let Some(page) = tree.page(path) else {
            violations.push(Violation::at(path, 0, "there is no such page"));
            continue;
        };
        for (line, command) in shown(&page.text) {
            let words: Vec<&str> = command.split_whitespace().collect();
            let known = match words[..] {
                ["cargo", "xtask", name, ..] => COMMANDS.contains(&name),
                ["just", ref names @ ..] => {
                    names.iter().all(|name| recipes.iter().any(|recipe| recipe == name))
                }
                _ => true,
            };
            if !known {
                violations.push(Violation::at(path, line, format!("`{command}` does not exist")));
            }
        }
    }
    violations
}

/// One `ferry` command that README.md shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FerryCommand {
    /// As it is shown.
    pub line: String,
    /// `image copy`, `serve`.
    pub words: Vec<String>,
    /// `--to`, `--wait`.
    pub flags: Vec<String>,
}

/// The `ferry` commands of README.md.
pub fn ferry_commands(tree: &Tree) -> Vec<FerryCommand> {
    let Some(page) = tree.page("README.md") else { return Vec::new() };
    let command = |(_, line): (usize, String)| {
        let rest = [
            "ferry ",
            "cargo run --release -- ",
            "./target/release/ferry ",
            "target/release/ferry ",
        ]
        .iter()
        .find_map(|start| line.strip_prefix(start))?;
        let rest = rest.split([';', '|', '#', '>', '&']).next().unwrap_or_default();
        let is_word = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
        let words =
            rest.split_whitespace().take_while(is_word).take(2).map(str::to_owned).collect();
        let flag = |word: &str| {
            let word = word.trim_matches(['[', ']']);
            word.starts_with("--").then(|| word.split('=').next().unwrap_or(word).to_owned())
        };
        let flags = rest.split_whitespace().filter_map(flag).collect();
        Some(FerryCommand { line: line.clone(), words, flags })
    };
    shown(&page.text).into_iter().filter_map(command).collect()
}

/// The command lines in fenced blocks and between backticks, prompts taken off, continued lines joined.
fn shown(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fenced = false;
    let mut begun: Option<(usize, String)> = None;
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if !fenced {
            let code = line.split('`').skip(1).step_by(2);
            found.extend(code.map(|code| (at + 1, code.trim().to_owned())));
            continue;
        }
        let line = line.trim().trim_start_matches("$ ");
        let (first, whole) = match begun.take() {
            Some((first, start)) => (first, format!("{start} {line}")),
            None => (at + 1, line.to_owned()),
        };
        match whole.strip_suffix('\\') {
            Some(start) => begun = Some((first, start.trim_end().to_owned())),
            None => found.push((first, whole)),
        }
    }
    found
}

fn recipes(justfile: &str) -> Vec<String> {
    let name = |line: &str| {
        let head = line.split_once(':')?.0;
        let name = head.split_whitespace().next()?;
        (!line.starts_with([' ', '\t', '#'])).then(|| name.to_owned())
    };
    justfile.lines().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_do_not_exist_are_found() {
        let tree = Tree::of(&[
            ("justfile", "check:\n    cargo check\n"),
            (
                "README.md",
                "Say `cargo xtask test`.\n```\n$ cargo xtask tset\njust check\njust czech\n```\n",
            ),
        ]);
        let found: Vec<(String, usize)> =
            check(&tree).into_iter().map(|v| (v.path, v.line)).collect();
        assert_eq!(
            found,
            [("README.md".into(), 3), ("README.md".into(), 5), ("CONTRIBUTING.md".into(), 0)]
        );
    }

    #[test]
    fn ferry_commands_are_read_with_their_flags_over_several_lines() {
        let text = "```sh\n$ ferry image copy img-1 --from north \\\n    --to south,east --wait | cat --not\nferry serve # --no\n```\n";
        let found = ferry_commands(&Tree::of(&[("README.md", text)]));
        assert_eq!(found[0].words, ["image", "copy"]);
        assert_eq!(found[0].flags, ["--from", "--to", "--wait"]);
        assert_eq!(
            (found[1].words.as_slice(), found[1].flags.len()),
            (["serve".to_owned()].as_slice(), 0)
        );
    }
}
