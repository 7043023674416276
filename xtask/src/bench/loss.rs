//! Copies over the wide area network that loses packets by chance, with and without BBR.

use super::Bench;
use super::contenders::{self as by, Work};
use super::race::{Contender, race};
use super::record::Results;
use super::wide::{Allowed, BITS_PER_SEC, ONE_WAY, available, course, set_congestion};
use super::wire::Wire;
use crate::failure::Failure;

/// Shares of packets that are lost each way, as the key and the heading say them.
const LOSSES: [(&str, &str, f64); 3] =
    [("0", "no loss", 0.0), ("01", "0.1 % loss", 0.001), ("1", "1 % loss", 0.01)];

/// Cold copies of v1 with each loss under each congestion control: long flows, which is what loss hurts.
pub fn measure(bench: &Bench, results: &mut Results) -> Result<(), Failure> {
    let _allowed = Allowed::all()?;
    let wire = &Wire::wan(BITS_PER_SEC, ONE_WAY)?;
    let work = Work { bench, wire, new: bench.image("v1.raw"), old: None, settings: "" };
    for (algorithm, settings) in [("bbr", ""), ("cubic", NO_CHOICE)] {
        if !available().contains(&algorithm.to_owned()) {
            results.skip(&format!("loss with {algorithm}"), "this kernel does not have it");
            continue;
        }
        set_congestion(wire, algorithm)?;
        work.warm()?;
        let mut contenders: Vec<Contender<'_>> = Vec::new();
        for (key, title, share) in LOSSES {
            let mut ferry = by::ferry(&Work { settings, ..work.clone() });
            ferry.key = key;
            ferry.title = format!("ferry, {title}");
            let mut once = ferry.once;
            ferry.once = Box::new(move |trial| {
                wire.lose(share);
                let outcome = once(trial);
                wire.lose(0.0);
                outcome
            });
            contenders.push(ferry.seldom());
        }
        let (key, title) = match algorithm {
            "bbr" => ("bbr", "WAN, cold, packets lost by chance, BBR"),
            _ => ("cubic", "WAN, cold, packets lost by chance, CUBIC"),
        };
        let mut course = course(key, title, wire);
        course.work += &format!(" TCP is {algorithm} at both ends.");
        results.races.push(race(bench, course, contenders)?);
    }
    println!("the wire: {}", wire.told());
    Ok(())
}

/// Keeps Ferry to what the host has, as on a kernel that has nothing else.
const NO_CHOICE: &str = "[transport]\ncongestion = \"system\"\n";
