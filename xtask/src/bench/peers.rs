//! The other programs that do the same work.

use std::fs::File;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::race::timed;
use super::service::free_address;
use crate::failure::Failure;
use crate::run;

/// `qemu-img convert` of a raw file to a compressed qcow2, as fast as it goes.
pub fn qemu_compress(disk: &Path, out: &Path) -> Result<(), Failure> {
    let flags = [
        "convert",
        "-f",
        "raw",
        "-c",
        "-O",
        "qcow2",
        "-o",
        "compression_type=zstd",
        "-m",
        "16",
        "-W",
    ];
    run::run(Command::new("qemu-img").args(flags).arg(disk).arg(out))
}

/// Times the work, then what it takes until its file is on the disk: `[done, flushed]`.
pub fn with_flush(
    out: &Path,
    work: impl FnOnce() -> Result<(), Failure>,
) -> Result<Vec<Duration>, Failure> {
    let done = timed(work)?;
    let flush = timed(|| {
        let file = File::open(out).map_err(Failure::file("open", out))?;
        file.sync_all().map_err(Failure::file("flush", out))
    })?;
    Ok(vec![done, done + flush])
}

/// A raw file served over loopback NBD by `qemu-nbd`; stops when dropped.
pub struct NbdServer {
    child: Child,
    address: SocketAddr,
}

impl NbdServer {
    /// Starts it and waits until it listens.
    pub fn start(disk: &Path) -> Result<NbdServer, Failure> {
        let address = free_address()?;
        let mut command = Command::new("qemu-nbd");
        command.args([
            "--read-only",
            "--persistent",
            "--shared=16",
            "--format=raw",
            "--bind=127.0.0.1",
        ]);
        command.arg(format!("--port={}", address.port())).arg(disk).stdin(Stdio::null());
        let child = command
            .spawn()
            .map_err(|source| Failure::Start { command: run::shown(&command), source })?;
        let server = NbdServer { child, address };
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            if begun.elapsed().as_secs() >= 10 {
                return Err(Failure::NotReady { what: "qemu-nbd".into(), secs: 10 });
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    fn url(&self) -> String {
        format!("nbd://{}", self.address)
    }

    /// `qemu-img convert -n` into a sparse raw file made beforehand.
    pub fn qemu_convert(&self, out: &Path) -> Result<(), Failure> {
        let flags =
            ["convert", "-n", "--target-is-zero", "-f", "raw", "-O", "raw", "-m", "16", "-W"];
        run::run(Command::new("qemu-img").args(flags).arg(self.url()).arg(out))
    }

    /// `nbdcopy` into the same.
    pub fn nbdcopy(&self, out: &Path) -> Result<(), Failure> {
        run::run(Command::new("nbdcopy").arg("--destination-is-zero").arg(self.url()).arg(out))
    }
}

impl Drop for NbdServer {
    fn drop(&mut self) {
        // Fails only if it is gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
