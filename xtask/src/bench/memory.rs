//! The most memory that each side holds, for a small and a very large virtual disk.

use super::apart::Apart;
use super::record::Results;
use super::wire::Wire;
use super::{Bench, disks, meter};
use crate::failure::Failure;

const GIB: u64 = 1 << 30;
/// What is in each disk, in stretches of 1 MiB that no compressor can shrink.
const STRETCHES: u64 = 256;

/// The same 256 MiB of contents in 2 GiB and spread over 100 GiB; then a tenth of it changed.
pub fn measure(bench: &Bench, results: &mut Results) -> Result<(), Failure> {
    let wire = Wire::lan()?;
    for (name, size_bytes) in [("2 GiB", 2 * GIB), ("100 GiB", 100 * GIB)] {
        let key = name.split(' ').next().unwrap_or_default();
        for (what, title, mib) in peaks(bench, &wire, size_bytes)? {
            let text = format!("{title}, {name} virtual, {STRETCHES} MiB held");
            results.fact(&format!("{what}-{key}"), &text, mib, "MiB");
        }
    }
    Ok(())
}

/// MiB as the kernel counts them, for whom and doing what.
type Peaks = Vec<(&'static str, &'static str, f64)>;

fn peaks(bench: &Bench, wire: &Wire, size_bytes: u64) -> Result<Peaks, Failure> {
    let folder = bench.folder()?;
    let file = folder.path().join("disk.raw");
    disks::scattered(&file, size_bytes, STRETCHES)?;
    let service = Apart::start(bench, &wire.sides, "")?;
    let mut found = Vec::new();
    let image = service.import(0, &file, "disk")?;
    found.push(("import", "import, the region", mib(service.process(0).memory_kib("VmHWM")?)));
    service.process(0).forget_peak()?;
    service.process(1).forget_peak()?;
    service.copy(&image, "disk-copy")?;
    found.push(("source", "cold copy, the source", mib(service.process(0).memory_kib("VmHWM")?)));
    found.push(("target", "cold copy, the target", mib(service.process(1).memory_kib("VmHWM")?)));
    disks::change(&file, size_bytes, STRETCHES)?;
    let image = service.import(0, &file, "changed")?;
    service.process(0).forget_peak()?;
    service.process(1).forget_peak()?;
    service.copy(&image, "changed-copy")?;
    found.push((
        "source-delta",
        "a version more, the source",
        mib(service.process(0).memory_kib("VmHWM")?),
    ));
    found.push((
        "target-delta",
        "a version more, the target",
        mib(service.process(1).memory_kib("VmHWM")?),
    ));
    Ok(found)
}

/// KiB as MiB.
pub fn mib(kib: u64) -> f64 {
    meter::ratio(kib, 1024)
}
