//! Builds a disk's tree from the ids of its chunks, in order, bottom-up.

use crate::chunk::{Chunk, ChunkId};
use crate::keys::Naming;
use crate::tree::{FormatError, NODE_IDS, RootRecord, Shape};

/// A finished node, to be stored.
#[derive(Clone, Debug)]
pub struct TreeNode {
    /// Its id and its bytes.
    pub chunk: Chunk,
    /// Its level: 1 lists chunks.
    pub level: u8,
    /// How many places under it are not zero.
    pub places: u64,
}

#[derive(Default)]
struct Level {
    ids: Vec<u8>,
    places: u64,
}

/// Takes chunk ids in the order of the disk and hands out nodes as they fill up. Holds at most one
/// unfinished node per level, so its memory does not grow with the disk.
pub struct TreeBuilder {
    size_bytes: u64,
    shape: Shape,
    naming: Naming,
    levels: Vec<Level>,
    pushed: u64,
    places: u64,
    finished: Vec<TreeNode>,
}

/// The ids given are not as many as the disk has chunks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("disk has `{wanted}` chunks, `{got}` were given")]
pub struct WrongCount {
    /// Chunks that the size asks for.
    pub wanted: u64,
    /// Chunks pushed.
    pub got: u64,
}

impl TreeBuilder {
    /// A builder for a disk of this size in a plain domain.
    ///
    /// # Errors
    /// [`FormatError::DiskSize`] unless the size is a positive multiple of 512.
    pub fn new(size_bytes: u64) -> Result<Self, FormatError> {
        TreeBuilder::named(size_bytes, Naming::Plain)
    }

    /// The same, for nodes that have their ids by this naming, as the chunks pushed have theirs.
    ///
    /// # Errors
    /// As [`TreeBuilder::new`].
    pub fn named(size_bytes: u64, naming: Naming) -> Result<Self, FormatError> {
        let shape = Shape::of(size_bytes)?;
        let levels = (0..shape.depth()).map(|_| Level::default()).collect();
        let finished = Vec::new();
        Ok(TreeBuilder { size_bytes, shape, naming, levels, pushed: 0, places: 0, finished })
    }

    /// Adds the next chunk.
    pub fn push(&mut self, id: ChunkId) {
        if id.is_zero() {
            return self.push_zeros(1);
        }
        self.pushed += 1;
        self.places += 1;
        self.add(0, id, 1);
    }

    /// Adds `count` chunks of zeros. Costs a few steps per level, however many they are.
    pub fn push_zeros(&mut self, count: u64) {
        self.pushed = self.pushed.saturating_add(count);
        if self.pushed <= self.shape.chunks() {
            self.add_zeros(0, count);
        }
    }

    /// Adds a whole node that was built before: of this level, where such a node begins. It is not handed out again.
    ///
    /// # Panics
    /// When no node of the level begins where the builder is, or the disk has no such level.
    pub fn push_node(&mut self, level: u8, id: ChunkId, places: u64) {
        let span = self.shape.stride(level) * NODE_IDS as u64;
        assert!(
            self.pushed.is_multiple_of(span) && usize::from(level) < self.levels.len(),
            "a node of level {level} begins at multiples of {span} chunks"
        );
        self.pushed += span.min(self.shape.chunks().saturating_sub(self.pushed));
        self.places += places;
        self.add(usize::from(level), id, places);
    }

    /// Nodes finished since the last call. They must be stored after what they list and before the root.
    pub fn take_nodes(&mut self) -> Vec<TreeNode> {
        std::mem::take(&mut self.finished)
    }

    /// Chunks pushed so far.
    pub fn pushed(&self) -> u64 {
        self.pushed
    }

    /// Ends the tree: the root record, and the nodes not yet taken.
    ///
    /// # Errors
    /// When not exactly as many chunks were pushed as the disk has.
    pub fn finish(mut self) -> Result<(RootRecord, Vec<TreeNode>), WrongCount> {
        if self.pushed != self.shape.chunks() {
            return Err(WrongCount { wanted: self.shape.chunks(), got: self.pushed });
        }
        let depth = self.levels.len();
        for at in 0..depth - 1 {
            if !self.levels[at].ids.is_empty() {
                let (id, places) = self.close(at);
                self.add(at + 1, id, places);
            }
        }
        let (top, places) = self.close(depth - 1);
        debug_assert_eq!(places, self.places);
        let record = RootRecord::new(self.size_bytes, self.places, top)
            .expect("the builder checked the size and counted the places");
        Ok((record, self.finished))
    }

    fn add(&mut self, at: usize, id: ChunkId, places: u64) {
        let Some(level) = self.levels.get_mut(at) else { return };
        level.ids.extend_from_slice(id.as_bytes());
        level.places += places;
        self.carry(at);
    }

    fn add_zeros(&mut self, at: usize, count: u64) {
        let held = self.levels[at].ids.len() / 32;
        let room = (NODE_IDS - held) as u64 % NODE_IDS as u64;
        let first = count.min(room);
        self.fill(at, first);
        let whole = (count - first) / NODE_IDS as u64;
        if whole > 0 && at + 1 < self.levels.len() {
            self.add_zeros(at + 1, whole);
            self.fill(at, (count - first) % NODE_IDS as u64);
        } else {
            self.fill(at, count - first);
        }
    }

    fn fill(&mut self, at: usize, count: u64) {
        let level = &mut self.levels[at];
        level.ids.resize(level.ids.len() + count as usize * 32, 0);
        self.carry(at);
    }

    /// Closes a full node, unless it is the top, which only `finish` closes.
    fn carry(&mut self, at: usize) {
        if self.levels[at].ids.len() == NODE_IDS * 32 && at + 1 < self.levels.len() {
            let (id, places) = self.close(at);
            self.add(at + 1, id, places);
        }
    }

    fn close(&mut self, at: usize) -> (ChunkId, u64) {
        let level = std::mem::take(&mut self.levels[at]);
        if level.places == 0 {
            return (ChunkId::ZERO, 0);
        }
        let chunk = Chunk::named(level.ids, &self.naming);
        let id = chunk.id();
        self.finished.push(TreeNode { chunk, level: at as u8 + 1, places: level.places });
        (id, level.places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::decode_node;
    use std::collections::HashMap;

    const CHUNK: u64 = crate::CHUNK_BYTES as u64;

    /// Reads a tree back, node by node, as the format says; the builder has no part in it.
    fn read_back(record: &RootRecord, nodes: &HashMap<ChunkId, Vec<u8>>) -> Vec<(u64, ChunkId)> {
        let (mut found, mut todo) = (Vec::new(), vec![(record.depth(), 0, record.top())]);
        while let Some((level, index, id)) = todo.pop() {
            if id.is_zero() {
                continue;
            }
            if level == 0 {
                found.push((index, id));
                continue;
            }
            let ids =
                decode_node(&nodes[&id], level, record.shape().node_ids(level, index)).unwrap();
            todo.extend(ids.iter().zip(index * 1_024..).map(|(id, index)| (level - 1, index, *id)));
        }
        found.sort();
        found
    }

    fn check(chunks: u64, filled: &[u64]) {
        let mut tree = TreeBuilder::new(chunks * CHUNK - 512).unwrap();
        let (mut nodes, mut wanted, mut next) = (Vec::new(), Vec::new(), 0);
        for place in filled {
            tree.push_zeros(place - next);
            let id = ChunkId::of(&place.to_le_bytes());
            tree.push(id);
            wanted.push((*place, id));
            next = place + 1;
            nodes.extend(tree.take_nodes());
        }
        tree.push_zeros(chunks - next);
        let (record, last) = tree.finish().unwrap();
        nodes.extend(last);
        assert_eq!(record.places(), filled.len() as u64);
        let nodes = nodes.into_iter().map(|n| (n.chunk.id(), n.chunk.plain().to_vec())).collect();
        assert_eq!(read_back(&record, &nodes), wanted);
    }

    #[test]
    fn a_tree_lists_every_chunk_at_its_place() {
        check(1, &[0]);
        check(1_024, &(0..1_024).collect::<Vec<_>>());
        check(1_025, &[0, 1_023, 1_024]);
        check(1 << 20, &[0, 5_000, (1 << 20) - 1]);
        check((1 << 20) + 7, &[1_024, 1 << 20, (1 << 20) + 6]);
        check(3_000_000, &[0, 1, 1_023, 2_048, 2_999_999]);
    }

    #[test]
    fn runs_of_zeros_and_single_zeros_make_the_same_tree() {
        for (before, after) in
            [(0, 3_000), (1, 2_999), (1_024, 5_000), (2_047, 1_025), (4_000, 100)]
        {
            let mut one = TreeBuilder::new((before + after + 1) * CHUNK).unwrap();
            let mut other = TreeBuilder::new((before + after + 1) * CHUNK).unwrap();
            one.push_zeros(before);
            (0..before).for_each(|_| other.push(ChunkId::ZERO));
            one.push(ChunkId::of(b"x"));
            other.push(ChunkId::of(b"x"));
            one.push_zeros(after);
            (0..after).for_each(|_| other.push(ChunkId::ZERO));
            assert_eq!(one.finish().unwrap().0, other.finish().unwrap().0);
        }
    }

    /// R001-9: cost grows with contents, not with virtual size.
    #[test]
    fn eight_tebibytes_of_zeros_take_no_node() {
        let mut tree = TreeBuilder::new(8 << 40).unwrap();
        tree.push_zeros((8 << 40) / CHUNK);
        let (record, nodes) = tree.finish().unwrap();
        assert!(nodes.is_empty() && record.top().is_zero());
        assert_eq!(record.depth(), 3);
    }

    #[test]
    fn too_few_or_too_many_chunks_make_no_tree() {
        let mut tree = TreeBuilder::new(4 * CHUNK).unwrap();
        tree.push_zeros(3);
        assert_eq!(tree.finish().unwrap_err(), WrongCount { wanted: 4, got: 3 });
        let mut tree = TreeBuilder::new(4 * CHUNK).unwrap();
        tree.push_zeros(u64::MAX);
        assert!(tree.finish().is_err());
    }
}
