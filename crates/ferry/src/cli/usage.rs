//! Commands on usage, rates and the queues of links.

use clap::{Args, Subcommand};
use model::{AccountId, Day, Meter, Month, Price, RegionId};

/// Whose.
#[derive(Args, Debug)]
pub struct WhoseArgs {
    /// Another account's; for operators.
    #[arg(long, conflicts_with = "all")]
    pub account: Option<AccountId>,
    /// All accounts'; for operators.
    #[arg(long)]
    pub all: bool,
}

/// `usage`.
#[derive(Args, Debug)]
pub struct UsageArgs {
    /// The month in UTC, as `2026-11`; else this one, until now.
    #[arg(long)]
    pub month: Option<Month>,
    /// Only these regions; else every one.
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    pub region: Vec<RegionId>,
    /// Whose.
    #[command(flatten)]
    pub whose: WhoseArgs,
}

/// Commands on rates.
#[derive(Debug, Subcommand)]
pub enum RateCommand {
    /// List the rates of a region, from when each counts.
    List {
        /// The region; else the profile's, else the first.
        #[arg(long)]
        region: Option<RegionId>,
    },
    /// Set what a unit costs from a day on; for operators.
    Set {
        /// What is metered: `traffic`, a GiB from another region, or `storage`, a GiB of snapshots for an hour.
        meter: Meter,
        /// What the unit costs, as `0.05`.
        price: Price,
        /// The first day in UTC on which it counts, as `2026-12-01`: after today.
        #[arg(long, value_name = "DAY")]
        from: Day,
        /// The region; else the profile's, else the first.
        #[arg(long)]
        region: Option<RegionId>,
    },
}

/// Commands on regions.
#[derive(Debug, Subcommand)]
pub enum RegionCommand {
    /// List the regions of this deployment.
    List,
    /// Show the links into a region: how many copies run and wait on each, and how fast it is.
    Links {
        /// The region; else the profile's, else the first.
        #[arg(long)]
        region: Option<RegionId>,
        /// Whose copies.
        #[command(flatten)]
        whose: WhoseArgs,
    },
}
