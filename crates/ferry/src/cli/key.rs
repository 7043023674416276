//! Commands on access keys.

use clap::{Args, Subcommand};
use model::AccessKeyId;

use super::account::AccountRef;
use super::user::UserRef;

/// Whose keys.
#[derive(Args, Clone, Debug)]
pub struct WhoseKeys {
    /// This user's, by id or name; else the own ones. Others' are for admins.
    #[arg(long)]
    pub user: Option<UserRef>,
    /// The account in which the user's name is looked for; else the own one.
    #[arg(long, requires = "user")]
    pub account: Option<AccountRef>,
}

/// Commands on access keys.
///
/// A user has two at most, so that one can be changed without a gap: create the second, use it everywhere, disable the first,
/// and delete it once nothing misses it.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make an access key. Its secret is shown this once.
    Create(WhoseKeys),
    /// List access keys.
    List(WhoseKeys),
    /// Disable an access key: nobody can sign in with it until it is enabled again.
    Disable {
        /// The key.
        key: AccessKeyId,
    },
    /// Enable an access key again.
    Enable {
        /// The key.
        key: AccessKeyId,
    },
    /// Delete an access key: it stops working at once.
    Delete {
        /// The key.
        key: AccessKeyId,
    },
}
