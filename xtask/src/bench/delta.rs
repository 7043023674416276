//! A changed version to a target that holds the older one, on a LAN; and the floors in bytes.

use super::contenders::{self as by, Work};
use super::lan::WARM;
use super::race::{Course, race};
use super::record::Results;
use super::wire::Wire;
use super::{Bench, held_facts};
use crate::failure::Failure;

/// v1 is there, v2 comes.
pub fn measure(bench: &Bench, results: &mut Results) -> Result<(), Failure> {
    let wire = Wire::lan()?;
    let (new, old) = (bench.image("v2.raw"), Some(bench.image("v1.raw")));
    let work = Work { bench, wire: &wire, new, old, settings: "" };
    work.warm()?;
    held_facts(results, bench, &["v2"])?;
    let course = Course {
        key: "v2",
        title: "LAN, delta: v2 to a target that holds v1",
        work: format!(
            "Two hosts joined by a veth pair. nbdcopy, qemu-img, zstd and rclone know no older version: they send the whole \
             image into a new file, which is the fastest they can do. {WARM}"
        ),
        wire: Some(&wire),
    };
    let mut contenders = vec![by::ferry(&work), by::ferry_one(&work)];
    contenders.extend(by::over_nbd(&work));
    contenders.extend([by::zstd(&work), by::rsync(&work), by::restic(&work)]);
    contenders.extend([by::borg(&work), by::casync(&work), by::rclone(&work)]);
    results.races.push(race(bench, course, contenders)?);
    super::codec::measure(bench, results)
}
