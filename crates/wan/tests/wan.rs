//! The emulated network with real sockets in it. Each test says SKIP where there can be none.
#![allow(clippy::unwrap_used, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "what a kernel forwards is waited for")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wan::{Checksum, Flips, Settings, Side, Wan, WanError, Way};

/// Payload of a probe, and the bytes of its packet.
const PROBE: usize = 972;
const PROBE_PACKET: u64 = 1_000;

fn started(settings: &Settings) -> Option<Wan> {
    match Wan::start(settings, 1) {
        Ok(wan) => Some(wan),
        Err(WanError::Unavailable { reason }) => {
            println!("SKIP: {reason}");
            None
        }
        Err(error) => panic!("{error:?}"),
    }
}

/// A socket on the left, and one on the right to which it is connected.
fn udp(wan: &Wan) -> (UdpSocket, UdpSocket) {
    let bind = |side| {
        let address = SocketAddr::from((wan.address(side), 0));
        let socket = wan.inside(side, || UdpSocket::bind(address)).unwrap().unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        socket
    };
    let (left, right) = (bind(Side::Left), bind(Side::Right));
    left.connect(right.local_addr().unwrap()).unwrap();
    right.connect(left.local_addr().unwrap()).unwrap();
    (left, right)
}

/// Two ends of a connection from left to right.
fn tcp(wan: &Wan) -> (TcpStream, TcpStream) {
    let address = SocketAddr::from((wan.address(Side::Right), 0));
    let listener = wan.inside(Side::Right, || TcpListener::bind(address)).unwrap().unwrap();
    let to = listener.local_addr().unwrap();
    let left = wan.inside(Side::Left, || TcpStream::connect(to)).unwrap().unwrap();
    let right = listener.accept().unwrap().0;
    right.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    (left, right)
}

fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    fastrand::Rng::with_seed(seed).fill(&mut noise);
    noise
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "still not: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends that many probes, some at a time; answers those that came.
fn probe(wan: &Wan, count: u64) -> Vec<Vec<u8>> {
    let (left, right) = udp(wan);
    right.set_nonblocking(true).unwrap();
    let mut came = Vec::new();
    let mut buffer = [0; 2_000];
    for number in 0..count {
        left.send(&noise(PROBE, number)).unwrap();
        // No more at once than a socket's buffer takes.
        if (number + 1) % 48 != 0 && number + 1 < count {
            continue;
        }
        until("all passed", || {
            let counts = wan.counts(Way::ToRight);
            counts.entered == number + 1 && counts.under_way() == 0
        });
        while let Ok(length) = right.recv(&mut buffer) {
            came.push(buffer[..length].to_vec());
        }
    }
    came
}

#[test]
fn the_rate_is_kept_within_five_percent() {
    const RATE: u64 = 100_000_000;
    let settings = Settings::new(RATE, Duration::from_millis(10));
    let Some(wan) = started(&Settings { queue_bytes: Some(250_000), ..settings }) else { return };
    let (left, _right) = udp(&wan);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                // In bursts that the queue takes, faster than the rate.
                for _ in 0..50 {
                    left.send(&[7; PROBE]).unwrap();
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        until("the queue is full", || wan.counts(Way::ToRight).overflowed > 100);
        // Times are the pipe's own: what was delivered between two full queues is what the rate carried.
        let (began, before) = (Instant::now(), wan.counts(Way::ToRight));
        std::thread::sleep(Duration::from_secs(1));
        let (took, after) = (began.elapsed(), wan.counts(Way::ToRight));
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        let rate =
            (after.delivered_bytes - before.delivered_bytes) as f64 * 8.0 / took.as_secs_f64();
        println!("{:.2} Mbit/s; {after}", rate / 1e6);
        assert!((rate / RATE as f64 - 1.0).abs() < 0.05, "{rate}: {before} {after}");
        assert_eq!(after.delivered_bytes, after.delivered * PROBE_PACKET);
        assert!(after.queue_peak_bytes <= 250_000 && after.queue_peak_bytes > 240_000, "{after}");
    });
}

#[test]
fn what_a_tcp_connection_carries_arrives_and_is_counted() {
    let settings = Settings::new(200_000_000, Duration::from_millis(5));
    let Some(wan) = started(&Settings { loss: 0.002, ..settings }) else { return };
    let (mut left, mut right) = tcp(&wan);
    let sent = noise(8 << 20, 3);
    let mut got = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            left.write_all(&sent).unwrap();
            left.shutdown(std::net::Shutdown::Write).unwrap();
        });
        right.read_to_end(&mut got).unwrap();
    });
    assert!(got == sent);
    let counts = wan.counts(Way::ToRight);
    // What is delivered is what was sent, 52 bytes of headers for each 1,448, and little twice.
    let least = (8 << 20) * 1_500 / 1_448;
    assert!((least..least * 106 / 100).contains(&counts.delivered_bytes), "{counts}");
    assert!(counts.lost > 0, "{counts}");
    assert_eq!(counts.refused, 0, "{counts}");
    println!("{counts}");
}

#[test]
fn a_round_trip_takes_twice_the_delay_and_a_changed_delay_at_once() {
    let Some(wan) = started(&Settings::new(100_000_000, Duration::from_millis(20))) else { return };
    let (left, right) = udp(&wan);
    let trip = || {
        let began = Instant::now();
        let mut buffer = [0; 16];
        left.send(b"ping").unwrap();
        let length = right.recv(&mut buffer).unwrap();
        right.send(&buffer[..length]).unwrap();
        left.recv(&mut buffer).unwrap();
        began.elapsed()
    };
    // The least of some: a busy machine makes single ones longer.
    let least = || (0..15).map(|_| trip()).min().unwrap();
    let first = least();
    assert!((40..46).contains(&first.as_millis()), "{first:?}");
    wan.set(Way::ToLeft, Settings::new(100_000_000, Duration::from_millis(60)));
    let second = least();
    assert!((80..86).contains(&second.as_millis()), "{second:?}");
}

#[test]
fn as_many_packets_are_lost_as_asked_and_each_is_counted() {
    let Some(wan) = started(&Settings { loss: 0.01, ..Settings::default() }) else { return };
    let came = probe(&wan, 20_000);
    let counts = wan.counts(Way::ToRight);
    assert_eq!(counts.entered_bytes, 20_000 * PROBE_PACKET);
    assert_eq!(counts.delivered as usize, came.len(), "{counts}");
    assert_eq!(counts.lost + counts.delivered, 20_000, "{counts}");
    assert!((140..260).contains(&counts.lost), "{counts}");
}

/// RELIABILITY fault 8: damage that the checksum sees is dropped by the kernel.
#[test]
fn a_flipped_bit_is_seen_by_the_checksum() {
    let flips = Flips { share: 0.05, checksum: Checksum::Stays, least_payload_bytes: 1 };
    let Some(wan) = started(&Settings { flips, ..Settings::default() }) else { return };
    let came = probe(&wan, 4_000);
    let counts = wan.counts(Way::ToRight);
    assert!(counts.flipped > 100, "{counts}");
    assert_eq!(counts.delivered, 4_000);
    assert_eq!(came.len() as u64, 4_000 - counts.flipped, "{counts}");
}

/// RELIABILITY fault 8: damage with a checksum that fits arrives, one bit of a packet.
#[test]
fn a_repaired_flip_reaches_the_application() {
    let flips = Flips { share: 0.05, checksum: Checksum::Repaired, least_payload_bytes: 1 };
    let Some(wan) = started(&Settings { flips, ..Settings::default() }) else { return };
    let came = probe(&wan, 4_000);
    let counts = wan.counts(Way::ToRight);
    assert_eq!(came.len(), 4_000, "{counts}");
    let wrong: Vec<u32> = came
        .iter()
        .enumerate()
        .map(|(number, bytes)| {
            let sent = noise(PROBE, number as u64);
            bytes.iter().zip(&sent).map(|(a, b)| (a ^ b).count_ones()).sum()
        })
        .filter(|bits| *bits > 0)
        .collect();
    assert_eq!(wrong.len() as u64, counts.flipped, "{counts}");
    assert!(wrong.iter().all(|bits| *bits == 1) && counts.flipped > 100, "{counts}");
}

#[test]
fn nothing_passes_a_cut_and_a_connection_goes_on_behind_it() {
    let Some(wan) = started(&Settings::new(50_000_000, Duration::from_millis(5))) else { return };
    let (mut left, mut right) = tcp(&wan);
    let sent = noise(4 << 20, 5);
    let mut got = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            left.write_all(&sent).unwrap();
            left.shutdown(std::net::Shutdown::Write).unwrap();
        });
        scope.spawn(|| {
            until("some passed", || wan.counts(Way::ToRight).delivered_bytes > 1 << 20);
            wan.cut();
            let before = wan.counts(Way::ToRight);
            until("something met the cut", || wan.counts(Way::ToRight).cut > before.cut);
            std::thread::sleep(Duration::from_millis(300));
            let after = wan.counts(Way::ToRight);
            assert_eq!(after.delivered, before.delivered);
            assert_eq!(after.under_way(), 0);
            wan.heal();
        });
        right.read_to_end(&mut got).unwrap();
    });
    assert!(got == sent);
    assert!(wan.counts(Way::ToRight).cut > 0);
}

/// What a kill leaves behind is nothing.
#[test]
fn a_network_is_gone_however_its_process_ends() {
    if started(&Settings::default()).is_none() {
        return;
    }
    for way_to_end in ["drop", "TERM", "KILL"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wan"))
            .args(["--left", "echo up $LEFT $RIGHT; sleep 600"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = [0; 23];
        child.stdout.take().unwrap().read_exact(&mut line).unwrap();
        assert_eq!(&line, b"up 10.77.0.1 10.77.0.2\n");
        let place = format!("/run/netns/wan-{}-0-left", child.id());
        assert!(Path::new(&place).exists());
        let sleeper = || {
            let pids = Command::new("ip").args(["netns", "pids"]).arg(&place[11..]).output();
            String::from_utf8(pids.unwrap().stdout).unwrap().split_whitespace().count()
        };
        until("the command runs", || sleeper() == 2);
        let pid = rustix::process::Pid::from_child(&child);
        match way_to_end {
            "drop" => child.stdin.take().unwrap().write_all(b"quit\n").unwrap(),
            "TERM" => rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap(),
            _ => rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap(),
        }
        child.wait().unwrap();
        until("the namespaces are gone", || {
            !Path::new(&place).exists() && !Path::new(&place.replace("left", "right")).exists()
        });
    }
}

#[test]
fn the_program_runs_commands_and_answers_with_their_code() {
    if started(&Settings::default()).is_none() {
        return;
    }
    let output = Command::new(env!("CARGO_BIN_EXE_wan"))
        .args(["--rate", "100mbit", "--delay", "20ms", "--right", "ip -brief address; exit 7"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(7), "{err}");
    assert!(out.contains("10.77.0.2"), "{out}");
    assert!(err.contains("ip netns exec wan-") && err.contains("> entered 0 packets"), "{err}");
}
