//! Packs that take frames: handed to one writer at a time, and continued by the next.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use crate::backend::{PackFile, StoreBackend};
use crate::chunk::Domain;
use crate::fault::StoreFault;
use crate::pack::{PACK_BYTES, PACK_HEADER_BYTES, PackHeader, PackNumber};

/// Packs kept open while nobody writes to them. Beyond it the one unused longest is closed for good.
const IDLE_MAX: usize = 32;

/// The numbers of packs that may still get rows. The sweep leaves their files alone.
type OpenNumbers = Arc<Mutex<HashSet<PackNumber>>>;

/// A pack that takes frames, or whose last frames are on their way into the index.
pub(crate) struct OpenPack {
    pub(crate) number: PackNumber,
    pub(crate) domain: Domain,
    file: Arc<dyn PackFile>,
    written: AtomicU64,
    /// Why nothing that was not recorded before is to be believed any more.
    broken: OnceLock<StoreFault>,
    open: OpenNumbers,
}

impl OpenPack {
    /// Where the next frame goes.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.written() >= PACK_BYTES
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.broken.get().is_some()
    }

    pub(crate) fn append(&self, bytes: &[u8]) -> Result<(), StoreFault> {
        let at = self.written();
        self.file.append(at, bytes).inspect_err(|fault| self.give_up(fault))?;
        self.written.store(at + bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    /// Syncs, unless a write or a sync failed before: a second sync would prove nothing.
    pub(crate) fn sync(&self) -> Result<(), StoreFault> {
        match self.broken.get() {
            Some(fault) => Err(fault.clone()),
            None => self.file.sync().inspect_err(|fault| self.give_up(fault)),
        }
    }

    fn give_up(&self, fault: &StoreFault) {
        tracing::warn!(pack = %self.number, %fault, "a pack is given up");
        // The first fault stays.
        let _ = self.broken.set(fault.clone());
    }
}

impl Drop for OpenPack {
    fn drop(&mut self) {
        if let Err(fault) = self.file.trim(self.written()) {
            tracing::warn!(pack = %self.number, %fault, "space behind a pack was not given back");
        }
        lock(&self.open).remove(&self.number);
    }
}

pub(crate) struct Shelf {
    backend: Arc<dyn StoreBackend>,
    idle: Mutex<Vec<Arc<OpenPack>>>,
    open: OpenNumbers,
}

impl Shelf {
    pub(crate) fn new(backend: Arc<dyn StoreBackend>) -> Self {
        Shelf { backend, idle: Mutex::default(), open: OpenNumbers::default() }
    }

    /// An idle pack of this domain, or a new one.
    pub(crate) fn take(&self, domain: Domain) -> Result<Arc<OpenPack>, StoreFault> {
        let mut idle = lock(&self.idle);
        idle.retain(|pack| !pack.is_broken());
        match idle.iter().rposition(|pack| pack.domain == domain) {
            Some(at) => Ok(idle.remove(at)),
            None => {
                drop(idle);
                self.create(domain)
            }
        }
    }

    /// A new pack.
    pub(crate) fn create(&self, domain: Domain) -> Result<Arc<OpenPack>, StoreFault> {
        let number = PackNumber::random()
            .map_err(|error| StoreFault::io("number a pack", std::io::Error::other(error)))?;
        // Before the file exists: the sweep lists first and asks here second.
        lock(&self.open).insert(number);
        let file = self.backend.create(PackHeader { number, domain }).inspect_err(|_| {
            lock(&self.open).remove(&number);
        })?;
        Ok(Arc::new(OpenPack {
            number,
            domain,
            file,
            written: AtomicU64::new(PACK_HEADER_BYTES as u64),
            broken: OnceLock::new(),
            open: Arc::clone(&self.open),
        }))
    }

    /// Takes back a pack whose writer has nothing more to write now.
    pub(crate) fn give_back(&self, pack: Arc<OpenPack>) {
        if pack.is_full() || pack.is_broken() {
            return;
        }
        let mut idle = lock(&self.idle);
        idle.push(pack);
        let oldest = (idle.len() > IDLE_MAX).then(|| idle.remove(0));
        drop(idle);
        drop(oldest);
    }

    /// Closes the packs that nobody writes to, so that a sweep may tidy them.
    pub(crate) fn close_idle(&self) {
        let idle = std::mem::take(&mut *lock(&self.idle));
        drop(idle);
    }

    /// Whether rows may still be recorded for this pack.
    pub(crate) fn is_open(&self, pack: PackNumber) -> bool {
        lock(&self.open).contains(&pack)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics while holding the shelf")
}
