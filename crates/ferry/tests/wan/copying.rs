//! Copies over the network, what they send, and what becomes of them when it fails.

use std::time::{Duration, Instant};

use wan::{Checksum, Counts, Flips, Settings, Side, Way};

use crate::scene::{Scene, benchmark_line};

const MEBIBYTE: u64 = 1 << 20;
/// Headers of IP and TCP (52 bytes for 1,448), HTTP's, answers to commands, and what was sent twice although nothing was lost.
const OVERHEAD: f64 = 1.07;

fn delivered(scene: &Scene, before: &Counts) -> u64 {
    scene.to_target().delivered_bytes - before.delivered_bytes
}

/// R000-1, I1: what arrives is what was sent, and what the copy says it received is what the network counted.
#[test]
fn a_copy_is_identical_and_its_bytes_are_those_of_the_network() {
    let Some(scene) = Scene::new(&benchmark_line(), 24) else { return };
    let (before, began) = (scene.to_target(), Instant::now());
    let image = scene.copy();
    let copy = scene.ended();
    println!("{:.1} s; {}", began.elapsed().as_secs_f64(), scene.to_target());
    assert_eq!(copy["status"], "done", "{copy}");
    scene.is_identical(&image);
    let (counted, said) = (delivered(&scene, &before), copy["bytes_sent"].as_u64().unwrap());
    assert!(said >= 24 * MEBIBYTE, "{copy}");
    let ratio = counted as f64 / said as f64;
    assert!((1.0..OVERHEAD).contains(&ratio), "{ratio}: {counted} counted, {copy}");
    let log = scene.log();
    assert!(log.contains("congestion control"), "{log}");
}

/// RELIABILITY: one packet in a hundred is lost.
#[test]
fn a_copy_arrives_over_a_lossy_line() {
    let line = Settings { loss: 0.01, ..benchmark_line() };
    let Some(scene) = Scene::new(&line, 16) else { return };
    let (before, began) = (scene.to_target(), Instant::now());
    let image = scene.copy();
    let copy = scene.ended();
    let after = scene.to_target();
    println!("{:.1} s; {after}", began.elapsed().as_secs_f64());
    assert_eq!(copy["status"], "done", "{copy}");
    assert!(after.lost - before.lost > 50, "{after}");
    scene.is_identical(&image);
    let ratio = delivered(&scene, &before) as f64 / copy["bytes_sent"].as_u64().unwrap() as f64;
    assert!((1.0..OVERHEAD).contains(&ratio), "{ratio}: {copy}");
}

/// RELIABILITY fault 10, promise 3: the line is dead for 5 s in the middle; the copy goes on by itself, and what crosses twice
/// is at most one window.
#[test]
fn a_copy_goes_on_after_a_cut() {
    let line = Settings::new(200_000_000, Duration::from_millis(50));
    let Some(scene) = Scene::new(&line, 64) else { return };
    let (before, began) = (scene.to_target(), Instant::now());
    let image = scene.copy();
    scene.until_delivered(&before, 24 * MEBIBYTE);
    scene.wan.cut();
    std::thread::sleep(Duration::from_secs(5));
    scene.wan.heal();
    let copy = scene.ended();
    let after = scene.to_target();
    println!("{:.1} s; {after}", began.elapsed().as_secs_f64());
    assert_eq!(copy["status"], "done", "{copy}");
    assert!(after.cut > before.cut, "{after}");
    scene.is_identical(&image);
    let most = (64 * MEBIBYTE) as f64 * OVERHEAD + (32 * MEBIBYTE) as f64;
    assert!((delivered(&scene, &before) as f64) < most, "{after}, {copy}");
}

/// RELIABILITY fault 8, I1: bits flip on the way and no checksum of TCP sees it. What is wrong is refused and asked for again.
#[test]
fn flipped_bits_are_refused_and_sent_again() {
    let Some(scene) = Scene::new(&benchmark_line(), 24) else { return };
    // In what carries chunks; four or so of some 18,000 packets.
    let flips = Flips { share: 0.000_25, checksum: Checksum::Repaired, least_payload_bytes: 1_000 };
    scene.wan.set(Way::ToRight, Settings { flips, ..benchmark_line() });
    let began = Instant::now();
    let image = scene.copy();
    let copy = scene.ended();
    let after = scene.to_target();
    scene.wan.set(Way::ToRight, benchmark_line());
    println!("{:.1} s; {after}", began.elapsed().as_secs_f64());
    assert_eq!(copy["status"], "done", "{copy}");
    scene.is_identical(&image);
    assert!(after.flipped > 0, "{after}");
    let log = scene.log();
    let refused = ["a window is repaired", "source sent a wrong chunk", "broke off"];
    assert!(refused.iter().any(|words| log.contains(words)), "{after}: {log}");
}

/// From cancel to the last byte on the wire: one round trip and 200 ms. Counted in bytes: what the line carries in that time.
#[test]
fn a_cancelled_copy_leaves_the_wire_alone() {
    let Some(scene) = Scene::new(&benchmark_line(), 64) else { return };
    let before = scene.to_target();
    let image = scene.copy();
    scene.until_delivered(&before, 16 * MEBIBYTE);
    scene.good(Side::Right, &format!("image cancel {image} --region south"));
    let told = scene.to_target();
    let copy = scene.ended();
    assert_eq!(copy["status"], "cancelled", "{copy}");
    std::thread::sleep(Duration::from_secs(1));
    let after = delivered(&scene, &told);
    println!("{after} bytes after the answer to cancel");
    assert!(delivered(&scene, &before) < 60 * MEBIBYTE, "it was cancelled at its end");
    assert!(after < 100_000_000 / 8 * 300 / 1_000, "{after} bytes");
}
