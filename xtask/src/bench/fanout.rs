//! One image to five targets: what leaves the source, against a copy to one.

use super::apart::{Apart, REGIONS};
use super::race::{Contender, Course, race};
use super::record::Results;
use super::wire::Wire;
use super::{Bench, disks, held_facts};
use crate::failure::Failure;

/// Six hosts on one switch, each with its region.
pub fn measure(bench: &Bench, results: &mut Results) -> Result<(), Failure> {
    let image = bench.image("v1.raw");
    disks::warm(&image)?;
    held_facts(results, bench, &["v1"])?;
    let wire = Wire::switched(REGIONS.len())?;
    let to = |count: usize| REGIONS[1..=count].join(",");
    let contender = |key, title: &str, count: usize| {
        let (image, wire, targets) = (image.clone(), &wire, to(count));
        Contender::new(key, title, move |trial| {
            let service = Apart::start(bench, &wire.sides, "")?;
            let id = service.import(0, &image, "v1")?;
            let mut copied = String::new();
            trial.lap("durable", || {
                copied = service.copy_to(&id, "copy", &targets)?;
                Ok(())
            })
        })
    };
    let contenders = vec![
        contender("one", "ferry, to 1 target", 1),
        contender("five", "ferry, to 5 targets", 5),
    ];
    let course = Course {
        key: "fanout",
        title: "Fan-out: v1 to 1 and to 5 targets",
        work: "Six hosts on one switch, a process with a region on each; the time is until the last target has the image \
               verified and durable, the bytes are those that leave the source's device."
            .into(),
        wire: Some(&wire),
    };
    results.races.push(race(bench, course, contenders)?);
    Ok(())
}
