//! Images and their disks.

use crate::attributes::words;
use crate::rejection::Rejection;
use crate::size::SizeBytes;
use crate::{Digest, UnknownWord};
use std::fmt;
use std::str::FromStr;

/// The most data disks of one image, beside its system disk.
pub const MAX_DATA_DISKS: usize = 16;

words!(
    /// How an image stands. The words are what the native API shows; each dialect spells them its own way.
    ImageStatus, "`creating`, `available`, `create_failed`",
    /// Being imported or copied; its progress is below 100 %.
    Creating = "creating",
    /// Whole, verified and durable; may be used and copied.
    Available = "available",
    /// The copy that was to make it failed for good; it holds nothing, and stays to be seen and deleted (R004-11).
    CreateFailed = "create_failed",
);

words!(
    /// How an image stands, as its owner sees it: its status, with the queue before it and deprecation behind.
    Standing, "`waiting`, `creating`, `available`, `deprecated`, `create_failed`",
    /// Being made, and what makes it is in the queue or between two attempts (R002-3).
    Waiting = "waiting",
    /// Being made.
    Creating = "creating",
    /// May be used, copied, shared and published.
    Available = "available",
    /// May be used still, but neither copied, shared nor published.
    Deprecated = "deprecated",
    /// Could not be made.
    CreateFailed = "create_failed",
);

/// Whether its owner advises against an image.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Deprecation {
    /// No.
    Current,
    /// Yes: it is used still, but neither copied, shared nor published.
    Deprecated,
}

/// What a disk of an image is for. The number orders the disks: 0 the system disk, 1 to 16 the data disks.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DiskRole(u8);

impl DiskRole {
    /// The disk a machine starts from.
    pub const SYSTEM: DiskRole = DiskRole(0);

    /// The disk at a place in the image's list of disks.
    pub fn at(index: usize) -> Result<Self, Rejection> {
        match u8::try_from(index) {
            Ok(number) if index <= MAX_DATA_DISKS => Ok(DiskRole(number)),
            Ok(_) | Err(_) => Err(Rejection::TooManyDisks { limit: MAX_DATA_DISKS + 1 }),
        }
    }

    /// 0 for the system disk, else the number of the data disk.
    pub fn number(self) -> u8 {
        self.0
    }

    /// `system` or `data`.
    pub fn as_str(self) -> &'static str {
        if self == Self::SYSTEM { "system" } else { "data" }
    }
}

/// One disk as an image lists it: its size, and its contents once they are known.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct DiskSpec {
    /// Which disk.
    pub role: DiskRole,
    /// Its virtual size.
    pub size: SizeBytes,
    /// The name of its contents; none while it is being imported.
    pub digest: Option<Digest>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_one_system_disk_and_at_most_sixteen_data_disks() {
        assert_eq!(DiskRole::at(0).unwrap(), DiskRole::SYSTEM);
        assert_eq!(DiskRole::at(16).unwrap().as_str(), "data");
        assert_eq!(DiskRole::at(17), Err(Rejection::TooManyDisks { limit: 17 }));
        assert_eq!(DiskRole::at(256), Err(Rejection::TooManyDisks { limit: 17 }));
    }
}
