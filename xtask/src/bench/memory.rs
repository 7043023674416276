//! The most memory that one process with both regions holds, for a small and a large virtual disk.

use super::report::{Report, Row};
use super::service::Service;
use super::{Bench, disks};
use crate::failure::Failure;

const GIB: u64 = 1 << 30;
/// What the process may hold at most while it copies.
const LIMIT_MIB: f64 = 256.0;
/// What the two sizes may differ by: allocators are not exact.
const SAME: f64 = 1.15;

/// The same 256 MiB of contents in 1 GiB and spread over 100 GiB.
pub fn measure(bench: &Bench) -> Result<Report, Failure> {
    let mut report = Report { name: "memory", ..Report::default() };
    let (small, large) = (peaks(bench, GIB)?, peaks(bench, 100 * GIB)?);
    for (what, mib) in [
        ("import, 1 GiB", small.import_mib),
        ("copy, 1 GiB", small.copy_mib),
        ("import, 100 GiB", large.import_mib),
        ("copy, 100 GiB", large.copy_mib),
    ] {
        report.rows.push(row(what, mib, "the limit", LIMIT_MIB, 1.0));
    }
    report.rows.push(row("copy, 100 GiB", large.copy_mib, "copy, 1 GiB", small.copy_mib, SAME));
    report
        .notes
        .push("VmHWM of `ferry serve`; 256 MiB of incompressible contents in each disk.".into());
    Ok(report)
}

struct Peaks {
    import_mib: f64,
    copy_mib: f64,
}

fn peaks(bench: &Bench, size_bytes: u64) -> Result<Peaks, Failure> {
    let folder = bench.folder()?;
    let file = folder.path().join("disk.raw");
    disks::scattered(&file, size_bytes, 256)?;
    let service = Service::start(bench)?;
    let image = service.import(&file, "disk")?;
    let import_mib = mib(service.memory_kib("VmHWM")?);
    service.forget_peak()?;
    service.copy(&image, "disk-copy")?;
    Ok(Peaks { import_mib, copy_mib: mib(service.memory_kib("VmHWM")?) })
}

/// KiB as MiB.
#[expect(clippy::cast_precision_loss, reason = "memory in KiB stays far below 2^52")]
pub fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

fn row(what: &str, ours: f64, against: &str, theirs: f64, at_most: f64) -> Row {
    Row { what: what.into(), ours, against: against.into(), theirs, unit: "MiB", at_most }
}
