//! The store: what it holds, and the ways into and out of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::backend::StoreBackend;
use crate::chunk::{ChunkId, Domain};
use crate::engine::ingest::Ingest;
use crate::engine::{Engine, Layout};
use crate::fault::StoreFault;
use crate::frame::Seal;
use crate::index::{ChunkIndex, ChunkRow, Quarantined, SweepStage, Totals};
use crate::keys::{DomainKeys, Naming};
use crate::pace::Activity;
use crate::sealing::{Domains, is_locked};
use crate::touched::{Touch, Touched, TreePart};

/// Rows deleted in one transaction.
pub(crate) const SLICE: usize = 8_192;

/// How a store is laid out. The defaults are what studies/lan.md measured as best on two cores.
#[derive(Clone, Copy, Debug)]
pub struct StoreOptions {
    /// Threads that check and compress; as many as cores.
    pub workers: usize,
    /// zstd level of imports. Level 1 makes 2 % more bytes than 3 for a third less CPU.
    pub level: i32,
    /// Received bytes that are not durable yet, over all ingests. What an interruption may have sent again.
    pub window_bytes: usize,
    /// Bytes of frames in one commit, over all workers.
    pub group_bytes: u64,
    /// After this long without anything new, what is there is committed.
    pub quiet: Duration,
    /// Milliseconds since 1970, to say when damage was found. Nothing is decided by it.
    pub now_ms: fn() -> i64,
}

impl Default for StoreOptions {
    fn default() -> Self {
        StoreOptions {
            workers: std::thread::available_parallelism().map_or(2, usize::from),
            level: 1,
            window_bytes: 32 << 20,
            group_bytes: 16 << 20,
            quiet: Duration::from_millis(100),
            now_ms: system_now_ms,
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a time to show; nothing is decided by it, and a test sets another"
)]
fn system_now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A handle over a backend and its index. Clones share one set of threads, which ends with the last of them.
#[derive(Clone)]
pub struct ChunkStore {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) backend: Arc<dyn StoreBackend>,
    pub(crate) index: Arc<dyn ChunkIndex>,
    pub(crate) touched: Arc<Touched>,
    pub(crate) domains: Domains,
    pub(crate) sweeping: Arc<tokio::sync::Mutex<()>>,
    /// When copies, imports and exports last moved bytes.
    pub(crate) activity: Activity,
    now_ms: fn() -> i64,
    /// How often damage was found in a domain since the start.
    damage: Mutex<HashMap<Domain, u64>>,
}

impl ChunkStore {
    /// Opens a store. A sweep that was interrupted is finished if it had decided, and else forgotten.
    ///
    /// # Errors
    /// When the index fails or threads cannot be started.
    pub async fn open(
        backend: Arc<dyn StoreBackend>,
        index: Arc<dyn ChunkIndex>,
        options: StoreOptions,
    ) -> Result<Self, StoreFault> {
        match index.sweep_stage().await? {
            SweepStage::Open => index.abandon_sweep().await?,
            SweepStage::Decided => while index.drop_condemned(SLICE).await? > 0 {},
        }
        let domains = Domains::new(index.domains().await?);
        let layout = Layout {
            workers: options.workers.max(1),
            level: options.level,
            window_bytes: options.window_bytes.clamp(1 << 20, 1 << 30),
            group_bytes: options.group_bytes,
            quiet: options.quiet,
        };
        let touched = Arc::new(Touched::default());
        let engine =
            Engine::start(Arc::clone(&backend), Arc::clone(&index), Arc::clone(&touched), layout)?;
        let inner = Inner {
            engine,
            backend,
            index,
            touched,
            domains,
            sweeping: Arc::default(),
            activity: Activity::default(),
            now_ms: options.now_ms,
            damage: Mutex::default(),
        };
        Ok(ChunkStore { inner: Arc::new(inner) })
    }

    /// The number of the plain domain with this name; made when it is new.
    ///
    /// # Errors
    /// [`StoreFault::NotPlain`] when it is sealed; else when the index fails.
    pub async fn domain(&self, name: &str) -> Result<Domain, StoreFault> {
        let (domain, seal) = self.ensure_domain(name, Seal::None).await?;
        match seal {
            Seal::None => Ok(domain),
            Seal::Aes256Gcm => Err(StoreFault::NotPlain { domain }),
        }
    }

    /// The number of the sealed domain with this name; made when it is new. It is locked until [`ChunkStore::unlock`].
    ///
    /// # Errors
    /// [`StoreFault::NotSealed`] when it is plain; else when the index fails.
    pub async fn sealed_domain(&self, name: &str) -> Result<Domain, StoreFault> {
        let (domain, seal) = self.ensure_domain(name, Seal::Aes256Gcm).await?;
        match seal {
            Seal::Aes256Gcm => Ok(domain),
            Seal::None => Err(StoreFault::NotSealed { domain }),
        }
    }

    async fn ensure_domain(&self, name: &str, seal: Seal) -> Result<(Domain, Seal), StoreFault> {
        let row = self.inner.index.ensure_domain(name, seal).await?;
        let found = (row.domain, row.seal);
        self.inner.domains.learn(row);
        Ok(found)
    }

    /// Gives the keys of a sealed domain, in place of those that it had.
    ///
    /// # Errors
    /// [`StoreFault::NotSealed`] for a plain domain; [`StoreFault::WrongKeys`] when its chunks were named or sealed with
    /// others. Keys given before stay then.
    pub fn unlock(&self, domain: Domain, keys: DomainKeys) -> Result<(), StoreFault> {
        self.inner.domains.unlock(domain, &keys)
    }

    /// Forgets the keys of a domain. Acts under way fail with [`StoreFault::Locked`] at their next chunk; what was sealed
    /// before becomes durable. Nothing happens to a plain domain.
    pub fn lock(&self, domain: Domain) {
        self.inner.domains.lock(domain);
    }

    /// Whether a domain is sealed and its keys are not here.
    pub fn is_locked(&self, domain: Domain) -> bool {
        self.inner.domains.access(domain).keys().is_err_and(|fault| is_locked(&fault))
    }

    /// How a domain names its chunks.
    ///
    /// # Errors
    /// [`StoreFault::Locked`].
    pub fn naming(&self, domain: Domain) -> Result<Naming, StoreFault> {
        Ok(self.inner.domains.access(domain).keys()?.naming().clone())
    }

    /// Which of these chunks are missing, in the order asked. The zero id is never missing.
    ///
    /// What is said to be held stays, as long as the asker is a live copy whose root the sweep is told, or the sweep is told
    /// to keep the domain.
    ///
    /// # Errors
    /// When the index fails.
    pub async fn missing(&self, domain: Domain, ids: &[ChunkId]) -> Result<Vec<bool>, StoreFault> {
        let _gate = self.inner.touched.gate.read().await;
        let places = self.inner.index.locate(domain, ids).await?;
        let held = ids.iter().zip(&places).filter(|(_, place)| place.is_some());
        self.inner.touched.record(held.map(|(id, _)| Touch::Chunk(domain, *id)));
        let missing = |(id, place): (&ChunkId, Option<_>)| place.is_none() && !id.is_zero();
        Ok(ids.iter().zip(places).map(missing).collect())
    }

    /// How many places under each of these parts are not zero, if everything under it is held. The same promise as
    /// [`ChunkStore::missing`] makes, for the whole part.
    ///
    /// # Errors
    /// When the index fails.
    pub async fn complete(
        &self,
        domain: Domain,
        parts: &[TreePart],
    ) -> Result<Vec<Option<u64>>, StoreFault> {
        let ids: Vec<ChunkId> = parts.iter().map(TreePart::id).collect();
        let _gate = self.inner.touched.gate.read().await;
        let places = self.inner.index.complete(domain, &ids).await?;
        let whole = parts.iter().zip(&places).filter(|(_, places)| places.is_some());
        self.inner.touched.record(whole.map(|(part, _)| Touch::Whole(domain, *part)));
        Ok(places)
    }

    /// A way to put chunks of this domain. Many may be open at once; they share the store's threads.
    pub fn ingest(&self, domain: Domain) -> Ingest {
        Ingest::new(Arc::clone(&self.inner), domain)
    }

    /// Sums over what is held.
    ///
    /// # Errors
    /// When the index fails.
    pub async fn usage(&self) -> Result<Totals, StoreFault> {
        Ok(self.inner.index.totals().await?)
    }

    /// The damaged chunks that have not been stored anew.
    ///
    /// # Errors
    /// When the index fails.
    pub async fn quarantined(&self) -> Result<Vec<Quarantined>, StoreFault> {
        Ok(self.inner.index.quarantined().await?)
    }

    /// Forgets what trees of a domain were believed to be complete: a chunk that should be here is not.
    ///
    /// # Errors
    /// When the index fails.
    pub async fn distrust(&self, domain: Domain) -> Result<(), StoreFault> {
        self.inner.see_damage(domain);
        Ok(self.inner.index.clear_complete(domain).await?)
    }
}

impl Inner {
    pub(crate) fn damage_seen(&self, domain: Domain) -> u64 {
        let damage = self.damage.lock().expect("nobody panics while holding the counts");
        damage.get(&domain).copied().unwrap_or(0)
    }

    fn see_damage(&self, domain: Domain) {
        let mut damage = self.damage.lock().expect("nobody panics while holding the counts");
        *damage.entry(domain).or_insert(0) += 1;
    }

    /// Sets damaged chunks aside. They are missing from now on, and no tree of their domain counts as complete.
    pub(crate) async fn quarantine(&self, rows: Vec<ChunkRow>) -> Result<(), StoreFault> {
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            tracing::error!(domain = %row.domain, id = %row.id, pack = %row.place.pack, "chunk is damaged");
            self.see_damage(row.domain);
        }
        let found_ms = (self.now_ms)();
        let found = rows.into_iter().map(|row| Quarantined { row, found_ms }).collect();
        Ok(self.index.quarantine(found).await?)
    }
}
