//! The source side of parcels: one office for a store, with a session for each order.

use std::collections::HashMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use delta::{Base, Encoder, Matching};
use fail::fail_point;
use store::{ChunkId, ChunkStore, DiskRoot, Domain, StoreFault};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::base::{Place, Sketches};
use super::base_index::{BaseIndexes, IndexFault};
use super::chunks::{Numbered, Runs, Side, StoredChunks};
use super::session::{Session, Workshop};
use super::{Opened, Parcel, ParcelOrder, ParcelSource, SessionId, WindowAsk};
use crate::fault::SourceFault;
use crate::source::{ChunkSource, FrameStream, StoreSource};

/// Sessions of one office at once; who comes then is served frames. The tables of one take about 40 MiB, so 320 MiB in all.
pub const SESSIONS_MAX: usize = 8;
/// Finished windows beyond two of each session, over all sessions. With those two, windows take at most 168 MiB where all
/// sessions send what does not compress at all; one session has at most 8.
const ROOM: usize = 16;
/// Places that are not zero of the largest disk that serves as a base, 128 GiB held: an index takes up to 720 bytes a place, and
/// as much again while it is made.
const BASE_PLACES_MAX: u64 = 2 << 20;
/// Without a request for so long a session ends.
pub(super) const IDLE: Duration = Duration::from_secs(60);
/// How long an order waits for the index of its base. One of 30 GiB held takes as long; making it goes on, and the next
/// order has it.
const INDEX_WITHIN: Duration = Duration::from_secs(45);
/// A base that could not be read is not tried again for so long.
const BARRED_FOR: Duration = Duration::from_secs(600);
/// Bases that are tried for one order.
const TRIES: usize = 3;
/// Chunks of the largest disk that is indexed ahead: 16 GiB, half a minute of one core.
const INDEX_AHEAD_CHUNKS: u64 = 1 << 18;

/// An order or a request for a window that is not served.
#[derive(Debug, thiserror::Error)]
pub enum ParcelFault {
    /// A chunk that the disk does not have.
    #[error("chunk `{number}` is not below the disk's `{chunks}`")]
    BeyondDisk {
        /// Its number.
        number: u64,
        /// Chunks of the disk.
        chunks: u64,
    },
    /// The disk is not in any of the domains that were named.
    #[error("disk `{root}` is not here")]
    NoDisk {
        /// The disk.
        root: DiskRoot,
    },
    /// There are as many sessions as there may be.
    #[error("`{SESSIONS_MAX}` parcel sessions are open")]
    Busy,
    /// The disk's tree cannot be read.
    #[error("failed to read the disk's tree")]
    Store(#[from] StoreFault),
    /// A window could not be made.
    #[error("{reason}")]
    Failed {
        /// Why, with its causes.
        reason: String,
    },
    /// Too much else is to be done.
    #[error("the window was not made in time")]
    Late,
    /// The system gave no random bytes.
    #[error("the system has no random bytes")]
    NoRandomness,
    /// The service is being stopped.
    #[error("the service is being stopped")]
    Stopped,
}

impl ParcelFault {
    /// What is wrong, with its causes, in one line.
    pub fn in_full(&self) -> String {
        in_full(self)
    }
}

impl From<ParcelFault> for SourceFault {
    fn from(fault: ParcelFault) -> Self {
        SourceFault::NoParcels { reason: fault.in_full() }
    }
}

/// An error with its causes, in one line.
pub(super) fn in_full(error: &dyn Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// Serves parcels out of a store. Clones share the sessions.
#[derive(Clone)]
pub struct ParcelOffice {
    inner: Arc<Office>,
}

struct Office {
    store: ChunkStore,
    indexes: BaseIndexes,
    sketches: Sketches,
    sessions: Mutex<HashMap<SessionId, Arc<Session>>>,
    seats: Arc<Semaphore>,
    workshop: Workshop,
    barred: Mutex<HashMap<Place, Instant>>,
    stop: CancellationToken,
}

impl ParcelOffice {
    /// An office over a store. `cache` is the folder of the bases' indexes; it is made when it is needed.
    pub fn new(store: ChunkStore, cache: PathBuf) -> Self {
        ParcelOffice::with_idle(store, cache, IDLE)
    }

    pub(super) fn with_idle(store: ChunkStore, cache: PathBuf, idle: Duration) -> Self {
        let stop = CancellationToken::new();
        let cores = std::thread::available_parallelism().map_or(2, usize::from).max(2);
        let workshop = Workshop::new(cores, ROOM, idle);
        let office = Office {
            indexes: BaseIndexes::new(store.clone(), cache, stop.clone()),
            store,
            sketches: Sketches::default(),
            sessions: Mutex::default(),
            seats: Arc::new(Semaphore::new(SESSIONS_MAX)),
            workshop,
            barred: Mutex::default(),
            stop,
        };
        ParcelOffice { inner: Arc::new(office) }
    }

    /// Opens a session for a disk of one of these domains: those that whoever asks may read. It waits for the index of the
    /// base, for at most 45 s.
    ///
    /// # Errors
    /// See [`ParcelFault`].
    pub async fn open(
        &self,
        domains: &[Domain],
        order: ParcelOrder,
    ) -> Result<Opened, ParcelFault> {
        fail_point!("src.parcel_open", |_| Err(ParcelFault::Failed {
            reason: "stopped at failpoint `src.parcel_open`".to_owned()
        }));
        let office = &self.inner;
        if office.stop.is_cancelled() {
            return Err(ParcelFault::Stopped);
        }
        let seat = Arc::clone(&office.seats).try_acquire_owned().map_err(|_| ParcelFault::Busy)?;
        let root = order.root;
        let disk = office.find(domains, root).await?.ok_or(ParcelFault::NoDisk { root })?;
        let numbered = Numbered::open(&office.store, disk.0, root).await?;
        let chunks = numbered.chunks();
        if let Some(number) = order.wants.iter().copied().find(|number| *number >= chunks) {
            return Err(ParcelFault::BeyondDisk { number, chunks });
        }
        let stop = office.stop.child_token();
        let (place, base) = office.base_for(domains, disk, &order, &stop).await.unzip();
        let plan = Runs::of(&order.wants);
        let reader = StoredChunks::new(Side::Disk, numbered, plan, &stop);
        let encoder = Encoder::new(order.wants, Box::new(reader), base, order.matching);
        let session = Session::new(session_id()?, disk, place, office.workshop.clone(), stop);
        let opened = Opened { session: session.id, base: place.map(|(_, root)| root) };
        office.list().insert(session.id, Arc::clone(&session));
        tokio::spawn(Arc::clone(office).host(session, encoder, seat));
        Ok(opened)
    }

    /// A window of a session whose disk is in one of these domains, or a part of it.
    ///
    /// # Errors
    /// See [`ParcelFault`].
    pub async fn window(&self, domains: &[Domain], ask: WindowAsk) -> Result<Parcel, ParcelFault> {
        fail_point!("src.parcel_window", |_| Ok(Parcel::Gone));
        let found = self.inner.list().get(&ask.session).cloned();
        let Some(session) = found.filter(|session| session.is_within(domains)) else {
            return Ok(Parcel::Gone);
        };
        if session.is_locked(&self.inner.store) {
            session.stop.cancel();
            return Ok(Parcel::Gone);
        }
        session.window(ask).await
    }

    /// Ends every session; no other is opened. Indexes that are being made are given up.
    pub fn stop(&self) {
        self.inner.stop.cancel();
    }

    /// How many sessions are open.
    pub fn sessions(&self) -> usize {
        self.inner.list().len()
    }

    #[cfg(test)]
    pub(super) fn session(&self, id: SessionId) -> Option<Arc<Session>> {
        self.inner.list().get(&id).cloned()
    }

    #[cfg(test)]
    pub(super) fn indexes(&self) -> &BaseIndexes {
        &self.inner.indexes
    }
}

impl Office {
    fn list(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, Arc<Session>>> {
        self.sessions.lock().expect("nobody panics while holding the sessions")
    }

    /// Where a disk is here; a domain that is locked has nothing.
    async fn find(&self, domains: &[Domain], root: DiskRoot) -> Result<Option<Place>, ParcelFault> {
        for domain in domains {
            match self.store.root_record(*domain, root).await {
                Ok(_) => return Ok(Some((*domain, root))),
                Err(
                    StoreFault::Missing { .. }
                    | StoreFault::Damaged { .. }
                    | StoreFault::Tree { .. }
                    | StoreFault::Locked { .. },
                ) => {}
                Err(fault) => return Err(fault.into()),
            }
        }
        Ok(None)
    }

    /// The best base that is wholly here, with its index; none where nothing serves, or not in time.
    async fn base_for(
        &self,
        domains: &[Domain],
        disk: Place,
        order: &ParcelOrder,
        stop: &CancellationToken,
    ) -> Option<(Place, Base)> {
        let mut here = Vec::new();
        match order.matching {
            Matching::Off => return None,
            Matching::On => {}
        }
        for root in order.bases.iter().filter(|root| **root != disk.1) {
            let found = self.find(domains, *root).await.ok().flatten();
            let new = found.filter(|place| !here.contains(place) && !self.is_barred(place));
            let Some(place) = new else { continue };
            let record = self.store.root_record(place.0, place.1).await;
            here.extend(
                record.is_ok_and(|record| record.places() <= BASE_PLACES_MAX).then_some(place),
            );
        }
        let until = Instant::now() + INDEX_WITHIN;
        let ranked = self.sketches.rank(&self.store, disk, here).await;
        for place in ranked.into_iter().take(TRIES) {
            match timeout_at(until, self.open_base(place, stop)).await {
                Ok(Ok(base)) => return Some((place, base)),
                Ok(Err(fault)) => {
                    tracing::warn!(base = %place.1, reason = in_full(&fault), "a base does not serve");
                    self.bar(place);
                }
                Err(_elapsed) => {
                    tracing::info!(base = %place.1, "a base is not indexed in time; parcels go without it");
                    return None;
                }
            }
        }
        None
    }

    async fn open_base(&self, place: Place, stop: &CancellationToken) -> Result<Base, IndexFault> {
        let index = self.indexes.get(place).await?;
        let numbered = Numbered::open(&self.store, place.0, place.1).await?;
        let chunks = StoredChunks::new(Side::Base, numbered, Runs::default(), stop);
        Ok(Base { index, size_chunks: chunks.size(), chunks: Box::new(chunks) })
    }

    fn is_barred(&self, place: &Place) -> bool {
        let mut barred = self.barred.lock().expect("nobody panics while holding the list");
        barred.retain(|_, until| *until > Instant::now());
        barred.contains_key(place)
    }

    /// Leaves a base alone for a while.
    fn bar(&self, place: Place) {
        let mut barred = self.barred.lock().expect("nobody panics while holding the list");
        barred.insert(place, Instant::now() + BARRED_FOR);
    }

    /// Keeps a session until it ends.
    async fn host(
        self: Arc<Self>,
        session: Arc<Session>,
        encoder: Encoder,
        seat: OwnedSemaphorePermit,
    ) {
        Arc::clone(&session).run(encoder, self.store.clone()).await;
        self.list().remove(&session.id);
        drop(seat);
        if let Some(base) = session.base.filter(|_| session.lost_its_base()) {
            // Its index may be what is damaged; one that cannot be opened is told apart where it is opened.
            self.indexes.forget(base).await;
            self.bar(base);
        }
        if session.is_done() {
            self.index_ahead(session.disk).await;
        }
    }

    /// Makes the index of a disk that a target has got just now: the next copy to it will often name it as a base. Only
    /// while no session needs the core, and only of disks that are indexed in half a minute.
    async fn index_ahead(&self, disk: Place) {
        if !self.list().is_empty() || self.indexes.is_made(disk).await || self.stop.is_cancelled() {
            return;
        }
        let Ok(record) = self.store.root_record(disk.0, disk.1).await else { return };
        if record.places() <= INDEX_AHEAD_CHUNKS
            && let Err(fault) = self.indexes.get(disk).await
        {
            tracing::debug!(disk = %disk.1, reason = in_full(&fault), "a disk is not indexed ahead");
        }
    }
}

impl Session {
    /// Whether somebody who may read these domains may have this session.
    fn is_within(&self, domains: &[Domain]) -> bool {
        let base = self.base.map(|(domain, _)| domain);
        std::iter::once(self.disk.0).chain(base).all(|domain| domains.contains(&domain))
    }
}

fn session_id() -> Result<SessionId, ParcelFault> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| ParcelFault::NoRandomness)?;
    Ok(SessionId(bytes))
}

/// An office in this process as a source.
#[derive(Clone)]
pub struct OfficeSource {
    office: ParcelOffice,
    source: StoreSource,
    domain: Domain,
}

impl OfficeSource {
    /// A source of this domain's chunks and parcels; the store is the office's.
    pub fn new(office: ParcelOffice, domain: Domain) -> Self {
        let source = StoreSource::new(office.inner.store.clone(), domain);
        OfficeSource { office, source, domain }
    }
}

#[async_trait]
impl ChunkSource for OfficeSource {
    async fn fetch(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        self.source.fetch(ids).await
    }
}

#[async_trait]
impl ParcelSource for OfficeSource {
    async fn open(&self, order: ParcelOrder) -> Result<Opened, SourceFault> {
        Ok(self.office.open(&[self.domain], order).await?)
    }

    async fn window(&self, ask: WindowAsk) -> Result<Parcel, SourceFault> {
        Ok(self.office.window(&[self.domain], ask).await?)
    }
}
