//! The Python libraries that tests run against, in `target`: the clouds' own SDKs and command lines, and services that speak
//! their APIs.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::{project, run};

/// Libraries that go together.
struct Environment {
    /// The folder in `target`.
    folder: &'static str,
    /// What goes in, each with its version.
    requirements: &'static str,
}

const ENVIRONMENTS: [Environment; 3] = [
    Environment { folder: "venv", requirements: "xtask/requirements.txt" },
    Environment { folder: "venv-jdcloud-cli", requirements: "xtask/requirements-jdcloud-cli.txt" },
    Environment {
        folder: "venv-jdcloud-older",
        requirements: "xtask/requirements-jdcloud-older.txt",
    },
];

/// A copy of the requirements inside the folder, written last: an install that broke off is none. Tests look for it.
const MARK: &str = "installed.txt";

/// Makes each folder, or makes it anew after a change of its requirements. Where that cannot be done (no Python, no package
/// index) it says so and goes on, and the tests that need it say SKIP.
pub fn ensure() -> Result<(), Failure> {
    ENVIRONMENTS.iter().try_for_each(ensure_one)
}

fn ensure_one(environment: &Environment) -> Result<(), Failure> {
    let wanted = project::root().join(environment.requirements);
    let folder = project::target().join(environment.folder);
    if is_current(&folder, &wanted)? {
        println!("nothing to install for Python in {}", environment.folder);
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Failure::file("remove", &folder))?;
    }
    if let Err(failure) = make(&folder, &wanted) {
        println!("SKIP no Python libraries in {}: {}", environment.folder, failure.chain());
    }
    Ok(())
}

/// Whether Python here has what makes such a folder.
pub fn can_be_made() -> bool {
    let asked = Command::new("python3").args(["-c", "import ensurepip, venv"]).output();
    asked.is_ok_and(|answer| answer.status.success())
}

fn is_current(folder: &Path, wanted: &Path) -> Result<bool, Failure> {
    let wanted = fs::read(wanted).map_err(Failure::file("read", wanted))?;
    let python = folder.join("bin/python").is_file(); // a link to a Python that may be gone
    Ok(python && fs::read(folder.join(MARK)).is_ok_and(|installed| installed == wanted))
}

fn make(folder: &Path, wanted: &Path) -> Result<(), Failure> {
    run::run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    let quiet = ["--quiet", "--disable-pip-version-check", "--retries", "2"];
    // All is listed; what one of them says it needs besides is not (of a cloud, all its services). Python compiles what it
    // uses when it uses it: the rest would be most of the time and a third of the space.
    let bare = ["--no-deps", "--no-compile"];
    let mut pip = Command::new(folder.join("bin/python"));
    run::run(pip.args(["-m", "pip", "install"]).args(quiet).args(bare).arg("-r").arg(wanted))?;
    fs::copy(wanted, folder.join(MARK)).map_err(Failure::file("copy", wanted))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_install_is_whole_when_its_mark_says_what_is_wanted() {
        let scratch = tempfile::tempdir().unwrap();
        let (folder, wanted) = (scratch.path().join("venv"), scratch.path().join("wanted"));
        fs::write(&wanted, "moto==5.2.5\n").unwrap();
        assert!(!is_current(&folder, &wanted).unwrap());
        fs::create_dir_all(folder.join("bin")).unwrap();
        fs::write(folder.join("bin/python"), "").unwrap();
        assert!(!is_current(&folder, &wanted).unwrap(), "broken off");
        fs::copy(&wanted, folder.join(MARK)).unwrap();
        assert!(is_current(&folder, &wanted).unwrap());
        fs::write(&wanted, "moto==5.2.6\n").unwrap();
        assert!(!is_current(&folder, &wanted).unwrap(), "another version is wanted");
        fs::remove_file(&wanted).unwrap();
        assert!(is_current(&folder, &wanted).is_err());
    }

    #[test]
    fn every_requirement_has_its_version() {
        for environment in &ENVIRONMENTS {
            let text = fs::read_to_string(project::root().join(environment.requirements)).unwrap();
            let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
            assert!(lines.clone().count() > 0);
            lines.for_each(|line| assert!(line.contains("=="), "{line}"));
        }
    }
}
