//! Small disks with deep trees: two leaves under one top, sharing chunks and leaves with each other.
#![allow(dead_code)]

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use store::{CHUNK_BYTES, ChunkId, DiskRoot, NODE_IDS, Naming, RootRecord, TreeBuilder, TreePart};

use super::text;

/// A disk's tree, as a source has it: every part with its bytes.
pub struct Disk {
    pub record: RootRecord,
    pub naming: Naming,
    pub plain: BTreeMap<ChunkId, Bytes>,
    /// Nodes by id, with level and places.
    pub nodes: BTreeMap<ChunkId, (u8, u64)>,
}

impl Disk {
    /// A disk whose two leaves have the chunks that these variants say, four each, overlapping with their neighbours'.
    pub fn new(first: u64, second: u64) -> Self {
        Disk::named(first, second, Naming::Plain)
    }

    /// The same under another naming.
    pub fn named(first: u64, second: u64, naming: Naming) -> Self {
        let half = NODE_IDS as u64;
        let size = 2 * half * CHUNK_BYTES as u64;
        let mut tree = TreeBuilder::named(size, naming.clone()).unwrap();
        let mut plain = BTreeMap::new();
        for variant in [first, second] {
            for seed in variant..variant + 4 {
                let bytes = text(seed);
                let id = naming.id(&bytes);
                tree.push(id);
                plain.insert(id, bytes);
            }
            tree.push_zeros(half - 4);
        }
        let (record, finished) = tree.finish().unwrap();
        let mut nodes = BTreeMap::new();
        for node in finished {
            nodes.insert(node.chunk.id(), (node.level, node.places));
            plain.insert(node.chunk.id(), node.chunk.plain().clone());
        }
        let root = record.root_named(&naming);
        plain.insert(root.id(), Bytes::copy_from_slice(&record.encode()));
        Disk { record, naming, plain, nodes }
    }

    pub fn root(&self) -> DiskRoot {
        self.record.root_named(&self.naming)
    }

    pub fn ids(&self) -> BTreeSet<ChunkId> {
        self.plain.keys().copied().collect()
    }

    /// The parts with their places, the root last.
    pub fn parts(&self) -> Vec<(TreePart, u64)> {
        let nodes = self.nodes.iter();
        let mut parts: Vec<_> = nodes
            .map(|(id, (level, places))| (TreePart::Node { level: *level, id: *id }, *places))
            .collect();
        parts.push((TreePart::Root(self.root().id()), self.record.places()));
        parts
    }
}
