//! One caller's way into the store.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::sync::{oneshot, watch};

use crate::chunk::{Chunk, ChunkId, Domain};
use crate::engine::outstanding::Outstanding;
use crate::engine::worker::Work;
use crate::fault::StoreFault;
use crate::frame::{Carried, FrameError, FrameHeader};
use crate::keys::Naming;
use crate::sealing::Access;
use crate::store::Inner;
use crate::touched::TreePart;

/// What has become durable through one ingest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Durable {
    /// Chunks, nodes and roots included.
    pub chunks: u64,
    /// Bytes of their frames as they were received, or would be sent: what a seal adds at rest is not counted.
    pub stored_bytes: u64,
    /// Bytes of their plaintext.
    pub plain_bytes: u64,
}

impl Durable {
    pub(crate) fn add(&mut self, more: Durable) {
        self.chunks += more.chunks;
        self.stored_bytes += more.stored_bytes;
        self.plain_bytes += more.plain_bytes;
    }
}

/// The chunks that were asked of a peer and have not been answered.
#[derive(Clone, Debug, Default)]
pub struct Wanted(HashSet<ChunkId>);

impl Wanted {
    /// These ids. Each may be answered once.
    pub fn new(ids: impl IntoIterator<Item = ChunkId>) -> Self {
        Wanted(ids.into_iter().collect())
    }

    /// Ids without an answer yet.
    pub fn left(&self) -> impl Iterator<Item = ChunkId> + '_ {
        self.0.iter().copied()
    }

    /// Whether all have been answered.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What the chunks of another naming are said to be called under the domain's own.
#[derive(Clone, Debug)]
pub struct Renaming {
    /// The naming that received frames have.
    pub naming: Naming,
    /// The domain's id for each of their ids.
    pub names: HashMap<ChunkId, ChunkId>,
}

/// A frame that is not stored, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The chunk that it names.
    pub id: ChunkId,
    /// What is wrong with it; for a wrong hash also what it hashed to.
    pub error: FrameError,
}

/// What became of the frames of one run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checked {
    pub(crate) stored: Vec<ChunkId>,
    pub(crate) refused: Vec<Refused>,
}

/// What became of one run.
#[derive(Clone, Debug, Default)]
pub struct Accepted {
    /// Checked and on their way to the disk; durable after the next [`Ingest::flush`].
    pub stored: Vec<ChunkId>,
    /// Chunks that the sender says it does not have.
    pub absent: Vec<ChunkId>,
    /// Frames that are not of the chunk that they name. Nothing of them is stored.
    pub refused: Vec<Refused>,
    /// Bytes of the run.
    pub bytes: u64,
}

/// A run was not taken.
#[derive(Clone, Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum IngestError {
    /// The run is not made of frames. Nothing of it is stored.
    #[error("received bytes are no run of frames")]
    Malformed { source: FrameError },
    /// The sender sent what it was not asked for, or the same twice. Nothing of the run is stored.
    #[error("received chunk `{id}`, which was not asked for")]
    Unwanted { id: ChunkId },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFault),
}

/// Whether complete marks were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// They are durable.
    Written,
    /// A chunk of the domain was found damaged meanwhile: what was believed to be here must be looked up anew.
    Stale,
}

pub(crate) struct IngestState {
    pub(crate) domain: Domain,
    pub(crate) access: Access,
    pub(crate) outstanding: Outstanding,
    failure: Mutex<Option<StoreFault>>,
    durable: watch::Sender<Durable>,
}

impl IngestState {
    /// The first fault stays: what follows it may lack what came before.
    pub(crate) fn fail(&self, fault: StoreFault) {
        self.lock().get_or_insert(fault);
    }

    pub(crate) fn failure(&self) -> Option<StoreFault> {
        self.lock().clone()
    }

    pub(crate) fn count(&self, more: Durable) {
        if more.chunks > 0 {
            self.durable.send_modify(|durable| durable.add(more));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<StoreFault>> {
        self.failure.lock().expect("nobody panics while holding the failure")
    }
}

/// Puts chunks of one domain. After a fault it takes nothing more; a new one may be made at once.
pub struct Ingest {
    inner: Arc<Inner>,
    state: Arc<IngestState>,
    damage: u64,
}

impl Ingest {
    pub(crate) fn new(inner: Arc<Inner>, domain: Domain) -> Self {
        let state = Arc::new(IngestState {
            domain,
            access: inner.domains.access(domain),
            outstanding: Outstanding::default(),
            failure: Mutex::default(),
            durable: watch::Sender::default(),
        });
        let damage = inner.damage_seen(domain);
        Ingest { inner, state, damage }
    }

    /// Takes a run of whole frames: each is decoded within its bounds, hashed, compared with its id and appended as
    /// received. Returns when all are checked. Waits while 32 MiB, of all ingests together, are not durable yet.
    ///
    /// A caller that walks a tree asks what a node's children are missing only after the node's run has returned here:
    /// then a sweep that begins in between finds the node.
    ///
    /// In a sealed domain frames are sealed on the way.
    ///
    /// # Errors
    /// [`StoreFault::Locked`]; else when the run is no run of frames, or has a chunk that is not wanted, or the store has failed.
    pub async fn put_frames(
        &self,
        run: Bytes,
        wanted: &mut Wanted,
    ) -> Result<Accepted, IngestError> {
        self.put_run(run, wanted, None).await
    }

    /// The same for frames of another naming: each is hashed under both, compared with its id and with the name that it is
    /// said to have, and stored under that name. What is accepted is told by the ids received.
    ///
    /// # Errors
    /// As [`Ingest::put_frames`]. A chunk whose name is another than it was said to be, or for which none was said, is
    /// refused with [`FrameError::WrongName`].
    pub async fn put_renamed(
        &self,
        run: Bytes,
        wanted: &mut Wanted,
        renaming: &Arc<Renaming>,
    ) -> Result<Accepted, IngestError> {
        self.put_run(run, wanted, Some(renaming)).await
    }

    async fn put_run(
        &self,
        run: Bytes,
        wanted: &mut Wanted,
        renaming: Option<&Arc<Renaming>>,
    ) -> Result<Accepted, IngestError> {
        self.check_failure()?;
        self.inner.activity.note();
        self.inner.ensure_checked(&self.state.access).await?;
        let mut accepted = Accepted { bytes: run.len() as u64, ..Accepted::default() };
        let pieces = self.cut(run, wanted, &mut accepted)?;
        let mut replies = Vec::with_capacity(pieces.len());
        for (headers, bytes) in pieces {
            let room = self.inner.engine.shared().room(bytes.len()).await?;
            let (reply, checked) = oneshot::channel();
            replies.push(checked);
            let renaming = renaming.map(Arc::clone);
            let work = Work::Frames { headers, bytes, renaming, reply, room };
            self.inner.engine.submit(&self.state, work);
        }
        for checked in replies {
            let mut checked = checked.await.map_err(|_| StoreFault::Closed)??;
            accepted.stored.append(&mut checked.stored);
            accepted.refused.append(&mut checked.refused);
        }
        Ok(accepted)
    }

    /// Cuts a run so that all workers have a part in it; absent frames end here.
    fn cut(
        &self,
        run: Bytes,
        wanted: &mut Wanted,
        accepted: &mut Accepted,
    ) -> Result<Vec<(Vec<FrameHeader>, Bytes)>, IngestError> {
        let least = (run.len() / self.inner.engine.shared().pieces()).max(128 << 10);
        let (mut pieces, mut headers) = (Vec::new(), Vec::new());
        let (mut start, mut end, mut seen) = (0, 0, HashSet::new());
        while end < run.len() {
            let header = FrameHeader::parse(&run[end..])
                .map_err(|source| IngestError::Malformed { source })?;
            let (needs, got) = (header.frame_bytes(), run.len() - end);
            if needs > got {
                let source = FrameError::Truncated { wanted: needs, got };
                return Err(IngestError::Malformed { source });
            }
            if !wanted.0.contains(&header.id) || !seen.insert(header.id) {
                return Err(IngestError::Unwanted { id: header.id });
            }
            let absent = header.carried == Carried::Absent;
            if absent {
                header.check(&[]).map_err(|source| IngestError::Malformed { source })?;
                accepted.absent.push(header.id);
            } else {
                headers.push(header);
            }
            let keep = if absent { end } else { end + needs };
            end += needs;
            if (absent || keep - start >= least || end == run.len()) && !headers.is_empty() {
                pieces.push((std::mem::take(&mut headers), run.slice(start..keep)));
            }
            if headers.is_empty() {
                start = end;
            }
        }
        seen.iter().for_each(|id| {
            wanted.0.remove(id);
        });
        Ok(pieces)
    }

    /// Takes a chunk of an import: it is compressed and appended. Returns at once unless too much is in memory; a fault is
    /// told by the next call.
    ///
    /// # Errors
    /// [`StoreFault::Locked`]; [`StoreFault::Misnamed`] (by the next call) when the chunk was named otherwise than its domain
    /// names chunks; else when the store has failed.
    pub async fn put_plain(&self, chunk: Chunk) -> Result<(), StoreFault> {
        self.check_failure()?;
        self.inner.activity.note();
        self.inner.ensure_checked(&self.state.access).await?;
        let room = self.inner.engine.shared().room(chunk.plain().len()).await?;
        self.inner.engine.submit(&self.state, Work::Plain { chunk, room });
        Ok(())
    }

    /// Returns once everything handed over so far is durable and recorded.
    ///
    /// # Errors
    /// The first fault of this ingest; then some of what was handed over is not stored.
    pub async fn flush(&self) -> Result<(), StoreFault> {
        self.state.outstanding.settled(|| self.inner.engine.hurry()).await;
        self.check_failure()
    }

    /// What has become durable so far; changes as groups are committed.
    pub fn durable(&self) -> watch::Receiver<Durable> {
        self.state.durable.subscribe()
    }

    /// Records that everything under these parts is stored, with the number of places that are not zero. Call it after a
    /// flush that covers the last of them.
    ///
    /// # Errors
    /// When the index fails.
    pub async fn record_complete(&self, trees: &[(TreePart, u64)]) -> Result<Recorded, StoreFault> {
        let inner = &self.inner;
        let _gate = inner.touched.gate.read().await;
        if inner.damage_seen(self.state.domain) != self.damage {
            return Ok(Recorded::Stale);
        }
        let rows = trees.iter().map(|(part, places)| (part.id(), *places)).collect();
        inner.index.record_complete(self.state.domain, rows).await?;
        if inner.damage_seen(self.state.domain) != self.damage {
            inner.index.clear_complete(self.state.domain).await?;
            return Ok(Recorded::Stale);
        }
        Ok(Recorded::Written)
    }

    fn check_failure(&self) -> Result<(), StoreFault> {
        self.state.failure().map_or(Ok(()), Err)
    }
}
