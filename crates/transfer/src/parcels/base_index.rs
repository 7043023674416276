//! The indexes of bases, kept in a folder: made when they are needed first, thrown away when they take too much room.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use delta::{BaseIndex, IndexError, IndexKey};
use store::{CacheFault, CacheFolder, ChunkStore, DiskRoot, Domain, Naming, StoreFault};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroize;

use super::chunks::{Numbered, Runs, Side, StoredChunks};

/// What the indexes may take on disk, at least and at most; between them a fiftieth of what the store holds, which is about
/// twice what the indexes of all of it would take (`studies`: 1 %).
const FOLDER_LEAST: u64 = 256 << 20;
const FOLDER_MOST: u64 = 4 << 30;
const FOLDER_SHARE: u64 = 50;

/// What the file name of an index is derived with (`docs/formats.md` 20).
const NAME_CONTEXT: &str = "ferry 2026-11 name of a base's page index 1";
/// What the index key of a sealed domain is derived with.
const KEY_CONTEXT: &str = "ferry 2026-11 key of a sealed domain's page indexes 1";

/// An index cannot be had.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum IndexFault {
    #[error("failed to read the base")]
    Store(#[from] StoreFault),
    #[error("failed to index the base")]
    Index(#[source] Arc<IndexError>),
    #[error(transparent)]
    Folder(Arc<CacheFault>),
    #[error("indexing the base was broken off")]
    Ended,
}

impl From<IndexError> for IndexFault {
    fn from(error: IndexError) -> Self {
        IndexFault::Index(Arc::new(error))
    }
}

impl From<CacheFault> for IndexFault {
    fn from(fault: CacheFault) -> Self {
        IndexFault::Folder(Arc::new(fault))
    }
}

type Built = Option<Result<(), IndexFault>>;

/// Where the index of a disk lies, and what it is sealed with.
#[derive(Clone)]
struct Slot {
    name: String,
    root: DiskRoot,
    key: Option<IndexKey>,
}

/// The folder of indexes. Clones share it.
#[derive(Clone)]
pub(super) struct BaseIndexes {
    inner: Arc<Inner>,
}

struct Inner {
    store: ChunkStore,
    folder: CacheFolder,
    /// What is being made, by its name, and how it ends.
    building: Mutex<HashMap<String, watch::Receiver<Built>>>,
    /// One is made at a time: it takes a core and 48 MiB.
    one: Semaphore,
    stop: CancellationToken,
}

impl BaseIndexes {
    pub(super) fn new(store: ChunkStore, folder: PathBuf, stop: CancellationToken) -> Self {
        let (folder, building) = (CacheFolder::new(folder), Mutex::default());
        let one = Semaphore::new(1);
        BaseIndexes { inner: Arc::new(Inner { store, folder, building, one, stop }) }
    }

    /// The index of a disk that is wholly here, made if it is not there. Making one goes on when nobody waits any longer.
    ///
    /// # Errors
    /// When a chunk of the disk cannot be read, or the folder fails.
    pub(super) async fn get(
        &self,
        (domain, root): (Domain, DiskRoot),
    ) -> Result<BaseIndex, IndexFault> {
        let slot = self.slot(domain, root)?;
        if let Some(index) = self.open(&slot).await? {
            return Ok(index);
        }
        self.make(domain, &slot).await?;
        self.open(&slot).await?.ok_or(IndexFault::Ended)
    }

    /// Whether there is a file of it.
    pub(super) async fn is_made(&self, (domain, root): (Domain, DiskRoot)) -> bool {
        let Ok(Slot { name, .. }) = self.slot(domain, root) else { return false };
        self.blocking(move |folder| folder.has(&name)).await.unwrap_or(false)
    }

    #[cfg(test)]
    pub(super) fn make_room(&self, budget: u64) {
        self.inner.folder.make_room(budget, None);
    }

    /// Throws an index away that turned out to be damaged.
    pub(super) async fn forget(&self, (domain, root): (Domain, DiskRoot)) {
        let Ok(Slot { name, .. }) = self.slot(domain, root) else { return };
        let forgotten = self.blocking(move |folder| folder.forget(&name)).await;
        if let Ok(Err(fault)) = forgotten {
            tracing::warn!(%fault, "a base's index stays, which may be damaged");
        }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&CacheFolder) -> T + Send + 'static,
    ) -> Result<T, IndexFault> {
        let inner = Arc::clone(&self.inner);
        let done = tokio::task::spawn_blocking(move || work(&inner.folder)).await;
        done.map_err(|_ended| IndexFault::Ended)
    }

    fn slot(&self, domain: Domain, root: DiskRoot) -> Result<Slot, StoreFault> {
        let mut material = domain.number().to_le_bytes().to_vec();
        material.extend_from_slice(root.id().as_bytes());
        let key = match self.inner.store.naming(domain)? {
            Naming::Plain => None,
            Naming::Keyed(id_key) => {
                material.extend_from_slice(id_key.bytes());
                let mut key = blake3::derive_key(KEY_CONTEXT, id_key.bytes());
                let index_key = IndexKey::new(key);
                key.zeroize();
                Some(index_key)
            }
        };
        let name = blake3::derive_key(NAME_CONTEXT, &material);
        material.zeroize();
        Ok(Slot { name: hex::encode(&name[..16]), root, key })
    }

    /// The index as it lies in the folder; none when it is not there, or damaged: then it is thrown away.
    async fn open(&self, slot: &Slot) -> Result<Option<BaseIndex>, IndexFault> {
        let wanted = slot.clone();
        self.blocking(move |folder| open_index(folder, &wanted)).await?
    }

    /// Waits until the index is made, by whoever makes it.
    async fn make(&self, domain: Domain, slot: &Slot) -> Result<(), IndexFault> {
        let mut built = {
            let mut building =
                self.inner.building.lock().expect("nobody panics while holding the list");
            match building.get(&slot.name) {
                Some(built) => built.clone(),
                None => {
                    let (tell, built) = watch::channel(None);
                    building.insert(slot.name.clone(), built.clone());
                    tokio::spawn(Arc::clone(&self.inner).build(domain, slot.clone(), tell));
                    built
                }
            }
        };
        let ended = built.wait_for(Option::is_some).await;
        let ended = ended.map_err(|_gone| IndexFault::Ended)?;
        ended.clone().unwrap_or(Err(IndexFault::Ended))
    }
}

impl Inner {
    async fn build(self: Arc<Self>, domain: Domain, slot: Slot, tell: watch::Sender<Built>) {
        let _one = self.one.acquire().await;
        let began = std::time::Instant::now();
        let (inner, wanted, runtime) = (Arc::clone(&self), slot.clone(), Handle::current());
        let made = tokio::task::spawn_blocking(move || {
            let made = inner.write(domain, &wanted, &runtime);
            if made.is_ok() {
                let budget = runtime.block_on(inner.store.usage()).map_or(FOLDER_LEAST, |held| {
                    (held.frame_bytes / FOLDER_SHARE).clamp(FOLDER_LEAST, FOLDER_MOST)
                });
                inner.folder.make_room(budget, Some(&wanted.name));
            }
            made
        });
        let made = made.await.unwrap_or(Err(IndexFault::Ended));
        match &made {
            Ok(()) => {
                tracing::info!(%domain, took_ms = began.elapsed().as_millis() as u64, "indexed a base")
            }
            Err(fault) => tracing::warn!(%domain, %fault, "failed to index a base"),
        }
        self.building.lock().expect("nobody panics while holding the list").remove(&slot.name);
        // Whoever waited may have gone.
        let _told = tell.send(Some(made));
    }

    fn write(&self, domain: Domain, slot: &Slot, runtime: &Handle) -> Result<(), IndexFault> {
        let _inside = runtime.enter();
        let store = &self.store;
        let plan = runtime.block_on(places(store, domain, slot.root))?;
        let disk = runtime.block_on(Numbered::open(store, domain, slot.root))?;
        let mut numbers = plan.clone().into_numbers();
        let mut chunks = StoredChunks::new(Side::Base, disk, plan, &self.stop);
        let root = *slot.root.id().as_bytes();
        let written = self.folder.write(&slot.name, |file| {
            delta::build_index(root, &mut numbers, &mut chunks, slot.key.as_ref(), file)
        });
        Ok(written??)
    }
}

fn open_index(folder: &CacheFolder, slot: &Slot) -> Result<Option<BaseIndex>, IndexFault> {
    let Some(file) = folder.open(&slot.name)? else { return Ok(None) };
    match BaseIndex::open(file, *slot.root.id().as_bytes(), slot.key.as_ref()) {
        Ok(index) => Ok(Some(index)),
        // It may be sound: a disk that fails now need not fail later.
        Err(error @ IndexError::File { .. }) => Err(error.into()),
        Err(error) => {
            tracing::warn!(%error, "a base's index is not sound; it is made again");
            folder.forget(&slot.name)?;
            Ok(None)
        }
    }
}

/// The places of a disk that are not zero.
async fn places(store: &ChunkStore, domain: Domain, root: DiskRoot) -> Result<Runs, StoreFault> {
    let mut runs = Runs::default();
    let mut tree = store.tree(domain, root).await?;
    while let Some(leaves) = tree.next().await? {
        let numbered = (leaves.first_chunk..).zip(&leaves.ids);
        numbered.filter(|(_, id)| !id.is_zero()).for_each(|(number, _)| runs.push(number));
    }
    Ok(runs)
}
