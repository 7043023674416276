//! A process of `ferry serve` on each of several hosts, one region each, and the command line on those hosts.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::Bench;
use super::service::{SOURCE, Serve, TARGET, ready, settle, wait_ready};
use super::wire::Side;
use crate::failure::Failure;
use crate::run;

/// The regions by the number of the host that they are on.
pub const REGIONS: [&str; 6] =
    [SOURCE, TARGET, "ap-southeast-1", "eu-central-1", "us-east-1", "us-west-1"];

const PORT: u16 = 7_070;

/// Stopped, and their folder removed, when dropped.
pub struct Apart {
    ferry: PathBuf,
    serves: Vec<(Side, Serve)>,
    folder: tempfile::TempDir,
}

impl Apart {
    /// Starts one on each host: the first is [`SOURCE`], the second [`TARGET`]. `settings` is TOML that all configurations
    /// begin with.
    pub fn start(bench: &Bench, sides: &[Side], settings: &str) -> Result<Apart, Failure> {
        let folder = bench.folder()?;
        for (number, name) in REGIONS.iter().enumerate().take(sides.len()) {
            let file = folder.path().join(format!("{name}.toml"));
            let text = configuration(folder.path(), sides, number, settings);
            fs::write(&file, text).map_err(Failure::file("write", &file))?;
        }
        let mut apart = Apart { ferry: bench.ferry.clone(), serves: Vec::new(), folder };
        for (number, side) in sides.iter().enumerate() {
            let serve = apart.serve(number, side)?;
            apart.serves.push((side.clone(), serve));
        }
        Ok(apart)
    }

    fn serve(&self, number: usize, side: &Side) -> Result<Serve, Failure> {
        let name = REGIONS[number];
        let (file, log) =
            (self.folder().join(format!("{name}.toml")), self.folder().join(format!("{name}.log")));
        let mut command = self.program(side);
        let serve = Serve::start(
            command.args([OsStr::new("serve"), OsStr::new("--config")]).arg(file),
            &log,
        )?;
        wait_ready(&log, || side.within(|| ready(side.at(PORT))))?;
        Ok(serve)
    }

    /// The binary on a host. All share one profile: they share the accounts too.
    fn program(&self, side: &Side) -> Command {
        let mut command = side.command(&self.ferry);
        settle(&mut command, self.folder());
        command
    }

    /// `ferry` with these words on the host of that number, talking to the process there.
    pub fn at(&self, number: usize, words: &[&str]) -> Command {
        let (side, _) = &self.serves[number];
        let mut command = self.program(side);
        command.env("FERRY_ENDPOINT", format!("http://{}", side.at(PORT))).args(words);
        command
    }

    /// Runs a command at the target that prints JSON.
    pub fn json(&self, words: &[&str]) -> Result<Value, Failure> {
        let mut command = self.at(1, words);
        command.args(["-o", "json"]);
        let printed = run::read(&mut command)?;
        serde_json::from_str(&printed)
            .map_err(|source| Failure::Json { command: run::shown(&command), source })
    }

    /// Imports a raw file into the region on the host of that number, by a client there; the image's id.
    pub fn import(&self, number: usize, file: &Path, name: &str) -> Result<String, Failure> {
        let (file, region) = (file.to_string_lossy(), REGIONS[number]);
        let words =
            ["image", "import", &file, "--name", name, "--region", region, "--format", "raw"];
        first_id(self.at(number, &words))
    }

    /// Copies to [`TARGET`] and waits until it is there; the new image's id.
    pub fn copy(&self, image: &str, name: &str) -> Result<String, Failure> {
        self.copy_to(image, name, TARGET)
    }

    /// Copies to regions, named with commas between, and waits until it is in all; the first new image's id.
    pub fn copy_to(&self, image: &str, name: &str, to: &str) -> Result<String, Failure> {
        first_id(self.at(
            1,
            &["image", "copy", image, "--from", SOURCE, "--to", to, "--name", name, "--wait"],
        ))
    }

    /// That the image in [`TARGET`] is the disk in this file: by the digest that the region verified it by, and that of the
    /// file, which is read anew.
    pub fn must_hold(&self, image: &str, file: &Path) -> Result<(), Failure> {
        let printed = run::read(self.at(0, &["digest"]).arg(file))?;
        let shown = self.json(&["image", "show", image, "--region", TARGET])?;
        let digest = shown["disks"][0]["digest"].as_str().unwrap_or_default();
        if !digest.is_empty() && printed.contains(digest) {
            return Ok(());
        }
        let printed = printed.trim();
        let what = format!("`{image}` has digest `{digest}` in {TARGET}, the file has `{printed}`");
        Err(Failure::Measured { what })
    }

    /// Gone with the service.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process on the host of that number.
    pub fn process(&self, number: usize) -> &Serve {
        &self.serves[number].1
    }

    /// Kills a process without a word, as a power cut does, and starts it again on the same data.
    pub fn kill_and_start(&mut self, number: usize) -> Result<(), Failure> {
        self.serves[number].1.kill();
        let side = self.serves[number].0.clone();
        self.serves[number].1 = self.serve(number, &side)?;
        Ok(())
    }
}

fn configuration(folder: &Path, sides: &[Side], number: usize, settings: &str) -> String {
    let here = REGIONS[number];
    let mut text = format!(
        "listen = \"{}\"\ndata = \"{}\"\naccounts = \"{}\"\npeer_secret = \"{}\"\n{settings}\n",
        sides[number].at(PORT),
        folder.join(here).display(),
        folder.join("accounts").display(),
        "0123456789abcdef".repeat(3),
    );
    for (other, side) in sides.iter().enumerate() {
        text += &format!("[[regions]]\nname = \"{}\"\n", REGIONS[other]);
        if other != number {
            text += &format!("endpoint = \"http://{}\"\n", side.at(PORT));
        }
    }
    text
}

/// The first of the ids that a command prints.
fn first_id(mut command: Command) -> Result<String, Failure> {
    command.args(["--no-progress", "-o", "id"]);
    let printed = run::read(&mut command)?;
    let first = printed.lines().map(str::trim).find(|line| !line.is_empty());
    first
        .map(str::to_owned)
        .ok_or_else(|| Failure::NoField { command: run::shown(&command), field: "id".into() })
}
