//! What a contender takes of the machine, seen from outside: time, processor time, memory, bytes on the wire.

use std::collections::HashMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::wire::{Counters, Wire};
use crate::failure::Failure;
use crate::run::below;

/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// What one run of one contender took, up to one of its splits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lap {
    /// By the clock.
    pub seconds: f64,
    /// User and system time of all of the contender's processes, at both ends.
    pub cpu_seconds: f64,
    /// Each process's most memory (the kernel's high-water mark), added up over both ends.
    pub peak_mib: f64,
    /// Payload that left the source, in bytes; what had to be sent again counts again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub down_bytes: Option<u64>,
    /// Payload that arrived at the target, in bytes; none where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrived_bytes: Option<u64>,
    /// Payload that came back to the source, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up_bytes: Option<u64>,
    /// How long the wire takes, with nothing to wait for, for what arrived at the target, headers and all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line_seconds: Option<f64>,
}

impl Lap {
    /// This and what came after it.
    fn then(&self, next: &Lap) -> Lap {
        let added = |one: Option<u64>, other: Option<u64>| Some(one? + other?);
        Lap {
            seconds: self.seconds + next.seconds,
            cpu_seconds: self.cpu_seconds + next.cpu_seconds,
            peak_mib: self.peak_mib.max(next.peak_mib),
            down_bytes: added(self.down_bytes, next.down_bytes),
            arrived_bytes: added(self.arrived_bytes, next.arrived_bytes),
            up_bytes: added(self.up_bytes, next.up_bytes),
            line_seconds: self.line_seconds.zip(next.line_seconds).map(|(a, b)| a + b),
        }
    }
}

/// One run of one contender: what it does between two calls of [`Trial::lap`] is not counted.
pub struct Trial<'a> {
    wire: Option<&'a Wire>,
    /// By the names of the splits.
    pub laps: Vec<(&'static str, Lap)>,
}

impl<'a> Trial<'a> {
    /// Counts the bytes of this wire, where there is one.
    pub fn on(wire: Option<&'a Wire>) -> Trial<'a> {
        Trial { wire, laps: Vec::new() }
    }

    /// This contender does not use the wire.
    pub fn stays_here(&mut self) {
        self.wire = None;
    }

    /// Does the work and keeps what it took.
    pub fn lap(
        &mut self,
        split: &'static str,
        work: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let lap = measured(self.wire, work)?;
        self.laps.push((split, lap));
        Ok(())
    }

    /// The same, from the start of the lap before: its time and this one's together.
    pub fn further(
        &mut self,
        split: &'static str,
        work: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let lap = measured(self.wire, work)?;
        let before = self.laps.last().map(|(_, lap)| lap.clone()).unwrap_or_default();
        self.laps.push((split, before.then(&lap)));
        Ok(())
    }
}

fn measured(
    wire: Option<&Wire>,
    work: impl FnOnce() -> Result<(), Failure>,
) -> Result<Lap, Failure> {
    forget_peaks();
    let (bytes, cpu) = (wire.map(carried).transpose()?, cpu_seconds());
    let begun = Instant::now();
    let (outcome, peak_mib) = while_looking(work);
    let seconds = begun.elapsed().as_secs_f64();
    outcome?;
    let mut lap = Lap { seconds, cpu_seconds: cpu_seconds() - cpu, peak_mib, ..Default::default() };
    if let (Some(wire), Some(before)) = (wire, bytes) {
        let now = carried(wire)?;
        let (source, target) = (now[0].since(before[0]), now[1].since(before[1]));
        let header_bytes = wire.source().header_bytes;
        let payload = |bytes: u64, packets: u64| bytes.saturating_sub(packets * header_bytes);
        lap.down_bytes = Some(payload(source.sent_bytes, source.sent_packets));
        lap.up_bytes = Some(payload(source.received_bytes, source.received_packets));
        lap.arrived_bytes = (wire.sides.len() == 2)
            .then_some(payload(target.received_bytes, target.received_packets));
        lap.line_seconds = wire.bytes_per_sec.map(|rate| ratio(target.received_bytes, rate));
    }
    Ok(lap)
}

/// By the source's device and by the (first) target's.
fn carried(wire: &Wire) -> Result<[Counters; 2], Failure> {
    Ok([wire.source().counters()?, wire.target().counters()?])
}

/// One count over another.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub fn ratio(one: u64, other: u64) -> f64 {
    one as f64 / other as f64
}

/// Does the work while another thread looks at memory; the outcome, and the peak in MiB.
fn while_looking<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let peaks: Mutex<HashMap<u32, u64>> = Mutex::default();
    let look = || {
        let mut peaks = peaks.lock().expect("no holder of it panics");
        for pid in below(std::process::id()) {
            if let Some(kib) = memory_kib(pid, "VmHWM") {
                // A program that a process turns into begins a mark of its own.
                let most = peaks.entry(pid).or_default();
                *most = kib.max(*most);
            }
        }
    };
    let over = AtomicBool::new(false);
    let outcome = thread::scope(|scope| {
        let looker = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                look();
                thread::park_timeout(LOOK);
            }
        });
        let outcome = work();
        over.store(true, Ordering::Relaxed);
        looker.thread().unpark();
        outcome
    });
    look();
    let kib: u64 = peaks.lock().expect("no holder of it panics").values().sum();
    (outcome, ratio(kib, 1024))
}

/// A figure of a process's memory in KiB, as the kernel counts it: `VmRSS` now, `VmHWM` at most.
pub fn memory_kib(pid: u32, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Lets the high-water marks of all that run below this process begin anew.
fn forget_peaks() {
    for pid in below(std::process::id()) {
        // Fails where the process has just ended.
        drop(fs::write(format!("/proc/{pid}/clear_refs"), "5"));
    }
}

/// User and system time of every process below this one, ended or running, and not its own.
fn cpu_seconds() -> f64 {
    let mine = std::process::id();
    let ended = times(mine).map_or(0, |(_, of_children)| of_children);
    let running = below(mine).into_iter().filter_map(times).map(|(own, children)| own + children);
    ratio(ended + running.sum::<u64>(), ticks_per_second())
}

/// The kernel tells times to programs in hundredths of a second, whatever it counts in.
fn ticks_per_second() -> u64 {
    rustix::param::clock_ticks_per_second()
}

/// A process's own time and that of its children that have ended, in ticks.
fn times(pid: u32) -> Option<(u64, u64)> {
    parsed_times(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn parsed_times(stat: &str) -> Option<(u64, u64)> {
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let field = |number: usize| fields.get(number)?.parse::<u64>().ok();
    Some((field(11)? + field(12)?, field(13)? + field(14)?))
}

/// A process's own time in seconds, out of its `stat`.
pub fn own_seconds(stat: &str) -> Option<f64> {
    Some(ratio(parsed_times(stat)?.0, ticks_per_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_a_strange_name_has_its_times_read() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 1 0 5";
        assert_eq!(parsed_times(stat), Some((30, 70)));
        assert_eq!(parsed_times("nothing"), None);
    }

    #[test]
    fn the_time_of_a_child_is_counted_and_its_memory_is_seen() {
        let mut trial = Trial::on(None);
        let work = || {
            let line = "x=$(head -c 30000000 /dev/zero | tr '\\0' a); for i in $(seq 60000); do :; done; sleep 0.3; :";
            crate::run::run(std::process::Command::new("bash").args(["-c", line]))
        };
        trial.lap("done", work).unwrap();
        trial.further("flushed", || Ok(())).unwrap();
        let [(_, done), (_, flushed)] = &trial.laps[..] else { panic!("two laps") };
        assert!(done.cpu_seconds >= 0.02 && done.seconds >= 0.3, "{done:?}");
        assert!(done.peak_mib >= 25.0, "{done:?}");
        assert!(flushed.seconds >= done.seconds && flushed.down_bytes.is_none());
    }
}
