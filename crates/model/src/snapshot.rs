//! How snapshots stand, and what an image is there for.

use crate::UnknownWord;
use crate::attributes::words;
use std::fmt;
use std::str::FromStr;

words!(
    /// How a snapshot stands.
    SnapshotStanding, "`copying`, `whole`, `failed`",
    /// It is promised, and its contents are on their way here.
    Copying = "copying",
    /// Whole, verified and durable.
    Whole = "whole",
    /// The copy that was to make it failed for good; it holds nothing, and stays to be seen and deleted.
    Failed = "failed",
);

words!(
    /// Which disk of an image something is for, or was made for.
    DiskKind, "`system`, `data`",
    /// The one that a machine starts from.
    System = "system",
    /// One beside it.
    Data = "data",
);

words!(
    /// What an image's row is there for.
    Purpose, "`image`, `carrier`",
    /// It is an image.
    Image = "image",
    /// It takes one snapshot through a copy and goes with it; nobody sees it.
    Carrier = "carrier",
);
