//! Starting other programs and hearing how they ended.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

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

/// Runs to the end, passing each printed line on and showing it to `line` as well.
pub fn run_heard(command: &mut Command, mut line: impl FnMut(&str)) -> Result<(), Failure> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|source| Failure::Start { command: shown(command), source })?;
    let printed = child.stdout.take().expect("stdout was asked for as a pipe");
    for text in BufReader::new(printed).split(b'\n').map_while(Result::ok) {
        let text = String::from_utf8_lossy(&text);
        println!("{text}");
        line(&text);
    }
    let status =
        child.wait().map_err(|source| Failure::Start { command: shown(command), source })?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::Ended { command: shown(command), status })
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
