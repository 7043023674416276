//! How many images and snapshots an account may have in a region.

use crate::UnknownWord;
use crate::attributes::words;
use std::fmt;
use std::str::FromStr;

words!(
    /// What a quota counts.
    QuotaKind, "`image`, `snapshot`",
    /// Images that are available, and those promised.
    Image = "image",
    /// Snapshots that are at rest, and those promised.
    Snapshot = "snapshot",
);

/// One quota of one account in one region. `used + reserved <= limit` at every commit, unless the limit was lowered later (I7).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// What it counts.
    pub kind: QuotaKind,
    /// How many there may be.
    pub limit: u64,
    /// How many there are.
    pub used: u64,
    /// How many are promised to copies and imports that run.
    pub reserved: u64,
}
