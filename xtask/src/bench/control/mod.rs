//! The control plane at scale: listings of every dialect over a thousand, ten thousand and a hundred thousand images while copies
//! run, and queues of a hundred, a thousand and ten thousand copies.

mod asks;
mod listings;
mod load;
mod queue;
mod sign;
mod world;

use std::path::Path;

use super::record::{Curve, Line, Results};
use super::{Bench, service};
use crate::failure::Failure;

/// Listings first, then the queue.
pub fn measure(bench: &Bench, results: &mut Results) -> Result<(), Failure> {
    let mut runs = Vec::new();
    for images in sizes("BENCH_CONTROL_IMAGES", &[1_000, 10_000, 100_000])? {
        let run = listings::measure(bench, images)?;
        let what = format!("500 listings a second over {images} images, copies running");
        results.fact(&format!("listings-p50-{images}"), &format!("{what}: p50"), run.ms(0.5), "ms");
        results.fact(
            &format!("listings-p99-{images}"),
            &format!("{what}: p99"),
            run.ms(0.99),
            "ms",
        );
        results.fact(&format!("listings-max-{images}"), &format!("{what}: max"), run.ms(1.0), "ms");
        runs.push((images, run));
    }
    if !runs.is_empty() {
        results.curves.push(listings::curve(&runs));
        results.notes.push(listings::table(&runs));
        results.notes.push(listings::by_class(&runs));
    }
    let copies = sizes("BENCH_CONTROL_COPIES", &[100, 1_000, 10_000])?;
    if !copies.is_empty() {
        let queues = queue::measure(bench, &copies)?;
        for queue in &queues {
            queue.tell(results);
        }
        results.curves.push(queue::curve(&queues));
        results.notes.push(queue::table(&queues));
    }
    Ok(())
}

/// Lines over the sizes that were measured.
fn curve(key: &str, title: &str, (across, up): (&str, &str), lines: Vec<Line>) -> Curve {
    let owned = |text: &str| text.to_owned();
    Curve { key: owned(key), title: owned(title), across: owned(across), up: owned(up), lines }
}

/// A line of a curve: how much at each size.
fn line(title: &str, points: impl Iterator<Item = (usize, f64)>) -> Line {
    #[expect(clippy::cast_precision_loss, reason = "sizes stay far below 2^52")]
    let points = points.map(|(size, value)| (size as f64, value)).collect();
    Line { title: title.to_owned(), points }
}

/// The sizes that are named with commas between them, or the usual ones; none where the setting is empty.
fn sizes(setting: &str, usual: &[usize]) -> Result<Vec<usize>, Failure> {
    let Ok(text) = std::env::var(setting) else { return Ok(usual.to_vec()) };
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(|word| word.parse().map_err(|_| Failure::Usage)).collect()
}

/// One thread is enough to ask, and leaves the service the other core.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(Failure::file("start a runtime for", Path::new("the load")))
}

/// The processor time of this process, in seconds.
fn own_cpu_secs() -> Result<f64, Failure> {
    service::cpu_secs("self")
}
