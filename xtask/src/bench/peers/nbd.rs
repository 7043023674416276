//! Raw disks over NBD: the fastest peers.

use std::path::Path;

use super::super::wire::{Side, Wire};
use super::Server;
use crate::failure::Failure;
use crate::run;

const PORT: u16 = 10_809;

/// A raw file served by one of two servers.
pub struct NbdServer<'a> {
    _server: Server,
    wire: &'a Wire,
}

impl<'a> NbdServer<'a> {
    /// By `nbdkit`, its file read by several threads.
    pub fn nbdkit(wire: &'a Wire, disk: &Path) -> Result<NbdServer<'a>, Failure> {
        let source = wire.source();
        let mut command = source.command("nbdkit");
        command.args(["--foreground", "--readonly", "--threads=16", "--ipaddr"]);
        command.arg(source.address.to_string()).arg(format!("--port={PORT}"));
        command.arg("file").arg(disk);
        Self::started(wire, Server::start(&mut command)?)
    }

    /// By `qemu-nbd`.
    pub fn qemu_nbd(wire: &'a Wire, disk: &Path) -> Result<NbdServer<'a>, Failure> {
        let source = wire.source();
        let mut command = source.command("qemu-nbd");
        command.args(["--read-only", "--persistent", "--shared=16", "--format=raw"]);
        command.arg(format!("--bind={}", source.address)).arg(format!("--port={PORT}")).arg(disk);
        Self::started(wire, Server::start(&mut command)?)
    }

    fn started(wire: &'a Wire, server: Server) -> Result<NbdServer<'a>, Failure> {
        wire.target().wait_for(wire.source().at(PORT), "the NBD server")?;
        Ok(NbdServer { _server: server, wire })
    }

    fn url(&self) -> String {
        format!("nbd://{}", self.wire.source().at(PORT))
    }

    fn target(&self) -> &Side {
        self.wire.target()
    }

    /// `qemu-img convert -n` into a sparse raw file made beforehand.
    pub fn qemu_img(&self, out: &Path) -> Result<(), Failure> {
        let flags =
            ["convert", "-n", "--target-is-zero", "-f", "raw", "-O", "raw", "-m", "16", "-W"];
        run::quietly(self.target().command("qemu-img").args(flags).arg(self.url()).arg(out))
    }

    /// `nbdcopy` into the same.
    pub fn nbdcopy(&self, out: &Path) -> Result<(), Failure> {
        let mut command = self.target().command("nbdcopy");
        run::quietly(command.arg("--destination-is-zero").arg(self.url()).arg(out))
    }
}
