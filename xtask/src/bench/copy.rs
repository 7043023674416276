//! An image from one region to another on this machine: cold, again, and a changed version.

use std::fs::File;
use std::path::Path;

use super::race::{Contender, Finish, race, timed};
use super::report::{Report, Row};
use super::service::{SOURCE, Service, TARGET, number};
use super::{Bench, disks, peers, size_bytes};
use crate::failure::Failure;
use crate::run;

/// Times of the cold copy, then bytes of the other two.
pub fn measure(bench: &Bench) -> Result<Report, Failure> {
    let finishes = cold(bench)?;
    let mut report = Report { name: "copy", finishes: finishes.clone(), ..Report::default() };
    report.compare("copy v1 between two regions, cold, verified and durable", &finishes[0], 1.0);
    report.rows.extend(bytes(bench)?);
    report.notes.push(format!(
        "Medians of {} rounds in turn. Bytes are what the copy says it sent.",
        bench.rounds
    ));
    Ok(report)
}

fn cold(bench: &Bench) -> Result<Vec<Finish>, Failure> {
    let image = bench.image("v1.raw");
    disks::warm(&image)?;
    let server = peers::NbdServer::start(&image)?;
    let ours = Contender {
        name: "ferry image copy --wait",
        splits: &["durable"],
        once: Box::new(|| {
            let service = Service::start(bench)?;
            let id = service.import(&image, "v1")?;
            Ok(vec![timed(|| service.copy(&id, "v1-copy").map(drop))?])
        }),
    };
    let qemu = Contender {
        name: "qemu-img convert -n over NBD",
        splits: &["done", "flushed"],
        once: Box::new(|| into_empty(bench, &image, |out| server.qemu_convert(out))),
    };
    let nbdcopy = Contender {
        name: "nbdcopy --destination-is-zero",
        splits: &["done", "flushed"],
        once: Box::new(|| into_empty(bench, &image, |out| server.nbdcopy(out))),
    };
    let mut contenders = vec![ours, qemu];
    if run::find("nbdcopy").is_some() {
        contenders.push(nbdcopy);
    }
    race(bench.rounds, contenders)
}

fn into_empty(
    bench: &Bench,
    image: &Path,
    work: impl FnOnce(&Path) -> Result<(), Failure>,
) -> Result<Vec<std::time::Duration>, Failure> {
    let folder = bench.folder()?;
    let out = folder.path().join("out.raw");
    let empty = File::create(&out).and_then(|file| file.set_len(size_bytes(image).unwrap_or(0)));
    empty.map_err(Failure::file("create", &out))?;
    peers::with_flush(&out, || work(&out))
}

/// The same image twice, then its changed version; and that what arrived is what was sent.
fn bytes(bench: &Bench) -> Result<Vec<Row>, Failure> {
    let (first, second) = (bench.image("v1.raw"), bench.image("v2.raw"));
    let held = disks::chunks(&first)?;
    let changed = disks::chunks(&second)?.difference(&held).count();
    let service = Service::start(bench)?;
    let image = service.import(&first, "v1")?;
    let cold = service.copy(&image, "v1-copy")?;
    must_be_equal(&service, &first, &cold)?;
    let again = service.copy(&image, "v1-again")?;
    let version = service.import(&second, "v2")?;
    let version = service.copy(&version, "v2-copy")?;
    must_be_equal(&service, &second, &version)?;
    let row = |what: &str, image: &str, against: &str, chunks: usize, at_most: f64| {
        let ours = number(&service.copy_of(image)?, "bytes_sent")?;
        let (what, against) = (what.to_owned(), against.to_owned());
        Ok(Row { what, ours, against, theirs: disks::bytes_of(chunks), unit: "bytes", at_most })
    };
    Ok(vec![
        row("bytes of the cold copy", &cold, "its distinct chunks", held.len(), 1.01)?,
        row("bytes of the same copy again", &again, "its distinct chunks", held.len(), 0.001)?,
        row("bytes of v2 where v1 is", &version, "its changed chunks", changed, 1.01)?,
    ])
}

/// The target's digest is the one of the file that went in.
fn must_be_equal(service: &Service, file: &Path, image: &str) -> Result<(), Failure> {
    let printed = run::read(service.command(&["digest"]).arg(file))?;
    let shown = service.json(&["image", "show", image, "--region", TARGET])?;
    let digest = shown["disks"][0]["digest"].as_str().unwrap_or_default();
    if !digest.is_empty() && printed.contains(digest) {
        return Ok(());
    }
    let what = format!(
        "`{image}` has digest `{digest}` in {TARGET}, the file imported in {SOURCE} has `{}`",
        printed.trim()
    );
    Err(Failure::Measured { what })
}
