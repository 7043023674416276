//! The delta codec by itself, at given levels, on the images: crate `delta`'s own measurement, in release.
//!
//! What it makes is unpacked again and compared. Over a wire Ferry chooses the level by itself; the wide area network is
//! measured apart.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::record::Results;
use super::{Bench, disks, meter};
use crate::failure::Failure;
use crate::run;

const LEVELS: [i32; 2] = [3, 9];

/// Bytes of each pair at each level; size and time of the index of each base.
pub fn measure(bench: &Bench, results: &mut Results) -> Result<(), Failure> {
    let program = super::example("delta", "delta_bench")?;
    for (new, old) in super::floors::PAIRS {
        let files = [old, new].map(|name| bench.image(&format!("{name}.raw")));
        if !files.iter().all(|file| file.is_file()) {
            results
                .skip(&format!("the codec on {new}"), "its images are not in the folder of images");
            continue;
        }
        for level in LEVELS {
            let told = once(&program, &files, level)?;
            let what = format!("{new}, {old} at hand: windows of the codec at level {level}");
            results.fact(&format!("{new}-codec-{level}"), &what, told.bytes, "bytes");
            let what = format!("{new}: encoded at level {level}, one compressor");
            results.fact(&format!("{new}-encode-{level}"), &what, told.encode_secs, "s");
            let what = format!(
                "{new}: encoded at level {level}, most memory of the encoder with all windows kept"
            );
            results.fact(&format!("{new}-encode-mb-{level}"), &what, told.encode_mb, "MB");
            if level == LEVELS[0] && new != "v2r" {
                index(results, (old, &files[0]), &told)?;
            }
        }
    }
    Ok(())
}

fn index(results: &mut Results, (name, file): (&str, &Path), told: &Told) -> Result<(), Failure> {
    let held = disks::non_zero_bytes(file)?;
    let percent = told.index_bytes / meter::ratio(held, 100);
    let what = format!("index of {name}: share of what it holds");
    results.fact(&format!("index-percent-{name}"), &what, percent, "%");
    let what = format!("index of {name}: time to build it, per GiB held");
    let per_gib = told.index_secs / meter::ratio(held, 1 << 30);
    results.fact(&format!("index-secs-{name}"), &what, per_gib, "s");
    Ok(())
}

fn once(program: &Path, [old, new]: &[PathBuf; 2], level: i32) -> Result<Told, Failure> {
    let mut command = Command::new(program);
    command.args([old, new]).args([&level.to_string(), "1"]);
    let printed = run::read(&mut command)?;
    parsed(&printed).ok_or_else(|| Failure::NoField {
        command: run::shown(&command),
        field: "MB of no wrong chunk".into(),
    })
}

#[derive(Debug, Default, PartialEq)]
struct Told {
    index_secs: f64,
    index_bytes: f64,
    encode_secs: f64,
    encode_mb: f64,
    bytes: f64,
}

/// What `delta_bench` prints; nothing where a chunk came out wrong.
fn parsed(printed: &str) -> Option<Told> {
    let mut told = Told::default();
    let mut decoded = false;
    for line in printed.lines() {
        let first = |text: &str| -> Option<f64> { text.split_whitespace().next()?.parse().ok() };
        if let Some(rest) = line.strip_prefix("index of ") {
            told.index_secs = first(rest.split_once(": ")?.1)?;
        } else if let Some(rest) = line.strip_prefix("index file ") {
            told.index_bytes = first(rest)? * 1e6;
        } else if let Some(rest) = line.strip_prefix("encoded at ") {
            told.encode_secs += first(rest.split_once(": ")?.1)?;
            told.encode_mb = told.encode_mb.max(first(rest.split_once("most memory ")?.1)?);
        } else if let Some(rest) = line.strip_prefix("decoded, ") {
            if !rest.starts_with("0 chunks wrong") {
                return None;
            }
            decoded = true;
        } else if let Some(rest) = line.strip_prefix("MB: ") {
            told.bytes = first(rest)? * 1e6;
        }
    }
    (decoded && told.bytes > 0.0).then_some(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_codecs_measurement_prints_is_read() {
        let printed = "index of 8000 chunks: 0.61 s, cpu 0.60 s, most memory 30 MB\nindex file 4.90 MB\n\
            4000 wants, 262.1 MB\nplanning 0.90 s of it, 60 windows\n\
            encoded at 3 with 1 compressors: 2.00 s, cpu 2.00 s, most memory 80 MB\n\
            decoded, 0 chunks wrong, 3362 chunks read: 0.37 s, cpu 0.30 s, most memory 27 MB\n\
            encoded at 3 with 1 compressors: 0.10 s, cpu 0.10 s, most memory 70 MB\n\
            decoded, 0 chunks wrong, 2 chunks read: 0.02 s, cpu 0.01 s, most memory 27 MB\n\
            MB: 66.100 = literals 65.900 + ops 0.100 + names 0.100\n";
        let told = parsed(printed).unwrap();
        assert_eq!((told.index_secs, told.index_bytes, told.encode_mb), (0.61, 4_900_000.0, 80.0));
        assert!((told.encode_secs - 2.1).abs() < 1e-9 && (told.bytes - 66_100_000.0).abs() < 1e-3);
        assert_eq!(parsed(&printed.replace("0 chunks wrong, 2", "1 chunks wrong, 2")), None);
        assert_eq!(parsed(""), None);
    }
}
