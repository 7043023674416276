//! Commands on quotas.

use clap::Subcommand;
use model::{QuotaKind, RegionId};

/// Commands on quotas.
#[derive(Debug, Subcommand)]
pub enum QuotaCommand {
    /// Show the quotas of a region.
    Show {
        /// The region; else the profile's, else the first.
        #[arg(long)]
        region: Option<RegionId>,
    },
    /// Set how many there may be.
    Set {
        /// What is counted: `image` or `snapshot`.
        kind: QuotaKind,
        /// How many there may be. What is there already stays.
        limit: u64,
        /// The region; else the profile's, else the first.
        #[arg(long)]
        region: Option<RegionId>,
    },
}
