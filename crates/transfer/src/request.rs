//! One request to the source and what becomes of its answer.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use fail::fail_point;
use futures::StreamExt;
use store::{
    CHUNK_BYTES, Carried, ChunkId, Decoder, FrameError, Ingest, IngestError, Refused, StoreFault,
    Wanted,
};
use tokio::time::Instant;

use crate::cutter::{Cutter, Run};
use crate::fault::{Breach, SourceFault, TransferFault, TreeError};
use crate::source::{ChunkSource, FrameStream};
use crate::stall::StallTimer;
use crate::watch::Watch;
use crate::window::Window;

/// So many wrong chunks in one transfer, and the source is left.
const WRONG_MAX: u64 = 8;
/// So many pieces without a byte in a row, and the body is no answer.
const EMPTY_MAX: u32 = 1_024;
/// How many of the chunks that a source lacks are named.
const SAMPLE: usize = 16;

/// Asks one source on behalf of one transfer, and keeps count.
pub(crate) struct Requests<'a> {
    source: &'a dyn ChunkSource,
    watch: &'a Watch,
    window: Option<Window>,
    stall: StallTimer,
    open: AtomicUsize,
    bytes: AtomicU64,
    wrong: AtomicU64,
    lacking: Mutex<Lacking>,
}

/// What the source says it does not have.
#[derive(Clone, Debug, Default)]
struct Lacking {
    count: u64,
    sample: Vec<ChunkId>,
}

/// What became of the ids of one request.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// Chunks handed to the store.
    pub stored: u64,
    /// Bytes of the frames that came.
    pub bytes: u64,
    /// Ids that the source lacks.
    pub absent: Vec<ChunkId>,
    /// Plaintexts, if they were asked for.
    pub plain: HashMap<ChunkId, Bytes>,
    refused: Vec<Refused>,
}

/// Who takes the frames of an answer.
enum Desk<'a> {
    /// Chunks of the disk go to the store.
    Chunks { ingest: &'a Ingest, wanted: Wanted },
    /// Nodes are read here; they also go to the store, except for an estimate.
    Nodes { ingest: Option<&'a Ingest>, left: HashSet<ChunkId>, decoder: Decoder },
}

impl<'a> Requests<'a> {
    pub fn new(source: &'a dyn ChunkSource, watch: &'a Watch, window: Option<Window>) -> Self {
        Requests {
            source,
            watch,
            window,
            stall: StallTimer::new(watch.least),
            open: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            wrong: AtomicU64::new(0),
            lacking: Mutex::default(),
        }
    }

    /// Bytes received so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Bytes received that are not durable yet.
    pub fn undurable_bytes(&self) -> u64 {
        self.window.as_ref().map_or(0, Window::undurable)
    }

    /// What the source lacks, as a fault; `None` if it had everything.
    pub fn lacks(&self) -> Option<TransferFault> {
        let lacking = self.lacking.lock().expect("nobody panics while counting").clone();
        (lacking.count > 0)
            .then_some(TransferFault::SourceLacks { count: lacking.count, sample: lacking.sample })
    }

    /// Brings chunks of the disk into the store.
    pub async fn chunks(&self, ids: &[ChunkId], ingest: &Ingest) -> Result<Answer, TransferFault> {
        self.ask_twice(ids, |ids| {
            Ok(Desk::Chunks { ingest, wanted: Wanted::new(ids.iter().copied()) })
        })
        .await
    }

    /// Brings nodes (or a root), and stores them if there is a way into the store.
    pub async fn nodes(
        &self,
        ids: &[ChunkId],
        ingest: Option<&Ingest>,
    ) -> Result<Answer, TransferFault> {
        self.ask_twice(ids, |ids| {
            let decoder =
                Decoder::new().map_err(|error| StoreFault::io("make a decoder", error))?;
            Ok(Desk::Nodes { ingest, left: ids.iter().copied().collect(), decoder })
        })
        .await
    }

    /// Asks, and asks once more for what came wrong (faults 8 and 9).
    async fn ask_twice<'b>(
        &self,
        ids: &[ChunkId],
        desk: impl Fn(&[ChunkId]) -> Result<Desk<'b>, StoreFault>,
    ) -> Result<Answer, TransferFault> {
        let mut answer = Answer::default();
        self.ask(ids, desk(ids)?, &mut answer).await?;
        let wrong: Vec<ChunkId> =
            std::mem::take(&mut answer.refused).iter().map(|refused| refused.id).collect();
        if !wrong.is_empty() {
            self.ask(&wrong, desk(&wrong)?, &mut answer).await?;
            if let Some(refused) = answer.refused.pop() {
                return Err(self.sends_wrong_chunks(refused.error));
            }
        }
        if !answer.absent.is_empty() {
            let mut lacking = self.lacking.lock().expect("nobody panics while counting");
            lacking.count += answer.absent.len() as u64;
            let room = SAMPLE.saturating_sub(lacking.sample.len());
            lacking.sample.extend(answer.absent.iter().take(room));
        }
        Ok(answer)
    }

    fn sends_wrong_chunks(&self, source: FrameError) -> TransferFault {
        TransferFault::PeerSendsWrongChunks { count: self.wrong.load(Ordering::Relaxed), source }
    }

    async fn ask(
        &self,
        ids: &[ChunkId],
        desk: Desk<'_>,
        answer: &mut Answer,
    ) -> Result<(), TransferFault> {
        if self.open.fetch_add(1, Ordering::Relaxed) == 0 {
            self.stall.restart();
        }
        let _open = Open(&self.open);
        tokio::select! {
            biased;
            () = self.watch.cancel.cancelled() => Err(TransferFault::Stopped),
            answered = self.read(ids, desk, answer) => answered,
            fault = self.stall.stalled() => Err(fault.into()),
        }
    }

    async fn read(
        &self,
        ids: &[ChunkId],
        mut desk: Desk<'_>,
        answer: &mut Answer,
    ) -> Result<(), TransferFault> {
        let mut body = self.source.fetch(ids.to_vec()).await?;
        let mut cutter = Cutter::default();
        while let Some(piece) = self.next_piece(&mut body).await? {
            for run in cutter.push(piece).map_err(SourceFault::from)? {
                let held = Instant::now();
                self.take(ids, &mut desk, run, answer).await?;
                self.stall.forgive(held);
            }
        }
        cutter.finish().map_err(SourceFault::from)?;
        match desk.unanswered() {
            0 => Ok(()),
            count => Err(SourceFault::from(Breach::Unanswered { count }).into()),
        }
    }

    /// The next piece of a body, once there is room for it in the window and the limit lets it pass.
    async fn next_piece(&self, body: &mut FrameStream) -> Result<Option<Bytes>, SourceFault> {
        if let Some(window) = &self.window {
            let held = Instant::now();
            window.room().await;
            self.stall.forgive(held);
        }
        for _ in 0..EMPTY_MAX {
            let Some(piece) = body.next().await.transpose()? else { return Ok(None) };
            if piece.is_empty() {
                continue;
            }
            let bytes = piece.len() as u64;
            self.stall.note(bytes);
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
            if let Some(window) = &self.window {
                window.received(bytes);
            }
            if let Some(limiter) = &self.watch.limiter {
                let held = Instant::now();
                limiter.take(bytes).await;
                self.stall.forgive(held);
            }
            return Ok(Some(piece));
        }
        Err(Breach::Empty.into())
    }

    async fn take(
        &self,
        ids: &[ChunkId],
        desk: &mut Desk<'_>,
        run: Run,
        answer: &mut Answer,
    ) -> Result<(), TransferFault> {
        let (before, bytes) = (answer.bytes, run.bytes.len() as u64);
        let refused = answer.refused.len();
        desk.take(ids, run, answer).await?;
        if let Some(window) = &self.window {
            window.discarded(bytes - (answer.bytes - before));
        }
        let wrong = (answer.refused.len() - refused) as u64;
        if wrong > 0 {
            let last = answer.refused.last().expect("some were refused").clone();
            tracing::warn!(chunk = %last.id, error = %last.error, "source sent a wrong chunk");
            if self.wrong.fetch_add(wrong, Ordering::Relaxed) + wrong >= WRONG_MAX {
                return Err(self.sends_wrong_chunks(last.error));
            }
        }
        Ok(())
    }
}

/// Counts a request for as long as it is open, also when it is dropped.
struct Open<'a>(&'a AtomicUsize);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Desk<'_> {
    fn unanswered(&self) -> usize {
        match self {
            Desk::Chunks { wanted, .. } => wanted.left().count(),
            Desk::Nodes { left, .. } => left.len(),
        }
    }

    async fn take(
        &mut self,
        ids: &[ChunkId],
        run: Run,
        answer: &mut Answer,
    ) -> Result<(), TransferFault> {
        match self {
            Desk::Chunks { ingest, wanted } => {
                take_chunks(ids, run, (ingest, wanted), answer).await
            }
            Desk::Nodes { ingest, left, decoder } => {
                fail_point!("wrk.tree_recv", |_| Err(injected("receive nodes")));
                read_nodes(ids, &run, (left, decoder), answer)?;
                if let Some(ingest) = ingest {
                    let mut wanted = Wanted::new(run.headers.iter().map(|header| header.id));
                    put(ids, run.bytes, (ingest, &mut wanted)).await?;
                }
                Ok(())
            }
        }
    }
}

async fn take_chunks(
    ids: &[ChunkId],
    run: Run,
    (ingest, wanted): (&Ingest, &mut Wanted),
    answer: &mut Answer,
) -> Result<(), TransferFault> {
    fail_point!("wrk.chunk_recv", |_| Err(injected("receive chunks")));
    let accepted = put(ids, run.bytes, (ingest, wanted)).await?;
    fail_point!("wrk.chunk_verify", |_| Err(injected("verify chunks")));
    let refused: HashSet<ChunkId> = accepted.refused.iter().map(|refused| refused.id).collect();
    for header in &run.headers {
        let Carried::Chunk { plain, .. } = header.carried else { continue };
        if refused.contains(&header.id) {
            continue;
        }
        if plain as usize != CHUNK_BYTES {
            return Err(TreeError::ChunkLength { id: header.id, got: plain }.into());
        }
        answer.stored += 1;
        answer.bytes += header.frame_bytes() as u64;
    }
    answer.absent.extend(accepted.absent);
    answer.refused.extend(accepted.refused);
    Ok(())
}

fn read_nodes(
    ids: &[ChunkId],
    run: &Run,
    (left, decoder): (&mut HashSet<ChunkId>, &mut Decoder),
    answer: &mut Answer,
) -> Result<(), SourceFault> {
    let mut rest = run.bytes.clone();
    for header in &run.headers {
        let id = header.id;
        let frame = rest.split_to(header.frame_bytes());
        if !left.remove(&id) {
            return Err(unwanted(ids, id));
        }
        match decoder.open(&frame) {
            Ok(Some(plain)) => {
                answer.bytes += frame.len() as u64;
                answer.plain.insert(id, Bytes::copy_from_slice(plain));
            }
            Ok(None) => answer.absent.push(id),
            Err(error) => answer.refused.push(Refused { id, error }),
        }
    }
    Ok(())
}

async fn put(
    ids: &[ChunkId],
    bytes: Bytes,
    (ingest, wanted): (&Ingest, &mut Wanted),
) -> Result<store::Accepted, TransferFault> {
    ingest.put_frames(bytes, wanted).await.map_err(|error| match error {
        IngestError::Malformed { source } => SourceFault::from(Breach::Frame(source)).into(),
        IngestError::Unwanted { id } => unwanted(ids, id).into(),
        IngestError::Store(fault) => TransferFault::Store(fault),
    })
}

fn unwanted(ids: &[ChunkId], id: ChunkId) -> SourceFault {
    let breach = if ids.contains(&id) { Breach::Repeated { id } } else { Breach::Unasked { id } };
    breach.into()
}

#[cfg_attr(not(feature = "failpoints"), expect(dead_code, reason = "only failpoints make it"))]
pub(crate) fn injected(action: &'static str) -> TransferFault {
    SourceFault::Transport { action, source: "injected by a failpoint".into() }.into()
}
