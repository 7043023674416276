//! Verified ingestion: one set of threads per store, shared by all that goes on at once.
//!
//! Workers check (or compress) and append to packs, each to a pack of its own; one thread syncs the packs and records the
//! rows of 16 to 32 MiB at a time, over all workers. What nobody adds to is committed after 100 ms, or at once when asked.

mod commit;
pub(crate) mod ingest;
mod outstanding;
mod queue;
pub(crate) mod shelf;
mod worker;

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::backend::StoreBackend;
use crate::fault::StoreFault;
use crate::index::ChunkIndex;
use crate::touched::Touched;
use commit::{Commit, Committer};
use ingest::IngestState;
use outstanding::Outstanding;
use queue::Queue;
use shelf::Shelf;
use worker::{Job, Worker};

/// Batches on their way to the commit thread. Each has rows for about 1 MiB; their bytes are in the page cache already.
const BATCHES: usize = 64;

/// How the engine is laid out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) workers: usize,
    pub(crate) level: i32,
    pub(crate) window_bytes: usize,
    pub(crate) group_bytes: u64,
    pub(crate) quiet: Duration,
}

/// The threads and what they share.
pub(crate) struct Engine {
    shared: Arc<Shared>,
    commits: Option<SyncSender<Commit>>,
    threads: Vec<JoinHandle<()>>,
}

/// What callers and threads share.
pub(crate) struct Shared {
    jobs: Queue<Job>,
    window: Arc<Semaphore>,
    pub(crate) shelf: Arc<Shelf>,
    outstanding: Arc<Outstanding>,
    window_bytes: usize,
    pieces: usize,
}

impl Engine {
    /// Starts the threads.
    pub(crate) fn start(
        backend: Arc<dyn StoreBackend>,
        index: Arc<dyn ChunkIndex>,
        touched: Arc<Touched>,
        layout: Layout,
    ) -> Result<Self, StoreFault> {
        let io = |error| StoreFault::io("start the store's threads", error);
        let (sender, receiver) = sync_channel(BATCHES);
        let shared = Arc::new(Shared {
            jobs: Queue::default(),
            window: Arc::new(Semaphore::new(layout.window_bytes)),
            shelf: Arc::new(Shelf::new(backend)),
            outstanding: Arc::new(Outstanding::default()),
            window_bytes: layout.window_bytes,
            pieces: layout.workers * 2,
        });
        let committer =
            Committer::new(receiver, index, touched, Arc::clone(&shared.outstanding), layout);
        let mut threads = Vec::new();
        for number in 0..layout.workers {
            let worker =
                Worker::new(Arc::clone(&shared), sender.clone(), layout.level).map_err(io)?;
            let name = format!("store-work-{number}");
            let run = move || or_abort(|| worker.run());
            threads.push(Builder::new().name(name).spawn(run).map_err(io)?);
        }
        let name = "store-commit".to_owned();
        let run = move || or_abort(|| committer.run());
        threads.push(Builder::new().name(name).spawn(run).map_err(io)?);
        Ok(Engine { shared, commits: Some(sender), threads })
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Hands over a job and remembers that its ingest waits for it.
    pub(crate) fn submit(&self, ingest: &Arc<IngestState>, work: worker::Work) {
        let job = Job::new(Arc::clone(ingest), self.shared.outstanding.begin(), work);
        self.shared.jobs.push(job);
    }

    /// Returns once everything handed over before is committed or has failed.
    pub(crate) async fn barrier(&self) {
        self.shared.outstanding.settled(|| self.hurry()).await;
    }

    /// Has the commit thread look whether somebody waits.
    pub(crate) fn hurry(&self) {
        if let Some(commits) = &self.commits {
            // A full channel means that it is awake.
            let _ = commits.try_send(Commit::Look);
        }
    }
}

/// Runs a thread of the store, and ends the process if it panics. Whoever waits for it would wait for ever, and nobody
/// could say what of its work was done; a process that starts again goes on from what is durable.
fn or_abort(run: impl FnOnce()) {
    struct Abort;
    impl Drop for Abort {
        fn drop(&mut self) {
            if std::thread::panicking() {
                tracing::error!(
                    "a thread of the store panicked; the process ends, and goes on when it is started again"
                );
                std::process::abort();
            }
        }
    }
    let abort = Abort;
    run();
    drop(abort);
}

impl Shared {
    /// Room in the window of bytes that are handed over and not yet durable.
    pub(crate) async fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, StoreFault> {
        let least = 4_096; // so that a flood of tiny chunks is bounded in number too
        let bytes = bytes.clamp(least.min(self.window_bytes), self.window_bytes) as u32;
        Arc::clone(&self.window).acquire_many_owned(bytes).await.map_err(|_| StoreFault::Closed)
    }

    /// Into how many jobs a run is cut so that all workers have a part in it.
    pub(crate) fn pieces(&self) -> usize {
        self.pieces
    }
}

impl Drop for Engine {
    /// Commits what was handed over, and ends the threads.
    fn drop(&mut self) {
        self.shared.window.close();
        self.shared.jobs.close();
        self.commits = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the store panicked");
            }
        }
    }
}
