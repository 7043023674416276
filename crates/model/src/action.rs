//! What may be done with an image or a snapshot, as a page that shows one offers it.

use crate::UnknownWord;
use crate::attributes::words;
use std::fmt;
use std::str::FromStr;

words!(
    /// What may be done with an image.
    ImageAction, "`copy`, `create_instance`, `export`, `share`, `publish`, `edit`, `delete`, `cancel`, `convert`",
    /// Copy it to other regions (R000-6).
    Copy = "copy",
    /// Make an instance of it, or change an instance's system disk to it (R000-12).
    CreateInstance = "create_instance",
    /// Write its disks into a bucket.
    Export = "export",
    /// Share it with other accounts (R001-8).
    Share = "share",
    /// Offer it to every account.
    Publish = "publish",
    /// Change what it says of itself (R002-12).
    Edit = "edit",
    /// Delete it.
    Delete = "delete",
    /// Cancel what makes it (R000-10).
    Cancel = "cancel",
    /// Make an image on snapshots of its local file (R002-4).
    Convert = "convert",
);
words!(
    /// What may be done with a snapshot.
    SnapshotAction, "`copy`, `create_image`, `delete`",
    /// Copy it alone to another region.
    Copy = "copy",
    /// Make an image that rests on it.
    CreateImage = "create_image",
    /// Delete it; of one that is being copied here, cancel that.
    Delete = "delete",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_as_written() {
        for action in ImageAction::ALL {
            assert_eq!(action.as_str().parse(), Ok(*action));
        }
        for action in SnapshotAction::ALL {
            assert_eq!(action.as_str().parse(), Ok(*action));
        }
    }
}
