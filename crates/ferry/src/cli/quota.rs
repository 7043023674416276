//! Commands on quotas.

use clap::Subcommand;
use model::{QuotaKind, RegionId};

use super::account::AccountRef;

/// Commands on quotas.
#[derive(Debug, Subcommand)]
pub enum QuotaCommand {
    /// Show the quotas of a region.
    Show {
        /// The region; else the profile's, else the first.
        #[arg(long)]
        region: Option<RegionId>,
        /// Those of this account; else the own ones. Others' are for operators.
        #[arg(long)]
        account: Option<AccountRef>,
    },
    /// Set how many there may be: for operators.
    Set {
        /// What is counted: `image` or `snapshot`.
        kind: QuotaKind,
        /// How many there may be. What is there already stays.
        limit: u64,
        /// The region; else the profile's, else the first.
        #[arg(long)]
        region: Option<RegionId>,
        /// For this account; else for the own one.
        #[arg(long)]
        account: Option<AccountRef>,
    },
}
