//! Measures the store in release: `cargo run --release -p store --example ingest_bench -- [FOLDER] [ROUNDS] [INDEX_ROWS]`.
//!
//! Its chunks are cut from files of this machine (`/usr`), so figures compare within one machine only. "Verified and
//! durable": each frame decompressed, hashed, compared with its id, appended, synced, recorded, before the clock stops.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use catalog::index::{IndexOptions, SqliteIndex};
use futures::StreamExt;
use store::{
    CHUNK_BYTES, Chunk, ChunkId, ChunkIndex, ChunkStore, Encoder, FilesBackend, NewChunk,
    PackNumber, PackUse, Place, StoreOptions, Wanted, is_zero,
};

const PLAIN_BYTES: usize = 484 << 20;

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let folder = PathBuf::from(args.next().unwrap_or_else(|| "target/ingest_bench".into()));
    let rounds: usize = args.next().map_or(5, |text| text.parse().unwrap());
    let index_rows: u64 = args.next().map_or(1_000_000, |text| text.parse().unwrap());
    let chunks = gather(Path::new("/usr"));
    let (runs, ids) = frames(&chunks);
    let stored: usize = runs.iter().map(|(run, _)| run.len()).sum();
    println!(
        "{} chunks, {} MB plain, {} MB of zstd-3 frames",
        ids.len(),
        mb(ids.len() * CHUNK_BYTES),
        mb(stored)
    );
    let mut times = [const { Vec::new() }; 4];
    for _ in 0..rounds {
        let place = fresh(&folder);
        let store = open(&place).await;
        times[0].push(ingest(&store, &runs).await);
        times[1].push(serve(&store, &ids).await);
        times[2].push(read(&store, &ids).await);
        drop(store);
        let store = open(&fresh(&folder)).await;
        times[3].push(import(&store, &chunks).await);
    }
    for (name, times) in
        ["ingest frames", "serve frames", "read plain", "import level 1"].iter().zip(&mut times)
    {
        times.sort();
        let ((wall, cpu), best) = (times[times.len() / 2], times[0].0);
        println!("{name}: median {wall:.3?} (best {best:.3?}), CPU {cpu:.3?}");
    }
    index(&fresh(&folder), index_rows).await;
    println!("peak memory {} MB", peak_kib() / 1024);
    std::fs::remove_dir_all(&folder).unwrap();
}

fn mb(bytes: usize) -> usize {
    bytes / 1_000_000
}

fn fresh(folder: &Path) -> PathBuf {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).unwrap();
    rustix::fs::sync();
    folder.to_owned()
}

async fn open(folder: &Path) -> ChunkStore {
    let backend = Arc::new(FilesBackend::open(folder).unwrap());
    let index = SqliteIndex::open(&folder.join("index.db"), IndexOptions::default()).unwrap();
    ChunkStore::open(backend, Arc::new(index), StoreOptions::default()).await.unwrap()
}

/// Real bytes, each chunk once.
fn gather(folder: &Path) -> Vec<Bytes> {
    let (mut todo, mut chunks, mut seen) =
        (vec![folder.to_owned()], Vec::new(), std::collections::HashSet::new());
    while let Some(path) = todo.pop() {
        let Ok(kind) = path.symlink_metadata() else { continue };
        if kind.is_dir() {
            let mut names: Vec<_> = std::fs::read_dir(&path)
                .into_iter()
                .flatten()
                .flatten()
                .map(|e| e.path())
                .collect();
            names.sort();
            todo.extend(names);
        } else if kind.is_file() {
            for piece in std::fs::read(&path).unwrap_or_default().chunks_exact(CHUNK_BYTES) {
                if !is_zero(piece) && seen.insert(ChunkId::of(piece)) {
                    chunks.push(Bytes::copy_from_slice(piece));
                }
                if chunks.len() * CHUNK_BYTES >= PLAIN_BYTES {
                    return chunks;
                }
            }
        }
    }
    chunks
}

fn frames(chunks: &[Bytes]) -> (Vec<(Bytes, Vec<ChunkId>)>, Vec<ChunkId>) {
    let mut encoder = Encoder::new(3).unwrap();
    let (mut runs, mut run, mut ids, mut all) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for plain in chunks {
        let id = ChunkId::of(plain);
        encoder.encode(&id, plain, &mut run);
        ids.push(id);
        if run.len() >= 1 << 20 {
            all.extend(&ids);
            runs.push((Bytes::from(std::mem::take(&mut run)), std::mem::take(&mut ids)));
        }
    }
    all.extend(&ids);
    runs.push((run.into(), ids));
    (runs, all)
}

type Spent = (Duration, Duration);

async fn timed<T>(work: impl Future<Output = T>) -> Spent {
    let (wall, cpu) = (Instant::now(), cpu_time());
    work.await;
    (wall.elapsed(), cpu_time() - cpu)
}

async fn ingest(store: &ChunkStore, runs: &[(Bytes, Vec<ChunkId>)]) -> Spent {
    let domain = store.domain("bench").await.unwrap();
    let ingest = store.ingest(domain);
    timed(async {
        futures::stream::iter(runs)
            .map(|(run, ids)| {
                let (ingest, mut wanted) = (&ingest, Wanted::new(ids.iter().copied()));
                async move { ingest.put_frames(run.clone(), &mut wanted).await.unwrap() }
            })
            .buffered(4)
            .for_each(|accepted| async move { assert!(accepted.refused.is_empty()) })
            .await;
        ingest.flush().await.unwrap();
    })
    .await
}

async fn import(store: &ChunkStore, chunks: &[Bytes]) -> Spent {
    let domain = store.domain("bench").await.unwrap();
    let ingest = store.ingest(domain);
    timed(async {
        for some in chunks.chunks(1_024) {
            let hashed: Vec<Chunk> = some.iter().map(|plain| Chunk::of(plain.clone())).collect();
            let ids: Vec<ChunkId> = hashed.iter().map(Chunk::id).collect();
            let missing = store.missing(domain, &ids).await.unwrap();
            for (chunk, missing) in hashed.into_iter().zip(missing) {
                if missing {
                    ingest.put_plain(chunk).await.unwrap();
                }
            }
        }
        ingest.flush().await.unwrap();
    })
    .await
}

async fn serve(store: &ChunkStore, ids: &[ChunkId]) -> Spent {
    let domain = store.domain("bench").await.unwrap();
    timed(async {
        for ids in ids.chunks(1_024) {
            let mut frames = std::pin::pin!(store.frames(domain, ids.to_vec()));
            while let Some(run) = frames.next().await {
                std::hint::black_box(run.unwrap());
            }
        }
    })
    .await
}

async fn read(store: &ChunkStore, ids: &[ChunkId]) -> Spent {
    let domain = store.domain("bench").await.unwrap();
    timed(async {
        futures::stream::iter(ids.chunks(64))
            .map(|ids| async move { store.get_many(domain, ids).await.unwrap() })
            .buffered(4)
            .for_each(|plain| async move { drop(std::hint::black_box(plain)) })
            .await;
    })
    .await
}

async fn index(folder: &Path, rows: u64) {
    let index = SqliteIndex::open(&folder.join("rows.db"), IndexOptions::default()).unwrap();
    let domain = index.ensure_domain("bench", store::Seal::None).await.unwrap().domain;
    let pack = PackNumber::new(1);
    let id = |n: u64| ChunkId::of(&n.to_le_bytes());
    let begun = Instant::now();
    let mut worst = Duration::ZERO;
    for group in 0..rows / 1_024 {
        let row =
            |n| NewChunk { domain, id: id(n), place: Place { pack, offset: n * 100, length: 100 } };
        let rows = (group * 1_024..(group + 1) * 1_024).map(row).collect();
        let one = Instant::now();
        let used = PackUse { number: pack, domain, used_bytes: group, live_bytes: 0 };
        index.append(rows, vec![used]).await.unwrap();
        worst = worst.max(one.elapsed());
    }
    let appended = begun.elapsed();
    index.settle().await.unwrap();
    let merged = begun.elapsed();
    let per_second = |count: u64, time: Duration| (count as f64 / time.as_secs_f64()) as u64;
    println!(
        "index: {rows} rows, {} rows/s appended (longest append {worst:.3?}), {} rows/s appended and merged",
        per_second(rows, appended),
        per_second(rows, merged)
    );
    let begun = Instant::now();
    let asks = 200;
    for ask in 0..asks {
        let ids: Vec<ChunkId> =
            (0..1_024).map(|n| id((ask * 7_919 + n * 2 * rows / 1_024) % (2 * rows))).collect();
        let found = index.locate(domain, &ids).await.unwrap();
        assert!(found.iter().any(Option::is_some) && found.iter().any(Option::is_none));
    }
    println!(
        "index: {} ids/s looked up, half of them present",
        per_second(asks * 1_024, begun.elapsed())
    );
}

fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
