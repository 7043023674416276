//! One part of a request: asked of one region, cut into frames, and passed on.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use model::RegionId;
use store::{Carried, ChunkId};
use tokio::sync::mpsc;
use tokio::time::Instant;
use transfer::{Breach, ChunkSource, Cutter, Run, SourceFault};

use super::Asking;
use super::group::Outcome;
use super::speeds::Answered;
use crate::peer::RelayRequest;

/// Less than this in the time that a relay is waited for, and it is too slow.
const LEAST_BYTES: u64 = 16 << 10;

/// Who is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Server {
    /// The source of the copy.
    Source,
    /// A region that has what is asked for.
    Holder(RegionId),
    /// A region that receives it, as its own share.
    Sharer(RegionId),
}

/// What one region is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) server: Server,
    pub(super) ids: Vec<ChunkId>,
}

/// Whole frames for the transfer.
pub(super) struct Passed {
    pub(super) bytes: Bytes,
    /// From whom; none from the source.
    pub(super) relay: Option<RegionId>,
    /// Those of them that others may want of us, once the transfer has found them true.
    pub(super) share: Vec<(ChunkId, Bytes)>,
}

pub(super) type Passing = mpsc::Sender<Result<Passed, SourceFault>>;

/// What was not answered with a chunk: others are asked for it. The source's own word that it lacks a chunk is passed on.
pub(super) struct Done {
    pub(super) server: Server,
    pub(super) left: Vec<ChunkId>,
}

/// Nobody reads any longer.
struct Gone;

/// Why a relay's answer ended.
enum Ended {
    Whole,
    Failed(String),
    Lied(String),
    /// The region is not asked any longer: others know why.
    Lost,
}

/// What came of a relay so far.
struct Answer {
    left: HashSet<ChunkId>,
    absent: Vec<ChunkId>,
    served: bool,
    bytes: u64,
    asked: Instant,
    first: Option<Instant>,
    /// Time in which we did not read.
    held: Duration,
}

impl Asking {
    /// Asks for a part. A fault is the source's.
    pub(super) async fn pump(
        self: Arc<Self>,
        part: Part,
        tx: Passing,
    ) -> Result<Done, SourceFault> {
        let Part { server, ids } = part;
        let begun = Instant::now();
        let left = match &server {
            Server::Source => {
                self.pump_source(ids, &tx).await?;
                self.learn_pace(begun.elapsed());
                Vec::new()
            }
            Server::Holder(relay) => {
                let left = self.pump_relay(relay, ids, (Duration::ZERO, &tx)).await;
                self.learn_pace(begun.elapsed());
                left
            }
            Server::Sharer(relay) => self.pump_relay(relay, ids, (self.patience(), &tx)).await,
        };
        Ok(Done { server, left })
    }

    async fn pump_source(&self, ids: Vec<ChunkId>, tx: &Passing) -> Result<(), SourceFault> {
        let mut answer = Answer::to(&ids);
        let mut body = self.source.fetch(ids).await?;
        let mut cutter = Cutter::default();
        while let Some(piece) = body.next().await.transpose()? {
            answer.note(piece.len());
            let held = Instant::now();
            self.take_from_link(&self.source_id, piece.len() as u64).await;
            for run in cutter.push(piece)? {
                if let Some(head) = run.headers.iter().find(|head| !answer.left.remove(&head.id)) {
                    return Err(Breach::Unasked { id: head.id }.into());
                }
                run.headers.iter().for_each(|head| self.forget_server(&head.id));
                let share = self.shared_of(&run);
                if tx.send(Ok(Passed { bytes: run.bytes, relay: None, share })).await.is_err() {
                    return Ok(());
                }
            }
            answer.held += held.elapsed();
        }
        cutter.finish()?;
        self.region.inner.relays.speeds.note(&self.source_id, answer.speed());
        Ok(())
    }

    /// Asks a relay; answers what it did not serve. Nothing that goes wrong with it is a fault of the transfer.
    async fn pump_relay(
        &self,
        relay: &RegionId,
        ids: Vec<ChunkId>,
        (wait, tx): (Duration, &Passing),
    ) -> Vec<ChunkId> {
        let lost = self.group().lost(relay);
        let mut answer = Answer::to(&ids);
        let ended = tokio::select! {
            biased;
            () = lost.cancelled() => Ok(Ended::Lost),
            ended = self.read_relay(relay, ids, (wait, &mut answer, tx)) => ended,
        };
        let Ok(ended) = ended else { return Vec::new() };
        let outcome = match ended {
            Ended::Lost => None,
            Ended::Whole if answer.served => Some(Outcome::Served),
            Ended::Whole => Some(Outcome::Empty),
            Ended::Failed(reason) => {
                tracing::info!(copy = %self.entry.copy(), %relay, reason, "a relay is left alone for a while");
                Some(Outcome::Failed)
            }
            Ended::Lied(reason) => {
                tracing::warn!(copy = %self.entry.copy(), %relay, reason, "a relay breaks the protocol and is left");
                Some(Outcome::Lied)
            }
        };
        if let Some(outcome) = outcome {
            if wait.is_zero() && outcome == Outcome::Served {
                self.region.inner.relays.speeds.note(relay, answer.speed());
            }
            self.group().learn(relay, outcome);
            self.share_out();
        }
        let mut left = answer.absent;
        left.extend(answer.left);
        left
    }

    async fn read_relay(
        &self,
        relay: &RegionId,
        ids: Vec<ChunkId>,
        (wait, answer, tx): (Duration, &mut Answer, &Passing),
    ) -> Result<Ended, Gone> {
        let Some(peer) = self.peer(relay) else { return Ok(Ended::Lost) };
        let (scope, root) = (self.entry.scope().clone(), self.entry.root());
        let patience = self.patience();
        let asked = peer.relay(RelayRequest { scope, root, ids, wait });
        let mut body = match tokio::time::timeout(patience, asked).await {
            Err(_) => return Ok(Ended::Failed(format!("no answer within {patience:?}"))),
            Ok(Err(fault)) => return Ok(Ended::Failed(fault.to_string())),
            Ok(Ok(body)) => body,
        };
        let mut cutter = Cutter::default();
        let (mut waited, mut got) = (Duration::ZERO, 0);
        loop {
            let began = Instant::now();
            let piece = match tokio::time::timeout(patience, body.next()).await {
                Err(_) => return Ok(Ended::Failed(format!("nothing came for {patience:?}"))),
                Ok(None) => break,
                Ok(Some(Err(fault))) => return Ok(Ended::Failed(fault.to_string())),
                Ok(Some(Ok(piece))) => piece,
            };
            (waited, got) = (waited + began.elapsed(), got + piece.len() as u64);
            if waited >= patience {
                if got < LEAST_BYTES {
                    return Ok(Ended::Failed(format!("{got} bytes in {waited:?}")));
                }
                (waited, got) = (Duration::ZERO, 0);
            }
            answer.note(piece.len());
            let held = Instant::now();
            self.take_from_link(relay, piece.len() as u64).await;
            let runs = match cutter.push(piece) {
                Ok(runs) => runs,
                Err(breach) => return Ok(Ended::Lied(breach.to_string())),
            };
            for run in runs {
                if let Some(ended) = self.pass_run(relay, run, (answer, wait, tx)).await? {
                    return Ok(ended);
                }
            }
            answer.held += held.elapsed();
        }
        Ok(match cutter.finish() {
            Ok(()) if answer.left.is_empty() => Ended::Whole,
            Ok(()) => Ended::Failed(format!("no answer for {} chunks", answer.left.len())),
            Err(breach) => Ended::Failed(breach.to_string()),
        })
    }

    /// Passes on the chunks of a run that were asked for, without what the relay says it has not.
    async fn pass_run(
        &self,
        relay: &RegionId,
        run: Run,
        (answer, wait, tx): (&mut Answer, Duration, &Passing),
    ) -> Result<Option<Ended>, Gone> {
        let (mut start, mut end, mut good) = (0, 0, Vec::new());
        let mut ids = Vec::with_capacity(run.headers.len());
        let mut seen = HashSet::with_capacity(run.headers.len());
        for head in &run.headers {
            if !answer.left.contains(&head.id) || !seen.insert(head.id) {
                return Ok(Some(Ended::Lied(format!("chunk `{}` was sent unasked", head.id))));
            }
            let next = end + head.frame_bytes();
            match head.carried {
                Carried::Chunk { .. } => ids.push(head.id),
                Carried::Absent => {
                    answer.left.remove(&head.id);
                    answer.absent.push(head.id);
                    good.push((start..end, std::mem::take(&mut ids)));
                    start = next;
                }
            }
            end = next;
        }
        good.push((start..end, ids));
        // What it brings beyond its own share others may want of this region.
        let mut share = if wait.is_zero() { self.shared_of(&run) } else { Vec::new() };
        for (range, ids) in good.into_iter().filter(|(range, _)| !range.is_empty()) {
            ids.iter().for_each(|id| self.note_server(*id, relay));
            let (bytes, relay) = (run.bytes.slice(range), Some(relay.clone()));
            let mine = share.extract_if(.., |(id, _)| ids.contains(id)).collect();
            tx.send(Ok(Passed { bytes, relay, share: mine })).await.map_err(|_| Gone)?;
            // Only now: whoever drops this before asks others for them.
            answer.left.retain(|id| !ids.contains(id));
            answer.served = true;
        }
        Ok(None)
    }

    /// The frames of a run that other targets may want of this one.
    fn shared_of(&self, run: &Run) -> Vec<(ChunkId, Bytes)> {
        if !self.group().has_receivers() {
            return Vec::new();
        }
        let (mut rest, mut frames) = (run.bytes.clone(), Vec::with_capacity(run.headers.len()));
        for head in &run.headers {
            let frame = rest.split_to(head.frame_bytes());
            if head.carried != Carried::Absent {
                frames.push((head.id, frame));
            }
        }
        frames
    }

    /// Waits until the link from a region lets so many bytes pass.
    pub(super) async fn take_from_link(&self, from: &RegionId, bytes: u64) {
        let lane = self.region.inner.links.lane(self.entry.copy(), from);
        self.held_back.fetch_add(1, Ordering::Relaxed);
        let _held = HeldBack(self);
        lane.take(bytes).await;
    }
}

/// A body is held back for a limit of ours, until this is dropped.
struct HeldBack<'a>(&'a Asking);

impl Drop for HeldBack<'_> {
    fn drop(&mut self) {
        self.0.held_back.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Answer {
    fn to(ids: &[ChunkId]) -> Self {
        Answer {
            left: ids.iter().copied().collect(),
            absent: Vec::new(),
            served: false,
            bytes: 0,
            asked: Instant::now(),
            first: None,
            held: Duration::ZERO,
        }
    }

    fn note(&mut self, bytes: usize) {
        self.first.get_or_insert_with(Instant::now);
        self.bytes += bytes as u64;
    }

    fn speed(&self) -> Answered {
        let first = self.first.unwrap_or_else(Instant::now);
        Answered {
            first_byte: first - self.asked,
            body: first.elapsed().saturating_sub(self.held),
            bytes: self.bytes,
        }
    }
}
