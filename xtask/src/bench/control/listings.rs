//! Five hundred listings a second for a while, copies running meanwhile: some asked for every second, and one that carries bytes
//! all the time.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::asks::{Asks, Dice, MIX};
use super::load::{self, Client, Hit, Shot, Spread, must_be_right, open_loop};
use super::world::World;
use super::{own_cpu_secs, runtime, sign};
use crate::bench::memory::mib;
use crate::bench::record::Curve;
use crate::bench::service::{SOURCE, TARGET};
use crate::bench::{Bench, disks};
use crate::failure::Failure;
use crate::run;

/// Requests a second, and of them how many for the warmth of caches and connections are not counted.
const PER_SECOND: u32 = 500;
const WARM_SECS: u64 = 3;
/// Requests of each class that are asked one by one before.
const ALONE: u64 = 200;
/// Copies asked for in a second meanwhile.
const COPIES_PER_SECOND: u32 = 5;
/// What the other copy carries, in MiB, and how fast.
const BULK_MIB: u64 = 512;
const BULK_RATE: &str = "10MB";
const GIB: u64 = 1 << 30;
const TAKES: &str = "a string takes what is written";

/// What one size came to.
pub struct Listings {
    /// Of all listings.
    all: Spread,
    /// Of each class.
    classes: BTreeMap<&'static str, Spread>,
    /// What one of a class takes alone: the middle latency, and the processor time of the service, both in milliseconds.
    alone: BTreeMap<&'static str, (f64, f64)>,
    /// Of the copies that were asked for.
    copies: Spread,
    /// Processor cores of the service and of the load.
    cores: (f64, f64),
    /// Memory of the service, in MiB.
    held_mib: f64,
    /// How busy the machine was before.
    load: String,
}

impl Listings {
    /// The latency that this share of all does not exceed.
    pub fn ms(&self, share: f64) -> f64 {
        self.all.quantile(share)
    }
}

/// Measures it over so many images of one account, and a few of others.
pub fn measure(bench: &Bench, images: usize) -> Result<Listings, Failure> {
    let world = World::with_images(bench, images)?;
    start_bulk(bench, &world)?;
    let client = Client::new(&world.service.address().to_string());
    let runtime = runtime()?;
    let place = world.place(SOURCE);
    let owned = world.accounts.iter().map(|one| (one.id.clone(), one.images.len())).collect();
    let asks = runtime.block_on(Asks::learn(&client, &place, &world.accounts, &owned))?;
    let alone = runtime.block_on(one_by_one(&client, &asks, &world))?;
    let secs = seconds();
    let before = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    runtime.block_on(listen(&client, &asks, (1, WARM_SECS)));
    let begun = (world.service.cpu_secs()?, own_cpu_secs()?);
    let (listings, copies) = runtime.block_on(async {
        tokio::join!(listen(&client, &asks, (2, secs)), ask_for_copies(&client, &world, secs))
    });
    let cores = |now: f64, then: f64| (now - then) / secs as f64;
    let (service, own) =
        (cores(world.service.cpu_secs()?, begun.0), cores(own_cpu_secs()?, begun.1));
    let run = Listings {
        all: Spread::of(&listings),
        classes: load::by_class(&listings),
        alone,
        copies: Spread::of(&copies),
        cores: (service, own),
        held_mib: mib(world.service.memory_kib("VmRSS")?),
        load: before.split(' ').next().unwrap_or_default().to_owned(),
    };
    println!("{}", table(&[(images, &run)]));
    println!("{}", by_class(&[(images, &run)]));
    must_be_right(&listings)?;
    must_be_right(&copies)?;
    copies_must_run(&world)?;
    Ok(run)
}

/// What a listing of each class takes where nothing else is asked.
async fn one_by_one(
    client: &Client,
    asks: &Asks,
    world: &World,
) -> Result<BTreeMap<&'static str, (f64, f64)>, Failure> {
    let mut alone = BTreeMap::new();
    let mut dice = Dice::new(3);
    for (class, _) in MIX {
        let shots = (0..ALONE).map(|number| asks.shot_of(class, number, &mut dice)).collect();
        let begun = world.service.cpu_secs()?;
        let hits = load::all(client, 1, shots).await;
        must_be_right(&hits)?;
        #[expect(clippy::cast_precision_loss, reason = "it is a hundred")]
        let cpu_ms = (world.service.cpu_secs()? - begun) * 1_000.0 / ALONE as f64;
        alone.insert(class, (Spread::of(&hits).quantile(0.5), cpu_ms));
    }
    Ok(alone)
}

fn seconds() -> u64 {
    std::env::var("BENCH_CONTROL_SECS").ok().and_then(|text| text.parse().ok()).unwrap_or(30)
}

async fn listen(client: &Client, asks: &Asks, (run, secs): (u64, u64)) -> Vec<Hit> {
    let mut dice = Dice::new(run);
    open_loop(client, (PER_SECOND, secs), |number| asks.shot(run << 32 | number, &mut dice)).await
}

/// A copy that carries bytes for as long as the run lasts.
fn start_bulk(bench: &Bench, world: &World) -> Result<(), Failure> {
    let folder = bench.folder()?;
    let file = folder.path().join("bulk.raw");
    disks::scattered(&file, GIB, BULK_MIB)?;
    let service = &world.service;
    let image = service.import(&file, "bulk")?;
    let link = ["--from", SOURCE, "--to", TARGET];
    run::read(service.command(&["link", "set", "--limit", BULK_RATE]).args(link))?;
    run::read(service.command(&["image", "copy", &image]).args(link))?;
    Ok(())
}

/// Each of an image of its own, the youngest first.
async fn ask_for_copies(client: &Client, world: &World, secs: u64) -> Vec<Hit> {
    let (place, account) = (world.place(SOURCE), &world.accounts[0]);
    let mut images = account.current.iter().rev().cycle();
    open_loop(client, (COPIES_PER_SECOND, secs), |_| Shot {
        class: "copies",
        request: sign::copy(&account.key, &place, images.next().map_or("", String::as_str), TARGET),
        status: 202,
        holds: Arc::from("copy-"),
    })
    .await
}

/// The bytes of the one copy still flowed at the end.
fn copies_must_run(world: &World) -> Result<(), Failure> {
    let links = world.service.json(&["link", "list", "--region", TARGET])?;
    let found = crate::bench::service::items(&links);
    let is_running = |link: &serde_json::Value| link["running"].as_u64().unwrap_or(0) > 0;
    if found.iter().any(is_running) {
        return Ok(());
    }
    Err(Failure::Measured { what: format!("no copy ran any more at the end: {links}") })
}

/// All sizes, one below the other.
pub fn table(runs: &[(usize, impl Borrow<Listings>)]) -> String {
    let mut table = String::from(
        "| images | listings | p50 ms | p90 ms | p99 ms | p99.9 ms | max ms | wrong | cores of the service | of the load | MiB | copies asked for, p99 ms | load of the machine before |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    );
    for (images, run) in runs {
        let Listings { all, copies, cores, held_mib, load, .. } = run.borrow();
        write!(table, "\n| {images} | {} ", all.count()).expect(TAKES);
        for share in [0.5, 0.9, 0.99, 0.999, 1.0] {
            write!(table, "| {:.1} ", all.quantile(share)).expect(TAKES);
        }
        let (service, own) = cores;
        let (wrong, asked) = (all.faults, copies.quantile(0.99));
        write!(
            table,
            "| {wrong} | {service:.2} | {own:.2} | {held_mib:.0} | {asked:.1} | {load} |"
        )
        .expect(TAKES);
    }
    table
}

/// How each class grows, in milliseconds: the middle one of many that are asked one by one, and the processor time of the service
/// for it; under load, the 50th and the 99th of a hundred.
pub fn by_class(runs: &[(usize, impl Borrow<Listings>)]) -> String {
    let mut table = String::from("| listing | share |");
    for (images, _) in runs {
        write!(table, " {images} images: alone, CPU, p50, p99 ms |").expect(TAKES);
    }
    table.push_str("\n|---|---|");
    table.push_str(&"---|".repeat(runs.len()));
    for (class, share) in MIX {
        write!(table, "\n| {class} | {share} % |").expect(TAKES);
        for (_, run) in runs {
            let spread = run.borrow().classes.get(class).cloned().unwrap_or_default();
            let (middle, late) = (spread.quantile(0.5), spread.quantile(0.99));
            let (alone, cpu) = run.borrow().alone.get(class).copied().unwrap_or_default();
            write!(table, " {alone:.1}, {cpu:.2}, {middle:.1}, {late:.1} |").expect(TAKES);
        }
    }
    table
}

/// How the latencies grow with the images.
pub fn curve(runs: &[(usize, Listings)]) -> Curve {
    let of = |title: &str, share: f64| {
        super::line(title, runs.iter().map(|(images, run)| (*images, run.ms(share))))
    };
    let lines = vec![of("p50", 0.5), of("p99", 0.99)];
    let title = "500 listings a second, copies running";
    super::curve("listings", title, ("images of the account", "ms"), lines)
}
