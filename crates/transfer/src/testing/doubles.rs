//! Sources for tests: one that serves a sample disk from memory, one that counts, one that is tampered with.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::stream::{self, StreamExt, TryStreamExt};
use store::{ChunkId, encode_absent};

use crate::fault::SourceFault;
use crate::source::{ChunkSource, FrameStream, RenamingSource};
use crate::testing::SampleDisk;

/// Serves frames from memory, a few to a piece; what it has not it says so of.
pub struct ShelfSource {
    frames: BTreeMap<ChunkId, Bytes>,
}

impl ShelfSource {
    /// A source with these frames.
    pub fn new(frames: BTreeMap<ChunkId, Bytes>) -> Self {
        ShelfSource { frames }
    }
}

#[async_trait]
impl ChunkSource for ShelfSource {
    async fn fetch(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        let mut body = Vec::new();
        for ids in ids.chunks(16) {
            let mut piece = Vec::new();
            for id in ids {
                match self.frames.get(id) {
                    Some(frame) => piece.extend_from_slice(frame),
                    None => encode_absent(id, &mut piece),
                }
            }
            body.push(Ok(Bytes::from(piece)));
        }
        Ok(stream::iter(body).boxed())
    }
}

/// Serves chunks as another source does, and says what they are called by a list.
pub struct Named {
    inner: Arc<dyn ChunkSource>,
    names: BTreeMap<ChunkId, ChunkId>,
    asked: AtomicUsize,
}

impl Named {
    /// A source that serves `theirs` and says what its chunks are called in `ours`, which is the same disk.
    pub fn new(inner: Arc<dyn ChunkSource>, theirs: &SampleDisk, ours: &SampleDisk) -> Self {
        let names = theirs.chunks.iter().copied().zip(ours.chunks.iter().copied()).collect();
        Named { inner, names, asked: AtomicUsize::new(0) }
    }

    /// The same with another name for one chunk, or none.
    pub fn telling(mut self, id: ChunkId, name: Option<ChunkId>) -> Self {
        match name {
            Some(name) => drop(self.names.insert(id, name)),
            None => drop(self.names.remove(&id)),
        }
        self
    }

    /// How many names were asked for.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl ChunkSource for Named {
    async fn fetch(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        self.inner.fetch(ids).await
    }
}

#[async_trait]
impl RenamingSource for Named {
    async fn rename(&self, ids: Vec<ChunkId>) -> Result<Vec<Option<ChunkId>>, SourceFault> {
        self.asked.fetch_add(ids.len(), Ordering::SeqCst);
        Ok(ids.iter().map(|id| self.names.get(id).copied()).collect())
    }
}

/// Counts what is asked of a source and what it sends.
pub struct Counted {
    inner: Arc<dyn ChunkSource>,
    asked: Mutex<Vec<ChunkId>>,
    sent: Arc<AtomicU64>,
}

impl Counted {
    /// Counts over this source.
    pub fn new(inner: Arc<dyn ChunkSource>) -> Arc<Self> {
        Arc::new(Counted { inner, asked: Mutex::default(), sent: Arc::default() })
    }

    /// Every id asked so far, in order.
    pub fn asked(&self) -> Vec<ChunkId> {
        self.asked.lock().expect("no test panics here").clone()
    }

    /// Bytes sent so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl ChunkSource for Counted {
    async fn fetch(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        self.asked.lock().expect("no test panics here").extend(&ids);
        let sent = self.sent.clone();
        let count = move |piece: &Bytes| {
            sent.fetch_add(piece.len() as u64, Ordering::SeqCst);
        };
        Ok(self.inner.fetch(ids).await?.inspect_ok(count).boxed())
    }
}

type Tamper = dyn Fn(usize, &[ChunkId], FrameStream) -> FrameStream + Send + Sync;

/// Changes the answers of a source. The change is told the number of the request, from 0, and the ids asked.
pub struct Tampered {
    inner: Arc<dyn ChunkSource>,
    requests: AtomicUsize,
    tamper: Box<Tamper>,
}

impl Tampered {
    /// A source whose bodies pass through `tamper`.
    pub fn new(
        inner: Arc<dyn ChunkSource>,
        tamper: impl Fn(usize, &[ChunkId], FrameStream) -> FrameStream + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Tampered { inner, requests: AtomicUsize::new(0), tamper: Box::new(tamper) })
    }
}

#[async_trait]
impl ChunkSource for Tampered {
    async fn fetch(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        let number = self.requests.fetch_add(1, Ordering::SeqCst);
        let body = self.inner.fetch(ids.clone()).await?;
        Ok((self.tamper)(number, &ids, body))
    }
}

/// A body that is gathered, changed as a whole and sent in pieces of this many bytes.
pub fn gather(
    body: FrameStream,
    piece: usize,
    change: impl FnOnce(&mut Vec<u8>) + Send + 'static,
) -> FrameStream {
    let changed = async move {
        let mut whole = body.try_collect::<BytesMut>().await?.to_vec();
        change(&mut whole);
        Ok::<_, SourceFault>(pieces(whole.into(), piece))
    };
    stream::once(changed).try_flatten().boxed()
}

/// Bytes as a body in pieces of this many.
pub fn pieces(mut bytes: Bytes, piece: usize) -> FrameStream {
    let cut = std::iter::from_fn(move || {
        (!bytes.is_empty()).then(|| Ok(bytes.split_to(piece.min(bytes.len()))))
    });
    stream::iter(cut).boxed()
}
