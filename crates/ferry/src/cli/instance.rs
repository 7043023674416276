//! Commands on instances.

use clap::Subcommand;
use model::{InstanceId, Name, RegionId};

use super::values::{ImageRef, name};

/// Commands on instances.
#[derive(Debug, Subcommand)]
pub enum InstanceCommand {
    /// Register an instance that uses an image.
    Create {
        /// Its name.
        #[arg(long, value_parser = name)]
        name: Name,
        /// The image it uses: an id, or a name where only one image has it.
        #[arg(long)]
        image: ImageRef,
        /// The region; else the profile's, else the first.
        #[arg(long)]
        region: Option<RegionId>,
    },
    /// List the instances of a region.
    List {
        /// The region; else the profile's, else the first.
        #[arg(long)]
        region: Option<RegionId>,
    },
    /// Delete an instance's record.
    Delete {
        /// The instance.
        instance: InstanceId,
        /// The region; else the profile's, else the first.
        #[arg(long)]
        region: Option<RegionId>,
    },
    /// Give an instance another image's disk.
    ChangeDisk {
        /// The instance.
        instance: InstanceId,
        /// The image it is to use.
        #[arg(long)]
        image: ImageRef,
        /// The region; else the profile's, else the first.
        #[arg(long)]
        region: Option<RegionId>,
    },
}
