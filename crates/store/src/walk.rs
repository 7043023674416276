//! Reading a disk's tree from the store, in the order of the disk.

use crate::chunk::{ChunkId, Domain};
use crate::fault::StoreFault;
use crate::store::ChunkStore;
use crate::tree::{DiskRoot, NODE_IDS, RootRecord, decode_node};

/// The chunks that one node of level 1 lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaves {
    /// Place of the first of them on the disk, counted in chunks.
    pub first_chunk: u64,
    /// Their ids; the zero id where the disk has zeros.
    pub ids: Vec<ChunkId>,
}

/// Reads a tree node by node. Holds one node's ids per level; what is zero is skipped.
pub struct TreeReader {
    store: ChunkStore,
    domain: Domain,
    root: DiskRoot,
    record: RootRecord,
    /// Nodes still to read: level, index within the level, id. The next one is last.
    todo: Vec<(u8, u64, ChunkId)>,
    places: u64,
}

/// Whether a tree is all here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeCheck {
    /// Places that are not zero and whose chunk is here.
    pub places: u64,
    /// Places whose chunk is missing, or damaged where bytes were read.
    pub missing: u64,
    /// Some of the chunks that are missing or damaged, at most 64.
    pub examples: Vec<ChunkId>,
}

/// How closely a tree's chunks are looked at. Its nodes are always read and hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// The index is asked: what it records was hashed and durable when it was put.
    Index,
    /// Every chunk is read and hashed anew.
    Bytes,
}

impl ChunkStore {
    /// The record of a root that the store holds.
    ///
    /// # Errors
    /// As [`ChunkStore::get`]; [`StoreFault::Tree`] when the chunk is no root record.
    pub async fn root_record(
        &self,
        domain: Domain,
        root: DiskRoot,
    ) -> Result<RootRecord, StoreFault> {
        let bytes = self.get(domain, root.id()).await?;
        RootRecord::decode(&bytes).map_err(|source| StoreFault::Tree { id: root.id(), source })
    }

    /// A reader for a tree whose root the store holds.
    ///
    /// # Errors
    /// As [`ChunkStore::root_record`].
    pub async fn tree(&self, domain: Domain, root: DiskRoot) -> Result<TreeReader, StoreFault> {
        let record = self.root_record(domain, root).await?;
        let todo = vec![(record.depth(), 0, record.top())];
        Ok(TreeReader { store: self.clone(), domain, root, record, todo, places: 0 })
    }

    /// Looks whether everything under a root is here.
    ///
    /// # Errors
    /// [`StoreFault::Missing`], [`StoreFault::Damaged`] or [`StoreFault::Tree`] for the root or a node; else when the store fails.
    pub async fn check_tree(
        &self,
        domain: Domain,
        root: DiskRoot,
        look: Look,
    ) -> Result<TreeCheck, StoreFault> {
        let mut reader = self.tree(domain, root).await?;
        let mut check = TreeCheck::default();
        while let Some(leaves) = reader.next().await? {
            let ids: Vec<ChunkId> = leaves.ids.into_iter().filter(|id| !id.is_zero()).collect();
            for (id, missing) in ids.iter().zip(self.missing(domain, &ids).await?) {
                let bad = missing || (look == Look::Bytes && !self.is_sound(domain, *id).await?);
                if bad {
                    check.missing += 1;
                    check.examples.extend((check.examples.len() < 64).then_some(*id));
                } else {
                    check.places += 1;
                }
            }
        }
        Ok(check)
    }

    async fn is_sound(&self, domain: Domain, id: ChunkId) -> Result<bool, StoreFault> {
        match self.get(domain, id).await {
            Ok(_) => Ok(true),
            Err(StoreFault::Missing { .. } | StoreFault::Damaged { .. }) => Ok(false),
            Err(fault) => Err(fault),
        }
    }
}

impl TreeReader {
    /// What the root says.
    pub fn record(&self) -> &RootRecord {
        &self.record
    }

    /// The next chunks that are not all zero; `None` at the end of the disk.
    ///
    /// # Errors
    /// As [`ChunkStore::get`]; [`StoreFault::Tree`] when a chunk is no node of its level, or the root states another number
    /// of places than the nodes list.
    pub async fn next(&mut self) -> Result<Option<Leaves>, StoreFault> {
        while let Some((level, index, id)) = self.todo.pop() {
            if id.is_zero() {
                continue;
            }
            let bytes = self.store.get(self.domain, id).await?;
            let ids = decode_node(&bytes, level, self.record.shape().node_ids(level, index))
                .map_err(|source| StoreFault::Tree { id, source })?;
            let first = index * NODE_IDS as u64;
            if level == 1 {
                self.places += ids.iter().filter(|id| !id.is_zero()).count() as u64;
                return Ok(Some(Leaves { first_chunk: first, ids }));
            }
            let children =
                ids.into_iter().enumerate().map(|(at, id)| (level - 1, first + at as u64, id));
            self.todo.extend(children.rev().filter(|(_, _, id)| !id.is_zero()));
        }
        if self.places != self.record.places() {
            let source = crate::FormatError::Places { places: self.record.places() };
            return Err(StoreFault::Tree { id: self.root.id(), source });
        }
        Ok(None)
    }
}
