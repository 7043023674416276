//! Those who use a store while it is swept: copies that fetch node by node, and imports that build bottom-up.
#![allow(dead_code)]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use store::{
    CHUNK_BYTES, Chunk, ChunkId, ChunkStore, DiskRoot, Domain, Ingest, LiveRoots, Reservation,
    RootRecord, StoreFault, TreePart, Wanted,
};

use super::disk::Disk;
use super::frames;

/// The catalog's part: which roots are live, twice if two hold one.
#[derive(Clone, Default)]
pub struct Live(pub Arc<Mutex<Vec<(Domain, DiskRoot)>>>);

impl Live {
    pub fn add(&self, domain: Domain, root: DiskRoot) {
        self.0.lock().unwrap().push((domain, root));
    }

    pub fn remove(&self, domain: Domain, root: DiskRoot) {
        let mut live = self.0.lock().unwrap();
        let at = live.iter().position(|entry| *entry == (domain, root)).unwrap();
        live.remove(at);
    }
}

#[async_trait]
impl LiveRoots for Live {
    async fn roots(&self) -> Result<Vec<(Domain, DiskRoot)>, StoreFault> {
        Ok(self.0.lock().unwrap().clone())
    }
}

#[derive(Clone, Copy)]
enum Task {
    Part(TreePart),
    Chunk(ChunkId),
}

/// A copy: asks, fetches what is missing, and goes down; nodes before what they list.
pub struct Copy {
    pub disk: Arc<Disk>,
    store: ChunkStore,
    domain: Domain,
    ingest: Ingest,
    todo: Vec<Task>,
}

impl Copy {
    /// The root must be live already.
    pub fn begin(store: &ChunkStore, domain: Domain, disk: Arc<Disk>) -> Self {
        let todo = vec![Task::Part(TreePart::Root(disk.root().id()))];
        Copy { disk, store: store.clone(), domain, ingest: store.ingest(domain), todo }
    }

    /// Does one thing; tells whether the copy is stored. An error says what it was promised and did not get.
    pub async fn step(&mut self) -> Result<bool, String> {
        let Some(task) = self.todo.pop() else { return self.finish().await.map(|()| true) };
        match task {
            Task::Chunk(id) => self.ensure(id).await?,
            Task::Part(part) => {
                let complete = self.store.complete(self.domain, &[part]).await.unwrap();
                if complete[0].is_none() {
                    self.ensure(part.id()).await?;
                    self.descend(part);
                }
            }
        }
        Ok(false)
    }

    async fn ensure(&mut self, id: ChunkId) -> Result<(), String> {
        if self.store.missing(self.domain, &[id]).await.unwrap()[0] {
            let (run, ids) = frames(&[self.disk.plain[&id].clone()]);
            self.ingest.put_frames(run, &mut Wanted::new(ids)).await.unwrap();
        }
        Ok(())
    }

    fn descend(&mut self, part: TreePart) {
        let plain = &self.disk.plain[&part.id()];
        match part {
            TreePart::Root(_) => {
                let record = RootRecord::decode(plain).unwrap();
                self.todo
                    .push(Task::Part(TreePart::Node { level: record.depth(), id: record.top() }));
            }
            TreePart::Node { level, .. } => {
                assert!(plain.len() < CHUNK_BYTES);
                for id in plain.chunks_exact(32) {
                    let id = ChunkId::from_bytes(id.try_into().unwrap());
                    match (id.is_zero(), level) {
                        (true, _) => {}
                        (false, 1) => self.todo.push(Task::Chunk(id)),
                        (false, _) => {
                            self.todo.push(Task::Part(TreePart::Node { level: level - 1, id }));
                        }
                    }
                }
            }
        }
    }

    /// All is there: I1 is looked at before the complete marks are written.
    async fn finish(&mut self) -> Result<(), String> {
        self.ingest.flush().await.unwrap();
        assert_whole(&self.store, self.domain, &self.disk).await?;
        self.ingest.record_complete(&self.disk.parts()).await.unwrap();
        Ok(())
    }
}

/// Every chunk of the disk is here.
pub async fn assert_whole(store: &ChunkStore, domain: Domain, disk: &Disk) -> Result<(), String> {
    for (id, plain) in &disk.plain {
        match store.get(domain, *id).await {
            Ok(got) if got == *plain => {}
            Ok(_) => return Err(format!("chunk {id} has other bytes")),
            Err(fault) => return Err(format!("a live chunk was lost: {fault}")),
        }
    }
    Ok(())
}

/// An import: asks for chunks while they are pinned, puts what is missing, then the nodes, the root last.
pub struct Import {
    pub disk: Arc<Disk>,
    ingest: Ingest,
    pins: Reservation,
    todo: Vec<(ChunkId, Option<u8>)>,
}

impl Import {
    pub fn begin(store: &ChunkStore, domain: Domain, disk: Arc<Disk>) -> Self {
        let mut todo: Vec<(ChunkId, Option<u8>)> = disk
            .plain
            .keys()
            .map(|id| (*id, disk.nodes.get(id).map(|(level, _)| *level)))
            .collect();
        // Chunks first, then nodes by level, then the root; popped from the end.
        let rank = |id: &ChunkId, level: &Option<u8>| {
            if *id == disk.root().id() { 9 } else { level.unwrap_or(0) }
        };
        todo.sort_by_key(|(id, level)| std::cmp::Reverse(rank(id, level)));
        Import { ingest: store.ingest(domain), pins: store.reserve(domain), todo, disk }
    }

    /// Does one thing; tells whether the import is stored. The caller makes the root live, and only then drops this.
    pub async fn step(&mut self) -> bool {
        let Some((id, level)) = self.todo.pop() else {
            self.ingest.flush().await.unwrap();
            return true;
        };
        if self.pins.missing(&[id]).await.unwrap()[0] {
            self.ingest.put_plain(Chunk::of(self.disk.plain[&id].clone())).await.unwrap();
        }
        let part = match level {
            Some(level) => TreePart::Node { level, id },
            None if id == self.disk.root().id() => TreePart::Root(id),
            None => return false,
        };
        // From here on the node pins what it lists, and itself.
        let listed = self.disk.plain[&id].chunks_exact(32);
        let listed: Vec<ChunkId> =
            listed.map(|id| ChunkId::from_bytes(id.try_into().unwrap())).collect();
        let parts: Vec<TreePart> = listed
            .iter()
            .filter_map(|id| Some(TreePart::Node { level: self.disk.nodes.get(id)?.0, id: *id }))
            .collect();
        let chunks: Vec<ChunkId> = listed.into_iter().chain([id]).collect();
        self.pins.fold(part, &chunks, &parts);
        false
    }

    pub fn pins(&self) -> usize {
        self.pins.pins()
    }
}
