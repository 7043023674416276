//! The commit thread: syncs packs, then records the rows of all that waits in one transaction.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};

use fail::fail_point;
use futures::executor::block_on;
use tokio::sync::OwnedSemaphorePermit;

use crate::chunk::Domain;
use crate::engine::Layout;
use crate::engine::ingest::{Durable, IngestState};
use crate::engine::outstanding::Outstanding;
use crate::engine::shelf::OpenPack;
use crate::fault::StoreFault;
use crate::index::{ChunkIndex, NewChunk, PackUse};
use crate::pack::PackNumber;
use crate::touched::{Touch, Touched};

/// What reaches the commit thread.
pub(crate) enum Commit {
    /// Rows whose bytes are written.
    Batch(Batch),
    /// A job that had nothing to write.
    Ticket(Ticket),
    /// Somebody waits.
    Look,
}

/// Rows of one pack, with the jobs that they belong to.
pub(crate) struct Batch {
    pub(crate) pack: Arc<OpenPack>,
    /// Bytes of the pack written so far.
    pub(crate) used: u64,
    pub(crate) rows: Vec<NewChunk>,
    pub(crate) tickets: Vec<Ticket>,
    /// Bytes of the rows' frames.
    pub(crate) bytes: u64,
}

impl Batch {
    pub(crate) fn new(pack: Arc<OpenPack>) -> Self {
        let used = pack.written();
        Batch { pack, used, rows: Vec::new(), tickets: Vec::new(), bytes: 0 }
    }

    pub(crate) fn fail(&self, fault: &StoreFault) {
        for ticket in &self.tickets {
            ticket.ingest.fail(fault.clone());
        }
    }
}

/// A job on its way: ended by the commit thread once its rows are recorded or have failed.
pub(crate) struct Ticket {
    pub(crate) ingest: Arc<IngestState>,
    pub(crate) durable: Durable,
    /// Number among the jobs of the engine, and of the ingest; the last part of a split job has them.
    numbers: Option<(u64, u64)>,
    room: Option<OwnedSemaphorePermit>,
}

impl Ticket {
    pub(crate) fn new(ingest: Arc<IngestState>, numbers: (u64, u64)) -> Self {
        Ticket { ingest, durable: Durable::default(), numbers: Some(numbers), room: None }
    }

    pub(crate) fn domain(&self) -> Domain {
        self.ingest.domain
    }

    /// Keeps the bytes' room in the window until they are durable.
    pub(crate) fn hold(&mut self, room: OwnedSemaphorePermit) {
        self.room = Some(room);
    }

    /// The part of the job that lies in a pack which is full now; `None` when it has nothing there.
    pub(crate) fn split(&mut self) -> Option<Ticket> {
        let durable = std::mem::take(&mut self.durable);
        let ingest = Arc::clone(&self.ingest);
        (durable.chunks > 0).then_some(Ticket { ingest, durable, numbers: None, room: None })
    }
}

pub(crate) struct Committer {
    commits: Receiver<Commit>,
    index: Arc<dyn ChunkIndex>,
    touched: Arc<Touched>,
    outstanding: Arc<Outstanding>,
    layout: Layout,
    batches: Vec<Batch>,
    /// Jobs that wrote nothing: they end with the group, behind what was handed over before.
    tickets: Vec<Ticket>,
    bytes: u64,
}

impl Committer {
    pub(crate) fn new(
        commits: Receiver<Commit>,
        index: Arc<dyn ChunkIndex>,
        touched: Arc<Touched>,
        outstanding: Arc<Outstanding>,
        layout: Layout,
    ) -> Self {
        let (batches, tickets) = (Vec::new(), Vec::new());
        Committer { commits, index, touched, outstanding, layout, batches, tickets, bytes: 0 }
    }

    pub(crate) fn run(mut self) {
        loop {
            let next = if self.is_empty() {
                self.commits.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                self.commits.recv_timeout(self.layout.quiet)
            };
            match next {
                Ok(commit) => {
                    self.take(commit);
                    let drained = self.drain();
                    if self.bytes >= self.layout.group_bytes || (drained && self.is_awaited()) {
                        self.commit();
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.commit(),
                Err(RecvTimeoutError::Disconnected) => return self.commit(),
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.tickets.is_empty()
    }

    fn is_awaited(&self) -> bool {
        let awaited = |ticket: &Ticket| ticket.ingest.outstanding.is_awaited();
        self.outstanding.is_awaited()
            || self.tickets.iter().any(awaited)
            || self.batches.iter().flat_map(|batch| &batch.tickets).any(awaited)
    }

    fn take(&mut self, commit: Commit) {
        match commit {
            Commit::Batch(batch) => {
                self.bytes += batch.bytes;
                self.batches.push(batch);
            }
            Commit::Ticket(ticket) => self.tickets.push(ticket),
            Commit::Look => {}
        }
    }

    /// Takes what is there already, as far as it fits a group. Tells whether nothing is left.
    fn drain(&mut self) -> bool {
        while self.bytes < self.layout.group_bytes {
            match self.commits.try_recv() {
                Ok(commit) => self.take(commit),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return true,
            }
        }
        false
    }

    fn commit(&mut self) {
        self.bytes = 0;
        let (batches, tickets) =
            (std::mem::take(&mut self.batches), std::mem::take(&mut self.tickets));
        let (synced, rows, packs) = sync(batches);
        let recorded = self.record(rows, packs);
        for batch in synced {
            if let Err(fault) = &recorded {
                batch.fail(fault);
            }
            batch.tickets.into_iter().for_each(|ticket| self.end(ticket));
        }
        tickets.into_iter().for_each(|ticket| self.end(ticket));
    }

    fn record(&self, rows: Vec<NewChunk>, packs: Vec<PackUse>) -> Result<(), StoreFault> {
        if rows.is_empty() {
            return Ok(());
        }
        fail_point!("wrk.record_batch", |_| Err(injected()));
        // Before the rows exist: a sweep that reads them finds them in this list.
        self.touched.record(rows.iter().map(|row| Touch::Chunk(row.domain, row.id)));
        Ok(block_on(self.index.append(rows, packs))?)
    }

    fn end(&self, ticket: Ticket) {
        if ticket.ingest.failure().is_none() {
            ticket.ingest.count(ticket.durable);
        }
        if let Some((ours, theirs)) = ticket.numbers {
            ticket.ingest.outstanding.end(theirs);
            self.outstanding.end(ours);
        }
        drop(ticket.room);
    }
}

/// Syncs each pack once. The rows of a pack that failed are left out, and their ingests told.
fn sync(mut batches: Vec<Batch>) -> (Vec<Batch>, Vec<NewChunk>, Vec<PackUse>) {
    let mut synced: HashMap<PackNumber, Result<(), StoreFault>> = HashMap::new();
    let mut packs: HashMap<PackNumber, PackUse> = HashMap::new();
    let mut rows = Vec::with_capacity(batches.iter().map(|batch| batch.rows.len()).sum());
    for batch in &mut batches {
        if batch.rows.is_empty() {
            continue;
        }
        let pack = &batch.pack;
        match synced.entry(pack.number).or_insert_with(|| pack.sync()) {
            Err(fault) => {
                let fault = fault.clone();
                batch.fail(&fault);
            }
            Ok(()) => {
                rows.append(&mut batch.rows);
                let used = packs.entry(pack.number).or_insert(PackUse {
                    number: pack.number,
                    domain: pack.domain,
                    used_bytes: 0,
                    live_bytes: 0,
                });
                used.used_bytes = used.used_bytes.max(batch.used);
            }
        }
    }
    (batches, rows, packs.into_values().collect())
}

#[cfg_attr(not(feature = "failpoints"), expect(dead_code, reason = "only failpoints make it"))]
fn injected() -> StoreFault {
    StoreFault::io("record chunks", std::io::Error::other("injected by a failpoint"))
}
