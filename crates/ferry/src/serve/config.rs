//! `ferry.toml`: what a service is set to. `docs/ferry.toml.example` shows every setting.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use model::{AccountId, Currency, RegionId, Zone};
use region::Profiles;
use serde::Deserialize;

use super::console::ConsoleConfig;
use super::kms::{KeyRingConfig, KmsConfig};
use super::profiles::{ProfileConfig, profiles};
use super::transport::TransportConfig;
use crate::failure::Failure;

/// Where a service answers unless it is told: this machine alone.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7070);
/// Regions of a service that is told nothing (issue 2).
const REGIONS: [&str; 3] = ["cn-hangzhou", "cn-shanghai", "ap-southeast-1"];
/// Least characters of the secret between processes: 128 bits in hex.
const SECRET_CHARACTERS: usize = 32;

/// What a service is set to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The data folder.
    pub data: Option<PathBuf>,
    /// Where it answers.
    pub listen: SocketAddr,
    /// The folder of the accounts and of the master key, where processes of one machine share them; else the data folder.
    pub accounts: Option<PathBuf>,
    /// The id of the first account, where processes that share no accounts are to mean the same one.
    pub account: Option<String>,
    /// What regions of other processes show each other.
    pub peer_secret: Option<String>,
    /// Copies into a region that run at once.
    pub copies_at_once: u32,
    /// Those of one account.
    pub copies_per_account: u32,
    /// Images of one account in a region, unless its quota is set.
    pub image_quota: u64,
    /// Snapshots of one account in a region, unless its quota is set.
    pub snapshot_quota: u64,
    /// Accounts that one image is shared with, at most.
    pub accounts_per_share_list: usize,
    /// The folder of local images: in it a folder for each region, and in that one for each account.
    pub local_images: Option<PathBuf>,
    /// The folder of buckets: in it a folder for each region, in that one for each account, in that one for each bucket; else
    /// `buckets` in the data folder.
    pub buckets: Option<PathBuf>,
    /// How often unused chunks are looked for and deleted.
    pub sweep_every_secs: u64,
    /// What rates are in that are set from now on: three capital letters.
    pub currency: String,
    /// A copy that takes longer to make its image available is told as late.
    pub copy_objective_secs: u64,
    /// The regions.
    pub regions: Vec<RegionConfig>,
    /// Limits between them.
    pub links: Vec<LinkConfig>,
    /// The limits of each dialect, where they differ from the defaults.
    pub profile: BTreeMap<String, ProfileConfig>,
    /// The service that keeps the encryption keys of regions whose `key_ring` says so.
    pub kms: Option<KmsConfig>,
    /// How people reach the web console.
    pub console: ConsoleConfig,
    /// How connections send.
    pub transport: TransportConfig,
}

/// A region.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionConfig {
    /// Its name.
    pub name: String,
    /// Where another process serves it; else this one does.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Its border zone; else `default`. Also of regions that are served elsewhere.
    #[serde(default)]
    pub zone: Option<String>,
    /// What keeps its encryption keys.
    #[serde(default)]
    pub key_ring: KeyRingConfig,
}

/// A limit between two regions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkConfig {
    /// From here,
    pub source: String,
    /// to there,
    pub target: String,
    /// at most so fast.
    pub bytes_per_sec: u64,
}

impl Default for Config {
    fn default() -> Self {
        let region = |name: &str| RegionConfig {
            name: name.to_owned(),
            endpoint: None,
            zone: None,
            key_ring: KeyRingConfig::Embedded,
        };
        Config {
            data: None,
            listen: LISTEN,
            accounts: None,
            account: None,
            peer_secret: None,
            copies_at_once: 20,
            copies_per_account: 5,
            image_quota: 1_000,
            snapshot_quota: 2_000,
            accounts_per_share_list: 50,
            local_images: None,
            buckets: None,
            sweep_every_secs: 3_600,
            currency: Currency::USD.to_string(),
            copy_objective_secs: 1_800,
            regions: REGIONS.map(region).to_vec(),
            links: Vec::new(),
            profile: BTreeMap::new(),
            kms: None,
            console: ConsoleConfig::default(),
            transport: TransportConfig::default(),
        }
    }
}

impl Config {
    /// Reads and checks a configuration file. Paths in it are relative to its folder.
    pub fn load(path: &Path) -> Result<Config, Failure> {
        let doing = || format!("read configuration `{}`", path.display());
        let text = std::fs::read_to_string(path).map_err(|source| Failure::File {
            doing: "read configuration",
            path: path.to_owned(),
            source,
        })?;
        let mut config: Config = toml::from_str(&text).map_err(|error| Failure::Setting {
            doing: doing(),
            reason: error.to_string().trim_end().to_owned(),
        })?;
        config.check().map_err(|reason| Failure::Setting { doing: doing(), reason })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let authorities = config.kms.as_mut().map(|kms| &mut kms.authorities);
        let places = [
            Some(&mut config.data),
            Some(&mut config.accounts),
            Some(&mut config.local_images),
            Some(&mut config.buckets),
            authorities,
        ];
        for place in places.into_iter().flatten().flatten() {
            *place = folder.join(&*place);
        }
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        let mut names: Vec<&str> = self.regions.iter().map(|region| region.name.as_str()).collect();
        for name in &names {
            name.parse::<RegionId>().map_err(|error| error.to_string())?;
        }
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("region `{}` is there twice", twice[0]));
        }
        if !self.regions.iter().any(|region| region.endpoint.is_none()) {
            return Err("no region is served here: every one has an `endpoint`".to_owned());
        }
        self.zones()?;
        profiles(&self.profile)?;
        for link in &self.links {
            let unknown = [&link.source, &link.target]
                .into_iter()
                .find(|name| !names.contains(&name.as_str()));
            if let Some(name) = unknown {
                return Err(format!(
                    "a link names region `{name}`, which is not among the regions"
                ));
            }
            if link.bytes_per_sec == 0 {
                return Err(format!(
                    "the link from `{}` to `{}` has `0` bytes a second",
                    link.source, link.target
                ));
            }
        }
        self.currency.parse::<Currency>().map_err(|error| error.to_string())?;
        if self.copies_at_once == 0 || self.copies_per_account == 0 {
            return Err("`copies_at_once` and `copies_per_account` must be at least `1`".to_owned());
        }
        if let Some(account) = &self.account {
            account.parse::<AccountId>().map_err(|error| error.to_string())?;
        }
        self.check_kms()?;
        self.console.check()?;
        self.check_peers()
    }

    fn check_kms(&self) -> Result<(), String> {
        let asks = |region: &&RegionConfig| region.key_ring == KeyRingConfig::AwsKms;
        match (&self.kms, self.regions.iter().find(asks)) {
            (Some(kms), _) => kms.check(),
            (None, Some(region)) => Err(format!(
                "the key ring of region `{}` is `aws_kms`, and there is no `[kms]`",
                region.name
            )),
            (None, None) => Ok(()),
        }
    }

    /// The border zones of the regions that name one.
    pub fn zones(&self) -> Result<BTreeMap<RegionId, Zone>, String> {
        let mut zones = BTreeMap::new();
        for region in &self.regions {
            let Some(zone) = &region.zone else { continue };
            let id = region.name.parse::<RegionId>().map_err(|error| error.to_string())?;
            zones.insert(id, zone.parse::<Zone>().map_err(|error| error.to_string())?);
        }
        Ok(zones)
    }

    /// The limits of each dialect.
    pub fn profiles(&self) -> Result<Profiles, String> {
        profiles(&self.profile)
    }

    fn check_peers(&self) -> Result<(), String> {
        let remote = self.regions.iter().find(|region| region.endpoint.is_some());
        match (&self.peer_secret, remote) {
            (Some(secret), _) if secret.len() < SECRET_CHARACTERS => Err(format!(
                "`peer_secret` has `{}` characters, at least `{SECRET_CHARACTERS}` are needed; make one with `openssl rand -hex 32`",
                secret.len()
            )),
            (None, Some(region)) => Err(format!(
                "region `{}` is served elsewhere, so `peer_secret` is needed",
                region.name
            )),
            (Some(_) | None, _) => Ok(()),
        }
    }

    /// The first region that this process serves.
    pub fn first_region_here(&self) -> Result<String, Failure> {
        let here = self.regions.iter().find(|region| region.endpoint.is_none());
        here.map(|region| region.name.clone()).ok_or_else(|| Failure::Setting {
            doing: "serve".to_owned(),
            reason: "no region is served here".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::transport::CongestionConfig;
    use super::*;

    fn load(text: &str) -> Result<Config, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ferry.toml");
        std::fs::write(&path, text).unwrap();
        Config::load(&path)
    }

    #[test]
    fn the_example_is_a_configuration() {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ferry.toml.example");
        let config = Config::load(&example).unwrap();
        assert_eq!(config.first_region_here().unwrap(), "cn-hangzhou");
        assert_eq!(config.console.address.as_deref(), Some("https://ferry.example"));
    }

    #[test]
    fn an_empty_configuration_is_the_default_one() {
        let config = load("").unwrap();
        assert_eq!(config.regions.len(), 3);
        assert_eq!(config.listen.to_string(), "127.0.0.1:7070");
        assert_eq!(config.transport.congestion, CongestionConfig::Bbr);
        let other = load("[transport]\ncongestion = \"system\"").unwrap();
        assert_eq!(other.transport.congestion, CongestionConfig::System);
    }

    #[test]
    fn a_wrong_setting_is_named() {
        let table = [
            ("lisen = \"127.0.0.1:1\"", "lisen"),
            ("[[regions]]\nname = \"A\"", "`A`"),
            ("[[regions]]\nname = \"aa\"\n[[regions]]\nname = \"aa\"", "twice"),
            ("[[regions]]\nname = \"aa\"\nendpoint = \"http://b\"", "no region is served here"),
            (
                "[[regions]]\nname = \"aa\"\n[[regions]]\nname = \"bb\"\nendpoint = \"http://b\"",
                "peer_secret",
            ),
            ("peer_secret = \"short\"", "peer_secret"),
            ("[[links]]\nsource = \"x1\"\ntarget = \"cn-shanghai\"\nbytes_per_sec = 1", "`x1`"),
            ("copies_at_once = 0", "copies_at_once"),
            ("account = \"me\"", "`me`"),
            ("[console]\naddress = \"https://a/b\"", "`https://a/b`"),
            ("[console]\nadress = \"https://a\"", "adress"),
            ("[transport]\ncongestion = \"vegas\"", "vegas"),
            ("[transport]\nbuffer = 1", "buffer"),
            ("[profile.ali]", "no profile `ali`"),
            ("[profile.tencent]\ntargets_at_once = 0", "`targets_at_once` is `0`"),
            ("[[regions]]\nname = \"aa\"\nzone = \"In China\"", "`In China`"),
        ];
        for (text, word) in table {
            let failure = load(text).unwrap_err();
            assert_eq!(failure.exit().number(), 2, "{text}");
            assert!(failure.text().contains(word), "{text}: {}", failure.text());
        }
    }

    #[test]
    fn paths_are_relative_to_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ferry.toml");
        std::fs::write(&path, "data = \"d\"").unwrap();
        assert_eq!(Config::load(&path).unwrap().data, Some(folder.path().join("d")));
    }
}
