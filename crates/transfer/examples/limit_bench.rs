//! Measures the limiter over real sockets on loopback: bytes that came against the limit, and how two accounts shared them.
//!
//! `cargo run --release -p transfer --example limit_bench [SECONDS]`
#![allow(missing_docs)]

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt;
use transfer::{Lane, RateLimiter, Share};

/// Connections: one of the first account, the rest of the second.
const READERS: usize = 4;

/// Sends zeros to whoever connects, as fast as they are read.
fn serve() -> std::io::Result<std::net::SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || send(stream));
        }
    });
    Ok(address)
}

fn send(mut stream: TcpStream) {
    let zeros = vec![0; 256 << 10];
    while stream.write_all(&zeros).is_ok() {}
}

async fn receive(address: std::net::SocketAddr, lane: Lane, came: Arc<AtomicU64>) {
    let Ok(mut stream) = tokio::net::TcpStream::connect(address).await else { return };
    let mut piece = vec![0; 64 << 10];
    while let Ok(bytes @ 1..) = stream.read(&mut piece).await {
        lane.take(bytes as u64).await;
        came.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

async fn measure(address: std::net::SocketAddr, rate: Option<u64>, secs: u64) {
    let limiter = Arc::new(RateLimiter::new(rate));
    let came: Vec<Arc<AtomicU64>> = (0..READERS).map(|_| Arc::default()).collect();
    let readers: Vec<_> = came
        .iter()
        .enumerate()
        .map(|(reader, came)| {
            let of = if reader == 0 { "one" } else { "many" }.to_owned();
            let lane = limiter.lane(Share { of, weight: 2, due: None });
            tokio::spawn(receive(address, lane, Arc::clone(came)))
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let sum = || came.iter().map(|came| came.load(Ordering::Relaxed)).sum::<u64>();
    let (before, of_one, begun) = (sum(), came[0].load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(Duration::from_secs(secs)).await;
    let took = begun.elapsed().as_secs_f64();
    let all = (sum() - before) as f64;
    let part = (came[0].load(Ordering::Relaxed) - of_one) as f64 / all * 100.0;
    match rate {
        Some(rate) => println!(
            "{rate:>13} B/s limit: {:>6.2} % of it, the account with one connection has {part:.1} %",
            all / took / rate as f64 * 100.0
        ),
        None => println!("{:>13} B/s without a limit", (all / took) as u64),
    }
    readers.iter().for_each(|reader| reader.abort());
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let secs = std::env::args().nth(1).and_then(|secs| secs.parse().ok()).unwrap_or(10);
    let address = serve()?;
    for rate in [
        None,
        Some(64 << 10),
        Some(1_000_000),
        Some(12_000_000),
        Some(125_000_000),
        Some(1_000_000_000),
    ] {
        // At 64 KiB/s a piece of a connection is a second of the link.
        let secs = if rate == Some(64 << 10) { secs * 3 } else { secs };
        measure(address, rate, secs).await;
    }
    Ok(())
}
