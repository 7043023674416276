//! Many copies waiting at once: none fails, none is lost, memory stays flat, and none costs more because others wait.

use std::fmt::Write as _;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::load::{Client, Shot, Spread, all, must_be_right};
use super::runtime;
use super::sign::{self, Signed};
use super::world::World;
use crate::bench::Bench;
use crate::bench::memory::mib;
use crate::bench::record::{Curve, Results};
use crate::bench::service::{SOURCE, TARGET};
use crate::failure::Failure;
use crate::run;

/// Copies asked for at the same time.
const AT_ONCE: usize = 16;
/// Looks at a waiting queue.
const LOOKS: usize = 20;
const WAIT_SECS: u64 = 1_800;

/// How one length of the queue went.
pub struct Queue {
    /// Its length.
    pub copies: usize,
    /// Asked for in a second.
    pub asked_per_sec: f64,
    /// Done in a second.
    pub done_per_sec: f64,
    /// Processor time of the service for each, from the first step to the last, in milliseconds.
    pub cpu_ms: f64,
    /// A page of a hundred of the waiting copies, in milliseconds: the middle one of many.
    pub list_ms: f64,
    /// The figures for operators.
    pub metrics_ms: f64,
    /// The links with the depths of their queues.
    pub links_ms: f64,
    /// `ferry copy list` of all of them.
    pub command_ms: f64,
    /// Memory with all waiting, with a tenth done and with all done, in MiB.
    pub waiting_mib: f64,
    /// See above.
    pub early_mib: f64,
    /// See above.
    pub late_mib: f64,
}

/// Queues of these lengths, one after the other, each of images of its own: one image has one running copy to a region.
pub fn measure(bench: &Bench, lengths: &[usize]) -> Result<Vec<Queue>, Failure> {
    let wanted: usize = lengths.iter().sum();
    // One in fifty is deprecated, and is not copied.
    let world = World::with_images(bench, wanted + wanted / 40 + 10)?;
    let mut images = &world.accounts[0].current[..];
    let mut done = 0;
    let mut queues = Vec::new();
    for length in lengths {
        let (these, rest) = images.split_at(*length);
        images = rest;
        queues.push(one(&world, these, done)?);
        done += length;
    }
    Ok(queues)
}

fn one(world: &World, images: &[String], before: usize) -> Result<Queue, Failure> {
    let (service, copies) = (&world.service, images.len());
    let link = ["--from", SOURCE, "--to", TARGET];
    run::read(service.command(&["link", "pause"]).args(link))?;
    let client = Client::new(&service.address().to_string());
    let runtime = runtime()?;
    let begun = Instant::now();
    let shots = images.iter().map(|image| asked(world, image)).collect();
    must_be_right(&runtime.block_on(all(&client, AT_ONCE, shots)))?;
    let asked_per_sec = per_sec(copies, begun);
    let key = &world.accounts[0].key;
    let at = world.place(TARGET);
    let look = |of: &dyn Fn() -> Signed| -> Result<f64, Failure> {
        let shots = (0..LOOKS).map(|_| shot("look", of(), 200)).collect();
        let hits = runtime.block_on(all(&client, 1, shots));
        must_be_right(&hits)?;
        Ok(Spread::of(&hits).quantile(0.5))
    };
    let list_ms = look(&|| sign::native(key, &at, "copies", &[("limit", "100".into())]))?;
    let links_ms = look(&|| sign::native(key, &at, "links", &[]))?;
    let metrics_ms = look(&|| sign::plain(&at, "/metrics"))?;
    let begun = Instant::now();
    service.json(&["copy", "list", "--region", TARGET])?;
    let command_ms = begun.elapsed().as_secs_f64() * 1_000.0;
    let waiting_mib = mib(service.memory_kib("VmRSS")?);
    let (begun, cpu) = (Instant::now(), service.cpu_secs()?);
    run::read(service.command(&["link", "resume"]).args(link))?;
    let count = || runtime.block_on(standing(&client, world));
    let (early_mib, late_mib) = wait(world, (before, copies), count)?;
    let done_per_sec = per_sec(copies, begun);
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let cpu_ms = (service.cpu_secs()? - cpu) * 1_000.0 / copies as f64;
    let queue = Queue {
        copies,
        asked_per_sec,
        done_per_sec,
        cpu_ms,
        list_ms,
        metrics_ms,
        links_ms,
        command_ms,
        waiting_mib,
        early_mib,
        late_mib,
    };
    println!("{}", table(std::slice::from_ref(&queue)));
    Ok(queue)
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn per_sec(count: usize, begun: Instant) -> f64 {
    count as f64 / begun.elapsed().as_secs_f64()
}

fn shot(class: &'static str, request: Signed, status: u16) -> Shot {
    Shot { class, request, status, holds: Arc::from("") }
}

fn asked(world: &World, image: &str) -> Shot {
    shot("copy", sign::copy(&world.accounts[0].key, &world.place(SOURCE), image, TARGET), 202)
}

/// Images in the target that are available, that are being made, and that could not be made.
async fn standing(client: &Client, world: &World) -> Result<[u64; 3], Failure> {
    let mut counts = [0; 3];
    for (count, status) in counts.iter_mut().zip(["Available", "Creating,Waiting", "CreateFailed"])
    {
        let nonce = jiff::Timestamp::now().as_nanosecond().to_string();
        let pairs = [("Status", status.to_owned()), ("ImageOwnerAlias", "self".to_owned())];
        let (key, at) = (&world.accounts[0].key, world.place(TARGET));
        let request = sign::alibaba(key, &at, "DescribeImages", &pairs, &nonce);
        let answer = client.send(request).await.map_err(|what| Failure::Measured { what })?;
        let body: Value = serde_json::from_slice(&answer.body)
            .map_err(|source| Failure::Json { command: "DescribeImages".into(), source })?;
        *count = body["TotalCount"].as_u64().ok_or_else(|| Failure::NoField {
            command: "DescribeImages".into(),
            field: "TotalCount".into(),
        })?;
    }
    Ok(counts)
}

/// Memory in MiB with a tenth done and with all done. `before` were done when these were asked for.
fn wait(
    world: &World,
    (before, copies): (usize, usize),
    count: impl Fn() -> Result<[u64; 3], Failure>,
) -> Result<(f64, f64), Failure> {
    let (begun, mut early) = (Instant::now(), None);
    while begun.elapsed().as_secs() < WAIT_SECS {
        let [available, made, failed] = count()?;
        let (done, waiting) = (available as usize - before, made as usize);
        // Counted one after the other: what becomes available in between may be in neither, and is then in the next look.
        if failed > 0 {
            let what = format!("{failed} of {copies} copies failed");
            return Err(Failure::Measured { what });
        }
        let held = mib(world.service.memory_kib("VmRSS")?);
        println!("{done} of {copies} done, {waiting} to go, {held:.0} MiB");
        if done * 10 >= copies && early.is_none() {
            early = Some(held);
        }
        match early {
            Some(early) if done == copies && waiting == 0 => return Ok((early, held)),
            Some(_) if done == copies || waiting == 0 && done > copies => {
                let what = format!("{done} of {copies} copies are done and {waiting} are not");
                return Err(Failure::Measured { what });
            }
            Some(_) | None => thread::sleep(Duration::from_millis(500)),
        }
    }
    Err(Failure::NotReady { what: format!("{copies} copies"), secs: WAIT_SECS })
}

impl Queue {
    /// What is kept of it.
    pub fn tell(&self, results: &mut Results) {
        let Queue { copies, early_mib, late_mib, done_per_sec, cpu_ms, list_ms, .. } = self;
        let mut fact = |key: &str, what: &str, value: f64, unit: &str| {
            results.fact(
                &format!("queue-{key}-{copies}"),
                &format!("{copies} copies: {what}"),
                value,
                unit,
            );
        };
        fact("done", "done in a second", *done_per_sec, "copies/s");
        fact("cpu", "processor time for each", *cpu_ms, "ms");
        fact("list", "a page of a hundred that wait", *list_ms, "ms");
        fact("early", "memory, a tenth done", *early_mib, "MiB");
        fact("late", "memory, all done", *late_mib, "MiB");
    }
}

/// What a copy takes as the queue grows.
pub fn curve(queues: &[Queue]) -> Curve {
    let of = |title: &str, value: fn(&Queue) -> f64| {
        super::line(title, queues.iter().map(|queue| (queue.copies, value(queue))))
    };
    let lines = vec![
        of("processor time of a copy", |queue| queue.cpu_ms),
        of("a page of a hundred that wait", |queue| queue.list_ms),
        of("the figures for operators", |queue| queue.metrics_ms),
    ];
    super::curve("queue", "Queues of copies", ("copies that wait", "ms"), lines)
}

/// The lengths side by side.
pub fn table(queues: &[Queue]) -> String {
    let mut table = String::from(
        "| copies | asked/s | done/s | CPU ms each | a page of them, ms | /metrics, ms | links, ms | `ferry copy list`, ms | MiB waiting | a tenth done | done |\n|---|---|---|---|---|---|---|---|---|---|---|",
    );
    for queue in queues {
        let Queue { copies, asked_per_sec, done_per_sec, cpu_ms, list_ms, .. } = queue;
        let Queue { metrics_ms, links_ms, command_ms, waiting_mib, early_mib, late_mib, .. } =
            queue;
        write!(
            table,
            "\n| {copies} | {asked_per_sec:.0} | {done_per_sec:.0} | {cpu_ms:.1} | {list_ms:.1} | {metrics_ms:.1} | {links_ms:.1} | {command_ms:.0} | {waiting_mib:.0} | {early_mib:.0} | {late_mib:.0} |"
        )
        .expect("a string takes what is written");
    }
    table
}
