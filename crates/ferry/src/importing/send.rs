//! Sends what the region lacks: asks, compresses, sends; several batches at once, memory bounded.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use reqwest::Method;
use store::{Chunk, ChunkId, Encoder, FRAME_MAX};
use tokio::task::JoinSet;

use super::Counters;
use crate::client::{Body, Call, Client};
use crate::failure::Failure;
use crate::workers::Workers;

/// Chunks asked about together: 12 MiB of plaintext, kept until they are known to be there or sent.
const BATCH_CHUNKS: usize = 192;
/// Batches at once, each with its frames beside it: with the one being filled and the stretches being cut, 70 MiB.
const BATCHES_AT_ONCE: usize = 2;
/// Chunks sent in one body: at most 6 MiB before compression.
const BODY_CHUNKS: usize = 96;
/// zstd level: 2 % more bytes than level 3, for a third less work (studies/lan.md, section 3).
const LEVEL: i32 = 1;
/// Ids remembered as handled, so that a chunk that comes again is not asked about: 4 MiB at most.
const RECENT_IDS: usize = 65_536;

/// What a sender needs to know.
pub struct Sending {
    /// The client.
    pub client: Client,
    /// `/v1/regions/{region}/imports/{image}`.
    pub path: String,
    /// Threads.
    pub workers: Workers,
    /// What was done so far.
    pub counters: Arc<Counters>,
}

/// Takes chunks and sends those that the region lacks.
pub struct Sender {
    sending: Arc<Sending>,
    encoders: Encoders,
    batch: Vec<Chunk>,
    recent: HashSet<ChunkId>,
    running: JoinSet<Result<(), Failure>>,
}

type Encoders = Arc<Mutex<Vec<Encoder>>>;

impl Sender {
    /// A sender with nothing to send yet.
    pub fn new(sending: Arc<Sending>) -> Sender {
        let (encoders, running) = (Encoders::default(), JoinSet::new());
        Sender { sending, encoders, batch: Vec::new(), recent: HashSet::new(), running }
    }

    /// Takes a chunk. Waits while too much is on its way.
    pub async fn take(&mut self, chunk: Chunk) -> Result<(), Failure> {
        if self.recent.len() >= RECENT_IDS {
            self.recent.clear();
        }
        if !self.recent.insert(chunk.id()) {
            self.sending.counters.add_reused(chunk.plain().len() as u64);
            return Ok(());
        }
        self.batch.push(chunk);
        if self.batch.len() >= BATCH_CHUNKS {
            self.start_batch().await?;
        }
        Ok(())
    }

    /// Sends the rest and waits until all is there.
    pub async fn finish(mut self) -> Result<(), Failure> {
        self.start_batch().await?;
        while let Some(done) = self.running.join_next().await {
            ended(done)?;
        }
        Ok(())
    }

    async fn start_batch(&mut self) -> Result<(), Failure> {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        while self.running.len() >= BATCHES_AT_ONCE {
            if let Some(done) = self.running.join_next().await {
                ended(done)?;
            }
        }
        let (sending, encoders) = (Arc::clone(&self.sending), Arc::clone(&self.encoders));
        self.running.spawn(async move { send_batch(&sending, &encoders, batch).await });
        Ok(())
    }
}

/// A panic in a task goes on here: it is a mistake of ours, not a failure to report.
fn ended(done: Result<Result<(), Failure>, tokio::task::JoinError>) -> Result<(), Failure> {
    done.unwrap_or_else(|broken| std::panic::resume_unwind(broken.into_panic()))
}

async fn send_batch(
    sending: &Sending,
    encoders: &Encoders,
    batch: Vec<Chunk>,
) -> Result<(), Failure> {
    let ids: Bytes =
        batch.iter().flat_map(|chunk| *chunk.id().as_bytes()).collect::<Vec<u8>>().into();
    let path = format!("{}/missing", sending.path);
    let ask = || {
        Call::new("ask what the region lacks", Method::POST, path.clone())
            .with(Body::Octets(ids.clone()))
    };
    let answer = sending.client.ask_patiently(ask).await?;
    if answer.len() != batch.len() || answer.iter().any(|byte| *byte > 1) {
        let reason = format!("it answered `{}` bytes about `{}` chunks", answer.len(), batch.len());
        return Err(Failure::Setting { doing: "ask what the region lacks".to_owned(), reason });
    }
    let (mut lacks, mut held) = (Vec::new(), 0);
    for (chunk, missing) in batch.into_iter().zip(answer) {
        match missing {
            1 => lacks.push(chunk),
            _ => held += chunk.plain().len() as u64,
        }
    }
    sending.counters.add_reused(held);
    let bodies = lacks.chunks(BODY_CHUNKS).map(|body| send_body(sending, encoders, body.to_vec()));
    let bodies: Vec<_> = bodies.collect();
    drop(lacks);
    futures::future::try_join_all(bodies).await.map(drop)
}

async fn send_body(
    sending: &Sending,
    encoders: &Encoders,
    chunks: Vec<Chunk>,
) -> Result<(), Failure> {
    let encoders = Arc::clone(encoders);
    let frames = sending.workers.run(move || encode(&encoders, &chunks)).await;
    let frames: Bytes = frames.map_err(|error| Failure::Service {
        doing: "compress chunks".to_owned(),
        source: error.into(),
    })?;
    let path = format!("{}/frames", sending.path);
    let put =
        || Call::new("send chunks", Method::POST, path.clone()).with(Body::Octets(frames.clone()));
    sending.client.ask_patiently(put).await?;
    sending.counters.add_sent(frames.len() as u64);
    Ok(())
}

fn encode(encoders: &Encoders, chunks: &[Chunk]) -> std::io::Result<Bytes> {
    let idle = || encoders.lock().expect("no job panics while it holds the list");
    let taken = idle().pop();
    let mut encoder = match taken {
        Some(encoder) => encoder,
        None => Encoder::new(LEVEL)?,
    };
    // Room for the worst case at once: pages that are not written take no memory, growing would take twice as much.
    let mut frames = Vec::with_capacity((chunks.len() + 1) * FRAME_MAX);
    for chunk in chunks {
        encoder.encode(&chunk.id(), chunk.plain(), &mut frames);
    }
    idle().push(encoder);
    Ok(frames.into())
}
