//! `docs/benchmarks.md` and its pictures, made of what is kept in `docs/benchmarks/` and of nothing else.

mod plots;
mod svg;
mod tables;
mod targets;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::record::Results;
use crate::failure::Failure;
use crate::project;

use targets::Targets;

pub use tables::section;

/// Everything that is written: texts by their path from `docs/`.
pub type Pages = BTreeMap<String, String>;

/// The results in the order in which they are shown.
const SHOWN: [&str; 9] =
    ["lan", "delta", "wan", "loss", "floors", "import", "memory", "fanout", "control"];

/// What the page is made of.
struct Kept {
    preface: String,
    targets: Targets,
    results: Vec<Results>,
}

impl Kept {
    fn load(folder: &Path) -> Result<Kept, Failure> {
        let preface = folder.join("preface.md");
        let preface = fs::read_to_string(&preface).map_err(Failure::file("read", &preface))?;
        let mut results = Vec::new();
        for name in SHOWN {
            let file = folder.join(format!("{name}.json"));
            if file.is_file() {
                results.push(Results::load(&file)?);
            }
        }
        Ok(Kept { preface, targets: Targets::load(&folder.join("targets.toml"))?, results })
    }
}

fn folder() -> PathBuf {
    project::root().join("docs/benchmarks")
}

/// The page and the pictures.
fn render(kept: &Kept) -> Pages {
    let mut text = format!("# Benchmarks\n\n{}\n", kept.preface.trim());
    let mut pages = Pages::new();
    let judged = kept.targets.judge(&kept.results);
    text += "\n## Targets\n\n";
    text += &tables::targets(&judged);
    if let Some(picture) = plots::targets(&judged) {
        text += "\n![Each target's figure against its goal](benchmarks/targets.svg)\n";
        pages.insert("benchmarks/targets.svg".into(), picture);
    }
    text += "\n## Machine and programs\n\n";
    text += &tables::about(&kept.results);
    for results in &kept.results {
        let pictures = plots::of(results);
        text += &format!("\n## {}\n", tables::heading(&results.bench));
        text += &tables::with_pictures(results, &pictures);
        for (name, picture) in pictures {
            pages.insert(format!("benchmarks/{name}.svg"), picture);
        }
    }
    pages.insert("benchmarks.md".into(), text);
    pages
}

/// Makes page and pictures anew, and takes away pictures that are no longer part of it.
pub fn write() -> Result<(), Failure> {
    let kept = Kept::load(&folder())?;
    let pages = render(&kept);
    let docs = project::root().join("docs");
    for file in pictures(&folder())? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !pages.contains_key(&format!("benchmarks/{name}")) {
            fs::remove_file(&file).map_err(Failure::file("remove", &file))?;
        }
    }
    for (path, text) in &pages {
        let file = docs.join(path);
        fs::write(&file, text).map_err(Failure::file("write", &file))?;
    }
    println!("{} files written, docs/benchmarks.md the first of them", pages.len());
    for target in kept.targets.without_reason(&kept.results) {
        println!("no reason told yet in docs/benchmarks/targets.toml: {target}");
    }
    Ok(())
}

/// Keeps what the last runs found, then makes the page.
pub fn publish(scratch: &Path) -> Result<(), Failure> {
    for name in SHOWN {
        let file = scratch.join(format!("{name}.json"));
        if file.is_file() {
            Results::load(&file)?.save(&folder())?;
            println!("{name}: kept");
        }
    }
    write()
}

fn pictures(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(folder).map_err(Failure::file("list", folder))?;
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    Ok(files.filter(|file| file.extension().is_some_and(|end| end == "svg")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_and_its_pictures_are_what_is_made_of_what_is_kept() {
        let pages = render(&Kept::load(&folder()).unwrap());
        for (path, text) in &pages {
            let there = fs::read_to_string(project::root().join("docs").join(path));
            let there = there.unwrap_or_default();
            assert!(there == *text, "docs/{path} differs: `cargo xtask bench page` makes it");
        }
        let made = pages.len() - 1;
        assert_eq!(pictures(&folder()).unwrap().len(), made, "a picture that nobody shows");
    }

    #[test]
    fn every_target_names_figures_that_its_bench_could_have() {
        let kept = Kept::load(&folder()).unwrap();
        for name in kept.targets.names() {
            let bench = name.split('/').next().unwrap_or_default();
            assert!(SHOWN.contains(&bench), "{name}");
            let Some(results) = kept.results.iter().find(|results| results.bench == bench) else {
                continue;
            };
            // A race that ran has all that a target asks of it, unless a contender was left out with a word.
            let race = name.split('/').nth(1).unwrap_or_default();
            if results.races.iter().any(|known| known.key == race) {
                let figure = results.figure(&name[bench.len() + 1..]);
                assert!(figure.is_some() || !results.skipped.is_empty(), "{name}");
            }
        }
    }
}
