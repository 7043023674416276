//! Frames that were received and found true a moment ago, for other targets of the same disk: a group commit makes them durable
//! here much later than they are wanted there.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use store::{ChunkId, Domain};

/// Most bytes of frames that a region keeps so, all copies together. The oldest go first; by then they are durable.
const SHELF_BYTES: usize = 64 << 20;

/// See the module. Chunks are found by their domain, so that no account finds another's.
#[derive(Default)]
pub(crate) struct Shelf(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    frames: HashMap<(Domain, ChunkId), Bytes>,
    order: VecDeque<(Domain, ChunkId)>,
    bytes: usize,
}

impl Shelf {
    /// Puts frames that were found true.
    pub(super) fn put(&self, domain: Domain, frames: impl IntoIterator<Item = (ChunkId, Bytes)>) {
        let mut kept = self.kept();
        for (id, frame) in frames {
            let bytes = frame.len();
            if kept.frames.insert((domain, id), frame).is_none() {
                kept.order.push_back((domain, id));
                kept.bytes += bytes;
            }
        }
        while kept.bytes > SHELF_BYTES {
            let Some(oldest) = kept.order.pop_front() else { break };
            let gone = kept.frames.remove(&oldest).map_or(0, |frame| frame.len());
            kept.bytes = kept.bytes.saturating_sub(gone);
        }
    }

    /// The frames that are here of these chunks, and the chunks that are not.
    pub(super) fn find(&self, domain: Domain, ids: Vec<ChunkId>) -> (Vec<Bytes>, Vec<ChunkId>) {
        let kept = self.kept();
        let (mut found, mut left) = (Vec::new(), Vec::new());
        for id in ids {
            match kept.frames.get(&(domain, id)) {
                Some(frame) => found.push(frame.clone()),
                None => left.push(id),
            }
        }
        (found, left)
    }

    /// Forgets everything: nobody receives anything.
    pub(super) fn clear(&self) {
        *self.kept() = Kept::default();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u64) -> ChunkId {
        ChunkId::of(&n.to_le_bytes())
    }

    #[tokio::test]
    async fn the_oldest_frames_go_and_no_domain_finds_anothers() {
        let world = crate::testing::World::with_regions(["north"]).await;
        let store = world.region("north").inner.store.clone();
        let (one, two) = (store.domain("one").await.unwrap(), store.domain("two").await.unwrap());
        let (shelf, frame) = (Shelf::default(), Bytes::from(vec![7; 1 << 20]));
        shelf.put(one, (0..70).map(|n| (id(n), frame.clone())));
        let (found, left) = shelf.find(one, (0..70).map(id).collect());
        assert_eq!((found.len(), left), (64, (0..6).map(id).collect::<Vec<_>>()));
        assert_eq!(shelf.find(two, vec![id(69)]).0.len(), 0);
        // The same frame again takes no more room.
        shelf.put(one, [(id(69), frame.clone())]);
        assert_eq!(shelf.find(one, vec![id(6), id(69)]).0.len(), 2);
        shelf.clear();
        assert_eq!(shelf.find(one, vec![id(69)]).0.len(), 0);
    }
}
