//! Those who use a store while it is swept: copies that fetch node by node, and imports that build bottom-up.
#![allow(dead_code)]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use store::{
    CHUNK_BYTES, Chunk, ChunkId, ChunkStore, DiskRoot, Domain, Ingest, LiveRoots, RootRecord,
    StoreFault, TreePart, Wanted,
};

use super::disk::Disk;
use super::frames_named;

/// The catalog's part: which roots are live and which domains are kept, twice if two hold one.
#[derive(Clone, Default)]
pub struct Live(pub Arc<Mutex<store::Live>>);

impl Live {
    pub fn add(&self, domain: Domain, root: DiskRoot) {
        self.0.lock().unwrap().roots.push((domain, root));
    }

    pub fn remove(&self, domain: Domain, root: DiskRoot) {
        let roots = &mut self.0.lock().unwrap().roots;
        let at = roots.iter().position(|entry| *entry == (domain, root)).unwrap();
        roots.remove(at);
    }

    pub fn keep(&self, domain: Domain) {
        self.0.lock().unwrap().kept.push(domain);
    }

    pub fn keep_no_more(&self, domain: Domain) {
        let kept = &mut self.0.lock().unwrap().kept;
        let at = kept.iter().position(|entry| *entry == domain).unwrap();
        kept.remove(at);
    }
}

#[async_trait]
impl LiveRoots for Live {
    async fn live(&self) -> Result<store::Live, StoreFault> {
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
    pub domain: Domain,
    store: ChunkStore,
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
            let plain = self.disk.plain[&id].clone();
            let (run, ids) = frames_named(&[plain], &self.disk.naming);
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

/// An import: asks for chunks, puts what is missing, then the nodes, the root last. Its domain is kept meanwhile.
pub struct Import {
    pub disk: Arc<Disk>,
    pub domain: Domain,
    store: ChunkStore,
    ingest: Ingest,
    live: Live,
    todo: Vec<ChunkId>,
}

impl Import {
    pub fn begin(store: &ChunkStore, domain: Domain, disk: Arc<Disk>, live: &Live) -> Self {
        live.keep(domain);
        let mut todo: Vec<ChunkId> = disk.plain.keys().copied().collect();
        // Chunks first, then nodes by level, then the root; popped from the end.
        let rank = |id: &ChunkId| {
            let level = disk.nodes.get(id).map_or(0, |(level, _)| *level);
            if *id == disk.root().id() { 9 } else { level }
        };
        todo.sort_by_key(|id| std::cmp::Reverse(rank(id)));
        let (ingest, store, live) = (store.ingest(domain), store.clone(), live.clone());
        Import { ingest, domain, store, live, todo, disk }
    }

    /// Does one thing; tells whether the import is stored. The caller makes the root live, and only then drops this.
    pub async fn step(&mut self) -> bool {
        let Some(id) = self.todo.pop() else {
            self.ingest.flush().await.unwrap();
            return true;
        };
        if self.store.missing(self.domain, &[id]).await.unwrap()[0] {
            let plain = self.disk.plain[&id].clone();
            self.ingest.put_plain(Chunk::named(plain, &self.disk.naming)).await.unwrap();
        }
        false
    }
}

impl Drop for Import {
    fn drop(&mut self) {
        self.live.keep_no_more(self.domain);
    }
}
