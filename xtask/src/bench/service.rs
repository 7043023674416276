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

use super::{Bench, meter};
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
    address: SocketAddr,
    serve: Serve,
    folder: tempfile::TempDir,
}

impl Service {
    /// Starts it and waits until it is ready.
    pub fn start(bench: &Bench) -> Result<Service, Failure> {
        let folder = bench.folder()?;
        let address = free_address()?;
        let serve = Self::serve(&bench.ferry, folder.path(), address)?;
        Ok(Service { ferry: bench.ferry.clone(), address, serve, folder })
    }

    fn serve(ferry: &Path, folder: &Path, address: SocketAddr) -> Result<Serve, Failure> {
        let mut command = Command::new(ferry);
        command.arg("serve").arg("--data").arg(folder.join("data"));
        command.arg("--listen").arg(address.to_string());
        settle(&mut command, folder);
        let log = folder.join("serve.log");
        let serve = Serve::start(&mut command, &log)?;
        let profile = folder.join("config/ferry/profile.toml");
        wait_ready(&log, || Ok(profile.is_file() && ready(address)))?;
        Ok(serve)
    }

    /// Stops it, lets its data folder be worked on, and starts it again.
    pub fn restart(
        &mut self,
        meanwhile: impl FnOnce(&Path) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.serve.stop();
        meanwhile(&self.folder().join("data"))?;
        self.serve = Self::serve(&self.ferry, self.folder.path(), self.address)?;
        Ok(())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The processor time that it has had since it was started, in seconds.
    pub fn cpu_secs(&self) -> Result<f64, Failure> {
        cpu_secs(&self.serve.pid().to_string())
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

    /// Memory in KiB, as the kernel counts it: `VmRSS` now, `VmHWM` at most since the start.
    pub fn memory_kib(&self, field: &str) -> Result<u64, Failure> {
        self.serve.memory_kib(field)
    }
}

/// One `ferry serve`; stopped when dropped.
pub struct Serve {
    child: Child,
}

impl Serve {
    /// Starts it; what it says goes to the end of `log`.
    pub fn start(command: &mut Command, log: &Path) -> Result<Serve, Failure> {
        let out = File::options().create(true).append(true).open(log);
        let out = out.map_err(Failure::file("create", log))?;
        let copy = out.try_clone().map_err(Failure::file("open", log))?;
        command.stdin(Stdio::null()).stdout(out).stderr(copy);
        let started = command.spawn();
        let child =
            started.map_err(|source| Failure::Start { command: run::shown(command), source })?;
        Ok(Serve { child })
    }

    /// As the kernel names it.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Memory in KiB, as the kernel counts it: `VmRSS` now, `VmHWM` at most since the start or the last
    /// [`Serve::forget_peak`].
    pub fn memory_kib(&self, field: &str) -> Result<u64, Failure> {
        meter::memory_kib(self.pid(), field).ok_or_else(|| Failure::NoField {
            command: format!("/proc/{}/status", self.pid()),
            field: field.to_owned(),
        })
    }

    /// Lets `VmHWM` begin anew from what is held now.
    pub fn forget_peak(&self) -> Result<(), Failure> {
        let file = PathBuf::from(format!("/proc/{}/clear_refs", self.pid()));
        fs::write(&file, "5").map_err(Failure::file("write", &file))
    }

    /// Ends it without a word, as a power cut does.
    pub fn kill(&mut self) {
        // Both fail only if it is gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        let asked = pid.is_some_and(|pid| kill_process(pid, Signal::TERM).is_ok());
        let begun = Instant::now();
        while asked && begun.elapsed().as_secs() < 10 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            thread::sleep(POLL);
        }
        // Asked in vain: nothing in its folder is kept, so it may go at once.
        self.kill();
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        self.stop();
    }
}

/// User and system time of a process, in seconds; `self` is this one.
pub fn cpu_secs(pid: &str) -> Result<f64, Failure> {
    let file = PathBuf::from(format!("/proc/{pid}/stat"));
    let stat = fs::read_to_string(&file).map_err(Failure::file("read", &file))?;
    meter::own_seconds(&stat).ok_or_else(|| Failure::NoField {
        command: file.display().to_string(),
        field: "utime".into(),
    })
}

/// Waits until it is; else shows the log.
pub fn wait_ready(
    log: &Path,
    mut is_ready: impl FnMut() -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let begun = Instant::now();
    while begun.elapsed().as_secs() < READY_SECS {
        if is_ready()? {
            return Ok(());
        }
        thread::sleep(POLL);
    }
    eprintln!("{}", fs::read_to_string(log).unwrap_or_default());
    Err(Failure::NotReady { what: "ferry serve".into(), secs: READY_SECS })
}

/// A list as the command line prints it: bare, or under `items`.
pub fn items(listed: &Value) -> Vec<Value> {
    let list = listed.as_array().or_else(|| listed["items"].as_array());
    list.cloned().unwrap_or_default()
}

/// The user's settings stay out of it: its profile is in its own folder.
pub fn settle(command: &mut Command, folder: &Path) {
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

pub fn ready(address: SocketAddr) -> bool {
    let asked = TcpStream::connect(address).and_then(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        let host = format!("Host: {address}\r\n");
        stream.write_all(
            format!("GET /readyz HTTP/1.1\r\n{host}Connection: close\r\n\r\n").as_bytes(),
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    });
    asked.is_ok_and(|answer| answer.split(' ').nth(1) == Some("200"))
}
