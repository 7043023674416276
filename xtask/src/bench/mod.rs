//! `cargo xtask bench`: the release build against its peers, on the same work, in turn, in one run.
//!
//! A figure is a ratio of medians: machines differ, and one machine differs from hour to hour.

mod about;
mod apart;
mod breaks;
mod codec;
mod contenders;
mod control;
mod delta;
mod disks;
mod fanout;
mod floors;
mod import;
mod lan;
mod loss;
mod memory;
mod meter;
mod page;
mod peers;
mod race;
mod record;
mod service;
mod stats;
mod wide;
mod wire;

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::{corpora, install, project, run};

use record::Results;

/// What every benchmark is given.
pub struct Bench {
    /// The release binary.
    ferry: PathBuf,
    /// Holds `v1.raw`, `v2.raw`, `v2r.raw`; `d1.raw`, `d2.raw` and `b1.raw` where they were made.
    images: PathBuf,
    /// For what is made and thrown away; on the disk that is to be measured.
    scratch: PathBuf,
    /// How often each contender runs,
    rounds: usize,
    /// and how often those that take long; 0 leaves them out.
    slow_rounds: usize,
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

type Measure = fn(&Bench, &mut Results) -> Result<(), Failure>;

/// In the order of the page. `floors` goes with whatever compares bytes.
const BENCHES: [(&str, Measure); 9] = [
    ("lan", lan::measure),
    ("delta", delta::measure),
    ("wan", wide::measure),
    ("loss", loss::measure),
    ("floors", floors::measure),
    ("import", import::measure),
    ("memory", memory::measure),
    ("fanout", fanout::measure),
    ("control", control::measure),
];

/// Runs the named ones, all when none is named, and leaves what they found under `target/bench/`. `page` makes
/// `docs/benchmarks.md` of what is kept in `docs/benchmarks/`; `publish` keeps there what was found last, first.
pub fn run(names: &[&str]) -> Result<(), Failure> {
    match names {
        ["page"] => return page::write(),
        ["publish"] => return page::publish(&scratch()),
        _ => {}
    }
    if names.iter().any(|name| BENCHES.iter().all(|(known, _)| known != name)) {
        return Err(Failure::Usage);
    }
    let bench = prepare(names)?;
    let compares_bytes = ["lan", "delta", "wan"].iter().any(|name| names.contains(name));
    for (name, measure) in BENCHES {
        let goes_along = name == "floors" && compares_bytes;
        if names.is_empty() || names.contains(&name) || goes_along {
            println!("\n== {name}");
            let about = about::here(&bench.ferry, &bench.scratch);
            let mut results = Results::of(name);
            let outcome = measure(&bench, &mut results);
            let own = std::mem::take(&mut results.about.versions);
            results.about = about;
            // By this a later run knows that nothing is missing.
            let made_of = own.into_iter().filter(|(name, _)| name == "made of" && outcome.is_ok());
            results.about.versions.extend(made_of);
            results.rounds = bench.rounds;
            if bench.slow_rounds == 0 {
                results.skip("contenders that take long", "`BENCH_SLOW_ROUNDS` was 0");
            }
            if let Err(failure) = &outcome {
                results.skip("what comes after what is told here", &failure.chain());
            }
            // What was measured before something failed took long, and is as true.
            results.save(&bench.scratch)?;
            println!("\n{}", page::section(&results));
            outcome?;
        }
    }
    println!("kept in {}; `cargo xtask bench publish` takes it to docs/", bench.scratch.display());
    Ok(())
}

fn scratch() -> PathBuf {
    project::target().join("bench")
}

fn prepare(names: &[&str]) -> Result<Bench, Failure> {
    install::for_bench()?;
    wide::load_modules();
    let scratch = scratch();
    std::fs::create_dir_all(&scratch).map_err(Failure::file("create", &scratch))?;
    let images = match std::env::var_os("BENCH_IMAGES") {
        Some(folder) => PathBuf::from(folder),
        None => {
            let folder = scratch.join("images");
            corpora::make(corpora::Set::Bench, &folder)?;
            if names.is_empty()
                || ["lan", "wan", "delta", "floors"].iter().any(|name| names.contains(name))
            {
                corpora::make(corpora::Set::Lived, &folder)?;
            }
            folder
        }
    };
    Ok(Bench {
        ferry: binary()?,
        images,
        scratch,
        rounds: setting("BENCH_ROUNDS", 3)?.max(1),
        slow_rounds: setting("BENCH_SLOW_ROUNDS", 1)?,
    })
}

/// The one that `BENCH_FERRY` names, else the release build of this checkout.
fn binary() -> Result<PathBuf, Failure> {
    if let Some(file) = std::env::var_os("BENCH_FERRY") {
        return Ok(PathBuf::from(file));
    }
    let words = ["build", "--release", "-p", "ferry"];
    run::run(run::cargo().current_dir(project::root()).args(words))?;
    Ok(project::target().join("release/ferry"))
}

/// A crate's own measurement, in release.
fn example(package: &str, name: &str) -> Result<PathBuf, Failure> {
    let words = ["build", "--release", "--quiet", "-p", package, "--example", name];
    run::run(run::cargo().current_dir(project::root()).args(words))?;
    Ok(project::target().join("release/examples").join(name))
}

fn setting(name: &str, usual: usize) -> Result<usize, Failure> {
    match std::env::var(name) {
        Ok(text) => text.parse().map_err(|_| Failure::Usage),
        Err(_) => Ok(usual),
    }
}

/// The size of a file, in bytes.
fn size_bytes(file: &Path) -> Result<u64, Failure> {
    Ok(std::fs::metadata(file).map_err(Failure::file("look at", file))?.len())
}

/// Tells what these images hold, counted without any of Ferry's code.
fn held_facts(results: &mut Results, bench: &Bench, names: &[&str]) -> Result<(), Failure> {
    for name in names {
        let bytes = disks::non_zero_bytes(&bench.image(&format!("{name}.raw")))?;
        let what = format!("{name}: bytes of blocks of 4 KiB that are not zero");
        results.fact(&format!("{name}-held"), &what, meter::ratio(bytes, 1), "bytes");
        let gib = meter::ratio(bytes, 1 << 30);
        results.fact(&format!("{name}-held-gib"), &format!("{name}: the same in GiB"), gib, "GiB");
    }
    Ok(())
}
