//! Commands on access keys.

use clap::Subcommand;
use model::AccessKeyId;

/// Commands on access keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make an access key. Its secret is shown this once.
    Create,
    /// List the account's access keys.
    List,
    /// Delete an access key: it stops working at once.
    Delete {
        /// The key.
        key: AccessKeyId,
    },
}
