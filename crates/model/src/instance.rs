//! Instances: records that say an image is used. Ferry runs no machines.

use crate::ids::ImageId;

/// What an instance's system disk was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceDisk {
    /// The image, in the instance's region.
    pub image: ImageId,
}
