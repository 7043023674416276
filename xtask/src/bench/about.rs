//! The machine and the programs that figures are of.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::record::About;
use crate::project;

/// Programs and how each is asked what it is.
const PROGRAMS: [(&str, &str); 12] = [
    ("rustc", "--version"),
    ("nbdcopy", "--version"),
    ("nbdkit", "--version"),
    ("qemu-img", "--version"),
    ("rsync", "--version"),
    ("zstd", "--version"),
    ("restic", "version"),
    ("borg", "--version"),
    ("casync", "--version"),
    ("rclone", "version"),
    ("socat", "-V"),
    ("ip", "-V"),
];

/// All of it, now.
pub fn here(ferry: &Path, scratch: &Path) -> About {
    let mut versions = vec![("ferry".to_owned(), first_line(Command::new(ferry).arg("--version")))];
    for (program, flag) in PROGRAMS {
        versions.push((program.to_owned(), first_line(Command::new(program).arg(flag))));
    }
    About {
        date: first_line(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M"])),
        commit: commit(),
        processor: processor(),
        memory_gib: memory_gib(),
        kernel: read("/proc/sys/kernel/osrelease"),
        system: system(),
        congestion: read("/proc/sys/net/ipv4/tcp_congestion_control"),
        file_system: first_line(Command::new("stat").args(["-f", "-c", "%T"]).arg(scratch)),
        versions,
    }
}

fn commit() -> String {
    let git = || {
        let mut command = Command::new("git");
        command.current_dir(project::root());
        command
    };
    let commit = first_line(git().args(["rev-parse", "--short=12", "HEAD"]));
    let changed =
        first_line(git().args(["status", "--porcelain", "--untracked-files=no", "--", "crates"]));
    // A binary that somebody names may be of any commit.
    let named = std::env::var_os("BENCH_FERRY").map_or("", |_| ", other binary");
    if changed.is_empty() { commit + named } else { commit + "-dirty" + named }
}

fn processor() -> String {
    let text = read("/proc/cpuinfo");
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split(':').nth(1));
    let count = text.lines().filter(|line| line.starts_with("processor")).count();
    format!("{count} x {}", name.unwrap_or("unknown").trim())
}

fn memory_gib() -> f64 {
    let text = read("/proc/meminfo");
    let kib = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse().ok());
    (super::meter::ratio(kib.unwrap_or(0), 1 << 20) * 10.0).round() / 10.0
}

fn system() -> String {
    let text = read("/etc/os-release");
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.unwrap_or("unknown").trim_matches('"').to_owned()
}

fn read(file: &str) -> String {
    fs::read_to_string(file).unwrap_or_default().trim().to_owned()
}

/// The first line that it prints with a digit in it, wherever it prints it; nothing where it is not here.
fn first_line(command: &mut Command) -> String {
    let Ok(output) = command.output() else { return "not here".to_owned() };
    let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    let said = String::from_utf8_lossy(&said);
    let mut lines = said.lines().filter(|line| !line.trim().is_empty());
    let with_digit = lines.clone().find(|line| line.bytes().any(|byte| byte.is_ascii_digit()));
    with_digit.or_else(|| lines.next()).unwrap_or_default().trim().to_owned()
}
