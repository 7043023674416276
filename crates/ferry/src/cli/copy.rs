//! Commands on copies.

use clap::{Args, Subcommand, ValueEnum};
use model::{CopyId, Priority, RegionId};

use super::values::Patience;

/// Commands on copies.
#[derive(Debug, Subcommand)]
pub enum CopyCommand {
    /// List the copies into a region, newest first.
    List {
        /// The target region; else all of them.
        #[arg(long)]
        region: Option<RegionId>,
        /// Only those that still run, or only those that have ended.
        #[arg(long, value_enum)]
        state: Option<CopyStanding>,
        /// At most so many of each region; else all.
        #[arg(long)]
        limit: Option<u64>,
    },
    /// Show one copy.
    Show {
        /// The copy.
        copy: CopyId,
        /// The target region; else it is looked for in all of them.
        #[arg(long)]
        region: Option<RegionId>,
    },
    /// Watch copies until they end.
    Watch {
        /// The copies.
        #[arg(required = true)]
        copies: Vec<CopyId>,
        /// The target region; else they are looked for in all of them.
        #[arg(long)]
        region: Option<RegionId>,
        /// Wait no longer than this, as `90s`, `10m` or `2h`.
        #[arg(long, value_name = "TIME")]
        timeout: Option<Patience>,
    },
    /// Do the next attempt of a waiting copy now.
    Retry {
        /// The copy.
        copy: CopyId,
        /// The target region; else it is looked for in all of them.
        #[arg(long)]
        region: Option<RegionId>,
    },
}

/// How soon a copy is wanted.
#[derive(Args, Debug)]
pub struct UrgencyArgs {
    /// How urgent it is: `low`, `normal` or `high`. It weighs among the copies of the account, and says which of those that wait
    /// go first.
    #[arg(long, value_name = "PRIORITY", default_value_t)]
    pub priority: Priority,
    /// How long it may take from now on until the image is available, as `90s`, `30m` or `2h`: promised, or refused with the
    /// reason.
    #[arg(long, value_name = "TIME")]
    pub deadline: Option<Patience>,
}

/// Whether a copy still runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CopyStanding {
    /// It still runs.
    Live,
    /// It has ended.
    Ended,
}

impl CopyStanding {
    /// The word of the API.
    pub fn word(self) -> &'static str {
        match self {
            CopyStanding::Live => "live",
            CopyStanding::Ended => "ended",
        }
    }
}
