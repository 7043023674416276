//! How fast an image is read and written, beside a plain copy: `cargo run --release -p disk --example rates -- FILE`.
#![allow(missing_docs)]

use std::error::Error;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

use disk::{Declared, DiskWriter, Image, WriteFormat};

/// A chunk, as the store reads it.
const CHUNK_BYTES: usize = 64 << 10;

fn told(what: &str, bytes: u64, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{what:<32} {bytes:>12} bytes {:>8.0} MiB/s",
        bytes as f64 / seconds / f64::from(1 << 20)
    );
}

/// Hands every piece of data to `take`.
fn each_chunk(
    image: &Image,
    buffer: &mut [u8],
    mut take: impl FnMut(u64, &[u8]) -> Result<(), Box<dyn Error>>,
) -> Result<u64, Box<dyn Error>> {
    let mut reader = image.reader();
    let (mut at, mut total) = (0, 0);
    while let Some(data) = image.next_data(at)? {
        at = data.start;
        while at < data.end {
            let length = (data.end - at).min(buffer.len() as u64) as usize;
            reader.read_at(at, &mut buffer[..length])?;
            take(at, &buffer[..length])?;
            at += length as u64;
            total += length as u64;
        }
    }
    Ok(total)
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which image file?")?;
    let mut chunk = vec![0; CHUNK_BYTES];
    let file = File::open(&path)?;
    for _ in 0..2 {
        let started = Instant::now();
        let mut at = 0;
        loop {
            match file.read_at(&mut chunk, at)? {
                0 => break,
                length => at += length as u64,
            }
        }
        told("the file itself", at, started);
    }
    let started = Instant::now();
    let image = Image::open(Path::new(&path), Declared::Auto)?;
    println!(
        "{} of {} bytes opened in {:?}",
        image.format(),
        image.size_bytes(),
        started.elapsed()
    );
    for size in [CHUNK_BYTES, 1 << 20] {
        let mut buffer = vec![0; size];
        let started = Instant::now();
        let total = each_chunk(&image, &mut buffer, |_, _| Ok(()))?;
        told(&format!("read by {} KiB", size >> 10), total, started);
    }
    for format in [WriteFormat::Raw, WriteFormat::Qcow2] {
        let target = format!("{path}.rates");
        let started = Instant::now();
        let writer = DiskWriter::create(Path::new(&target), format, image.size_bytes())?;
        let total = each_chunk(&image, &mut chunk, |at, bytes| Ok(writer.write_at(at, bytes)?))?;
        told(&format!("read and written as {format:?}"), total, started);
        writer.finish()?;
        told("  and made durable", total, started);
        std::fs::remove_file(&target)?;
    }
    Ok(())
}
