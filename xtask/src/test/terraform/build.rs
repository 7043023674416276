//! Building a Go program of a fixed version, within a time.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::{project, run};

/// What both builds may take where nothing is kept.
const BUILD_SECS: u64 = 1_500;
/// How late after the first stage's beginning a build may still run: the stages behind it take twenty minutes, and all of
/// `.ci/run` has an hour and a half.
const LATEST_SECS: u64 = 3_300;
/// The provider is one very large package: the compiler takes 6.2 GiB for it (measured, Go 1.26, two cores).
const MEMORY_KIB: u64 = 7 << 20;

/// A program whose version stands in `xtask/terraform/FOLDER/go.mod`.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The folder of its `go.mod` and `go.sum`.
    pub folder: &'static str,
    /// The module whose version counts.
    pub module: &'static str,
    /// The package that is the program.
    pub package: &'static str,
    /// The file.
    pub name: &'static str,
}

impl Program {
    /// The kept file, made if it is not there.
    pub fn ensure(&self, cache: &Cache, deadline: &Deadline) -> Result<PathBuf, Failure> {
        let module = project::root().join("xtask/terraform").join(self.folder);
        let file = self.kept(
            cache,
            &fs::read_to_string(module.join("go.mod")).map_err(Failure::file("read", &module))?,
        );
        if file.is_file() {
            println!("{} is kept", file.display());
            return Ok(file);
        }
        let missing = |what: &str| Failure::NoBuild { program: self.name, why: what.to_owned() };
        let go = run::find("go").ok_or_else(|| missing("no `go` here"))?;
        if memory_kib().is_some_and(|free| free < MEMORY_KIB) {
            return Err(missing("less than 7 GiB of memory are free"));
        }
        let folder = file.parent().expect("a kept file is in a folder");
        fs::create_dir_all(folder).map_err(Failure::file("create", folder))?;
        let scratch = tempfile::tempdir_in(&cache.0).map_err(Failure::file("create", &cache.0))?;
        let made = scratch.path().join(self.name);
        let began = Instant::now();
        let mut command = self.command(&go, &module, scratch.path());
        println!("building {} (once; {} s are left)", self.name, deadline.left().as_secs());
        within(&mut command, deadline)?;
        fs::rename(&made, &file).map_err(Failure::file("keep", &file))?;
        println!("built {} in {} s", file.display(), began.elapsed().as_secs());
        Ok(file)
    }

    /// Where it is kept: by its version, so that another version is another file.
    fn kept(&self, cache: &Cache, go_mod: &str) -> PathBuf {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let version = go_mod
            .lines()
            .map(words)
            .find(|words| words.len() == 3 && words[0] == "require" && words[1] == self.module)
            .map_or_else(|| "unknown".to_owned(), |words| words[2].clone());
        cache.0.join(format!("{}-{version}", self.name)).join(self.name)
    }

    /// What `go` compiles on the way takes gigabytes and serves nothing else: it goes with the scratch folder.
    fn command(&self, go: &Path, module: &Path, scratch: &Path) -> Command {
        let mut command = Command::new("nice");
        command
            .args([OsStr::new("-n"), OsStr::new("10"), go.as_os_str()])
            .args([
                "build",
                "-mod=readonly",
                "-buildvcs=false",
                "-trimpath",
                "-ldflags=-s -w",
                "-o",
            ])
            .arg(scratch.join(self.name))
            .arg(self.package)
            .current_dir(module)
            .env("GOCACHE", scratch.join("compiled"))
            .env("GOFLAGS", "")
            .env("CGO_ENABLED", "0")
            .stdin(Stdio::null());
        command
    }
}

/// The folder for what is built once.
#[derive(Clone, Debug)]
pub struct Cache(PathBuf);

impl Cache {
    /// `$FERRY_TEST_CACHE`, else `~/.cache/ferry-tests`.
    pub fn find() -> Cache {
        let home = std::env::var_os("HOME").unwrap_or_default();
        let usual = || PathBuf::from(home).join(".cache/ferry-tests");
        Cache(std::env::var_os("FERRY_TEST_CACHE").map_or_else(usual, PathBuf::from))
    }
}

/// When building has to end.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    end: Instant,
}

impl Deadline {
    /// `FERRY_TERRAFORM_BUILD_SECS` from now; else [`BUILD_SECS`], if [`LATEST_SECS`] after the stages began is not before that.
    pub fn from_environment(stages_began: Instant) -> Deadline {
        let asked = std::env::var("FERRY_TERRAFORM_BUILD_SECS").ok();
        let end = match asked.and_then(|text| text.parse().ok()) {
            Some(secs) => Instant::now() + Duration::from_secs(secs),
            None => {
                let latest = stages_began + Duration::from_secs(LATEST_SECS);
                latest.min(Instant::now() + Duration::from_secs(BUILD_SECS))
            }
        };
        Deadline { end }
    }

    fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }
}

/// Runs to the end or until the time is over; then it and all that it started are killed.
fn within(command: &mut Command, deadline: &Deadline) -> Result<(), Failure> {
    let shown = run::shown(command);
    let start = |source| Failure::Start { command: shown.clone(), source };
    let mut child = command.process_group(0).spawn().map_err(start)?;
    loop {
        if let Some(status) = child.try_wait().map_err(start)? {
            if status.success() {
                return Ok(());
            }
            return Err(Failure::Ended { command: shown, status });
        }
        if deadline.left().is_zero() {
            kill(&mut child);
            return Err(Failure::Late { command: shown });
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn kill(child: &mut Child) {
    let group = rustix::process::Pid::from_child(child);
    // It may have ended in this moment.
    let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    let _ = child.wait();
}

/// What the system says is free, where it says so.
fn memory_kib() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: Program = Program { folder: "x", module: "a/b", package: "a/b/c", name: "c" };

    #[test]
    fn another_version_is_another_file() {
        let cache = Cache(PathBuf::from("/cache"));
        let kept = |text| PROGRAM.kept(&cache, text);
        assert_eq!(kept("module x\n\nrequire a/b v1.2.0\n"), Path::new("/cache/c-v1.2.0/c"));
        assert_ne!(kept("require a/b v1.2.0\n"), kept("require a/b v1.3.0\n"));
    }

    #[test]
    fn every_program_has_its_version() {
        for program in [super::super::OPENTOFU, super::super::PROVIDER] {
            let file = project::root().join("xtask/terraform").join(program.folder).join("go.mod");
            let text = fs::read_to_string(&file).unwrap();
            let kept = program.kept(&Cache(PathBuf::new()), &text);
            assert!(
                kept.starts_with(format!("{}-v1", program.name))
                    || kept.to_string_lossy().contains("-v1."),
                "{kept:?}"
            );
            assert!(file.with_file_name("go.sum").is_file());
        }
    }

    #[test]
    fn a_build_that_takes_too_long_is_ended_with_all_that_it_started() {
        let deadline = Deadline { end: Instant::now() + Duration::from_millis(300) };
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & wait"]);
        let began = Instant::now();
        assert!(matches!(within(&mut command, &deadline), Err(Failure::Late { .. })));
        assert!(began.elapsed() < Duration::from_secs(30));
        let mut quick = Command::new("true");
        let deadline = Deadline { end: Instant::now() + Duration::from_secs(60) };
        assert!(within(&mut quick, &deadline).is_ok());
    }
}
