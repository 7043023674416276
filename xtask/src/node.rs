//! The JavaScript libraries that tests run against, in `target/node`: the clouds' own SDKs. The lock file pins each by digest.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::{project, run};

/// Where what goes in is listed.
const LISTS: &str = "xtask/node";
/// What goes in, and each of its parts with its digest.
const FILES: [&str; 2] = ["package.json", "package-lock.json"];
/// A copy of the lock file inside the folder, written last: an install that broke off is none. Tests look for it.
const MARK: &str = "installed.json";

/// Makes the folder, or makes it anew after a change of the list. Where that cannot be done (no Node.js, no package index) it
/// says so and goes on, and the tests that need it say SKIP.
pub fn ensure() -> Result<(), Failure> {
    if let Some(missing) = ["node", "npm"].into_iter().find(|program| run::find(program).is_none())
    {
        println!("SKIP no JavaScript libraries: no `{missing}` here");
        return Ok(());
    }
    let (lists, folder) = (project::root().join(LISTS), project::target().join("node"));
    if is_current(&folder, &lists)? {
        println!("nothing to install for JavaScript");
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Failure::file("remove", &folder))?;
    }
    if let Err(failure) = make(&folder, &lists) {
        println!("SKIP no JavaScript libraries: {}", failure.chain());
    }
    Ok(())
}

fn is_current(folder: &Path, lists: &Path) -> Result<bool, Failure> {
    let lock = lists.join(FILES[1]);
    let wanted = fs::read(&lock).map_err(Failure::file("read", &lock))?;
    Ok(fs::read(folder.join(MARK)).is_ok_and(|installed| installed == wanted))
}

fn make(folder: &Path, lists: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(Failure::file("make", folder))?;
    for name in FILES {
        let from = lists.join(name);
        fs::copy(&from, folder.join(name)).map_err(Failure::file("copy", &from))?;
    }
    // No script of a package runs: none of these needs one.
    let how = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    run::run(Command::new("npm").current_dir(folder).args(how))?;
    let lock = folder.join(FILES[1]);
    fs::copy(&lock, folder.join(MARK)).map_err(Failure::file("copy", &lock))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_install_is_whole_when_its_mark_says_what_is_wanted() {
        let scratch = tempfile::tempdir().unwrap();
        let (folder, lists) = (scratch.path().join("node"), scratch.path().join("lists"));
        fs::create_dir_all(&folder).unwrap();
        fs::create_dir_all(&lists).unwrap();
        fs::write(lists.join(FILES[1]), "{\"a\": 1}").unwrap();
        assert!(!is_current(&folder, &lists).unwrap(), "broken off");
        fs::copy(lists.join(FILES[1]), folder.join(MARK)).unwrap();
        assert!(is_current(&folder, &lists).unwrap());
        fs::write(lists.join(FILES[1]), "{\"a\": 2}").unwrap();
        assert!(!is_current(&folder, &lists).unwrap(), "another version is wanted");
        fs::remove_file(lists.join(FILES[1])).unwrap();
        assert!(is_current(&folder, &lists).is_err());
    }

    #[test]
    fn every_package_is_pinned_by_its_digest() {
        let lock = fs::read_to_string(project::root().join(LISTS).join(FILES[1])).unwrap();
        let count = |word: &str| lock.matches(word).count();
        assert!(count("\"integrity\"") > 10);
        assert_eq!(count("\"node_modules/"), count("\"integrity\""));
    }
}
