//! What the bytes of a copy are compared with: the best that is known to be possible, made of the same images.
//!
//! Other programs' bytes are theirs alone. Chunks in parcels are counted here, without any of Ferry's code: the payload only,
//! without names, lists or headers, so that what really sends them has more to carry than this.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use super::record::Results;
use super::{Bench, disks, meter};
use crate::failure::Failure;
use crate::run;

const PARCEL_BYTES: usize = 8 << 20;
const LEVEL: i32 = 3;
/// `zstd --patch-from` looks back no further, so that larger pairs gain less and less.
const PATCH_MAX: u64 = 2 << 30;

/// Pairs of a new version and what the target holds.
pub const PAIRS: [(&str, &str); 3] = [("v2", "v1"), ("v2r", "v1"), ("d2", "d1")];

/// All floors; those of a former run where images and programs are the same.
pub fn measure(bench: &Bench, results: &mut Results) -> Result<(), Failure> {
    let made_of = made_of(bench)?;
    let known = Results::load(&bench.scratch.join("floors.json"));
    if let Ok(known) = known
        && known.about.versions.contains(&("made of".to_owned(), made_of.clone()))
    {
        println!("floors of the same images are known");
        *results = known;
        return Ok(());
    }
    results.about.versions.push(("made of".to_owned(), made_of));
    whole(bench, results)?;
    for (new, old) in PAIRS {
        pair(bench, results, new, old)?;
    }
    Ok(())
}

fn whole(bench: &Bench, results: &mut Results) -> Result<(), Failure> {
    for (key, flags) in [("v1-zstd-3", &["-3"][..]), ("v1-zstd-9-long", &["-9", "--long"][..])] {
        let bytes = zstd(flags, &bench.image("v1.raw"))?;
        let what = format!("v1 whole by `zstd {}`", flags.join(" "));
        results.fact(key, &what, meter::ratio(bytes, 1), "bytes");
    }
    Ok(())
}

fn pair(bench: &Bench, results: &mut Results, new: &str, old: &str) -> Result<(), Failure> {
    let files = [new, old].map(|name| bench.image(&format!("{name}.raw")));
    if !files.iter().all(|file| file.is_file()) {
        results.skip(&format!("floors of {new}"), "its images are not in the folder of images");
        return Ok(());
    }
    let [new_file, old_file] = files;
    if disks::non_zero_bytes(&new_file)? + disks::non_zero_bytes(&old_file)? <= PATCH_MAX {
        for level in ["-3", "-9"] {
            let bytes = patch(bench, [&new_file, &old_file], level)?;
            let what =
                format!("the same by `zstd {level} --patch-from`, zero chunks left out of both");
            results.fact(
                &format!("{new}-packed-patch{level}"),
                &what,
                meter::ratio(bytes, 1),
                "bytes",
            );
        }
    } else {
        results.skip(
            &format!("`zstd --patch-from` of {new}"),
            "both together must fit into its window of 2 GiB",
        );
    }
    for (name, unit_bytes) in [("64k", 65_536), ("4k", 4_096)] {
        let bytes = in_parcels(&new_file, &old_file, unit_bytes)?;
        let what = format!(
            "{new}, {old} at hand, missing chunks of {} KiB in parcels of 8 MiB, zstd -3",
            unit_bytes >> 10
        );
        results.fact(&format!("{new}-chunks-{name}"), &what, meter::ratio(bytes, 1), "bytes");
    }
    Ok(())
}

/// The bytes of a patch between the images without their zeros: only so do both fit into zstd's window.
fn patch(bench: &Bench, images: [&Path; 2], level: &str) -> Result<u64, Failure> {
    let folder = bench.folder()?;
    let files = ["new", "old"].map(|name| folder.path().join(name));
    for (image, file) in images.iter().zip(&files) {
        let failed = || Failure::file("write", file);
        let mut out = io::BufWriter::new(File::create(file).map_err(failed())?);
        each_piece(image, 65_536, |piece| out.write_all(piece))?;
        out.flush().map_err(failed())?;
    }
    zstd(&[level, "--long=31", &format!("--patch-from={}", files[1].display())], &files[0])
}

/// How many bytes `zstd` makes of a file.
fn zstd(flags: &[&str], file: &Path) -> Result<u64, Failure> {
    let mut command = Command::new("zstd");
    command.args(flags).args(["-q", "-c"]).arg(file).stdin(Stdio::null()).stdout(Stdio::piped());
    let started = command.spawn();
    let mut child =
        started.map_err(|source| Failure::Start { command: run::shown(&command), source })?;
    let mut out = child.stdout.take().expect("stdout was asked for as a pipe");
    let bytes = io::copy(&mut out, &mut io::sink()).map_err(Failure::file("read", file))?;
    let status = child.wait();
    let status =
        status.map_err(|source| Failure::Start { command: run::shown(&command), source })?;
    if status.success() {
        Ok(bytes)
    } else {
        Err(Failure::Ended { command: run::shown(&command), status })
    }
}

/// The bytes of the pieces of `new` that are neither zero nor in `old` nor earlier in `new`, in order of the disk, in
/// parcels of 8 MiB that are compressed each alone.
fn in_parcels(new: &Path, old: &Path, unit_bytes: usize) -> Result<u64, Failure> {
    let mut held = HashSet::new();
    each_piece(old, unit_bytes, |piece| {
        held.insert(name(piece));
        Ok(())
    })?;
    let failed = || Failure::file("compress", new);
    let mut codec = zstd::bulk::Compressor::new(LEVEL).map_err(failed())?;
    let (mut parcel, mut bytes) = (Vec::with_capacity(PARCEL_BYTES), 0);
    each_piece(new, unit_bytes, |piece| {
        if held.insert(name(piece)) {
            parcel.extend_from_slice(piece);
        }
        if parcel.len() >= PARCEL_BYTES {
            bytes += codec.compress(&parcel)?.len() as u64;
            parcel.clear();
        }
        Ok(())
    })?;
    if !parcel.is_empty() {
        bytes += codec.compress(&parcel).map_err(failed())?.len() as u64;
    }
    Ok(bytes)
}

/// Half a hash: no two pieces of one image share it by chance.
fn name(piece: &[u8]) -> [u8; 16] {
    let hash = blake3::hash(piece);
    *hash.as_bytes().first_chunk().expect("a hash has 32 bytes")
}

/// Shows every piece that is not all zero.
fn each_piece(
    file: &Path,
    unit_bytes: usize,
    mut show: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), Failure> {
    let failed = || Failure::file("read", file);
    let mut disk = File::open(file).map_err(failed())?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        let mut length = 0;
        while length < buffer.len() {
            match disk.read(&mut buffer[length..]).map_err(failed())? {
                0 => break,
                more => length += more,
            }
        }
        for piece in buffer[..length].chunks(unit_bytes) {
            if piece.iter().any(|byte| *byte != 0) {
                show(piece).map_err(failed())?;
            }
        }
        if length < buffer.len() {
            return Ok(());
        }
    }
}

/// What the floors depend on: the images and the compressor.
fn made_of(bench: &Bench) -> Result<String, Failure> {
    let mut text = run::read(Command::new("zstd").arg("--version"))?.trim().to_owned();
    let names = PAIRS.iter().flat_map(|(new, old)| [*new, *old]);
    for name in names {
        if let Ok(known) = std::fs::metadata(bench.image(&format!("{name}.raw"))) {
            let changed = known
                .modified()
                .ok()
                .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
            text += &format!(" {name} {} {}", known.len(), changed.unwrap_or_default().as_secs());
        }
    }
    Ok(blake3::hash(text.as_bytes()).to_hex()[..16].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_new_pieces_count_and_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        let piece = |seed: u8| -> Vec<u8> {
            let mut bytes = vec![0; 65_536];
            blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut bytes);
            bytes
        };
        std::fs::write(&old, [piece(1), piece(2)].concat()).unwrap();
        let zero = vec![0; 65_536];
        std::fs::write(&new, [piece(2), zero, piece(3), piece(3), piece(1)].concat()).unwrap();
        let bytes = in_parcels(&new, &old, 65_536).unwrap();
        assert!((65_536..66_000).contains(&bytes), "{bytes}");
        // Half of a piece that is known is not sent again where pieces are small.
        std::fs::write(&new, [&piece(1)[..32_768], &piece(4)[..32_768]].concat()).unwrap();
        let bytes = in_parcels(&new, &old, 4_096).unwrap();
        assert!((32_768..33_200).contains(&bytes), "{bytes}");
    }
}
