//! A raw image from the page cache into a region, against `qemu-img convert -c`.

use super::race::{Contender, race, timed};
use super::report::Report;
use super::service::Service;
use super::{Bench, disks, peers};
use crate::failure::Failure;

/// Ours is hashed, compressed, durable and indexed when it says done; the peer's is neither hashed nor, at `done`, durable.
pub fn measure(bench: &Bench) -> Result<Report, Failure> {
    let image = bench.image("v1.raw");
    disks::warm(&image)?;
    let ours = Contender {
        name: "ferry image import",
        splits: &["durable"],
        once: Box::new(|| {
            let service = Service::start(bench)?;
            Ok(vec![timed(|| service.import(&image, "v1").map(drop))?])
        }),
    };
    let peer = Contender {
        name: "qemu-img convert -c zstd -m 16 -W",
        splits: &["done", "flushed"],
        once: Box::new(|| {
            let folder = bench.folder()?;
            let out = folder.path().join("out.qcow2");
            peers::with_flush(&out, || peers::qemu_compress(&image, &out))
        }),
    };
    let finishes = race(bench.rounds, vec![ours, peer])?;
    let mut report = Report { name: "import", finishes: finishes.clone(), ..Report::default() };
    report.compare("import v1 (2 GiB raw, cached)", &finishes[0], 1.0);
    report.notes.push(format!("Medians of {} rounds in turn.", bench.rounds));
    Ok(report)
}
