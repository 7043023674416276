//! Tencent Cloud's provider: its stories.

pub mod trace;

use std::path::PathBuf;

use super::Story;
use super::scene::Scene;
use super::trace::Dialect;
use crate::cvm::{Caller, Place};
use crate::world::{disks, until};

/// Where the provider is told to work, and where images are at first.
pub const HERE: &str = "ap-guangzhou";
/// A region that has a copy at once.
pub const NEAR: &str = "ap-shanghai";
/// A region to which bytes go slowly: a copy takes some eight seconds, in which the provider looks several times.
pub const FAR: &str = "ap-beijing";

const SETTINGS: &str = r#"
data = "data"
listen = "127.0.0.1:0"

[[regions]]
name = "ap-guangzhou"

[[regions]]
name = "ap-shanghai"

[[regions]]
name = "ap-beijing"

[[links]]
source = "ap-guangzhou"
target = "ap-beijing"
bytes_per_sec = 250000
"#;

/// One story of the provider and the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// One image to two regions, under a name; then under another.
    Sync,
    /// Asking whether it would work, and asking for no ids.
    Checks,
    /// What is refused.
    Refusals,
    /// A copy under an encryption key, in the region where the image is.
    Encrypted,
    /// Sharing with one account, then with another, then with none.
    Sharing,
    /// An image made of a snapshot, changed in place, imported, destroyed.
    Image,
    /// The data sources.
    DataSources,
    /// An image written into a bucket, and one made of what lies there.
    Objects,
}

impl Scenario {
    pub const ALL: [Scenario; 8] = [
        Scenario::Sync,
        Scenario::Checks,
        Scenario::Refusals,
        Scenario::Encrypted,
        Scenario::Sharing,
        Scenario::Image,
        Scenario::DataSources,
        Scenario::Objects,
    ];

    fn name(self) -> &'static str {
        match self {
            Scenario::Sync => "sync",
            Scenario::Checks => "checks",
            Scenario::Refusals => "refusals",
            Scenario::Encrypted => "encrypted",
            Scenario::Sharing => "sharing",
            Scenario::Image => "image",
            Scenario::DataSources => "data_sources",
            Scenario::Objects => "objects",
        }
    }
}

impl Story for Scenario {
    fn dialect(self) -> &'static dyn Dialect {
        &trace::Cvm
    }

    fn file(self) -> String {
        format!("tencent/{}", self.name())
    }

    fn begin(self) -> Scene {
        let mut scene = Scene::start(SETTINGS);
        scene.prepare_for(self);
        scene
    }
}

impl Scene {
    /// Whoever calls the service straight.
    pub fn cvm(&self) -> Caller {
        Caller { address: self.address.clone(), key: self.key.clone() }
    }

    /// Ferry's own id of the one image of this name; what the cloud calls it is the beginning of that.
    fn whole_id(&self, name: &str, region: &str) -> String {
        let shown = self.home.json(&format!("image show {name} --region {region}"));
        shown["id"].as_str().expect("an image has an id").to_owned()
    }

    /// The folder that is the first account's bucket `disks-1250000000`.
    pub fn bucket(&self) -> PathBuf {
        let account = self.home.json("account show default")["id"].clone();
        let account = account.as_str().expect("an account has an id");
        self.home.path(&format!("data/buckets/{HERE}/{account}/disks-1250000000"))
    }

    fn prepare_for(&mut self, scenario: Scenario) {
        match scenario {
            Scenario::Sync => self.bring_here("source", "web", "--tag of=source"),
            Scenario::Checks => self.bring_here("source", "web", ""),
            Scenario::Refusals => {
                self.bring_here("source", "web", "");
                self.import("taken", NEAR, "");
                self.known.push(("absent", "img-zzzzzzzz".to_owned()));
            }
            Scenario::Encrypted => {
                self.bring_here("source", "web", "");
                let made = self.home.good(&format!("encryption-key create --region {HERE} -o id"));
                self.known.push(("encryption key", made));
            }
            Scenario::Sharing => {
                self.bring_here("source", "web", "");
                let mut accounts = ["one", "other"].map(|name| {
                    self.home.good(&format!("account create {name}"));
                    self.home.json(&format!("account show {name}"))
                });
                // Shares are told in the order of the accounts' own ids.
                accounts.sort_by_key(|account| account["id"].to_string());
                for (known, account) in ["one account", "other account"].into_iter().zip(accounts) {
                    let number = account["number"].to_string();
                    self.known.push((known, number.trim_matches('"').to_owned()));
                }
            }
            Scenario::Image => {
                self.bring_here("source", "web", "");
                let snapshot = self.snapshot_of("source");
                self.known.push(("source's snapshot", snapshot));
            }
            Scenario::DataSources => self.prepare_data_sources(),
            Scenario::Objects => {
                self.bring_here("source", "web", "");
                // Objects are named by the whole of it, of which the other is a part: so it is looked for first.
                let whole = self.whole_id("web", HERE);
                self.known.insert(0, ("all of source", whole));
                std::fs::create_dir_all(self.bucket()).unwrap();
                disks::noise(&self.bucket().join("brought.raw"), 2, 9);
            }
        }
    }

    fn prepare_data_sources(&mut self) {
        self.bring_here("first", "data-first", "--tag Stage=test --tag For=data");
        // Times of images are whole seconds, and one of the two shall be the newer.
        let then = crate::wire::clock::seconds();
        until("the next second", || (crate::wire::clock::seconds() != then).then_some(()));
        self.bring_here("second", "data-second", "--tag Stage=live");
        self.bring_here("third", "another", "");
        let body = serde_json::json!({"ImageId": self.id("third"), "ImageFamily": "nightly"});
        self.cvm().good(Place("cvm", HERE), "ModifyImageAttribute", &body);
    }

    /// Brings an image in and remembers its id.
    fn bring_here(&mut self, known: &'static str, name: &str, more: &str) {
        self.import(name, HERE, more);
        let id = self.whole_id(name, HERE);
        self.known.push((known, id[.."img-".len() + 8].to_owned()));
    }

    /// The snapshot that a known image has.
    fn snapshot_of(&self, known: &str) -> String {
        let body = serde_json::json!({"ImageIds": [self.id(known)]});
        let answer = self.cvm().good(Place("cvm", HERE), "DescribeImages", &body);
        let id = &answer["ImageSet"][0]["SnapshotSet"][0]["SnapshotId"];
        id.as_str().expect("an image has a snapshot").to_owned()
    }
}
