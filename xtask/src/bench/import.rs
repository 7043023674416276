//! A raw image from the page cache into a region and out of it again, against `qemu-img`; and the chunk index at size.

use std::path::Path;
use std::process::Command;

use super::peers::{empty, must_be_equal, with_flush};
use super::race::{Contender, Course, race};
use super::record::Results;
use super::service::{SOURCE, Service};
use super::{Bench, disks, held_facts};
use crate::failure::Failure;
use crate::run;

const INDEX_ROWS: u64 = 5_000_000;

/// Both ways, then the index.
pub fn measure(bench: &Bench, results: &mut Results) -> Result<(), Failure> {
    let image = bench.image("v1.raw");
    disks::warm(&image)?;
    held_facts(results, bench, &["v1"])?;
    results.races.push(into(bench, &image)?);
    results.races.push(out_of(bench, &image)?);
    index(bench, results)
}

fn into(bench: &Bench, image: &Path) -> Result<super::record::Race, Failure> {
    let ours = Contender::new("ferry", "ferry image import", |trial| {
        let service = Service::start(bench)?;
        trial.lap("durable", || service.import(image, "v1").map(drop))
    });
    let peer = Contender::new("qemu-img", "qemu-img convert -c zstd -m 16 -W", |trial| {
        let folder = bench.folder()?;
        let out = folder.path().join("out.qcow2");
        with_flush(trial, &out, || compress(image, &out))
    });
    let course = Course {
        key: "import",
        title: "Import of v1 (2 GiB raw)",
        work: "The image is in the page cache. Ferry's is cut, hashed, compressed, durable and indexed when it is done; \
               qemu-img's is neither hashed nor, at `done`, durable."
            .into(),
        wire: None,
    };
    race(bench, course, vec![ours, peer])
}

fn out_of(bench: &Bench, image: &Path) -> Result<super::record::Race, Failure> {
    let ours = Contender::new("ferry", "ferry image export", |trial| {
        let service = Service::start(bench)?;
        let id = service.import(image, "v1")?;
        let out = service.folder().join("out.raw");
        let name = out.to_string_lossy().into_owned();
        let words = ["image", "export", &id, &name, "--region", SOURCE, "--no-progress"];
        with_flush(trial, &out, || run::quietly(&mut service.command(&words)))?;
        must_be_equal(image, &out)
    });
    let folder = bench.folder()?;
    let packed = folder.path().join("v1.qcow2");
    compress(image, &packed)?;
    let peer = Contender::new("qemu-img", "qemu-img convert of a zstd qcow2", |trial| {
        let folder = bench.folder()?;
        let out = folder.path().join("out.raw");
        empty(&out, image)?;
        let flags =
            ["convert", "-n", "--target-is-zero", "-f", "qcow2", "-O", "raw", "-m", "16", "-W"];
        with_flush(trial, &out, || {
            run::quietly(Command::new("qemu-img").args(flags).args([&packed, &out]))
        })?;
        must_be_equal(image, &out)
    });
    let course = Course {
        key: "export",
        title: "Export of v1 to a raw file",
        work: "Ferry's packs and qemu-img's qcow2 are in the page cache. Ferry checks every chunk by its hash.".into(),
        wire: None,
    };
    race(bench, course, vec![ours, peer])
}

fn compress(image: &Path, out: &Path) -> Result<(), Failure> {
    let flags = [
        "convert",
        "-f",
        "raw",
        "-c",
        "-O",
        "qcow2",
        "-o",
        "compression_type=zstd",
        "-m",
        "16",
        "-W",
    ];
    run::quietly(Command::new("qemu-img").args(flags).args([image, out]))
}

/// The store's own measurement, in release, of its real index.
fn index(bench: &Bench, results: &mut Results) -> Result<(), Failure> {
    let folder = bench.folder()?;
    let mut command = Command::new(super::example("store", "ingest_bench")?);
    command.arg(folder.path().join("index")).args(["1", &INDEX_ROWS.to_string()]);
    let printed = run::read(&mut command)?;
    print!("{printed}");
    let told = parsed(&printed).ok_or_else(|| Failure::NoField {
        command: "ingest_bench".into(),
        field: "rows/s".into(),
    })?;
    let rows = "chunk index, filled to 5 million rows";
    results.fact("index-merged", &format!("{rows}: appended and merged"), told.merged, "rows/s");
    results.fact("index-appended", &format!("{rows}: appended alone"), told.appended, "rows/s");
    results.fact("index-looked-up", &format!("{rows}: looked up, warm"), told.looked_up, "ids/s");
    results.fact("index-stall", &format!("{rows}: longest append"), told.stall_secs, "s");
    Ok(())
}

#[derive(Debug, PartialEq)]
struct Told {
    appended: f64,
    merged: f64,
    looked_up: f64,
    stall_secs: f64,
}

/// What `ingest_bench` prints of the index.
fn parsed(printed: &str) -> Option<Told> {
    let lines: Vec<&str> = printed.lines().filter(|line| line.starts_with("index: ")).collect();
    let before = |unit: &str, nth: usize| -> Option<f64> {
        let found =
            lines.iter().flat_map(|line| line.match_indices(unit).map(move |(at, _)| &line[..at]));
        found.map(|text| text.rsplit(' ').next()?.parse().ok()).nth(nth)?
    };
    let stall =
        lines.iter().find_map(|line| line.split_once("longest append ")?.1.split(')').next())?;
    let (appended, merged) = (before(" rows/s", 0)?, before(" rows/s", 1)?);
    Some(Told { appended, merged, looked_up: before(" ids/s", 0)?, stall_secs: seconds(stall)? })
}

/// A duration as `{:?}` writes it.
fn seconds(text: &str) -> Option<f64> {
    let units = [("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9), ("s", 1.0)];
    let (number, factor) =
        units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    Some(number.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_stores_measurement_prints_is_read() {
        let printed = "import level 1: median 0.7s\n\
            index: 5000000 rows, 412345 rows/s appended (longest append 87.120ms), 240000 rows/s appended and merged\n\
            index: 360000 ids/s looked up, half of them present\npeak memory 90 MB\n";
        let told = parsed(printed).unwrap();
        assert_eq!((told.appended, told.merged, told.looked_up), (412_345.0, 240_000.0, 360_000.0));
        assert!((told.stall_secs - 0.08712).abs() < 1e-9);
        assert_eq!(parsed("index: nothing"), None);
    }

    #[test]
    fn durations_are_read_in_every_unit() {
        for (text, expected) in [("1.5s", 1.5), ("250.000ms", 0.25), ("10µs", 1e-5), ("7ns", 7e-9)]
        {
            assert!((seconds(text).unwrap() - expected).abs() < 1e-12, "{text}");
        }
        assert_eq!(seconds("soon"), None);
    }
}
