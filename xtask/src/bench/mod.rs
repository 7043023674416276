//! `cargo xtask bench`: the release build against its peers, on the same work, in turn, in one run.
//!
//! A figure is a ratio of medians: machines differ, and one machine differs from hour to hour.

mod copy;
mod disks;
mod import;
mod memory;
mod peers;
mod queue;
mod race;
mod report;
mod service;

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::{corpora, install, project, run};

use report::Report;

/// What every benchmark is given.
pub struct Bench {
    /// The release binary.
    ferry: PathBuf,
    /// Holds `v1.raw`, `v2.raw`, `v2r.raw`.
    images: PathBuf,
    /// For what is made and thrown away; on the disk that is to be measured.
    scratch: PathBuf,
    /// How often each contender runs.
    rounds: usize,
}

impl Bench {
    fn image(&self, name: &str) -> PathBuf {
        self.images.join(name)
    }

    /// A fresh folder that is gone when dropped.
    fn folder(&self) -> Result<tempfile::TempDir, Failure> {
        tempfile::Builder::new()
            .prefix("work.")
            .tempdir_in(&self.scratch)
            .map_err(Failure::file("make a folder in", &self.scratch))
    }
}

type Measure = fn(&Bench) -> Result<Report, Failure>;

const BENCHES: [(&str, Measure); 4] = [
    ("import", import::measure),
    ("copy", copy::measure),
    ("memory", memory::measure),
    ("queue", queue::measure),
];

/// Runs the named ones, all when none is named; prints tables and leaves them under `target/bench/`.
pub fn run(names: &[&str]) -> Result<(), Failure> {
    if names.iter().any(|name| BENCHES.iter().all(|(known, _)| known != name)) {
        return Err(Failure::Usage);
    }
    install::for_bench()?;
    let bench = prepare()?;
    let mut pages = String::new();
    for (name, measure) in BENCHES {
        if names.is_empty() || names.contains(&name) {
            println!("\n== {name}");
            let report = measure(&bench)?;
            report.save(&bench.scratch)?;
            println!("\n{}", report.markdown());
            pages.push_str(&report.markdown());
        }
    }
    let page = bench.scratch.join("results.md");
    std::fs::write(&page, pages).map_err(Failure::file("write", &page))?;
    println!("written to {}", page.display());
    Ok(())
}

fn prepare() -> Result<Bench, Failure> {
    let scratch = project::target().join("bench");
    std::fs::create_dir_all(&scratch).map_err(Failure::file("create", &scratch))?;
    let images = match std::env::var_os("BENCH_IMAGES") {
        Some(folder) => PathBuf::from(folder),
        None => {
            let folder = scratch.join("images");
            corpora::make(corpora::Set::Bench, &folder)?;
            folder
        }
    };
    run::run(run::cargo().current_dir(project::root()).args([
        "build",
        "--release",
        "-p",
        "ferry",
    ]))?;
    let rounds = std::env::var("BENCH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    Ok(Bench { ferry: project::target().join("release/ferry"), images, scratch, rounds })
}

/// The size of a file, in bytes.
fn size_bytes(file: &Path) -> Result<u64, Failure> {
    Ok(std::fs::metadata(file).map_err(Failure::file("look at", file))?.len())
}
