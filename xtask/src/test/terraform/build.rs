//! Building a Go program of a fixed version, within a time.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::left_out::LeftOut;
use crate::failure::Failure;
use crate::{project, run};

/// What all builds may take where nothing is kept.
const BUILD_SECS: u64 = 2_400;
/// How late after the first stage's beginning a build may still run: the stages behind it take twenty minutes, and all of
/// `.ci/run` has an hour and a half.
const LATEST_SECS: u64 = 3_300;
/// One provider is a single very large package: the compiler takes 6.2 GiB for it (measured, Go 1.26, two cores).
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
    /// A part that cannot be built.
    pub left_out: Option<LeftOut>,
}

impl Program {
    /// The kept file, made if it is not there.
    pub fn ensure(&self, cache: &Cache, deadline: &Deadline) -> Result<PathBuf, Failure> {
        let module = project::root().join("xtask/terraform").join(self.folder);
        let go_mod = module.join("go.mod");
        let version =
            self.version(&fs::read_to_string(&go_mod).map_err(Failure::file("read", &go_mod))?);
        let file = self.kept(cache, &version);
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
        println!("building {} (once; {} s are left)", self.name, deadline.left().as_secs());
        let tool = Tool { go: &go, scratch: scratch.path(), deadline };
        let module = match self.left_out {
            Some(left_out) => tool.copied(&left_out, (&module, self.module, &version))?,
            None => module,
        };
        within(&mut self.command(&go, &module, scratch.path()), deadline)?;
        fs::rename(&made, &file).map_err(Failure::file("keep", &file))?;
        println!("built {} in {} s", file.display(), began.elapsed().as_secs());
        Ok(file)
    }

    /// Where it is kept: by its version, so that another version is another file.
    fn kept(&self, cache: &Cache, version: &str) -> PathBuf {
        cache.0.join(format!("{}-{version}", self.name)).join(self.name)
    }

    /// The version that a `go.mod` has of it.
    fn version(&self, go_mod: &str) -> String {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        go_mod
            .lines()
            .map(words)
            .find(|words| words.len() == 3 && words[0] == "require" && words[1] == self.module)
            .map_or_else(|| "unknown".to_owned(), |words| words[2].clone())
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

/// What makes a module ready that is not built as it is.
#[derive(Clone, Copy, Debug)]
struct Tool<'a> {
    go: &'a Path,
    scratch: &'a Path,
    deadline: &'a Deadline,
}

impl Tool<'_> {
    /// A folder with the `go.mod` and `go.sum` of another, where the dependency that they are for is a copy without a part.
    fn copied(
        &self,
        left_out: &LeftOut,
        (folder, module, version): (&Path, &str, &str),
    ) -> Result<PathBuf, Failure> {
        let published = self.download(folder, &format!("{module}@{version}"))?;
        left_out.copy(&published, &self.scratch.join("source"))?;
        for file in ["go.mod", "go.sum"] {
            let (from, to) = (folder.join(file), self.scratch.join(file));
            fs::copy(&from, &to).map_err(Failure::file("copy", &from))?;
        }
        let mut edit = self.command(self.scratch);
        edit.args(["mod", "edit", &format!("-replace={module}=./source")]);
        within(&mut edit, self.deadline)?;
        Ok(self.scratch.to_owned())
    }

    /// Brings a module to where `go` keeps modules, checked against the `go.sum` of a folder.
    fn download(&self, folder: &Path, module: &str) -> Result<PathBuf, Failure> {
        let told = self.scratch.join("downloaded.json");
        let file = File::create(&told).map_err(Failure::file("create", &told))?;
        let mut command = self.command(folder);
        command.args(["mod", "download", "-json", module]).stdout(file);
        within(&mut command, self.deadline)?;
        let text = fs::read_to_string(&told).map_err(Failure::file("read", &told))?;
        let shown = run::shown(&command);
        let told: Value = serde_json::from_str(&text)
            .map_err(|source| Failure::Json { command: shown.clone(), source })?;
        let place = told["Dir"].as_str().map(PathBuf::from);
        place.ok_or_else(|| Failure::NoField { command: shown, field: "Dir".to_owned() })
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(self.go);
        command.current_dir(folder).env("GOFLAGS", "").stdin(Stdio::null());
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

    const PROGRAM: Program =
        Program { folder: "x", module: "a/b", package: "a/b/c", name: "c", left_out: None };

    #[test]
    fn another_version_is_another_file() {
        let cache = Cache(PathBuf::from("/cache"));
        let kept = |text| PROGRAM.kept(&cache, &PROGRAM.version(text));
        assert_eq!(kept("module x\n\nrequire a/b v1.2.0\n"), Path::new("/cache/c-v1.2.0/c"));
        assert_ne!(kept("require a/b v1.2.0\n"), kept("require a/b v1.3.0\n"));
    }

    #[test]
    fn every_program_has_its_version() {
        for program in [super::super::OPENTOFU, super::super::ALICLOUD, super::super::TENCENTCLOUD]
        {
            let file = project::root().join("xtask/terraform").join(program.folder).join("go.mod");
            let text = fs::read_to_string(&file).unwrap();
            let version = program.version(&text);
            assert!(version.starts_with("v1."), "{}: {version}", program.name);
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
