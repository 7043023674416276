//! A world for tests of the real binary: an empty home, services in it, and commands that ask them.
#![allow(dead_code)]
#![allow(clippy::disallowed_methods, reason = "real processes are waited for")]
#![allow(
    clippy::zombie_processes,
    reason = "the thread that reads a process's lines outlives no test"
)]

pub mod disks;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

/// The longest that anything here may take.
const LIMIT: Duration = Duration::from_secs(120);

/// An empty home folder.
pub struct Home {
    folder: tempfile::TempDir,
}

/// How a command ended.
pub struct Done {
    pub line: String,
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Home {
    pub fn new() -> Home {
        Home { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A `ferry` command in this home, with nothing of the real one.
    pub fn command(&self, args: &[&str]) -> Command {
        self.dressed(Command::new(env!("CARGO_BIN_EXE_ferry")), args)
    }

    /// The same for a command that runs `ferry` otherwise, in another network for example.
    pub fn dressed(&self, mut command: Command, args: &[&str]) -> Command {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("FERRY_")
                || name.to_string_lossy().starts_with("XDG_")
            {
                command.env_remove(name);
            }
        }
        command
            .args(args)
            .env("HOME", self.folder.path())
            .env_remove("RUST_LOG")
            .current_dir(self.folder.path());
        command.stdin(Stdio::null());
        command
    }

    /// Runs a command to its end. Words are split at blanks.
    pub fn ferry(&self, line: &str) -> Done {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.ended(self.command(&words), line)
    }

    /// Runs a `ferry` command to its end.
    pub fn ended(&self, mut command: Command, line: &str) -> Done {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || tell.send(child.wait_with_output()));
        match told.recv_timeout(LIMIT) {
            Ok(output) => done(line, output.unwrap()),
            Err(_) => {
                rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
                let log = std::fs::read_to_string(self.path("serve.log")).unwrap_or_default();
                let copies = self.command(&["copy", "list", "-o", "json"]).output().unwrap();
                let copies = String::from_utf8_lossy(&copies.stdout).into_owned();
                panic!("ferry {line}: does not end; copies: {copies}; the service logged: {log}");
            }
        }
    }

    /// Runs a command that must succeed; answers what it wrote, without the last line's end.
    pub fn good(&self, line: &str) -> String {
        self.ferry(line).ended(0).out.trim_end().to_owned()
    }

    /// The same for JSON.
    pub fn json(&self, line: &str) -> Value {
        let text = self.good(&format!("{line} -o json"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{line}: {error}: {text}"))
    }

    /// Starts a service on a free port and waits until it answers.
    pub fn serve(&self) -> Serve {
        self.serve_with("serve --data data --listen 127.0.0.1:0", &[])
    }

    /// The same with other arguments and with environment.
    pub fn serve_with(&self, line: &str, environment: &[(&str, &str)]) -> Serve {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut command = self.command(&words);
        command.envs(environment.iter().copied());
        self.serve_by(command)
    }

    /// Starts a service by this command and waits until it answers.
    pub fn serve_by(&self, mut command: Command) -> Serve {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path("serve.log"))
            .unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            lines.map_while(Result::ok).try_for_each(|line| tell.send(line))
        });
        let mut said = Vec::new();
        loop {
            match told.recv_timeout(LIMIT) {
                Ok(line) => {
                    let endpoint = line.strip_prefix("listening on ").map(str::to_owned);
                    said.push(line);
                    if let Some(endpoint) = endpoint {
                        return Serve { child, endpoint, said };
                    }
                }
                Err(error) => {
                    let log = std::fs::read_to_string(self.path("serve.log")).unwrap();
                    panic!("{error}; the service said {said:?} and logged {log}");
                }
            }
        }
    }
}

fn done(line: &str, output: Output) -> Done {
    Done {
        line: line.to_owned(),
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Done {
    /// It must have ended with this code.
    pub fn ended(self, code: i32) -> Done {
        assert_eq!(self.code, Some(code), "ferry {}\n{}{}", self.line, self.out, self.err);
        self
    }

    /// Its complaint must have all these words.
    pub fn said(self, words: &[&str]) -> Done {
        for word in words {
            assert!(self.err.contains(word), "ferry {}: no {word:?} in {}", self.line, self.err);
        }
        self
    }
}

/// An access key.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: String,
    pub secret: String,
}

/// A running service. Dropped, it is killed.
pub struct Serve {
    child: Child,
    pub endpoint: String,
    pub said: Vec<String>,
}

impl Serve {
    /// The word behind this beginning of a line that the service wrote.
    pub fn word(&self, beginning: &str) -> Option<String> {
        self.said.iter().find_map(|line| line.strip_prefix(beginning).map(str::to_owned))
    }

    /// The access key that the first start tells.
    pub fn key(&self) -> Key {
        let word = |beginning| self.word(beginning).expect("the first start tells its key");
        Key { id: word("access key id "), secret: word("access key secret ") }
    }

    /// Asks it to stop, and waits.
    pub fn stop(mut self) -> ExitStatus {
        signal(&self.child, rustix::process::Signal::TERM);
        wait(&mut self.child)
    }

    /// Waits until it ends by itself.
    pub fn wait(mut self) -> ExitStatus {
        wait(&mut self.child)
    }

    /// Kills it as `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn signal(child: &Child, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, signal).unwrap();
}

pub fn wait(child: &mut Child) -> ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(began.elapsed() < LIMIT, "the process does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Asks again until the answer is good.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(began.elapsed() < LIMIT, "still not: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Whether a program is there; says so where it is not.
pub fn has(program: &str) -> bool {
    let there = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !there {
        println!("SKIP: no `{program}` on this machine");
    }
    there
}

/// Runs a program that must succeed.
pub fn run(program: &str, args: &[&str], folder: &Path) -> String {
    let output = Command::new(program).args(args).current_dir(folder).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{program} {args:?}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}
