//! What was answered "have it" while a sweep runs.
//!
//! A chunk that was said to be held is reserved for whoever asked. Who asked before the sweep began is protected by its
//! root, or because the sweep keeps its domain; who asks later is protected by this list, which the sweep empties again and again.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::chunk::{ChunkId, Domain};

/// A part of a disk tree, as its reader knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TreePart {
    /// A root record.
    Root(ChunkId),
    /// A node; level 1 lists chunks.
    Node {
        /// Its level.
        level: u8,
        /// Its id.
        id: ChunkId,
    },
}

impl TreePart {
    /// Id of the record or node.
    pub fn id(&self) -> ChunkId {
        match self {
            TreePart::Root(id) | TreePart::Node { id, .. } => *id,
        }
    }
}

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touch {
    /// This chunk is here.
    Chunk(Domain, ChunkId),
    /// Everything under it is here.
    Whole(Domain, TreePart),
}

/// The list, and the gate that closes for the moment of the decision.
#[derive(Default)]
pub(crate) struct Touched {
    /// Held for reading around every look-up whose answer is a promise; for writing while the sweep decides.
    pub(crate) gate: tokio::sync::RwLock<()>,
    on: AtomicBool,
    list: Mutex<Vec<Touch>>,
}

impl Touched {
    pub(crate) fn start(&self) {
        self.on.store(true, Ordering::SeqCst);
    }

    pub(crate) fn stop(&self) {
        self.on.store(false, Ordering::SeqCst);
        self.lock().clear();
    }

    pub(crate) fn record(&self, touches: impl IntoIterator<Item = Touch>) {
        if self.on.load(Ordering::SeqCst) {
            self.lock().extend(touches);
        }
    }

    pub(crate) fn drain(&self) -> Vec<Touch> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Touch>> {
        self.list.lock().expect("nobody panics while holding the list")
    }
}
