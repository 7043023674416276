//! Walks a disk tree at a region, from the root down, and tells which chunk lies at which place.

use store::{ChunkId, RootRecord, decode_node};
use tokio::sync::mpsc;

use super::Source;
use crate::failure::Failure;

/// Nodes fetched together.
const NODES: usize = 16;

/// Chunks and the places where they lie; the places go up. Of one node, so at most 1,024.
pub type Leaves = Vec<(u64, ChunkId)>;

/// A node that is still to be fetched.
struct Pending {
    level: u8,
    index: u64,
    id: ChunkId,
}

/// Hands out every chunk of the tree that is not zero, in the order of the disk. Ends early when nobody listens.
/// Holds at most `NODES * 1,024` ids a level.
pub async fn walk(
    source: &Source,
    record: &RootRecord,
    to: mpsc::Sender<Leaves>,
) -> Result<(), Failure> {
    let mut todo = Vec::new();
    if !record.top().is_zero() {
        todo.push(Pending { level: record.depth(), index: 0, id: record.top() });
    }
    let mut places = 0;
    while let Some(level) = todo.last().map(|node| node.level) {
        let same = todo.iter().rev().take(NODES).take_while(|node| node.level == level).count();
        let group: Vec<Pending> = todo.drain(todo.len() - same..).rev().collect();
        let mut below = Vec::new();
        for (node, bytes) in group.iter().zip(fetch(source, &group).await?) {
            let ids = decode_node(&bytes, level, record.shape().node_ids(level, node.index))
                .map_err(|error| source.wrong(&error))?;
            let first = node.index * store::NODE_IDS as u64;
            let listed = (first..).zip(ids).filter(|(_, id)| !id.is_zero());
            if level > 1 {
                below.extend(listed.map(|(index, id)| Pending { level: level - 1, index, id }));
                continue;
            }
            let leaves: Leaves = listed.collect();
            places += leaves.len() as u64;
            if to.send(leaves).await.is_err() {
                return Ok(());
            }
        }
        todo.extend(below.into_iter().rev());
    }
    if places != record.places() {
        let reason = format!("it has `{places}` chunks, its root states `{}`", record.places());
        return Err(source.wrong(&reason));
    }
    Ok(())
}

/// The bytes of these nodes, in their order.
async fn fetch(source: &Source, group: &[Pending]) -> Result<Vec<Vec<u8>>, Failure> {
    let mut ids: Vec<ChunkId> = group.iter().map(|node| node.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let found = source.chunks(&ids).await?;
    let bytes = |node: &Pending| {
        found.get(&node.id).cloned().expect("every chunk asked for came, or it failed")
    };
    Ok(group.iter().map(bytes).collect())
}
