//! Walking down from what is live: everything that a node which is here lists is marked, here or not.

use std::collections::HashSet;

use crate::chunk::{ChunkId, Domain};
use crate::fault::StoreFault;
use crate::index::RowKey;
use crate::sealing::is_locked;
use crate::store::ChunkStore;
use crate::touched::{Touch, TreePart};
use crate::tree::RootRecord;

/// Nodes remembered as walked; beyond it some are walked again. 48 MiB.
const WALKED_MAX: usize = 1 << 20;

pub(crate) struct Walk {
    store: ChunkStore,
    walked: HashSet<(Domain, TreePart)>,
    todo: Vec<(Domain, TreePart)>,
    /// Chunks in quarantine when the walk began.
    pub(crate) damaged: HashSet<RowKey>,
}

/// What a step found.
pub(crate) enum Seen {
    /// These are to be marked.
    Keys(Vec<RowKey>),
    /// A node is damaged: what it lists cannot be known, so nothing of its domain may be taken.
    Blind(Domain),
    /// Its domain is locked, with the same consequence.
    Locked(Domain),
}

impl Walk {
    pub(crate) fn new(store: ChunkStore) -> Self {
        Walk { store, walked: HashSet::new(), todo: Vec::new(), damaged: HashSet::new() }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.todo.is_empty()
    }

    /// Adds what is to be walked; returns the keys that need no walk.
    pub(crate) fn push(&mut self, touches: impl IntoIterator<Item = Touch>) -> Vec<RowKey> {
        let mut keys = Vec::new();
        for touch in touches {
            match touch {
                Touch::Chunk(domain, id) => keys.push((domain, id)),
                Touch::Whole(domain, part) => self.add(domain, part),
            }
        }
        keys
    }

    fn add(&mut self, domain: Domain, part: TreePart) {
        if part.id().is_zero() {
            return;
        }
        if self.walked.len() >= WALKED_MAX {
            self.walked.clear();
        }
        if self.walked.insert((domain, part)) {
            self.todo.push((domain, part));
        }
    }

    /// Reads one node or root.
    pub(crate) async fn step(&mut self) -> Result<Seen, StoreFault> {
        let Some((domain, part)) = self.todo.pop() else { return Ok(Seen::Keys(Vec::new())) };
        let mut keys = vec![(domain, part.id())];
        if self.damaged.contains(&(domain, part.id())) {
            return Ok(Seen::Blind(domain));
        }
        let bytes = match self.store.inner.read_one(domain, part.id()).await {
            Ok(bytes) => bytes,
            // A copy under way has not fetched it yet, nor anything that only it leads to.
            Err(StoreFault::Missing { .. }) => return Ok(Seen::Keys(keys)),
            Err(StoreFault::Damaged { .. }) => return Ok(Seen::Blind(domain)),
            Err(fault) if is_locked(&fault) => return Ok(Seen::Locked(domain)),
            Err(fault) => return Err(fault),
        };
        match part {
            TreePart::Root(id) => {
                let record =
                    RootRecord::decode(&bytes).map_err(|source| StoreFault::Tree { id, source })?;
                self.add(domain, TreePart::Node { level: record.depth(), id: record.top() });
            }
            TreePart::Node { level, .. } => {
                let ids = bytes
                    .chunks_exact(32)
                    .map(|id| ChunkId::from_bytes(id.try_into().expect("the slice has 32 bytes")));
                for id in ids.filter(|id| !id.is_zero()) {
                    if level > 1 {
                        self.add(domain, TreePart::Node { level: level - 1, id });
                    } else {
                        keys.push((domain, id));
                    }
                }
            }
        }
        Ok(Seen::Keys(keys))
    }
}
