//! Reservations: what an import needs while no root names it.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use crate::chunk::{ChunkId, Domain};
use crate::fault::StoreFault;
use crate::store::ChunkStore;
use crate::touched::{Touch, TreePart};

/// The pins of all open reservations.
#[derive(Default)]
pub(crate) struct Pins {
    next: AtomicU64,
    open: Mutex<HashMap<u64, Pinned>>,
}

struct Pinned {
    domain: Domain,
    chunks: HashSet<ChunkId>,
    parts: HashSet<TreePart>,
}

impl Pins {
    /// Everything pinned now.
    pub(crate) fn all(&self) -> Vec<Touch> {
        let open = self.lock();
        let mut all = Vec::new();
        for pinned in open.values() {
            all.extend(pinned.chunks.iter().map(|id| Touch::Chunk(pinned.domain, *id)));
            all.extend(pinned.parts.iter().map(|part| Touch::Whole(pinned.domain, *part)));
        }
        all
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Pinned>> {
        self.open.lock().expect("nobody panics while holding the pins")
    }
}

/// Pins chunks and nodes for as long as it lives. In memory only: an import that is cut off begins anew.
///
/// Keep it until the catalog has the disk's root; drop it after that.
pub struct Reservation {
    store: ChunkStore,
    domain: Domain,
    number: u64,
}

impl Reservation {
    pub(crate) fn new(store: ChunkStore, domain: Domain) -> Self {
        let pins = &store.inner.pins;
        let number = pins.next.fetch_add(1, Ordering::Relaxed);
        let pinned = Pinned { domain, chunks: HashSet::new(), parts: HashSet::new() };
        pins.lock().insert(number, pinned);
        Reservation { store, domain, number }
    }

    /// Pins these chunks, and tells which are missing. What is held stays; what is missing must be put.
    ///
    /// # Errors
    /// When the index fails.
    pub async fn missing(&self, ids: &[ChunkId]) -> Result<Vec<bool>, StoreFault> {
        self.pin(ids);
        self.store.missing(self.domain, ids).await
    }

    /// Pins chunks, held or not.
    pub fn pin(&self, ids: &[ChunkId]) {
        self.with(|pinned| pinned.chunks.extend(ids.iter().filter(|id| !id.is_zero())));
    }

    /// Pins a node that has been put, in place of all that is pinned one by one and lies under it: `chunks` and `parts`.
    /// So a reservation holds no more than about a node's ids for each level. What lies under a node is found by reading it,
    /// so call this only when it has been handed to [`Ingest::put_plain`](crate::Ingest::put_plain).
    pub fn fold(&self, node: TreePart, chunks: &[ChunkId], parts: &[TreePart]) {
        self.with(|pinned| {
            for id in chunks {
                pinned.chunks.remove(id);
            }
            for part in parts {
                pinned.parts.remove(part);
            }
            pinned.parts.insert(node);
        });
    }

    /// How many ids are pinned.
    pub fn pins(&self) -> usize {
        let open = self.store.inner.pins.lock();
        open.get(&self.number).map_or(0, |pinned| pinned.chunks.len() + pinned.parts.len())
    }

    fn with(&self, change: impl FnOnce(&mut Pinned)) {
        let mut open = self.store.inner.pins.lock();
        change(open.get_mut(&self.number).expect("a reservation is listed until it is dropped"));
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.store.inner.pins.lock().remove(&self.number);
    }
}
