//! Commands on snapshots.

use clap::{Args, Subcommand, ValueEnum};
use model::{ClientToken, Description, EncryptionKeyId, ImageId, Name, RegionId, SnapshotId};

use super::copy::UrgencyArgs;
use super::machine::MachineArgs;
use super::values::{Patience, TagArg, name, parse_description, token};

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
    /// Copy one snapshot, without an image, to another region, or within its region under another key.
    Copy(SnapshotCopyArgs),
    /// Delete a snapshot that no image uses; one that is still being copied here is cancelled.
    Delete {
        /// The snapshot.
        snapshot: SnapshotId,
        /// The region it is in; else the profile's, else the first.
        #[arg(long)]
        region: Option<RegionId>,
    },
}

/// `snapshot copy`.
#[derive(Args, Debug)]
pub struct SnapshotCopyArgs {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// The region it is in; else the profile's, else the first.
    #[arg(long, value_name = "REGION")]
    pub from: Option<RegionId>,
    /// The region to copy it to.
    #[arg(long, value_name = "REGION")]
    pub to: RegionId,
    /// Its name there; else the source's. May be empty.
    #[arg(long)]
    pub name: Option<String>,
    /// Its description there; else the source's.
    #[arg(long, value_parser = parse_description)]
    pub description: Option<Description>,
    /// A tag there; else the source's.
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub tags: Vec<TagArg>,
    /// Encrypt the copy, with the account's default key there.
    #[arg(long)]
    pub encrypt: bool,
    /// Encrypt the copy with this key there.
    #[arg(long, value_name = "KEY", conflicts_with = "encrypt")]
    pub encryption_key: Option<EncryptionKeyId>,
    /// How soon it is wanted.
    #[command(flatten)]
    pub urgency: UrgencyArgs,
    /// A token of your own: the same request with the same token is done once.
    #[arg(long, value_parser = token)]
    pub token: Option<ClientToken>,
    /// Wait until the copy ends.
    #[arg(long)]
    pub wait: bool,
    /// Wait no longer than this, as `90s`, `10m` or `2h`.
    #[arg(long, requires = "wait", value_name = "TIME")]
    pub timeout: Option<Patience>,
}

/// `image create`.
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// A snapshot that a disk rests on, the system disk's first; may be given up to 17 times.
    #[arg(long = "snapshot", value_name = "SNAPSHOT", required = true)]
    pub snapshots: Vec<SnapshotId>,
    /// The image's name.
    #[arg(long, value_parser = name)]
    pub name: Name,
    /// What the image is.
    #[arg(long, value_parser = parse_description)]
    pub description: Option<Description>,
    /// The region that the snapshots are in; else the profile's, else the first.
    #[arg(long)]
    pub region: Option<RegionId>,
    /// The machine that it is for.
    #[command(flatten)]
    pub machine: MachineArgs,
    /// A tag; may be given up to 20 times.
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub tags: Vec<TagArg>,
    /// A token of your own: the same request with the same token is done once.
    #[arg(long, value_parser = token)]
    pub token: Option<ClientToken>,
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
