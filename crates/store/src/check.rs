//! What must hold of a store, for `check_world()`: everything recorded is true.

use std::collections::HashMap;

use crate::chunk::{CHUNK_BYTES, ChunkId, Domain};
use crate::fault::StoreFault;
use crate::frame::FrameError;
use crate::index::{ChunkRow, RowKey};
use crate::pack::PackNumber;
use crate::read::{check_frame, runs};
use crate::sealing::is_locked;
use crate::store::{ChunkStore, SLICE};
use crate::tree::RootRecord;

/// Something recorded that is not so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Untrue {
    /// The row's frame does not open to the chunk of its id.
    Chunk {
        /// The row.
        row: ChunkRow,
        /// Why not.
        error: FrameError,
    },
    /// The row points behind what its pack is said to have, or into a pack of another domain or of none.
    Pack {
        /// The row.
        row: ChunkRow,
    },
    /// The tree is said to be complete, and is not.
    Complete {
        /// The node or root.
        key: RowKey,
        /// Places said to be under it.
        stated: u64,
        /// Places found.
        found: u64,
    },
}

impl ChunkStore {
    /// Reads every recorded chunk, and every tree that is said to be complete. Meant for a store at rest; changes nothing.
    /// Of a locked domain the rows and the checksums are looked at.
    ///
    /// # Errors
    /// When the index or the backend fails.
    pub async fn check(&self) -> Result<Vec<Untrue>, StoreFault> {
        let index = &self.inner.index;
        index.settle().await?;
        let packs = index.packs().await?;
        let packs: HashMap<PackNumber, (Domain, u64)> =
            packs.iter().map(|pack| (pack.number, (pack.domain, pack.used_bytes))).collect();
        let (mut untrue, mut after) = (Vec::new(), None);
        loop {
            let rows = index.scan(after, SLICE).await?;
            let Some(last) = rows.last() else { break };
            after = Some((last.domain, last.id));
            untrue.extend(
                rows.iter().filter(|row| !fits(row, &packs)).map(|row| Untrue::Pack { row: *row }),
            );
            for run in runs(rows) {
                for (row, sound) in self.inner.read_run(run, check_frame).await? {
                    untrue.extend(sound.err().map(|error| Untrue::Chunk { row, error }));
                }
            }
        }
        let mut after = None;
        loop {
            let trees = index.scan_complete(after, SLICE).await?;
            let Some(last) = trees.last() else { break };
            after = Some(last.0);
            for (key, stated) in trees {
                let found = match self.places_under(key.0, key.1).await {
                    Err(fault) if is_locked(&fault) => continue,
                    found => found?,
                };
                untrue.extend((found != stated).then_some(Untrue::Complete { key, stated, found }));
            }
        }
        Ok(untrue)
    }

    /// Counts the places under a node or root whose chunks are all here. Its level is not known: a chunk of a disk has
    /// 65,536 bytes, a node or root fewer.
    async fn places_under(&self, domain: Domain, id: ChunkId) -> Result<u64, StoreFault> {
        let (mut places, mut todo) = (0, vec![id]);
        while let Some(id) = todo.pop() {
            let Some(plain) = self.inner.peek(domain, id).await? else { continue };
            if plain.len() == CHUNK_BYTES {
                places += 1;
            } else if let Ok(record) = RootRecord::decode(&plain) {
                todo.extend(Some(record.top()).filter(|top| !top.is_zero()));
            } else {
                let ids = plain
                    .chunks_exact(32)
                    .map(|id| ChunkId::from_bytes(id.try_into().expect("the slice has 32 bytes")));
                todo.extend(ids.filter(|id| !id.is_zero()));
            }
        }
        Ok(places)
    }
}

fn fits(row: &ChunkRow, packs: &HashMap<PackNumber, (Domain, u64)>) -> bool {
    packs
        .get(&row.place.pack)
        .is_some_and(|(domain, used)| *domain == row.domain && row.place.end() <= *used)
}
