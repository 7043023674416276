//! Alibaba Cloud's provider: its stories.

pub mod trace;

use std::fmt::Write as _;

use super::Story;
use super::scene::Scene;
use super::trace::Dialect;
use crate::ecs::{Caller, now};
use crate::world::{disks, until};

/// Where the provider is told to work.
pub const HERE: &str = "cn-shanghai";
/// Where the source images are.
pub const SOURCE: &str = "cn-hangzhou";
/// A region from which bytes come slowly in [`Scenario::Timeout`].
pub const SLOW: &str = "cn-beijing";
/// Bytes a second from there, and how many MiB the image has: minutes, where the provider waits one.
const SLOW_BYTES_PER_SEC: u64 = 20_000;
const SLOW_MEBIBYTES: u64 = 16;

/// One story of the provider and the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// The example of the provider's page, changes in place, a replacement, destroy.
    Example,
    /// An image that an instance uses, `force`, and `delete_auto_snapshot`.
    InUse,
    /// A copy under an encryption key, and one under a disabled key.
    Encrypted,
    /// A copy that takes longer than the create timeout.
    Timeout,
    /// A copy that fails, since its source is damaged.
    Failed,
    /// An image that Terraform did not make.
    Import,
    /// The data source of images.
    DataSources,
}

impl Scenario {
    pub const ALL: [Scenario; 7] = [
        Scenario::Example,
        Scenario::InUse,
        Scenario::Encrypted,
        Scenario::Timeout,
        Scenario::Failed,
        Scenario::Import,
        Scenario::DataSources,
    ];

    fn name(self) -> &'static str {
        match self {
            Scenario::Example => "example",
            Scenario::InUse => "in_use",
            Scenario::Encrypted => "encrypted",
            Scenario::Timeout => "timeout",
            Scenario::Failed => "failed",
            Scenario::Import => "import",
            Scenario::DataSources => "data_sources",
        }
    }
}

impl Story for Scenario {
    fn dialect(self) -> &'static dyn Dialect {
        &trace::Ecs
    }

    fn file(self) -> String {
        format!("alibaba/{}", self.name())
    }

    fn begin(self) -> Scene {
        let mut scene = Scene::start(&settings());
        scene.prepare(self);
        scene
    }
}

impl Scene {
    /// Whoever calls the service straight.
    pub fn ecs(&self) -> Caller {
        Caller { address: self.address.clone(), key: self.key.clone() }
    }

    fn prepare(&mut self, scenario: Scenario) {
        match scenario {
            Scenario::Example => {
                self.bring("source", "web", SOURCE, "--tag of=source");
                self.bring("other source", "other", SOURCE, "");
            }
            Scenario::InUse => self.bring("source", "web", SOURCE, ""),
            Scenario::Encrypted => {
                self.bring("source", "web", SOURCE, "");
                for name in ["encryption key", "disabled key"] {
                    let made = self.home.good("encryption-key create --region cn-shanghai -o id");
                    self.known.push((name, made));
                }
                let disabled = self.id("disabled key");
                self.home.good(&format!("encryption-key disable {disabled} --region {HERE}"));
            }
            Scenario::Timeout => {
                disks::noise(&self.home.path("slow.raw"), SLOW_MEBIBYTES, 7);
                self.bring("source", "slow", SLOW, "");
            }
            Scenario::Failed => {
                self.bring("source", "web", SOURCE, "");
                self.damage(SOURCE);
            }
            Scenario::Import => {
                self.bring("source", "web", SOURCE, "");
                self.grow();
            }
            Scenario::DataSources => {
                self.bring("first", "data-first", HERE, "--tag Stage=test --tag For=data");
                // Times of images are whole seconds, and one of the two shall be the newer.
                let then = now();
                until("the next second", || (now() != then).then_some(()));
                self.bring("second", "data-second", HERE, "--tag Stage=live");
                self.bring("third", "another", HERE, "");
            }
        }
    }

    /// A copy that someone made without Terraform.
    fn grow(&mut self) {
        let caller = self.ecs();
        let more = [
            ("RegionId", SOURCE),
            ("ImageId", self.id("source")),
            ("DestinationRegionId", HERE),
            ("DestinationImageName", "grown"),
            ("DestinationDescription", "by-hand"),
            ("Tag.1.Key", "FinanceDept"),
            ("Tag.1.Value", "FinanceDeptJoshua"),
        ];
        caller.good("CopyImage", &more);
        until("the copy is there", || {
            (caller.images(HERE, "grown")[0]["Status"] == "Available").then_some(())
        });
        self.know("grown", "grown", HERE);
    }

    /// Brings an image in and remembers its id.
    fn bring(&mut self, known: &'static str, name: &str, region: &str, more: &str) {
        self.import(name, region, more);
        self.know(known, name, region);
    }

    /// Remembers the id by which this dialect calls an image.
    fn know(&mut self, known: &'static str, name: &str, region: &str) {
        let images = self.ecs().images(region, name);
        assert_eq!(images.len(), 1, "{name} in {region}");
        let id = images[0]["ImageId"].as_str().expect("an image has an id");
        self.known.push((known, id.to_owned()));
    }
}

fn settings() -> String {
    let mut text = "data = \"data\"\nlisten = \"127.0.0.1:0\"\n".to_owned();
    for region in [SOURCE, HERE, SLOW] {
        writeln!(text, "[[regions]]\nname = \"{region}\"").unwrap();
    }
    writeln!(
        text,
        "[[links]]\nsource = \"{SLOW}\"\ntarget = \"{HERE}\"\nbytes_per_sec = {SLOW_BYTES_PER_SEC}"
    )
    .unwrap();
    text
}
