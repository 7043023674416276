//! Programs that carry files: rsync, zstd through a pipe, rclone.

use std::path::Path;

use super::super::wire::Wire;
use super::Server;
use crate::failure::Failure;
use crate::run;

const RSYNC: u16 = 8_730;
const PIPE: u16 = 9_000;
const HTTP: u16 = 8_001;

/// Whether rsync's target has an older version of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Old {
    /// Nothing is there.
    Absent,
    /// It is changed in place.
    InPlace,
}

/// An rsync daemon at the source that shows the image's folder.
pub struct Rsync<'a> {
    _server: Server,
    wire: &'a Wire,
    _settings: tempfile::NamedTempFile,
}

impl<'a> Rsync<'a> {
    /// Starts it.
    pub fn start(wire: &'a Wire, images: &Path) -> Result<Rsync<'a>, Failure> {
        let settings = tempfile::NamedTempFile::new()
            .map_err(Failure::file("make a file in", Path::new("/tmp")))?;
        let text = format!(
            "use chroot = no\nuid = 0\ngid = 0\n[images]\npath = {}\nread only = yes\n",
            images.display()
        );
        std::fs::write(settings.path(), text).map_err(Failure::file("write", settings.path()))?;
        let source = wire.source();
        let mut command = source.command("rsync");
        command.args(["--daemon", "--no-detach"]);
        command.arg(format!("--config={}", settings.path().display()));
        command.arg(format!("--address={}", source.address)).arg(format!("--port={RSYNC}"));
        let server = Server::start(&mut command)?;
        wire.target().wait_for(source.at(RSYNC), "rsync --daemon")?;
        Ok(Rsync { _server: server, wire, _settings: settings })
    }

    /// `rsync -z --inplace`; into a new file with holes where the image is zero.
    pub fn fetch(&self, image: &Path, out: &Path, old: Old) -> Result<(), Failure> {
        let name = image.file_name().unwrap_or_default().to_string_lossy();
        let address = self.wire.source().at(RSYNC);
        let mut command = self.wire.target().command("rsync");
        command.args(["-z", "--inplace", "--no-whole-file", "--ignore-times"]);
        if old == Old::Absent {
            command.arg("--sparse");
        }
        run::quietly(command.arg(format!("rsync://{address}/images/{name}")).arg(out))
    }
}

/// `zstd -3` at the source, `zstd -d --sparse` at the target, a pipe over TCP between them.
pub fn zstd_pipe(wire: &Wire, image: &Path, out: &Path) -> Result<(), Failure> {
    let address = wire.target().at(PIPE);
    let receive = format!(
        "socat -u -b 1048576 TCP-LISTEN:{PIPE},reuseaddr - | zstd -d -q -f --sparse -o '{}'",
        out.display()
    );
    let mut receiver = wire.target().shell(&receive);
    let mut receiving = receiver
        .spawn()
        .map_err(|source| Failure::Start { command: run::shown(&receiver), source })?;
    let send = format!(
        "zstd -3 -T0 -q -c '{}' | socat -u -b 1048576 - TCP:{address},retry=100,interval=0.01",
        image.display()
    );
    run::quietly(&mut wire.source().shell(&send))?;
    let status = receiving
        .wait()
        .map_err(|source| Failure::Start { command: run::shown(&receiver), source })?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::Ended { command: run::shown(&receiver), status })
}

/// `rclone serve http` at the source.
pub struct Rclone<'a> {
    _server: Server,
    wire: &'a Wire,
}

impl<'a> Rclone<'a> {
    /// Starts it on a folder.
    pub fn start(wire: &'a Wire, folder: &Path) -> Result<Rclone<'a>, Failure> {
        let source = wire.source();
        let mut command = source.command("rclone");
        command.args(["serve", "http", "--read-only", "--addr"]);
        command.arg(source.at(HTTP).to_string()).arg(folder);
        let server = Server::start(&mut command)?;
        wire.target().wait_for(source.at(HTTP), "rclone serve http")?;
        Ok(Rclone { _server: server, wire })
    }

    /// Where the folder is.
    pub fn url(&self) -> String {
        format!("http://{}", self.wire.source().at(HTTP))
    }

    /// `rclone copyto --ignore-times`: with equal sizes it would silently skip a new version.
    pub fn fetch(&self, image: &Path, out: &Path) -> Result<(), Failure> {
        let name = image.file_name().unwrap_or_default().to_string_lossy();
        let mut command = self.wire.target().command("rclone");
        command.args(["copyto", "--quiet", "--ignore-times", "--http-url"]).arg(self.url());
        run::quietly(command.arg(format!(":http:{name}")).arg(out))
    }
}
