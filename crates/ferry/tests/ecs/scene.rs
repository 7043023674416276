//! What stands ready before the provider's first call: the same when its calls are recorded and when they are played again.

use std::fmt::Write as _;
use std::path::Path;

use super::{Caller, Key, now};
use crate::world::{Home, Serve, disks, until};

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

    /// Its trace's file, without the ending.
    pub fn name(self) -> &'static str {
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

/// A running service with what a scenario needs in it.
pub struct Scene {
    pub home: Home,
    pub key: Key,
    /// `127.0.0.1:7070`
    pub address: String,
    /// What a trace calls an id, and the id here.
    pub known: Vec<(&'static str, String)>,
    _serve: Serve,
}

impl Scene {
    pub fn start(scenario: Scenario) -> Scene {
        let home = Home::new();
        std::fs::write(home.path("ferry.toml"), settings()).unwrap();
        let serve = home.serve_with("serve --config ferry.toml", &[]);
        let word = |beginning| serve.word(beginning).expect("the first start tells its key");
        let key = Key { id: word("access key id "), secret: word("access key secret ") };
        let address = serve.endpoint.trim_start_matches("http://").to_owned();
        let mut scene = Scene { home, key, address, known: Vec::new(), _serve: serve };
        scene.prepare(scenario);
        scene
    }

    /// Whoever calls the service straight.
    pub fn caller(&self) -> Caller {
        Caller { address: self.address.clone(), key: self.key.clone() }
    }

    /// The id that a trace calls so.
    pub fn id(&self, name: &str) -> &str {
        let found = self.known.iter().find(|(known, _)| *known == name);
        &found.unwrap_or_else(|| panic!("no {name} in this scene")).1
    }

    fn prepare(&mut self, scenario: Scenario) {
        match scenario {
            Scenario::Example => {
                self.import("source", "web", SOURCE, "--tag of=source");
                self.import("other source", "other", SOURCE, "");
            }
            Scenario::InUse => self.import("source", "web", SOURCE, ""),
            Scenario::Encrypted => {
                self.import("source", "web", SOURCE, "");
                for name in ["encryption key", "disabled key"] {
                    let made = self.home.good("encryption-key create --region cn-shanghai -o id");
                    self.known.push((name, made));
                }
                let disabled = self.id("disabled key");
                self.home.good(&format!("encryption-key disable {disabled} --region {HERE}"));
            }
            Scenario::Timeout => {
                disks::noise(&self.home.path("slow.raw"), SLOW_MEBIBYTES, 7);
                self.import("source", "slow", SLOW, "");
            }
            Scenario::Failed => {
                self.import("source", "web", SOURCE, "");
                let packs = self.home.path(&format!("data/regions/{SOURCE}/packs"));
                assert!(damage(&packs) > 0, "the image's chunks lie in {packs:?}");
            }
            Scenario::Import => {
                self.import("source", "web", SOURCE, "");
                self.grow();
            }
            Scenario::DataSources => {
                self.import("first", "data-first", HERE, "--tag Stage=test --tag For=data");
                // Times of images are whole seconds, and one of the two shall be the newer.
                let then = now();
                until("the next second", || (now() != then).then_some(()));
                self.import("second", "data-second", HERE, "--tag Stage=live");
                self.import("third", "another", HERE, "");
            }
        }
    }

    /// Brings an image in by the command line.
    fn import(&mut self, known: &'static str, name: &str, region: &str, more: &str) {
        let file = self.home.path(&format!("{name}.raw"));
        if !file.exists() {
            disks::noise(&file, 2, name.len() as u64);
        }
        self.home.good(&format!("image import {name}.raw --name {name} --region {region} {more}"));
        self.know(known, name, region);
    }

    /// A copy that someone made without Terraform.
    fn grow(&mut self) {
        let caller = self.caller();
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

    /// Remembers the id by which this dialect calls an image.
    fn know(&mut self, known: &'static str, name: &str, region: &str) {
        let images = self.caller().images(region, name);
        assert_eq!(images.len(), 1, "{name} in {region}");
        let id = images[0]["ImageId"].as_str().expect("an image has an id");
        self.known.push((known, id.to_owned()));
    }
}

/// Flips bytes of every large file under a folder; answers how many there were.
fn damage(folder: &Path) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += damage(&path);
            continue;
        }
        let mut bytes = std::fs::read(&path).unwrap();
        if bytes.len() < 100_000 {
            continue;
        }
        bytes.iter_mut().skip(50_000).step_by(20_000).for_each(|byte| *byte ^= 0xff);
        std::fs::write(&path, bytes).unwrap();
        files += 1;
    }
    files
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
