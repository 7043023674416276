//! Copies that are broken off: what is sent again after a kill, and how soon a cancelled one is silent.

use std::thread;
use std::time::{Duration, Instant};

use super::apart::Apart;
use super::contenders::Work;
use super::meter;
use super::record::Results;
use super::service::{SOURCE, TARGET};
use crate::failure::Failure;
use crate::run;

/// How much has come when the target is killed, or the copy cancelled.
const BROKEN_AFTER_BYTES: u64 = 80_000_000;
/// Less than two packets: questions and answers, no data.
const SILENT_BYTES: u64 = 2_896;
/// Nothing for so long is silence.
const SILENCE: Duration = Duration::from_secs(2);
const PATIENCE_SECS: u64 = 180;

/// Both, over this wire. `clean_bytes` is what arrives of the same copy when nobody breaks it off.
pub fn measure(
    work: &Work<'_>,
    clean_bytes: Option<f64>,
    results: &mut Results,
) -> Result<(), Failure> {
    if let Some(clean_bytes) = clean_bytes {
        let sent = killed(work)?;
        let again = (meter::ratio(sent, 1) - clean_bytes).max(0.0) / 1e6;
        let what =
            "sent again after the target's process was killed in the middle and started anew";
        results.fact("resent-mb", what, again, "MB");
    }
    let secs = cancelled(work)?;
    let what =
        "from the command that cancels to the last byte of data at the target, less one round trip";
    results.fact("cancel-secs", what, secs, "s");
    Ok(())
}

/// The payload that arrives of a copy although its target is killed in the middle.
fn killed(work: &Work<'_>) -> Result<u64, Failure> {
    let mut service = Apart::start(work.bench, &work.wire.sides, work.settings)?;
    let image = service.import(0, &work.new, "new")?;
    let before = work.wire.target().counters()?;
    let copy = begin(&service, &image)?;
    wait_for_bytes(work, before.received_bytes)?;
    service.kill_and_start(1)?;
    let begun = Instant::now();
    while begun.elapsed().as_secs() < PATIENCE_SECS {
        let shown = service.json(&["image", "show", &copy, "--region", TARGET])?;
        if shown["status"] == "available" {
            service.must_hold(&copy, &work.new)?;
            let moved = work.wire.target().counters()?.since(before);
            let headers = moved.received_packets * work.wire.target().header_bytes;
            return Ok(moved.received_bytes - headers);
        }
        thread::sleep(Duration::from_millis(100));
    }
    Err(Failure::NotReady { what: "the copy whose target was killed".into(), secs: PATIENCE_SECS })
}

/// Seconds from the command to the last data, less a round trip.
fn cancelled(work: &Work<'_>) -> Result<f64, Failure> {
    let service = Apart::start(work.bench, &work.wire.sides, work.settings)?;
    let image = service.import(0, &work.new, "new")?;
    let before = work.wire.target().counters()?;
    let copy = begin(&service, &image)?;
    wait_for_bytes(work, before.received_bytes)?;
    let mut command =
        service.at(1, &["image", "cancel", &copy, "--region", TARGET, "--no-progress"]);
    let begun = Instant::now();
    let (mut last, mut told) = (begun, work.wire.target().counters()?);
    thread::scope(|scope| {
        let asked = scope.spawn(|| run::quietly(&mut command));
        while last.elapsed() < SILENCE && begun.elapsed().as_secs() < PATIENCE_SECS {
            thread::sleep(Duration::from_millis(2));
            let now = work.wire.target().counters()?;
            if now.since(told).received_bytes > SILENT_BYTES {
                (last, told) = (Instant::now(), now);
            }
        }
        asked.join().expect("nothing in here panics")
    })?;
    let round_trip = 2.0 * super::wide::ONE_WAY.as_secs_f64();
    Ok(((last - begun).as_secs_f64() - round_trip).max(0.0))
}

/// Asks for the copy; the image that it will make.
fn begin(service: &Apart, image: &str) -> Result<String, Failure> {
    let words =
        ["image", "copy", image, "--from", SOURCE, "--to", TARGET, "--name", "broken", "-o", "id"];
    let printed = run::read(&mut service.at(1, &words))?;
    Ok(printed.trim().to_owned())
}

fn wait_for_bytes(work: &Work<'_>, before: u64) -> Result<(), Failure> {
    let begun = Instant::now();
    while begun.elapsed().as_secs() < PATIENCE_SECS {
        if work.wire.target().counters()?.received_bytes - before > BROKEN_AFTER_BYTES {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(20));
    }
    Err(Failure::NotReady { what: "the middle of a copy".into(), secs: PATIENCE_SECS })
}
