//! Commands on snapshots.

use clap::{Args, Subcommand, ValueEnum};
use model::{ImageId, RegionId, SnapshotId};

/// Commands on snapshots.
#[derive(Debug, Subcommand)]
pub enum SnapshotCommand {
    /// List the snapshots of a region, newest first.
    List(SnapshotListArgs),
    /// Show one snapshot.
    Show {
        /// The snapshot.
        snapshot: SnapshotId,
        /// The region it is in; else the profile's, else the first.
        #[arg(long)]
        region: Option<RegionId>,
    },
    /// Delete a snapshot that no image uses.
    Delete {
        /// The snapshot.
        snapshot: SnapshotId,
        /// The region it is in; else the profile's, else the first.
        #[arg(long)]
        region: Option<RegionId>,
    },
}

/// `snapshot list`.
#[derive(Args, Debug)]
pub struct SnapshotListArgs {
    /// The region; else the profile's, else the first.
    #[arg(long)]
    pub region: Option<RegionId>,
    /// Only those that a copy made, or only those that an import made.
    #[arg(long, value_enum)]
    pub origin: Option<SnapshotOrigin>,
    /// Only those of this image.
    #[arg(long)]
    pub image: Option<ImageId>,
    /// At most so many; else all.
    #[arg(long)]
    pub limit: Option<u64>,
}

/// What made a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SnapshotOrigin {
    /// A copy.
    Copied,
    /// An import.
    Imported,
}

impl SnapshotOrigin {
    /// The word of the API.
    pub fn word(self) -> &'static str {
        match self {
            SnapshotOrigin::Copied => "copied",
            SnapshotOrigin::Imported => "imported",
        }
    }
}
