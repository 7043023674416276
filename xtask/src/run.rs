//! Starting other programs and hearing how they ended.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use rustix::process::{Pid, Signal};

use crate::failure::Failure;

/// The program and its arguments as a person would type them.
pub fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}

/// Runs to the end, its output going where ours goes.
pub fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|source| Failure::Start { command: shown(command), source })?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::Ended { command: shown(command), status })
}

/// Runs to the end, its output shown only when it fails.
pub fn quietly(command: &mut Command) -> Result<(), Failure> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| Failure::Start { command: shown(command), source })?;
    if output.status.success() {
        return Ok(());
    }
    for said in [&output.stdout, &output.stderr] {
        eprint!("{}", String::from_utf8_lossy(said));
    }
    Err(Failure::Ended { command: shown(command), status: output.status })
}

/// Runs to the end and returns what it printed; what it complains goes where ours goes.
pub fn read(command: &mut Command) -> Result<String, Failure> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| Failure::Start { command: shown(command), source })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Failure::Ended { command: shown(command), status: output.status })
}

/// Runs to the end, passing each printed line on and showing it to `line` as well. One that prints nothing for as long as
/// `silence` is ended with all that it started, for whoever waits for it would learn less from waiting longer.
pub fn run_heard(
    command: &mut Command,
    silence: Duration,
    mut line: impl FnMut(&str),
) -> Result<(), Failure> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|source| Failure::Start { command: shown(command), source })?;
    let printed = child.stdout.take().expect("stdout was asked for as a pipe");
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let mut lines = BufReader::new(printed).split(b'\n').map_while(Result::ok);
        lines.try_for_each(|text| tell.send(text))
    });
    let was_silent = loop {
        match told.recv_timeout(silence) {
            Ok(text) => {
                let text = String::from_utf8_lossy(&text);
                println!("{text}");
                line(&text);
            }
            Err(RecvTimeoutError::Disconnected) => break false,
            Err(RecvTimeoutError::Timeout) => {
                end_with_all_below(&mut child);
                break true;
            }
        }
    };
    let status =
        child.wait().map_err(|source| Failure::Start { command: shown(command), source })?;
    if was_silent {
        return Err(Failure::Silent { command: shown(command), secs: silence.as_secs() });
    }
    if status.success() {
        return Ok(());
    }
    Err(Failure::Ended { command: shown(command), status })
}

fn end_with_all_below(child: &mut Child) {
    // All are found before one is ended: what has lost its parent is nobody's child.
    let started = below(child.id());
    // What ended by itself meanwhile cannot be ended, and need not be.
    let _ended = child.kill();
    for pid in started.into_iter().filter_map(|pid| Pid::from_raw(pid.cast_signed())) {
        let _ended = rustix::process::kill_process(pid, Signal::KILL);
    }
}

/// All processes below this one.
pub fn below(pid: u32) -> Vec<u32> {
    let mut found = children(pid);
    let mut next = 0;
    while next < found.len() {
        let more = children(found[next]);
        found.extend(more);
        next += 1;
    }
    found
}

fn children(pid: u32) -> Vec<u32> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let lists =
        tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok());
    lists
        .flat_map(|list| {
            list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>()
        })
        .collect()
}

/// Where a program is: on the path, or where administrators' programs are.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// `cargo`, the one that runs us, without what it told us of ourselves: `ring` is built anew wherever that changes, and with
/// it half of what is here, for each turn from `cargo build` to `cargo xtask` and back.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let is_of_this_package = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if is_of_this_package {
            command.env_remove(name);
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn bash(line: &str) -> Command {
        let mut command = Command::new("bash");
        command.args(["-c", line]);
        command
    }

    #[test]
    fn each_line_is_heard_and_the_end_is_told() {
        let mut heard = Vec::new();
        let silence = Duration::from_secs(60);
        run_heard(&mut bash("echo a; echo b"), silence, |line| heard.push(line.to_owned()))
            .unwrap();
        assert_eq!(heard, ["a", "b"]);
        let failure = run_heard(&mut bash("exit 3"), silence, |_| {}).unwrap_err();
        assert!(matches!(failure, Failure::Ended { .. }), "{failure}");
    }

    #[test]
    fn what_falls_silent_is_ended_with_all_that_it_started() {
        let mut heard = Vec::new();
        let mut command = bash("sleep 1000 & echo $!; wait");
        let failure =
            run_heard(&mut command, Duration::from_secs(2), |line| heard.push(line.to_owned()))
                .unwrap_err();
        assert!(matches!(failure, Failure::Silent { secs: 2, .. }), "{failure}");
        let began = Instant::now();
        // Ended, it may stay in the table until whoever adopted it has asked.
        let state = |pid: &str| fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        while !state(&heard[0]).is_empty() && !state(&heard[0]).contains(") Z ") {
            assert!(began.elapsed() < Duration::from_secs(60), "{}", state(&heard[0]));
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
