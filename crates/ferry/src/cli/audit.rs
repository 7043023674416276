//! Commands on the audit trails.

use clap::{Args, Subcommand};
use model::RegionId;

use super::account::AccountRef;

/// Which trail.
#[derive(Args, Clone, Debug)]
pub struct WhichTrail {
    /// A region's.
    #[arg(long)]
    pub region: Option<RegionId>,
    /// That of accounts, users and access keys, instead of a region's.
    #[arg(long, conflicts_with = "region")]
    pub accounts: bool,
}

/// What `ferry audit list` takes.
#[derive(Args, Clone, Debug)]
pub struct AuditListArgs {
    /// The trail; else that of the profile's region, else of the first.
    #[command(flatten)]
    pub trail: WhichTrail,
    /// Only the doings of this account, by name or id.
    #[arg(long)]
    pub account: Option<AccountRef>,
    /// Only what was done to this id.
    #[arg(long, value_name = "ID")]
    pub subject: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 100)]
    pub limit: u64,
}

/// Commands on the audit trails.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// List what was changed, newest first.
    List(AuditListArgs),
    /// Check that nobody has altered a trail; every trail of the deployment where none is named.
    Verify(WhichTrail),
}
