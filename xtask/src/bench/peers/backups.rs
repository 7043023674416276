//! Programs that keep chunks in a repository: restic, borg, casync. What they do ends when the repository at the target has
//! the image (casync: when the image is a file again), so restic and borg write no image in the end.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::wire::Wire;
use super::Server;
use super::files::Rclone;
use crate::failure::Failure;
use crate::run;

const RESTIC: u16 = 8_002;
const BORG: u16 = 8_003;

/// A repository at the source, and one at the target that `rclone serve restic` serves.
pub struct Restic<'a> {
    _server: Server,
    wire: &'a Wire,
    folder: PathBuf,
}

impl<'a> Restic<'a> {
    /// Makes both, empty, in this folder.
    pub fn start(wire: &'a Wire, folder: &Path) -> Result<Restic<'a>, Failure> {
        let target = wire.target();
        let there = folder.join("restic-target");
        fs::create_dir_all(&there).map_err(Failure::file("create", &there))?;
        let mut command = target.command("rclone");
        command.args(["serve", "restic", "--addr"]).arg(target.at(RESTIC).to_string()).arg(there);
        let server = Server::start(&mut command)?;
        wire.source().wait_for(target.at(RESTIC), "rclone serve restic")?;
        let restic = Restic { _server: server, wire, folder: folder.to_owned() };
        run::quietly(restic.command().args(["init", "--repo"]).arg(restic.here()))?;
        let mut init = restic.command();
        init.args(["init", "--copy-chunker-params", "--from-repo"]).arg(restic.here());
        run::quietly(init.arg("--repo").arg(restic.there()))?;
        Ok(restic)
    }

    fn command(&self) -> Command {
        let mut command = self.wire.source().command("restic");
        command.env("RESTIC_PASSWORD", "bench").env("RESTIC_FROM_PASSWORD", "bench");
        command.env("XDG_CACHE_HOME", self.folder.join("cache")).args(["--quiet"]);
        command
    }

    fn here(&self) -> PathBuf {
        self.folder.join("restic-source")
    }

    fn there(&self) -> String {
        format!("rest:http://{}/", self.wire.target().at(RESTIC))
    }

    /// Backs the image up at the source and copies that to the target.
    pub fn send(&self, image: &Path) -> Result<(), Failure> {
        run::quietly(self.command().args(["backup", "--repo"]).arg(self.here()).arg(image))?;
        let mut copy = self.command();
        copy.args(["copy", "--from-repo"]).arg(self.here()).arg("--repo").arg(self.there());
        run::quietly(&mut copy)
    }
}

/// A repository at the target, behind `borg serve`.
pub struct Borg<'a> {
    _server: Server,
    wire: &'a Wire,
    folder: PathBuf,
}

impl<'a> Borg<'a> {
    /// Makes it, empty, in this folder.
    pub fn start(wire: &'a Wire, folder: &Path) -> Result<Borg<'a>, Failure> {
        let target = wire.target();
        let shell = folder.join("borg-shell");
        let line = format!("#!/bin/sh\nexec socat -b 1048576 - TCP:{}\n", target.at(BORG));
        fs::write(&shell, line).map_err(Failure::file("write", &shell))?;
        fs::set_permissions(&shell, fs::Permissions::from_mode(0o755))
            .map_err(Failure::file("make executable", &shell))?;
        let mut command = target.command("socat");
        command.args(["-b", "1048576"]).arg(format!("TCP-LISTEN:{BORG},fork,reuseaddr"));
        Self::settle(command.arg("EXEC:borg serve"), folder);
        let server = Server::start(&mut command)?;
        wire.source().wait_for(target.at(BORG), "borg serve")?;
        let borg = Borg { _server: server, wire, folder: folder.to_owned() };
        run::quietly(borg.command().args(["init", "--encryption=none"]).arg(borg.repository("")))?;
        Ok(borg)
    }

    fn settle(command: &mut Command, folder: &Path) {
        command.env("BORG_BASE_DIR", folder).env("BORG_RSH", folder.join("borg-shell"));
        command.env("BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK", "yes");
        command.env("BORG_RELOCATED_REPO_ACCESS_IS_OK", "yes");
    }

    fn command(&self) -> Command {
        let mut command = self.wire.source().command("borg");
        Self::settle(&mut command, &self.folder);
        command
    }

    fn repository(&self, archive: &str) -> String {
        format!("ssh://target{}{archive}", self.folder.join("borg-target").display())
    }

    /// Adds the image as an archive.
    pub fn send(&self, image: &Path, archive: &str) -> Result<(), Failure> {
        let mut command = self.command();
        command.args(["create", "--compression=zstd,3"]);
        run::quietly(command.arg(self.repository(&format!("::{archive}"))).arg(image))
    }
}

/// A chunk store at the source, served over HTTP.
pub struct Casync<'a> {
    http: Rclone<'a>,
    wire: &'a Wire,
    folder: PathBuf,
}

impl<'a> Casync<'a> {
    /// An empty store in this folder.
    pub fn start(wire: &'a Wire, folder: &Path) -> Result<Casync<'a>, Failure> {
        let served = folder.join("casync");
        fs::create_dir_all(served.join("store")).map_err(Failure::file("create", &served))?;
        Ok(Casync { http: Rclone::start(wire, &served)?, wire, folder: folder.to_owned() })
    }

    /// Cuts the image at the source and puts it together at the target, with an older image there as a seed.
    pub fn send(&self, image: &Path, out: &Path, seed: Option<&Path>) -> Result<(), Failure> {
        let served = self.folder.join("casync");
        let name = image.file_stem().unwrap_or_default().to_string_lossy();
        let index = served.join(format!("{name}.caibx"));
        let store = format!("--store={}", served.join("store").display());
        run::quietly(
            self.wire.source().command("casync").args(["make", &store]).arg(&index).arg(image),
        )?;
        let url = self.http.url();
        let mut extract = self.wire.target().command("casync");
        extract.arg("extract").arg(format!("--store={url}/store"));
        if let Some(seed) = seed {
            extract.arg(format!("--seed={}", seed.display()));
        }
        run::quietly(extract.arg(format!("{url}/{name}.caibx")).arg(out))
    }
}
