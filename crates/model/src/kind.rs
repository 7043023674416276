//! What kind an image is, and where its disks lie.

use crate::UnknownWord;
use crate::attributes::words;
use std::fmt;
use std::str::FromStr;

words!(
    /// An image's kind, as somebody sees it. Only custom images are copied (R001-2, R003-1).
    ImageKind, "`custom`, `shared`, `public`, `marketplace`",
    /// The caller's own.
    Custom = "custom",
    /// Another account's, shared with the caller's. Never stored: it is custom to its owner.
    Shared = "shared",
    /// Published by an operator, for every account.
    Public = "public",
    /// Published by an operator as an offer of the marketplace, for every account.
    Marketplace = "marketplace",
);
words!(
    /// Where an image's disks lie (R002-4).
    Storage, "`snapshots`, `local_file`",
    /// On snapshots in the region's store: a cloud system disk.
    Snapshots = "snapshots",
    /// In a file that was registered in place: a local system disk. It is converted before it is copied.
    LocalFile = "local_file",
);
