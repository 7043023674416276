//! The other programs that do the same work, each as a server at the source and a client at the target, or the other way.
//!
//! All are given what makes them fast or small for this work, and none is asked to verify more than it does by itself.

pub mod backups;
pub mod files;
pub mod nbd;

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::meter::Trial;
use crate::failure::Failure;
use crate::run;

/// A program that serves until it is dropped.
pub struct Server {
    child: Child,
}

impl Server {
    /// Starts it; what it says goes nowhere.
    pub fn start(command: &mut Command) -> Result<Server, Failure> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command
            .spawn()
            .map_err(|source| Failure::Start { command: run::shown(command), source })?;
        Ok(Server { child })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked first: killed at once it would leave those behind that it has started. Each fails only if it is gone already.
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let asked =
            pid.map(|pid| rustix::process::kill_process(pid, rustix::process::Signal::TERM));
        let begun = std::time::Instant::now();
        while matches!(asked, Some(Ok(()))) && begun.elapsed().as_secs() < 2 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Splits `done` and `flushed`: the work, then what it takes until its file is on the disk.
pub fn with_flush(
    trial: &mut Trial<'_>,
    out: &Path,
    work: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    trial.lap("done", work)?;
    trial.further("flushed", || run::quietly(Command::new("sync").arg(out)))
}

/// A sparse file of the image's size, as a fresh volume is.
pub fn empty(out: &Path, image: &Path) -> Result<(), Failure> {
    let size_bytes = super::size_bytes(image)?;
    let made = File::create(out).and_then(|file| file.set_len(size_bytes));
    made.map_err(Failure::file("create", out))
}

/// That what came out is what went in.
pub fn must_be_equal(image: &Path, out: &Path) -> Result<(), Failure> {
    run::quietly(Command::new("cmp").arg("--silent").args([image, out]))
}
