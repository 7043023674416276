//! The same over a wide area network: 100 Mbit/s, 100 ms there and back.

use std::path::Path;
use std::time::Duration;

use super::contenders::{self as by, Work};
use super::race::{Course, race};
use super::record::Results;
use super::wire::Wire;
use super::{Bench, held_facts};
use crate::failure::Failure;
use crate::run;

pub const BITS_PER_SEC: u64 = 100_000_000;
/// Half a round trip.
pub const ONE_WAY: Duration = Duration::from_millis(50);
/// Cold, both deltas, and the long-lived image.
pub fn measure(bench: &Bench, results: &mut Results) -> Result<(), Failure> {
    let _allowed = Allowed::all()?;
    let wire = Wire::wan(BITS_PER_SEC, ONE_WAY)?;
    held_facts(results, bench, &["v1", "v2", "v2r"])?;
    set_congestion(&wire, usual_congestion())?;
    let work = |new: &str, old: Option<&str>| Work {
        bench,
        wire: &wire,
        new: bench.image(&format!("{new}.raw")),
        old: old.map(|old| bench.image(&format!("{old}.raw"))),
        settings: "",
    };
    let cold = work("v1", None);
    cold.warm()?;
    let contenders = vec![
        by::ferry(&cold),
        by::rsync(&cold),
        by::zstd(&cold),
        by::restic(&cold).seldom(),
        by::borg(&cold),
        by::nbdcopy(&cold).seldom(),
    ];
    let course = course("cold-v1", "WAN, cold: v1 to a target that holds nothing", &wire);
    results.races.push(race(bench, course, contenders)?);
    deltas(bench, results, (&work("v2", Some("v1")), &work("v2r", Some("v1"))))?;
    lived(bench, results, &work("d2", Some("d1")))?;
    let clean = results.figure("cold-v1/ferry/durable/arrived_bytes");
    super::breaks::measure(&cold, clean, results)?;
    println!("the wire: {}", wire.told());
    results.skip(
        "casync over the WAN",
        "it takes over four minutes a run: a request per chunk, one after another",
    );
    results.skip("qemu-img and rclone over the WAN", "as nbdcopy they send the image as it is");
    Ok(())
}

fn deltas(
    bench: &Bench,
    results: &mut Results,
    works: (&Work<'_>, &Work<'_>),
) -> Result<(), Failure> {
    let (update, rebuilt) = works;
    let wire = update.wire;
    update.warm()?;
    let contenders = vec![
        by::ferry(update),
        by::rsync(update),
        by::zstd(update).seldom(),
        by::restic(update).seldom(),
        by::borg(update),
    ];
    let v2 = course("v2", "WAN, delta: v2 to a target that holds v1", wire);
    results.races.push(race(bench, v2, contenders)?);
    rebuilt.warm()?;
    let v2r = course("v2r", "WAN, delta: v2r (all moved) to a target that holds v1", wire);
    let contenders = vec![by::ferry(rebuilt), by::rsync(rebuilt)];
    results.races.push(race(bench, v2r, contenders)?);
    Ok(())
}

fn lived(bench: &Bench, results: &mut Results, work: &Work<'_>) -> Result<(), Failure> {
    if !work.new.is_file() {
        results
            .skip("d2, an image with a database that lived", "it is not in the folder of images");
        return Ok(());
    }
    held_facts(results, bench, &["d2"])?;
    work.warm()?;
    let title = "WAN, delta: d2 (4 GiB, a database that lived) to a target that holds d1";
    let contenders = vec![by::ferry(work), by::rsync(work).seldom()];
    results.races.push(race(bench, course("d2", title, work.wire), contenders)?);
    Ok(())
}

pub fn course<'a>(key: &'static str, title: &'static str, wire: &'a Wire) -> Course<'a> {
    Course {
        key,
        title,
        work: "Two hosts joined by the emulated network of crate `wan`: 100 Mbit/s, 50 ms each way, a queue of one round \
               trip, tail drop. The source's image is in the page cache; `sync` before each run; what comes out is compared \
               with what went in, outside the time."
            .into(),
        wire: Some(wire),
    }
}

pub fn set_congestion(wire: &Wire, algorithm: &str) -> Result<(), Failure> {
    wire.sides.iter().try_for_each(|side| side.set_congestion(algorithm))
}

pub fn available() -> Vec<String> {
    let file = "/proc/sys/net/ipv4/tcp_available_congestion_control";
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.split_whitespace().map(str::to_owned).collect()
}

/// BBR where the kernel has it, for everybody: it flatters everyone, and the loss is looked at with both.
pub fn usual_congestion() -> &'static str {
    if available().iter().any(|known| known == "bbr") { "bbr" } else { "cubic" }
}

/// Hosts may choose among what the machine allows; while this lives, that is all that the kernel has.
pub struct Allowed {
    before: String,
}

const ALLOWED: &str = "/proc/sys/net/ipv4/tcp_allowed_congestion_control";

impl Allowed {
    /// Allows all that there is.
    pub fn all() -> Result<Allowed, Failure> {
        let file = Path::new(ALLOWED);
        let before = std::fs::read_to_string(file).map_err(Failure::file("read", file))?;
        let all = available().join(" ");
        std::fs::write(file, all).map_err(Failure::file("write", file))?;
        Ok(Allowed { before })
    }
}

impl Drop for Allowed {
    fn drop(&mut self) {
        if std::fs::write(ALLOWED, &self.before).is_err() {
            eprintln!("`{ALLOWED}` could not be set back to `{}`", self.before.trim());
        }
    }
}

/// Lets the kernel load what it has.
pub fn load_modules() {
    // Fails where they are built in or cannot be loaded: what there is, is then asked.
    for module in ["tcp_bbr", "tcp_cubic", "tun"] {
        drop(run::quietly(std::process::Command::new("modprobe").arg("-q").arg(module)));
    }
}
