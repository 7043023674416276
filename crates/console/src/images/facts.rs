//! What an image is, told as pairs of a word and its value, and as a table of its disks.

use std::collections::HashMap;

use model::{Architecture, BootMode, DiskRole, OsType, PageOf, SnapshotId, Storage};
use region::{DiskView, ImageView, Region, ShareView, SnapshotSearch};

use super::row::tag;
use crate::look::{self, When};
use crate::refusal::Shown;
use crate::visit::Visit;
use crate::words::{Saying, Words};

/// A value of a fact.
pub(crate) enum Value {
    /// Words of ours.
    Said(Saying),
    /// Other people's text.
    Text(String),
    /// An id, with a button that copies it.
    Id(String),
    /// A link: its text, where to.
    Link(String, String),
    /// A moment.
    Moment(When),
    /// Tags, each with where it is searched for.
    Tags(Vec<(String, String)>),
    /// Accounts, each with since when.
    Accounts(Vec<(String, When)>),
}

/// A fact.
pub(crate) struct Fact {
    pub(crate) label: Saying,
    pub(crate) values: Vec<Value>,
}

/// A row of the table of disks.
pub(crate) struct Disk {
    pub(crate) role: Saying,
    pub(crate) size: String,
    pub(crate) held: String,
    pub(crate) digest: Option<String>,
    pub(crate) snapshot: Option<String>,
    /// The snapshot's page; none where it is not the visitor's.
    pub(crate) link: Option<String>,
}

/// What there is to say of an image.
pub(crate) fn facts(visit: &Visit, image: &ImageView, shares: &[ShareView]) -> Vec<Fact> {
    let words = visit.words;
    let is_own = image.owner == visit.caller.account;
    let mut all = identity(visit, image);
    all.extend(machine(words, image));
    if is_own {
        all.extend(relations(words, image));
        let accounts = shares.iter().map(|share| (share.account.to_string(), When(share.created)));
        let accounts: Vec<_> = accounts.collect();
        let value = match accounts.is_empty() {
            true => Value::Said(words.say("images-with-nobody")),
            false => Value::Accounts(accounts),
        };
        all.push(Fact { label: words.say("images-shared-with"), values: vec![value] });
    }
    all
}

fn one(label: Saying, value: Value) -> Fact {
    Fact { label, values: vec![value] }
}

fn identity(visit: &Visit, image: &ImageView) -> Vec<Fact> {
    let words = visit.words;
    let is_own = image.owner == visit.caller.account;
    let mut owner = vec![Value::Id(image.owner.to_string())];
    if is_own {
        owner.insert(0, Value::Said(words.say("images-owner-you")));
    }
    let mut all = vec![
        one(words.say("images-id"), Value::Id(image.id.to_string())),
        one(words.say("images-region"), Value::Text(image.region.to_string())),
        one(words.say("images-type"), Value::Said(super::standing::kind(image.kind, words))),
        Fact { label: words.say("images-owner"), values: owner },
        one(words.say("images-created"), Value::Moment(When(image.created))),
    ];
    if !image.description.as_str().is_empty() {
        let text = Value::Text(image.description.to_string());
        all.insert(1, one(words.say("images-description"), text));
    }
    let since = image.deprecated.map(When);
    all.extend(since.map(|since| one(words.say("images-deprecated-since"), Value::Moment(since))));
    if is_own {
        let tags = image.tags.iter().map(|(key, value)| {
            let tag = tag(key, value);
            let search = crate::visit::encoded(&tag);
            (tag, format!("/images?region={}&q={search}", image.region))
        });
        all.push(one(words.say("images-tags"), Value::Tags(tags.collect())));
    }
    all
}

fn machine(words: Words, image: &ImageView) -> Vec<Fact> {
    let attributes = &image.attributes;
    let os = words.say(match attributes.os_type {
        OsType::Linux => "images-os-linux",
        OsType::Windows => "images-os-windows",
        OsType::Other => "images-os-other",
    });
    let architecture = match attributes.architecture {
        Architecture::X86_64 => "x86-64",
        Architecture::Arm64 => "Arm64",
        Architecture::I386 => "i386",
        Architecture::Riscv64 => "RISC-V 64",
    };
    let boot = match attributes.boot_mode {
        BootMode::Bios => "BIOS",
        BootMode::Uefi => "UEFI",
    };
    let mut all = vec![
        one(words.say("images-os"), Value::Said(os)),
        one(words.say("images-architecture"), Value::Text(architecture.to_owned())),
        one(words.say("images-boot"), Value::Text(boot.to_owned())),
    ];
    if !attributes.platform.as_str().is_empty() {
        let platform = Value::Text(attributes.platform.to_string());
        all.insert(1, one(words.say("images-platform"), platform));
    }
    let family = image.family.as_ref().map(|family| Value::Text(family.to_string()));
    all.extend(family.map(|family| one(words.say("images-family"), family)));
    all
}

/// What it is to others: only its owner is told.
fn relations(words: Words, image: &ImageView) -> Vec<Fact> {
    let here = &image.region;
    let mut all = Vec::new();
    let storage = words.say(match image.storage {
        Storage::Snapshots => "images-storage-snapshots",
        Storage::LocalFile => "images-storage-file",
    });
    all.push(one(words.say("images-storage"), Value::Said(storage)));
    let key = match &image.encryption_key {
        Some(key) => Value::Link(key.to_string(), format!("/encryption-keys?region={here}")),
        None => Value::Said(words.say("images-plain")),
    };
    all.push(one(words.say("images-key"), key));
    if let Some(origin) = &image.origin {
        let path = format!("/regions/{}/images/{}", origin.region, origin.image);
        let source = Value::Link(format!("{} / {}", origin.region, origin.image), path);
        let path = format!("/regions/{here}/copies/{}", origin.copy);
        let copy = Value::Link(words.say("images-its-copy").to_string(), path);
        all.push(Fact { label: words.say("images-origin"), values: vec![source, copy] });
    }
    if let Some((copy, target)) = &image.held_by {
        let count = words.say("images-leaving-count").with("count", image.copies_leaving);
        let path = format!("/regions/{target}/copies/{copy}");
        let link =
            Value::Link(words.say("images-leaving-to").showing("region", target).to_string(), path);
        let values = vec![Value::Said(count), link];
        all.push(Fact { label: words.say("images-leaving"), values });
    }
    if let Some(made) = &image.converted_into {
        let path = format!("/regions/{here}/images/{made}");
        all.push(one(words.say("images-converted-into"), Value::Link(made.to_string(), path)));
    }
    if let Some(task) = &image.exported_by {
        let link = Value::Link(task.to_string(), format!("/regions/{here}/tasks/{task}"));
        all.push(one(words.say("images-exported-by"), link));
    }
    let instances = match image.instances {
        0 => Value::Said(words.say("images-no-instance")),
        count => {
            let text = words.say("images-instance-count").with("count", count).to_string();
            Value::Link(text, format!("/instances?region={here}&q={}", image.id))
        }
    };
    all.push(one(words.say("images-instances"), instances));
    all
}

/// The disks, with what their snapshots hold where those are the visitor's.
pub(crate) async fn disks(
    visit: &Visit,
    region: &Region,
    image: &ImageView,
) -> Result<Vec<Disk>, Shown> {
    let is_own = image.owner == visit.caller.account;
    let held: HashMap<SnapshotId, u64> = if is_own {
        let page = PageOf::default();
        let search = SnapshotSearch { image: Some(image.id.clone()), page, ..Default::default() };
        let found = region.search_snapshots(&visit.caller, search).await?;
        found.items.into_iter().map(|snapshot| (snapshot.id, snapshot.held_bytes)).collect()
    } else {
        HashMap::new()
    };
    let view = |disk: &DiskView| {
        let held = disk.snapshot.as_ref().and_then(|snapshot| held.get(snapshot));
        let page =
            |snapshot: &SnapshotId| format!("/regions/{}/snapshots/{snapshot}", image.region);
        Disk {
            role: role(disk.role, visit.words),
            size: look::bytes(disk.size.bytes()),
            held: held.map_or_else(|| "-".to_owned(), |bytes| look::bytes(*bytes)),
            digest: disk.digest.map(|digest| digest.to_string()),
            snapshot: disk.snapshot.as_ref().map(ToString::to_string),
            link: disk.snapshot.as_ref().filter(|_| is_own).map(page),
        }
    };
    Ok(image.disks.iter().map(view).collect())
}

fn role(role: DiskRole, words: Words) -> Saying {
    match role.number() {
        0 => words.say("images-disk-system"),
        number => words.say("images-disk-data").with("number", u64::from(number)),
    }
}

impl Disk {
    /// As much of a digest as tells disks apart at a look.
    pub(crate) fn short<'d>(&self, digest: &'d str) -> &'d str {
        digest.get(..16).unwrap_or(digest)
    }
}
