//! A `ferry serve` of our own with an empty data folder, and the command line that talks to it.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::Bench;
use crate::failure::Failure;
use crate::run;

/// The region that images are imported into.
pub const SOURCE: &str = "cn-hangzhou";
/// The region that they are copied to.
pub const TARGET: &str = "cn-shanghai";

const READY_SECS: u64 = 30;
const POLL: Duration = Duration::from_millis(20);

/// Stopped, and its folder removed, when dropped.
pub struct Service {
    ferry: PathBuf,
    child: Child,
    folder: tempfile::TempDir,
}

impl Service {
    /// Starts it and waits until it is ready.
    pub fn start(bench: &Bench) -> Result<Service, Failure> {
        let folder = bench.folder()?;
        let address = free_address()?;
        let log = folder.path().join("serve.log");
        let out = File::create(&log).map_err(Failure::file("create", &log))?;
        let copy = out.try_clone().map_err(Failure::file("open", &log))?;
        let mut command = Command::new(&bench.ferry);
        command.arg("serve").arg("--data").arg(folder.path().join("data"));
        command.arg("--listen").arg(address.to_string());
        settle(&mut command, folder.path());
        let child = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(copy)
            .spawn()
            .map_err(|source| Failure::Start { command: run::shown(&command), source })?;
        let service = Service { ferry: bench.ferry.clone(), child, folder };
        service.wait_ready(address, &log)?;
        Ok(service)
    }

    fn wait_ready(&self, address: SocketAddr, log: &Path) -> Result<(), Failure> {
        let begun = Instant::now();
        while begun.elapsed().as_secs() < READY_SECS {
            if ready(address) {
                return Ok(());
            }
            thread::sleep(POLL);
        }
        eprintln!("{}", fs::read_to_string(log).unwrap_or_default());
        Err(Failure::NotReady { what: "ferry serve".into(), secs: READY_SECS })
    }

    /// `ferry` with these words, talking to this service.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.ferry);
        settle(&mut command, self.folder.path());
        command.args(words);
        command
    }

    /// Runs a command that prints ids; the first of them.
    pub fn id(&self, words: &[&str]) -> Result<String, Failure> {
        let mut command = self.command(words);
        command.args(["-o", "id"]);
        let printed = run::read(&mut command)?;
        let first = printed.lines().map(str::trim).find(|line| !line.is_empty());
        first
            .map(str::to_owned)
            .ok_or_else(|| Failure::NoField { command: run::shown(&command), field: "id".into() })
    }

    /// Runs a command that prints JSON.
    pub fn json(&self, words: &[&str]) -> Result<Value, Failure> {
        let mut command = self.command(words);
        command.args(["-o", "json"]);
        let printed = run::read(&mut command)?;
        serde_json::from_str(&printed)
            .map_err(|source| Failure::Json { command: run::shown(&command), source })
    }

    /// Imports a raw file into [`SOURCE`]; the image's id.
    pub fn import(&self, file: &Path, name: &str) -> Result<String, Failure> {
        let file = file.to_string_lossy();
        self.id(&["image", "import", &file, "--name", name, "--region", SOURCE, "--format", "raw"])
    }

    /// Copies to [`TARGET`] and waits until it is there; the new image's id.
    pub fn copy(&self, image: &str, name: &str) -> Result<String, Failure> {
        self.id(&[
            "image", "copy", image, "--from", SOURCE, "--to", TARGET, "--name", name, "--wait",
        ])
    }

    /// What the service says of the copy that made this image.
    pub fn copy_of(&self, image: &str) -> Result<Value, Failure> {
        let words = ["copy", "list", "--region", TARGET];
        let listed = self.json(&words)?;
        let found = items(&listed).into_iter().find(|copy| copy["image"] == image);
        let id =
            found.and_then(|copy| copy["id"].as_str().map(str::to_owned)).ok_or_else(|| {
                Failure::NoField {
                    command: "ferry copy list".into(),
                    field: format!("copy of {image}"),
                }
            })?;
        self.json(&["copy", "show", &id, "--region", TARGET])
    }

    /// Gone with the service.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What `serve` wrote for the command line: endpoint and key.
    pub fn profile(&self) -> Result<toml::Table, Failure> {
        let file = self.folder.path().join("config/ferry/profile.toml");
        let text = fs::read_to_string(&file).map_err(Failure::file("read", &file))?;
        text.parse().map_err(|source| Failure::Toml { path: file, source: Box::new(source) })
    }

    /// Memory in KiB, as the kernel counts it: `VmRSS` now, `VmHWM` at most since the start or the last [`Service::forget_peak`].
    pub fn memory_kib(&self, field: &str) -> Result<u64, Failure> {
        let file = PathBuf::from(format!("/proc/{}/status", self.child.id()));
        let status = fs::read_to_string(&file).map_err(Failure::file("read", &file))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        kib.ok_or_else(|| Failure::NoField {
            command: file.display().to_string(),
            field: field.to_owned(),
        })
    }

    /// Lets `VmHWM` begin anew from what is held now.
    pub fn forget_peak(&self) -> Result<(), Failure> {
        let file = PathBuf::from(format!("/proc/{}/clear_refs", self.child.id()));
        fs::write(&file, "5").map_err(Failure::file("write", &file))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let asked = pid.is_some_and(|pid| kill_process(pid, Signal::TERM).is_ok());
        let begun = Instant::now();
        while asked && begun.elapsed().as_secs() < 10 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            thread::sleep(POLL);
        }
        // Asked in vain: nothing in its folder is kept, so it may go at once. Both fail only if it is gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A list as the command line prints it: bare, or under `items`.
pub fn items(listed: &Value) -> Vec<Value> {
    let list = listed.as_array().or_else(|| listed["items"].as_array());
    list.cloned().unwrap_or_default()
}

/// A number at the top level of what was printed.
pub fn number(value: &Value, field: &str) -> Result<f64, Failure> {
    let missing =
        || Failure::NoField { command: "ferry copy show".into(), field: field.to_owned() };
    value[field].as_f64().ok_or_else(missing)
}

/// The user's settings stay out of it: its profile is in its own folder.
fn settle(command: &mut Command, folder: &Path) {
    command.env("XDG_CONFIG_HOME", folder.join("config")).env("HOME", folder);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("FERRY_") {
            command.env_remove(name);
        }
    }
}

/// An address that nobody listens on now.
pub fn free_address() -> Result<SocketAddr, Failure> {
    let told = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    told.map_err(Failure::file("find a free port on", Path::new("127.0.0.1")))
}

fn ready(address: SocketAddr) -> bool {
    let asked = TcpStream::connect(address).and_then(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream
            .write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    });
    asked.is_ok_and(|answer| answer.split(' ').nth(1) == Some("200"))
}
