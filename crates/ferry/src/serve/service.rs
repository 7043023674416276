//! A running service: its regions, its doors, its port.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use api::{ApiState, Congestion, CursorKey, Metrics, Pages, PeerClient, PeerSecret, ServeLimits};
use catalog::{Catalog, IndexOptions, SqliteIndex};
use console::Console;
use model::RegionId;
use region::{
    Accounts, Deployment, DriverMode, Foundations, MasterKey, Region, RegionOptions, RemoteRegion,
    SystemClock, SystemEntropy,
};
use store::{ChunkStore, FilesBackend, StoreOptions};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::config::{Config, RegionConfig};
use super::data_folder::{DataFolder, master_key};
use super::kms::KeyRingConfig;
use crate::failure::Failure;
use crate::profile::Profile;

/// What the page cursors' key is derived for: never change it, or the pages that people hold become unreadable.
const CURSOR_KEY: &str = "ferry 2026-11 page cursors";

/// The first access key of a new deployment. Shown once.
#[derive(Clone)]
pub struct NewKey {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

/// A running service.
pub struct Service {
    address: SocketAddr,
    deployment: Deployment,
    first_key: Option<NewKey>,
    stop: CancellationToken,
    doors: JoinHandle<()>,
    data: DataFolder,
}

/// Regions that were opened on a data folder.
pub struct Opened {
    /// The regions, joined.
    pub deployment: Deployment,
    /// The first access key, where the folder is new.
    pub first_key: Option<NewKey>,
    /// The folder, locked.
    pub data: DataFolder,
    master: MasterKey,
    peers: Option<PeerSecret>,
}

fn broken<E: std::error::Error + Send + Sync + 'static>(
    doing: impl Into<String>,
) -> impl FnOnce(E) -> Failure {
    let doing = doing.into();
    move |source| Failure::Service { doing, source: Box::new(source) }
}

/// Opens everything that lies in a data folder; makes what is not there yet.
pub async fn open(config: &Config, path: &Path, driver: DriverMode) -> Result<Opened, Failure> {
    let data = DataFolder::open(path)?;
    let shared = config.accounts.clone().unwrap_or_else(|| data.path().to_owned());
    let master = master_key(&shared)?;
    let (entropy, clock) = (Arc::new(SystemEntropy), Arc::new(SystemClock));
    let accounts = Accounts::open(&shared.join("accounts.db"), master.clone(), entropy, clock)
        .await
        .map_err(broken("open the accounts"))?;
    let account = config.account.as_ref().map(|account| account.parse()).transpose();
    let account = account.map_err(broken("read the account of the configuration"))?;
    let first = accounts.ensure_first(account).await.map_err(broken("make the first account"))?;
    let first_key = first.map(|key| NewKey { id: key.id.to_string(), secret: key.secret });
    let peers = config
        .peer_secret
        .as_deref()
        .map(PeerSecret::new)
        .transpose()
        .map_err(broken("use the peers' secret"))?;
    let (mut here, mut elsewhere) = (Vec::new(), Vec::new());
    for region in &config.regions {
        match &region.endpoint {
            None => here.push(open_region(config, region, (&data, &accounts), driver).await?),
            Some(endpoint) => {
                let secret =
                    peers.clone().expect("a configuration with regions elsewhere has a secret");
                elsewhere.push(remote(config, (region, endpoint), secret)?);
            }
        }
    }
    limit_links(config, &here);
    let setting = |reason| Failure::Setting { doing: "read the profiles".to_owned(), reason };
    let profiles = config.profiles().map_err(setting)?;
    let deployment = Deployment::new(here, elsewhere, accounts).with_profiles(profiles);
    Ok(Opened { deployment, first_key, data, master, peers })
}

fn id_of(region: &RegionConfig) -> Result<RegionId, Failure> {
    region.name.parse().map_err(broken("read the regions of the configuration"))
}

fn remote(
    config: &Config,
    (region, endpoint): (&RegionConfig, &str),
    secret: PeerSecret,
) -> Result<(RegionId, RemoteRegion), Failure> {
    let id = id_of(region)?;
    let endpoint = endpoint.trim_end_matches('/').to_owned();
    let peer = PeerClient::new(id.clone(), &endpoint, secret)
        .map_err(broken(format!("reach region `{id}`")))?
        .with_congestion(config.transport.congestion.into());
    Ok((id, RemoteRegion { endpoint, peer: Arc::new(peer) }))
}

async fn open_region(
    config: &Config,
    region: &RegionConfig,
    (data, accounts): (&DataFolder, &Accounts),
    driver: DriverMode,
) -> Result<Region, Failure> {
    let id = id_of(region)?;
    let key_ring = match (region.key_ring, &config.kms) {
        (KeyRingConfig::AwsKms, Some(kms)) => {
            let made = kms.key_ring(&id);
            let doing = format!("reach the key ring of region `{id}`");
            Some(made.map_err(|reason| Failure::Setting { doing, reason })?)
        }
        (KeyRingConfig::Embedded | KeyRingConfig::AwsKms, _) => None,
    };
    let folder = data.region(&region.name)?;
    let doing = || format!("open region `{id}`");
    let catalog = Catalog::open(&folder.join("catalog.db")).await.map_err(broken(doing()))?;
    let index = SqliteIndex::open(&folder.join("index.db"), IndexOptions::default())
        .map_err(broken(doing()))?;
    let backend = FilesBackend::open(&folder).map_err(broken(doing()))?;
    let store = ChunkStore::open(Arc::new(backend), Arc::new(index), StoreOptions::default()).await;
    let store = store.map_err(broken(doing()))?;
    let options = RegionOptions {
        copies_per_account: config.copies_per_account,
        copies_at_once: config.copies_at_once,
        image_quota: config.image_quota,
        snapshot_quota: config.snapshot_quota,
        accounts_per_share_list: config.accounts_per_share_list,
        local_images: config.local_images.as_ref().map(|folder| folder.join(&region.name)),
        buckets: Some(config.buckets.clone().unwrap_or_else(|| data.path().join("buckets"))),
        parcels: Some(folder.join("parcels")),
        sweep_every: Duration::from_secs(config.sweep_every_secs.max(1)),
        currency: config.currency.parse().expect("the configuration was checked"),
        copy_objective: Duration::from_secs(config.copy_objective_secs),
        zones: config.zones().map_err(|reason| Failure::Setting { doing: doing(), reason })?,
        driver,
        ..RegionOptions::new(id, worker_name())
    };
    let foundations = Foundations {
        catalog,
        store,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        accounts: accounts.clone(),
        key_ring,
    };
    Ok(Region::open(options, foundations))
}

/// Names this process in leases: the machine and the process.
fn worker_name() -> String {
    let machine = rustix::system::uname();
    format!("{}-{}", machine.nodename().to_string_lossy(), std::process::id())
}

fn limit_links(config: &Config, here: &[Region]) {
    for link in &config.links {
        let target = here.iter().find(|region| region.id().as_str() == link.target);
        if let (Some(target), Ok(source)) = (target, link.source.parse()) {
            target.set_link_rate(&source, Some(link.bytes_per_sec));
        }
    }
}

impl Service {
    /// Opens the data folder and begins to answer.
    pub async fn start(config: &Config, path: &Path) -> Result<Service, Failure> {
        let opened = open(config, path, DriverMode::Background).await?;
        let listening = TcpListener::bind(config.listen).await.and_then(|listener| {
            let address = listener.local_addr()?;
            Ok((listener, address))
        });
        let (listener, address) =
            listening.map_err(broken(format!("listen on `{}`", config.listen)))?;
        let congestion = Congestion::from(config.transport.congestion).set_on(&listener);
        tracing::info!(%congestion, "congestion control of connections");
        let metrics = Metrics::new(prometheus_client::registry::Registry::default());
        let state = ApiState {
            deployment: opened.deployment.clone(),
            cursor_key: CursorKey::new(&blake3::derive_key(CURSOR_KEY, &opened.master.0)),
            peer_secret: opened.peers,
            metrics: metrics.clone(),
        };
        let stop = CancellationToken::new();
        let settings =
            console::Settings { address: config.console.origin(), ..console::Settings::default() };
        let console = Console::new(opened.deployment.clone(), settings, stop.clone());
        let pages = Pages { routes: console::router(console), absent: console::absent };
        let doors = api::serve(
            listener,
            (api::router(state, pages), metrics),
            ServeLimits::default(),
            stop.clone(),
        );
        Ok(Service {
            address,
            deployment: opened.deployment,
            first_key: opened.first_key,
            stop,
            doors: tokio::spawn(doors),
            data: opened.data,
        })
    }

    /// Where it answers, as a client on this machine reaches it.
    pub fn endpoint(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        format!("http://{address}")
    }

    /// Its data folder, in full.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// The regions of the deployment.
    pub fn regions(&self) -> Vec<String> {
        self.deployment.regions().into_iter().map(|region| region.id.to_string()).collect()
    }

    /// The first access key, where the data folder is new.
    pub fn first_key(&self) -> Option<&NewKey> {
        self.first_key.as_ref()
    }

    /// Whether a profile's key is one of this deployment.
    pub async fn knows(&self, profile: &Profile) -> bool {
        let (Some(id), Some(secret)) = (&profile.access_key_id, &profile.access_key_secret) else {
            return false;
        };
        self.deployment.accounts.sign_in(id, secret, String::new()).await.is_ok()
    }

    /// Stops: running requests end, copies give back their leases and go on at the next start.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.doors.await {
            tracing::error!(%error, "the doors broke");
        }
        for region in self.deployment.regions_here() {
            region.shut_down().await;
        }
        self.deployment.accounts.close().await;
    }
}
