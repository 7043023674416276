//! One region: its catalog, its store, its links, and the driver that moves its copies.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use catalog::{Catalog, Tx};
use model::{
    Clock, CopyId, Currency, Digest, DomainName, ImageId, QuotaKind, RegionId, Rejection, Zone,
};
use store::{ChunkId, ChunkStore, DiskRoot};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use transfer::ParcelOffice;

use crate::carriage::Distances;
use crate::deadlines::Deadlines;
use crate::deployment::Accounts;
use crate::driver::{self, Stop};
use crate::entropy::{Entropy, new_id};
use crate::fan_out::Relays;
use crate::imports::ImportSession;
use crate::jobs::Jobs;
use crate::keyring::{EmbeddedKeyRing, KeyRing};
use crate::links::Links;
use crate::maintenance::Finishing;
use crate::meters::{Arrivals, LinkSpeeds};
use crate::peer::PeerRegion;
use crate::refused::{Refused, RegionFault};
use crate::watch::LiveRates;

/// Who moves copies on.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum DriverMode {
    /// Tasks of this process, until the region is shut down.
    Background,
    /// Whoever calls [`Region::run_due`]: tests.
    ByHand,
}

/// What a region is set to.
#[derive(Clone, Debug)]
pub struct RegionOptions {
    /// Its name.
    pub id: RegionId,
    /// Names this process in leases.
    pub worker: String,
    /// Copies of one account into this region that run at once; the rest wait (REQUIREMENTS section 6: 5).
    pub copies_per_account: u32,
    /// Copies into this region that run at once, all accounts together.
    pub copies_at_once: u32,
    /// How long a claimed copy stays with a silent worker (RELIABILITY fault 1: 15 s).
    pub lease_ms: i64,
    /// Images of one account, unless its quota is set.
    pub image_quota: u64,
    /// Snapshots of one account, unless its quota is set.
    pub snapshot_quota: u64,
    /// Accounts that one image is shared with, at most (R001-8).
    pub accounts_per_share_list: usize,
    /// The folder of local images, with a folder in it for each account's; none where there are none (R002-4).
    pub local_images: Option<PathBuf>,
    /// The folder of buckets of all regions: in it a folder for each region, and in that one for each account; none where
    /// there are no buckets.
    pub buckets: Option<PathBuf>,
    /// The folder of the indexes that parcels are matched with; none where copies out of the region are sent as frames only.
    pub parcels: Option<PathBuf>,
    /// Between two sweeps.
    pub sweep_every: Duration,
    /// What rates are in that are set from now on.
    pub currency: Currency,
    /// A copy that takes longer to make its image available is told as late (R003-5: 30 minutes).
    pub copy_objective: Duration,
    /// How long a target is waited for that is asked what a copy would cost.
    pub estimate_within: Duration,
    /// The border zones of this and the other regions; one that is not named is in the default zone (R003-2).
    pub zones: BTreeMap<RegionId, Zone>,
    /// Who moves copies on.
    pub driver: DriverMode,
}

impl RegionOptions {
    /// The defaults for a region of this name.
    pub fn new(id: RegionId, worker: String) -> Self {
        RegionOptions {
            id,
            worker,
            copies_per_account: 5,
            copies_at_once: 20,
            lease_ms: 15_000,
            image_quota: 1_000,
            snapshot_quota: 2_000,
            accounts_per_share_list: 50,
            local_images: None,
            buckets: None,
            parcels: None,
            sweep_every: Duration::from_secs(3_600),
            currency: Currency::USD,
            copy_objective: Duration::from_secs(1_800),
            estimate_within: Duration::from_secs(30),
            zones: BTreeMap::new(),
            driver: DriverMode::Background,
        }
    }
}

/// One region. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Region {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) options: RegionOptions,
    pub(crate) catalog: Catalog,
    pub(crate) store: ChunkStore,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) links: Links,
    pub(crate) rates: LiveRates,
    pub(crate) link_speeds: LinkSpeeds,
    pub(crate) arrivals: Arrivals,
    pub(crate) deadlines: Deadlines,
    pub(crate) relays: Relays,
    pub(crate) distances: Distances,
    pub(crate) imports: Mutex<HashMap<ImageId, Arc<ImportSession>>>,
    pub(crate) jobs: Jobs,
    /// Serves parcels to other regions.
    pub(crate) parcels: Option<ParcelOffice>,
    /// Stops the transfer of a copy that was cancelled or taken over; by the fence of its claim, because the next claim may
    /// begin while the last one is still ending.
    pub(crate) stops: Mutex<HashMap<(CopyId, u64), Stop>>,
    /// Carries no data: the driver reads the catalog.
    pub(crate) wake: Notify,
    /// Grows with each recorded change; watchers look again.
    pub(crate) changes: watch::Sender<u64>,
    pub(crate) shutdown: CancellationToken,
    /// Disks that an import is about to publish; live for the sweep before any row says so.
    pub(crate) finishing: Finishing,
    pub(crate) driver: Mutex<Option<tokio::task::JoinHandle<()>>>,
    /// Who may use it; keeps the id keys of accounts.
    pub(crate) accounts: Accounts,
    /// The key ring of its own, whether it is used or not.
    pub(crate) embedded: EmbeddedKeyRing,
    /// What wraps the data keys of sealed domains.
    pub(crate) key_ring: Arc<dyn KeyRing>,
    /// When each sealed domain was last found usable.
    pub(crate) unlocked: Mutex<HashMap<DomainName, Instant>>,
    peers: RwLock<BTreeMap<RegionId, Arc<dyn PeerRegion>>>,
}

/// What a region stands on.
pub struct Foundations {
    /// Its rows.
    pub catalog: Catalog,
    /// Its chunks.
    pub store: ChunkStore,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where its ids come from.
    pub entropy: Arc<dyn Entropy>,
    /// Who may use it; keeps the id keys of accounts.
    pub accounts: Accounts,
    /// What wraps data keys; none for the embedded key ring.
    pub key_ring: Option<Arc<dyn KeyRing>>,
}

impl Region {
    /// Opens a region on its catalog and store. Its driver starts with [`Region::connect`], when it knows its peers.
    pub fn open(options: RegionOptions, foundations: Foundations) -> Region {
        let Foundations { catalog, store, clock, entropy, accounts, key_ring } = foundations;
        let embedded = EmbeddedKeyRing {
            region: options.id.clone(),
            catalog: catalog.clone(),
            master: accounts.master.clone(),
            entropy: Arc::clone(&entropy),
            clock: Arc::clone(&clock),
        };
        let key_ring = key_ring.unwrap_or_else(|| Arc::new(embedded.clone()));
        let parcels =
            options.parcels.clone().map(|folder| ParcelOffice::new(store.clone(), folder));
        Region {
            inner: Arc::new(Inner {
                options,
                catalog,
                store,
                clock,
                entropy,
                links: Links::default(),
                rates: LiveRates::default(),
                link_speeds: LinkSpeeds::default(),
                arrivals: Arrivals::default(),
                deadlines: Deadlines::default(),
                relays: Relays::default(),
                distances: Distances::default(),
                imports: Mutex::default(),
                jobs: Jobs::default(),
                parcels,
                stops: Mutex::default(),
                wake: Notify::new(),
                changes: watch::Sender::new(0),
                shutdown: CancellationToken::new(),
                finishing: Finishing::default(),
                driver: Mutex::default(),
                accounts,
                embedded,
                key_ring,
                unlocked: Mutex::default(),
                peers: RwLock::default(),
            }),
        }
    }

    /// Its name.
    pub fn id(&self) -> &RegionId {
        &self.inner.options.id
    }

    /// Its chunks, for the operator's figures.
    pub fn store(&self) -> &ChunkStore {
        &self.inner.store
    }

    /// Learns how to reach the other regions, and starts the driver.
    pub(crate) fn connect(&self, peers: &BTreeMap<RegionId, Arc<dyn PeerRegion>>) {
        let others = peers.iter().filter(|(id, _)| *id != self.id());
        let others = others.map(|(id, peer)| (id.clone(), Arc::clone(peer))).collect();
        *self.inner.peers.write().unwrap_or_else(PoisonError::into_inner) = others;
        match self.inner.options.driver {
            DriverMode::Background => driver::start(self.clone()),
            DriverMode::ByHand => {}
        }
    }

    /// Stops the driver; running copies give back their leases and go on when the region is opened again.
    pub async fn shut_down(&self) {
        self.inner.shutdown.cancel();
        self.inner.parcels.iter().for_each(ParcelOffice::stop);
        driver::finished(self).await;
        self.inner.peers.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Puts a double in a region's place, as this one sees it.
    #[cfg(any(test, feature = "test-support"))]
    pub fn replace_peer(&self, id: &RegionId, peer: Arc<dyn PeerRegion>) {
        self.inner.peers.write().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), peer);
    }

    /// Another region.
    pub(crate) fn peer(&self, id: &RegionId) -> Result<Arc<dyn PeerRegion>, Rejection> {
        // A copy within the region, to another key.
        if id == self.id() {
            return Ok(Arc::new(self.clone()));
        }
        let peers = self.inner.peers.read().unwrap_or_else(PoisonError::into_inner);
        peers.get(id).cloned().ok_or_else(|| Rejection::RegionUnknown { region: id.clone() })
    }

    /// The names of the other regions.
    pub(crate) fn other_regions(&self) -> Vec<RegionId> {
        self.inner.peers.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Every other region.
    pub(crate) fn all_peers(&self) -> Vec<Arc<dyn PeerRegion>> {
        self.inner.peers.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    pub(crate) fn random_id<T>(
        &self,
        make: impl FnOnce(&mut dyn FnMut() -> u8) -> T,
    ) -> Result<T, RegionFault> {
        new_id(&*self.inner.entropy, make)
    }

    /// Tells watchers that something was recorded.
    pub(crate) fn changed(&self) {
        self.inner.changes.send_modify(|count| *count += 1);
    }

    /// Makes sure that an account has quotas here.
    pub(crate) async fn ensure_quotas(
        &self,
        tx: &mut Tx,
        account: &model::AccountId,
    ) -> Result<(), Refused> {
        tx.ensure_quota(account, QuotaKind::Image, self.inner.options.image_quota).await?;
        tx.ensure_quota(account, QuotaKind::Snapshot, self.inner.options.snapshot_quota).await?;
        Ok(())
    }
}

/// A disk's digest as the store names it.
pub(crate) fn disk_root(digest: &Digest) -> DiskRoot {
    DiskRoot::new(ChunkId::from_bytes(digest.0))
}
