//! Nodes that come before they are asked for, true ones and others.
#![allow(clippy::unwrap_used, missing_docs)]

mod rig;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::stream::{self, TryStreamExt};
use store::{ChunkId, ChunkStore, Domain, Look};
use transfer::testing::{SampleDisk, Weight, frame_of, pieces};
use transfer::{
    AHEAD_NODES, Ahead, ChunkSource, FetchDisk, FrameStream, Moved, SourceFault, StoreSource,
    Watch, Wire, fetch_disk, tree_ahead,
};

/// A store as a source that sends a tree ahead, with a body of the test's making.
struct Foresighted {
    source: StoreSource,
    body: Bytes,
    root: ChunkId,
    ahead: Arc<Ahead>,
    /// Nodes that it was asked for one by one.
    asked: Arc<Mutex<Vec<ChunkId>>>,
}

#[async_trait]
impl ChunkSource for Foresighted {
    async fn fetch(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        self.source.fetch(ids).await
    }

    async fn fetch_nodes(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        if ids.contains(&self.root) && self.ahead.is_first(self.root) {
            self.ahead.begin(pieces(self.body.clone(), 10_000)).await;
        }
        let (source, asked) = (self.source.clone(), Arc::clone(&self.asked));
        Ok(self.ahead.answer(ids, move |rest| {
            asked.lock().unwrap().extend(&rest);
            stream::once(async move { source.fetch(rest).await }).try_flatten().boxed()
        }))
    }
}

/// 70,000 places, in 69 nodes of level 1, no two alike.
fn disk() -> SampleDisk {
    let filled: Vec<(u64, u64)> = (0..70_000).step_by(500).map(|at| (at, at)).collect();
    SampleDisk::sparse(70_000 * 65_536, &filled, Weight::Light)
}

async fn held(disk: &SampleDisk) -> (ChunkStore, Domain) {
    let (store, domain) = rig::new_store().await;
    disk.put_into(&store, domain, |_| true).await;
    (store, domain)
}

async fn body(store: &ChunkStore, domain: Domain, disk: &SampleDisk) -> Bytes {
    let frames = tree_ahead(store, domain, disk.root).await.unwrap().unwrap();
    frames.try_collect::<Vec<Bytes>>().await.unwrap().concat().into()
}

/// Brings the disk while a tree comes ahead with this body; answers what was moved and the nodes asked for besides.
async fn brought(disk: &SampleDisk, make: impl Fn(Bytes) -> Bytes) -> (Moved, Vec<ChunkId>) {
    let (store, domain) = held(disk).await;
    let body = make(body(&store, domain, disk).await);
    let source = Foresighted {
        source: StoreSource::new(store, domain),
        body,
        root: disk.root.id(),
        ahead: Arc::default(),
        asked: Arc::default(),
    };
    let (target, domain) = rig::new_store().await;
    let job = FetchDisk { root: disk.root, domain, expected_size: disk.size_bytes };
    let wire = Wire::Frames(&source);
    let moved = fetch_disk(job, wire, &target, &Watch::default()).await.unwrap();
    let check = target.check_tree(domain, disk.root, Look::Bytes).await.unwrap();
    assert_eq!((check.places, check.missing), (disk.places, 0));
    let asked = source.asked.lock().unwrap().clone();
    (moved, asked)
}

#[tokio::test]
async fn a_small_tree_comes_in_one_answer() {
    let filled: Vec<(u64, u64)> = (0..20_000).step_by(40).map(|at| (at, at)).collect();
    let disk = SampleDisk::sparse(20_000 * 65_536, &filled, Weight::Light);
    assert_eq!(disk.nodes.len(), 21);
    let (moved, asked) = brought(&disk, |body| body).await;
    assert_eq!(asked, []);
    assert_eq!(moved.bytes_received, disk.frame_bytes());
}

#[tokio::test]
async fn of_a_big_tree_the_first_nodes_come_ahead_and_nothing_comes_twice() {
    let disk = disk();
    let (moved, asked) = brought(&disk, |body| body).await;
    assert_eq!(asked.len(), disk.nodes.len() - AHEAD_NODES);
    assert_eq!(moved.bytes_received, disk.frame_bytes());
}

/// R000-8, I1: nothing that comes ahead is believed.
#[tokio::test]
async fn whatever_comes_ahead_the_disk_is_the_one_that_was_asked_for() {
    let disk = disk();
    let all = disk.nodes.len() + 1;
    let flipped = |body: Bytes| {
        // In the root record's own bytes: its frame is the first.
        let mut body = BytesMut::from(&body[..]);
        body[60] ^= 1;
        body.freeze()
    };
    let asked = brought(&disk, flipped).await.1;
    assert_eq!((asked[0], asked.len()), (disk.root.id(), all - AHEAD_NODES));
    let cut = |body: Bytes| body.slice(..body.len() / 2);
    let asked = brought(&disk, cut).await.1.len();
    assert!((all - AHEAD_NODES..all).contains(&asked), "{asked}");
    assert_eq!(brought(&disk, |_| Bytes::new()).await.1.len(), all);
    assert_eq!(brought(&disk, |_| Bytes::from(vec![7; 5_000])).await.1.len(), all);
    // Chunks that nobody asks for, more than may come.
    let other = |_| {
        let frames = (0..100).map(|seed: u64| {
            let plain = seed.to_le_bytes();
            frame_of(ChunkId::of(&plain), &plain)
        });
        frames.collect::<Vec<Bytes>>().concat().into()
    };
    assert_eq!(brought(&disk, other).await.1.len(), all);
}

#[tokio::test]
async fn a_tree_that_is_not_held_is_not_sent() {
    let (store, domain) = rig::new_store().await;
    assert!(tree_ahead(&store, domain, disk().root).await.unwrap().is_none());
}
