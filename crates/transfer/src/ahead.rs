//! Nodes that a source sends before they are asked for (`docs/formats.md` 24): over a long line each level of a tree would
//! cost a round trip.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use store::{Carried, ChunkId, ChunkStore, DiskRoot, Domain, StoreFault, decode_node};
use tokio::sync::Mutex;

use crate::cutter::Cutter;
use crate::fault::SourceFault;
use crate::source::FrameStream;

/// Most nodes that are sent ahead, the root not counted: those of 2 GiB of contents, about 1 MiB.
pub const AHEAD_NODES: usize = 33;

/// At the source: the root and the first nodes under it, from the top down. `None` when the root is not held.
///
/// # Errors
/// When the store fails or something of the tree is damaged.
pub async fn tree_ahead(
    store: &ChunkStore,
    domain: Domain,
    root: DiskRoot,
) -> Result<Option<BoxStream<'static, Result<Bytes, StoreFault>>>, StoreFault> {
    let levels = match levels_ahead(store, domain, root).await {
        Ok(levels) => levels,
        Err(StoreFault::Missing { .. }) => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let frames: Vec<_> = levels.into_iter().map(|ids| store.frames(domain, ids)).collect();
    Ok(Some(stream::iter(frames).flatten().boxed()))
}

/// The ids of the root, and of the nodes of each level.
async fn levels_ahead(
    store: &ChunkStore,
    domain: Domain,
    root: DiskRoot,
) -> Result<Vec<Vec<ChunkId>>, StoreFault> {
    let record = store.root_record(domain, root).await?;
    let shape = record.shape();
    let (mut levels, mut seen, mut room) = (vec![vec![root.id()]], HashSet::new(), AHEAD_NODES);
    let mut nodes = vec![(record.top(), 0)];
    for level in (1..=record.depth()).rev() {
        nodes.retain(|(id, _)| !id.is_zero() && seen.insert(*id));
        nodes.truncate(room);
        let ids: Vec<ChunkId> = nodes.iter().map(|(id, _)| *id).collect();
        if ids.is_empty() {
            break;
        }
        room -= ids.len();
        levels.push(ids.clone());
        if level == 1 || room == 0 {
            break;
        }
        let plains = store.get_many(domain, &ids).await?;
        let mut children = Vec::new();
        for ((id, index), plain) in nodes.into_iter().zip(plains) {
            let listed = decode_node(&plain, level, shape.node_ids(level, index))
                .map_err(|source| StoreFault::Tree { id, source })?;
            children.extend(listed.into_iter().zip(index * store::NODE_IDS as u64..));
        }
        nodes = children;
    }
    Ok(levels)
}

/// At the target: what came ahead, until it is asked for. Nothing of it is believed: whoever takes a frame checks it as any
/// other, and asks for it once more if it is wrong.
#[derive(Default)]
pub struct Ahead {
    came: Mutex<Came>,
    begun: std::sync::Mutex<HashSet<ChunkId>>,
}

#[derive(Default)]
struct Came {
    body: Option<FrameStream>,
    cutter: Cutter,
    frames: HashMap<ChunkId, Bytes>,
    /// How many frames the body may still have.
    left: usize,
}

impl Ahead {
    /// Whether the tree under this root was not asked for before. A root that is asked for again came wrong: then it, and what
    /// is under it, is asked for by name.
    pub fn is_first(&self, root: ChunkId) -> bool {
        self.begun.lock().expect("nobody panics while noting a root").insert(root)
    }

    /// Takes the answer of a source, in place of an earlier one. It is read as frames are taken.
    pub async fn begin(&self, body: FrameStream) {
        let mut came = self.came.lock().await;
        *came = Came { body: Some(body), left: AHEAD_NODES + 1, ..Came::default() };
    }

    /// The answer to a request for these nodes: first those that came ahead, then `rest` of the others, if there are any.
    pub fn answer(
        self: &Arc<Self>,
        ids: Vec<ChunkId>,
        rest: impl FnOnce(Vec<ChunkId>) -> FrameStream + Send + 'static,
    ) -> FrameStream {
        let begin = (Arc::clone(self), ids, Some(rest));
        let frames = stream::unfold(begin, |(ahead, mut ids, mut rest)| async move {
            if ids.is_empty() {
                return None;
            }
            let next: FrameStream = match ahead.next_of(&mut ids).await {
                Some(frame) => stream::iter([Ok(frame)]).boxed(),
                None => rest.take()?(std::mem::take(&mut ids)),
            };
            Some((next, (ahead, ids, rest)))
        });
        frames.flatten().boxed()
    }

    /// A frame of one of these, which is then taken out of them. Each comes once.
    async fn next_of(&self, ids: &mut Vec<ChunkId>) -> Option<Bytes> {
        let mut came = self.came.lock().await;
        loop {
            let found = ids.iter().position(|id| came.frames.contains_key(id));
            if let Some(at) = found {
                return came.frames.remove(&ids.swap_remove(at));
            }
            if !came.read_on().await {
                return None;
            }
        }
    }
}

impl Came {
    /// Reads another piece; false at the end. A body that breaks off or is too long is none: what came of it may be asked for.
    async fn read_on(&mut self) -> bool {
        let Some(body) = &mut self.body else { return false };
        let piece = match body.next().await {
            Some(Ok(piece)) => piece,
            Some(Err(fault)) => return self.end(Some(fault)),
            None => return self.end(None),
        };
        let runs = match self.cutter.push(piece) {
            Ok(runs) => runs,
            Err(breach) => return self.end(Some(breach.into())),
        };
        for run in runs {
            let mut bytes = run.bytes;
            for header in run.headers {
                let frame = bytes.split_to(header.frame_bytes());
                if self.left == 0 {
                    return self.end(None);
                }
                self.left -= 1;
                if matches!(header.carried, Carried::Chunk { .. }) {
                    self.frames.insert(header.id, frame);
                }
            }
        }
        true
    }

    fn end(&mut self, fault: Option<SourceFault>) -> bool {
        if let Some(fault) = fault {
            tracing::debug!(%fault, "nodes that were to come ahead did not");
        }
        self.body = None;
        false
    }
}
