//! What can have tags.

use std::fmt;
use std::str::FromStr;

use crate::UnknownWord;
use crate::attributes::words;
use crate::ids::{ImageId, InstanceId, SnapshotId};
use crate::tags::TagKey;

words!(
    /// The kinds of things that can have tags.
    TaggedKind, "`image`, `snapshot`, `instance`",
    /// Images.
    Image = "image",
    /// Snapshots.
    Snapshot = "snapshot",
    /// Instances.
    Instance = "instance",
);

/// One thing that can have tags.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tagged {
    /// An image.
    Image(ImageId),
    /// A snapshot.
    Snapshot(SnapshotId),
    /// An instance.
    Instance(InstanceId),
}

impl Tagged {
    /// What it is.
    pub fn kind(&self) -> TaggedKind {
        match self {
            Tagged::Image(_) => TaggedKind::Image,
            Tagged::Snapshot(_) => TaggedKind::Snapshot,
            Tagged::Instance(_) => TaggedKind::Instance,
        }
    }

    /// Its id, as it is written everywhere.
    pub fn id(&self) -> &str {
        match self {
            Tagged::Image(id) => id.as_str(),
            Tagged::Snapshot(id) => id.as_str(),
            Tagged::Instance(id) => id.as_str(),
        }
    }
}

/// Which tags are taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagKeys {
    /// Those of these keys; a key that is not there is none to take.
    Named(Vec<TagKey>),
    /// All there are.
    All,
}
