//! All regions that this process serves, those beyond it, and who may use them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use catalog::{AccountsCatalog, Nonces};
use model::{AccountId, Clock, RegionId, Rejection};
use store::IdKey;

use crate::entropy::Entropy;
use crate::keys::Decoy;
use crate::peer::PeerRegion;
use crate::profiles::Profiles;
use crate::refused::{Refused, RegionFault};
use crate::region::Region;
use crate::sealing::{self, Secret};

/// Seals secrets; kept outside every database (`docs/formats.md` 7).
#[derive(Clone)]
pub struct MasterKey(pub [u8; 32]);

/// Accounts with their users and access keys.
#[derive(Clone)]
pub struct Accounts {
    pub(crate) catalog: AccountsCatalog,
    pub(crate) nonces: Nonces,
    pub(crate) master: MasterKey,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) decoy: Arc<Decoy>,
}

impl Accounts {
    /// Opens the accounts' catalog, and beside it `nonces.db`, the nonces of signed requests and their answers.
    pub async fn open(
        path: &Path,
        master: MasterKey,
        entropy: Arc<dyn Entropy>,
        clock: Arc<dyn Clock>,
    ) -> Result<Accounts, RegionFault> {
        let catalog = AccountsCatalog::open(path).await?;
        let nonces = Nonces::open(&path.with_file_name("nonces.db")).await?;
        let decoy = Arc::new(Decoy::new(&master, &*entropy)?);
        Ok(Accounts { catalog, nonces, master, entropy, clock, decoy })
    }

    /// Whether the accounts' catalog answers.
    pub async fn answers(&self) -> Result<(), RegionFault> {
        self.catalog.read().await?.list_accounts(&catalog::Page::first(1)).await?;
        Ok(())
    }

    /// Closes both files once their last readers are done, so that what was written stands in them and no longer beside them.
    pub async fn close(&self) {
        self.catalog.close().await;
        self.nonces.close().await;
    }

    /// What is damaged in the files of the accounts and of the nonces, in words; empty where nothing is. Reads every row.
    pub async fn check(&self) -> Result<Vec<String>, RegionFault> {
        let accounts = self.catalog.damage().await?;
        let accounts = accounts.into_iter().map(|line| format!("`accounts.db`: {line}"));
        let nonces = self.nonces.damage().await?;
        let nonces = nonces.into_iter().map(|line| format!("`nonces.db`: {line}"));
        Ok(accounts.chain(nonces).collect())
    }

    /// Names the chunks of an account's sealed images, in all regions of this process; made when it is first needed. The account
    /// may be one that only another process knows.
    pub(crate) async fn id_key(&self, account: &AccountId) -> Result<IdKey, RegionFault> {
        let place = format!("ferry id key 1:{account}");
        if self.catalog.id_key(account).await?.is_none() {
            let mut secret = Secret::zero();
            self.entropy.fill(secret.as_mut())?;
            let sealed = sealing::seal(&self.master.0, &*self.entropy, &place, secret.as_ref())?;
            self.catalog.ensure_id_key(account, &sealed).await?;
        }
        // Whoever recorded first decides.
        let sealed = self.catalog.id_key(account).await?;
        let sealed = sealed
            .ok_or(RegionFault::Contradiction { what: "an id key was recorded and is gone" })?;
        let opened = sealing::open(&self.master.0, &place, &sealed)
            .ok_or_else(|| RegionFault::SealedSecret { key: account.to_string() })?;
        Ok(IdKey::new(*opened.secret()?))
    }
}

/// Where a region is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegionPlace {
    /// By this process.
    Here,
    /// By another.
    Elsewhere {
        /// Its endpoint.
        endpoint: String,
    },
}

/// A region as everyone sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionView {
    /// Its name.
    pub id: RegionId,
    /// Who serves it.
    pub place: RegionPlace,
}

/// A region that another process serves.
#[derive(Clone)]
pub struct RemoteRegion {
    /// How people reach it.
    pub endpoint: String,
    /// How regions reach it.
    pub peer: Arc<dyn PeerRegion>,
}

/// All regions that this process serves, those beyond it, and who may use them.
#[derive(Clone)]
pub struct Deployment {
    here: Arc<BTreeMap<RegionId, Region>>,
    elsewhere: Arc<BTreeMap<RegionId, RemoteRegion>>,
    /// The limits of each dialect.
    pub profiles: Arc<Profiles>,
    /// Who may use it.
    pub accounts: Accounts,
}

impl Deployment {
    /// Joins regions into one deployment: each learns to reach every other.
    pub fn new(
        here: impl IntoIterator<Item = Region>,
        elsewhere: impl IntoIterator<Item = (RegionId, RemoteRegion)>,
        accounts: Accounts,
    ) -> Self {
        let here: BTreeMap<_, _> =
            here.into_iter().map(|region| (region.id().clone(), region)).collect();
        let elsewhere: BTreeMap<_, _> = elsewhere.into_iter().collect();
        let mut peers: BTreeMap<RegionId, Arc<dyn PeerRegion>> = BTreeMap::new();
        for (id, region) in &here {
            peers.insert(id.clone(), Arc::new(region.clone()));
        }
        for (id, remote) in &elsewhere {
            peers.insert(id.clone(), Arc::clone(&remote.peer));
        }
        for region in here.values() {
            region.connect(&peers);
        }
        let (here, elsewhere) = (Arc::new(here), Arc::new(elsewhere));
        Deployment { here, elsewhere, profiles: Arc::default(), accounts }
    }

    /// The same under other limits.
    #[must_use]
    pub fn with_profiles(self, profiles: Profiles) -> Self {
        Deployment { profiles: Arc::new(profiles), ..self }
    }

    /// A region that this process serves.
    pub fn region(&self, id: &RegionId) -> Result<Region, Refused> {
        if let Some(region) = self.here.get(id) {
            return Ok(region.clone());
        }
        match self.elsewhere.get(id) {
            Some(remote) => {
                Err(Refused::Elsewhere { region: id.clone(), endpoint: remote.endpoint.clone() })
            }
            None => Err(Rejection::RegionUnknown { region: id.clone() }.into()),
        }
    }

    /// The regions that this process serves.
    pub fn regions_here(&self) -> impl Iterator<Item = &Region> {
        self.here.values()
    }

    /// Every region of the deployment, by name.
    pub fn regions(&self) -> Vec<RegionView> {
        let here =
            self.here.keys().map(|id| RegionView { id: id.clone(), place: RegionPlace::Here });
        let elsewhere = self.elsewhere.iter().map(|(id, remote)| RegionView {
            id: id.clone(),
            place: RegionPlace::Elsewhere { endpoint: remote.endpoint.clone() },
        });
        let mut all: Vec<_> = here.chain(elsewhere).collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }
}
