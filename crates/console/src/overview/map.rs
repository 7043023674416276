//! The regions and the links between them, drawn: what flows, what waits, what is paused.

use std::f64::consts::TAU;

use askama::Template;
use model::{Act, Pause, RegionId};
use region::{LinkView, RegionPlace, Whose};

use crate::look::rate;
use crate::refusal::Shown;
use crate::visit::Visit;
use crate::words::Words;

/// The drawing's width and height.
const SIZE: (f64, f64) = (480.0, 280.0);
/// How far from its middle the regions are.
const REACH: (f64, f64) = (150.0, 92.0);
/// How far the two ways between two regions are bent apart.
const BEND: f64 = 26.0;

/// Regions on a circle, links between them.
#[derive(Template)]
#[template(path = "overview/map.html")]
pub(crate) struct Map {
    words: Words,
    size: (f64, f64),
    nodes: Vec<Node>,
    links: Vec<Drawn>,
    /// The same in words, for whoever does not see the drawing.
    told: Vec<String>,
}

struct Node {
    name: String,
    x: String,
    y: String,
    label_y: String,
    is_here: bool,
    path: Option<String>,
}

/// One way between two regions.
struct Drawn {
    path: String,
    class: &'static str,
    is_paused: bool,
    x: String,
    y: String,
    label: Option<String>,
}

fn short(number: f64) -> String {
    format!("{number:.1}")
}

/// Where the `n`th of `count` regions stands. The first is on top.
fn place(n: usize, count: usize) -> (f64, f64) {
    let (middle_x, middle_y) = (SIZE.0 / 2.0, SIZE.1 / 2.0);
    if count == 1 {
        return (middle_x, middle_y);
    }
    let angle = TAU * (n as f64 / count as f64) - TAU / 4.0;
    (middle_x + REACH.0 * angle.cos(), middle_y + REACH.1 * angle.sin())
}

pub(crate) async fn gather(visit: &Visit) -> Result<Map, Shown> {
    let whose = if visit.may(Act::Operate) { Whose::Everyone } else { Whose::Own };
    let mut links = Vec::new();
    for region in visit.deployment().regions_here() {
        links.extend(region.links(&visit.caller, whose.clone()).await?);
    }
    Ok(drawn(visit, &links))
}

fn drawn(visit: &Visit, links: &[LinkView]) -> Map {
    let regions = visit.deployment().regions();
    let count = regions.len();
    let spot = |id: &RegionId| {
        let n = regions.iter().position(|region| region.id == *id)?;
        Some(place(n, count))
    };
    let nodes = regions.iter().enumerate().map(|(n, region)| {
        let (x, y) = place(n, count);
        let below = if y < SIZE.1 / 2.0 - 1.0 && count > 1 { -18.0 } else { 28.0 };
        let is_here = region.place == RegionPlace::Here;
        Node {
            name: region.id.to_string(),
            x: short(x),
            y: short(y),
            label_y: short(y + below),
            is_here,
            path: is_here.then(|| format!("/images?region={}", region.id)),
        }
    });
    let mut told = Vec::new();
    let mut ways = Vec::new();
    // Every pair that could be linked, as long as that stays a drawing and not a knot.
    if count <= 6 {
        for (n, _) in regions.iter().enumerate() {
            for m in n + 1..count {
                ways.push(way(place(n, count), place(m, count), 0.0));
            }
        }
    }
    for link in links {
        let (Some(from), Some(to)) = (spot(&link.source), spot(&link.target)) else { continue };
        let Some(label) = label(visit, link) else { continue };
        let is_paused = link.pause == Pause::Paused;
        let class = match (link.pause, link.running) {
            (Pause::Paused, _) => "paused",
            (Pause::Running, 0) => "",
            (Pause::Running, _) => "live",
        };
        told.push(format!("{} → {}: {label}", link.source, link.target));
        ways.push(Drawn { class, is_paused, label: Some(label), ..way(from, to, BEND) });
    }
    Map { words: visit.words, size: SIZE, nodes: nodes.collect(), links: ways, told }
}

/// What is said of a link; nothing of one that neither carries nor is set.
fn label(visit: &Visit, link: &LinkView) -> Option<String> {
    let words = visit.words;
    let mut parts = Vec::new();
    if link.pause == Pause::Paused {
        parts.push(words.say("overview-paused").to_string());
    }
    let now = link.measured_bytes_per_sec.filter(|_| link.running > 0).map(rate);
    match (now, link.limit_bytes_per_sec.map(rate)) {
        (Some(now), Some(limit)) => {
            let said = words.say("overview-of-limit").with("rate", now).with("limit", limit);
            parts.push(said.to_string());
        }
        (Some(now), None) => parts.push(now),
        (None, Some(limit)) => {
            parts.push(words.say("overview-limit").with("limit", limit).to_string());
        }
        (None, None) => {}
    }
    if link.running + link.waiting > 0 {
        let said = words.say("overview-queue").with("running", link.running);
        parts.push(said.with("waiting", link.waiting).to_string());
    }
    (!parts.is_empty()).then(|| parts.join(" · "))
}

/// A way from one spot to another, bent to its left.
fn way(from: (f64, f64), to: (f64, f64), bend: f64) -> Drawn {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx.hypot(dy).max(1.0);
    let middle = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0);
    let (cx, cy) = (middle.0 + dy / length * bend * 2.0, middle.1 - dx / length * bend * 2.0);
    let path = format!("M{:.1} {:.1}Q{cx:.1} {cy:.1} {:.1} {:.1}", from.0, from.1, to.0, to.1);
    // The middle of such a curve lies half way to its control point.
    let (x, y) = ((middle.0 + cx) / 2.0, (middle.1 + cy) / 2.0);
    Drawn { path, class: "", is_paused: false, x: short(x), y: short(y), label: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_stand_apart_and_inside_the_drawing() {
        for count in 1..12 {
            let places: Vec<_> = (0..count).map(|n| place(n, count)).collect();
            for (n, one) in places.iter().enumerate() {
                assert!(
                    (20.0..SIZE.0 - 20.0).contains(&one.0)
                        && (20.0..SIZE.1 - 20.0).contains(&one.1)
                );
                for other in &places[n + 1..] {
                    assert!((one.0 - other.0).hypot(one.1 - other.1) > 20.0, "{count}");
                }
            }
        }
    }

    #[test]
    fn the_two_ways_between_two_regions_are_bent_apart() {
        let (there, back) =
            (way((0.0, 0.0), (100.0, 0.0), BEND), way((100.0, 0.0), (0.0, 0.0), BEND));
        assert_ne!(there.y, back.y);
        assert_eq!(way((0.0, 0.0), (100.0, 0.0), 0.0).path, "M0.0 0.0Q50.0 0.0 100.0 0.0");
    }
}
