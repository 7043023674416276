//! What a delta costs: `cargo run --release -p delta --example delta_bench -- BASE NEW [LEVEL [THREADS [on|off [patch-from]]]]`.
//!
//! BASE and NEW are raw disks (`-` for no base). Indexes BASE, encodes the chunks of NEW whose hash BASE does not have,
//! decodes them again and compares. Says bytes by part, seconds, and the most memory, windows included; with `patch-from`
//! also what the `zstd` program makes of the same two files, zero chunks left out.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::sync_channel;
use std::time::Instant;

use delta::{
    Base, BaseIndex, CHUNK_BYTES, Chunks, Decoder, Encoder, Matching, Unreadable, WANTS_MAX,
    build_index,
};

struct Raw {
    file: File,
    reads: u64,
}

impl Raw {
    fn open(path: &str) -> Raw {
        Raw { file: File::open(path).unwrap(), reads: 0 }
    }

    fn chunks(&self) -> u64 {
        self.file.metadata().unwrap().len().div_ceil(CHUNK_BYTES as u64)
    }
}

impl Chunks for Raw {
    fn read(&mut self, number: u64, into: &mut [u8; CHUNK_BYTES]) -> Result<(), Unreadable> {
        self.reads += 1;
        let mut filled = 0;
        while filled < CHUNK_BYTES {
            let at = number * CHUNK_BYTES as u64 + filled as u64;
            match self.file.read_at(&mut into[filled..], at) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(fault) => return Err(Unreadable { number, source: fault.into() }),
            }
        }
        into[filled..].fill(0);
        Ok(())
    }
}

/// Chunks of the session by ordinal.
struct Earlier<'w> {
    raw: Raw,
    wants: &'w [u64],
}

impl Chunks for Earlier<'_> {
    fn read(&mut self, number: u64, into: &mut [u8; CHUNK_BYTES]) -> Result<(), Unreadable> {
        self.raw.read(self.wants[number as usize], into)
    }
}

fn hashes(raw: &mut Raw) -> Vec<(u64, blake3::Hash)> {
    let mut chunk = [0; CHUNK_BYTES];
    let mut found = Vec::new();
    for number in 0..raw.chunks() {
        raw.read(number, &mut chunk).unwrap();
        if chunk.iter().any(|byte| *byte != 0) {
            found.push((number, blake3::hash(&chunk)));
        }
    }
    found
}

fn most_memory_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1_000
}

fn forget_memory() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn cpu_secs() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

struct Clock(Instant, f64);

impl Clock {
    fn start() -> Clock {
        forget_memory();
        Clock(Instant::now(), cpu_secs())
    }

    fn say(&self, what: &str) {
        let (wall, cpu) = (self.0.elapsed().as_secs_f64(), cpu_secs() - self.1);
        println!("{what}: {wall:.2} s, cpu {cpu:.2} s, most memory {} MB", most_memory_mb());
    }
}

fn varint(bytes: &mut &[u8]) -> usize {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = *bytes.split_off_first().unwrap();
        value |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return value;
        }
    }
}

/// Stored bytes of ops, names and literals.
fn parts(window: &[u8]) -> [usize; 3] {
    let mut rest = &window[1..];
    let _ = (varint(&mut rest), varint(&mut rest));
    [(); 3].map(|()| {
        let bytes = varint(&mut rest);
        rest.split_off(..bytes).unwrap();
        bytes
    })
}

struct Job<'a> {
    base: &'a str,
    new: &'a str,
    index: Option<&'a str>,
    matching: Matching,
    level: i32,
    threads: usize,
}

fn encode(job: &Job<'_>, wants: &[u64]) -> Vec<Vec<u8>> {
    let base = job.index.map(|index| {
        let chunks = Raw::open(job.base);
        let size_chunks = chunks.chunks();
        let index = BaseIndex::open(File::open(index).unwrap(), [7; 32], None).unwrap();
        Base { index, chunks: Box::new(chunks), size_chunks }
    });
    let mut encoder =
        Encoder::new(wants.to_vec(), Box::new(Raw::open(job.new)), base, job.matching);
    std::thread::scope(|scope| {
        let level = job.level;
        let mut lines = Vec::new();
        for _ in 0..job.threads {
            let (send, receive) = sync_channel::<delta::Planned>(0);
            let done = scope.spawn(move || {
                receive.into_iter().map(|p| p.compress(level).unwrap()).collect::<Vec<_>>()
            });
            lines.push((send, done));
        }
        let (mut windows, mut planning, mut turn) = (0, 0.0, 0);
        loop {
            let begin = Instant::now();
            let Some(planned) = encoder.plan().unwrap() else { break };
            planning += begin.elapsed().as_secs_f64();
            lines[turn % job.threads].0.send(planned).unwrap();
            turn += 1;
            windows += 1;
        }
        println!("planning {planning:.2} s of it, {windows} windows");
        let (sends, dones): (Vec<_>, Vec<_>) = lines.into_iter().unzip();
        drop(sends);
        let mut made: Vec<_> =
            dones.into_iter().map(|done| done.join().unwrap().into_iter()).collect();
        (0..windows).map(|turn| made[turn % job.threads].next().unwrap()).collect()
    })
}

fn decode(job: &Job<'_>, wants: &[u64], windows: &[Vec<u8>]) -> (u64, u64) {
    let mut base = job.index.map(|_| Raw::open(job.base));
    let base_chunks = base.as_ref().map(Raw::chunks);
    let mut decoder = Decoder::new(wants.to_vec(), base_chunks);
    let mut earlier = Earlier { raw: Raw::open(job.new), wants };
    let mut expected = Raw::open(job.new);
    let mut chunk = Box::new([0; CHUNK_BYTES]);
    let mut wrong = 0;
    for window in windows {
        let base = base.as_mut().map(|base| base as &mut dyn Chunks);
        let mut put = |ordinal: u32, bytes: &[u8; CHUNK_BYTES]| {
            expected.read(wants[ordinal as usize], &mut chunk).unwrap();
            wrong += u64::from(*chunk != *bytes);
        };
        decoder.window(window, base, &mut earlier, &mut put).unwrap();
    }
    assert!(decoder.is_done());
    (wrong, base.map_or(0, |base| base.reads) + earlier.raw.reads)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |place: usize| arguments.get(place).map(String::as_str);
    let (base, new) = (argument(0).expect("BASE"), argument(1).expect("NEW"));
    let level = argument(2).map_or(3, |level| level.parse().unwrap());
    let threads = argument(3).map_or(1, |threads| threads.parse().unwrap());
    let matching = if argument(4) == Some("off") { Matching::Off } else { Matching::On };
    let folder = tempfile::tempdir().unwrap();
    let index = folder.path().join("index");
    let index = index.to_str().unwrap();
    let mut known = HashSet::new();
    let has_base = base != "-";
    if has_base {
        let held = hashes(&mut Raw::open(base));
        known.extend(held.iter().map(|(_, hash)| *hash));
        let clock = Clock::start();
        let mut file = File::options().read(true).write(true).create_new(true).open(index).unwrap();
        let mut numbers = held.iter().map(|(number, _)| *number);
        build_index([7; 32], &mut numbers, &mut Raw::open(base), None, &mut file).unwrap();
        clock.say(&format!("index of {} chunks", held.len()));
        println!("index file {:.2} MB", file.metadata().unwrap().len() as f64 / 1e6);
    }
    let wants: Vec<u64> = hashes(&mut Raw::open(new))
        .into_iter()
        .filter_map(|(number, hash)| known.insert(hash).then_some(number))
        .collect();
    println!("{} wants, {:.1} MB", wants.len(), (wants.len() * CHUNK_BYTES) as f64 / 1e6);
    let index = has_base.then_some(index);
    let job = Job { base, new, index, matching, level, threads };
    let (mut sums, mut digest) = ([0; 4], blake3::Hasher::new());
    for wants in wants.chunks(WANTS_MAX) {
        let clock = Clock::start();
        let windows = encode(&job, wants);
        let held: usize = windows.iter().map(Vec::len).sum();
        let held = held / 1_000_000;
        clock
            .say(&format!("encoded at {level} with {threads} compressors ({held} MB are windows)"));
        for window in &windows {
            digest.update(window);
            let [ops, names, literals] = parts(window);
            let sum = [ops, names, literals, window.len()];
            sums.iter_mut().zip(sum).for_each(|(all, bytes)| *all += bytes);
        }
        let clock = Clock::start();
        let (wrong, reads) = decode(&job, wants, &windows);
        clock.say(&format!("decoded, {wrong} chunks wrong, {reads} chunks read"));
    }
    let [ops, names, literals, all] = sums.map(|bytes| bytes as f64 / 1e6);
    println!("MB: {all:.3} = literals {literals:.3} + ops {ops:.3} + names {names:.3}");
    println!("windows {}", digest.finalize());
    if has_base && argument(5) == Some("patch-from") {
        patch_from(&job, folder.path());
    }
}

/// What zstd makes of the two files, zero chunks left out: with them they are too long for its window.
fn patch_from(job: &Job<'_>, folder: &Path) {
    let [base, new] = [(job.base, "base"), (job.new, "new")].map(|(from, name)| {
        let path = folder.join(name);
        let mut raw = Raw::open(from);
        let mut out = BufWriter::new(File::create(&path).unwrap());
        let mut chunk = [0; CHUNK_BYTES];
        for number in 0..raw.chunks() {
            raw.read(number, &mut chunk).unwrap();
            if chunk.iter().any(|byte| *byte != 0) {
                out.write_all(&chunk).unwrap();
            }
        }
        path
    });
    let (patch, level) = (folder.join("patch"), format!("-{}", job.level));
    let clock = Clock::start();
    let mut zstd = Command::new("zstd");
    zstd.args([&level, "--long=30", "-q", "-T1", "--patch-from"]).args([&base, &new]);
    match zstd.arg("-o").arg(&patch).status() {
        Ok(status) if status.success() => {
            let bytes = patch.metadata().unwrap().len() as f64 / 1e6;
            let wall = clock.0.elapsed().as_secs_f64();
            println!("zstd --patch-from {level} --long=30: {bytes:.2} MB, {wall:.0} s");
        }
        Ok(status) => println!("zstd failed: {status}"),
        Err(fault) => println!("no zstd program: {fault}"),
    }
}
