//! An image from one host to another on the same fast wire, cold; and the same image again.

use super::contenders::{self as by, Work};
use super::race::{Course, race};
use super::record::Results;
use super::wire::Wire;
use super::{Bench, disks, held_facts};
use crate::failure::Failure;

/// The state of the caches that all contenders find, told with every race on a LAN.
pub const WARM: &str = "The source's image (Ferry: its packs) is in the page cache; `sync` before each run; what comes out \
                        is compared with what went in, outside the time.";

/// Races with v1, and with the larger b1 where it is at hand.
pub fn measure(bench: &Bench, results: &mut Results) -> Result<(), Failure> {
    let wire = Wire::lan()?;
    let work = Work { bench, wire: &wire, new: bench.image("v1.raw"), old: None, settings: "" };
    work.warm()?;
    held_facts(results, bench, &["v1"])?;
    let course = Course {
        key: "cold-v1",
        title: "LAN, cold: v1 (2 GiB) to a target that holds nothing",
        work: format!("Two hosts joined by a veth pair. {WARM}"),
        wire: Some(&wire),
    };
    let mut contenders = vec![by::ferry(&work), by::ferry_one(&work)];
    contenders.extend(by::over_nbd(&work));
    contenders.extend([by::zstd(&work), by::rsync(&work), by::restic(&work)]);
    contenders.extend([by::borg(&work), by::casync(&work), by::rclone(&work), by::cp(&work)]);
    results.races.push(race(bench, course, contenders)?);
    large(bench, &wire, results)?;
    let why = "regions speak plain HTTP to each other; TLS is left to a proxy";
    results.skip("the same with TLS", why);
    Ok(())
}

fn large(bench: &Bench, wire: &Wire, results: &mut Results) -> Result<(), Failure> {
    let image = bench.image("b1.raw");
    if !image.is_file() {
        results.skip("b1, 10 GiB", "the image is not in the folder of images");
        return Ok(());
    }
    let needed_bytes = disks::allocated_bytes(&image)? + (1 << 30);
    let free_bytes = disks::free_bytes(&bench.scratch)?;
    if free_bytes < needed_bytes {
        let why = format!("{needed_bytes} bytes of disk are needed, {free_bytes} are free");
        results.skip("b1, 10 GiB", &why);
        return Ok(());
    }
    held_facts(results, bench, &["b1"])?;
    let work = Work { bench, wire, new: image, old: None, settings: "" };
    work.warm()?;
    let course = Course {
        key: "cold-b1",
        title: "LAN, cold: b1 (10 GiB, about 5 GB held)",
        work: format!("Two hosts joined by a veth pair. {WARM}"),
        wire: Some(wire),
    };
    let mut contenders = vec![by::ferry(&work)];
    contenders.extend(by::over_nbd(&work));
    results.races.push(race(bench, course, contenders)?);
    Ok(())
}
