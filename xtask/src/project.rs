//! Where the project is, and the texts it is made of.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::run;

/// The top folder of the checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the top folder")
}

/// The folder for what is made and can be made again.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// One text file of the project.
#[derive(Clone, Debug)]
pub struct Page {
    /// From the top folder, with `/` between.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl Page {
    /// The crate under `crates/` that it belongs to.
    pub fn krate(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }

    /// Whether the whole file is test code: an integration test or a file named for tests.
    pub fn is_test(&self) -> bool {
        let inner = self.path.split('/').any(|part| {
            matches!(part, "tests" | "tests.rs" | "fuzz" | "benches") || part.ends_with("_test.rs")
        });
        inner && self.path.ends_with(".rs")
    }
}

/// What the checks look at: every text of the project that git knows or would take, read once.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// In order of path.
    pub pages: Vec<Page>,
}

impl Tree {
    /// Reads the checkout. Files that are no text are passed over.
    pub fn load() -> Result<Tree, Failure> {
        let listed = run::read(Command::new("git").current_dir(root()).args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]))?;
        let mut paths: Vec<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
        paths.sort_unstable();
        paths.dedup();
        let mut pages = Vec::new();
        for path in paths {
            let file = root().join(path);
            let Ok(bytes) = fs::read(&file) else { continue }; // deleted in the work tree, or a link to nowhere
            if let Ok(text) = String::from_utf8(bytes) {
                pages.push(Page { path: path.to_owned(), text });
            }
        }
        Ok(Tree { pages })
    }

    /// The Rust files.
    pub fn rust(&self) -> impl Iterator<Item = &Page> {
        self.pages.iter().filter(|page| page.path.ends_with(".rs"))
    }

    /// The Markdown files.
    pub fn markdown(&self) -> impl Iterator<Item = &Page> {
        self.pages.iter().filter(|page| page.path.ends_with(".md"))
    }

    /// The manifests of the crates under `crates/`, each with the crate's name.
    pub fn manifests(&self) -> impl Iterator<Item = (&str, &Page)> {
        self.pages.iter().filter_map(|page| {
            let name = page.krate()?;
            (page.path == format!("crates/{name}/Cargo.toml")).then_some((name, page))
        })
    }

    /// The file at exactly this path.
    pub fn page(&self, path: &str) -> Option<&Page> {
        self.pages.iter().find(|page| page.path == path)
    }

    /// A tree made up of these files, for tests of the checks.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Tree {
        let page = |&(path, text): &(&str, &str)| Page { path: path.into(), text: text.into() };
        Tree { pages: files.iter().map(page).collect() }
    }
}
