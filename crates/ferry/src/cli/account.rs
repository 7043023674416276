//! Commands on accounts.

use std::fmt;
use std::str::FromStr;

use clap::Subcommand;
use model::{AccountId, Name, Rejection};

use super::values::name;

/// Names an account: by its id, or by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountRef {
    /// By id.
    Id(AccountId),
    /// By name, which is unique in the deployment.
    Name(Name),
}

impl FromStr for AccountRef {
    type Err = Rejection;

    fn from_str(text: &str) -> Result<Self, Rejection> {
        match text.parse() {
            Ok(id) => Ok(AccountRef::Id(id)),
            Err(_) => Name::new(text).map(AccountRef::Name),
        }
    }
}

impl fmt::Display for AccountRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AccountRef::Id(id) => id.fmt(f),
            AccountRef::Name(name) => name.fmt(f),
        }
    }
}

/// Commands on accounts.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Make an account. It has no users yet: `ferry user create` makes them.
    Create {
        /// Its name, new in the deployment.
        #[arg(value_parser = name)]
        name: Name,
    },
    /// List accounts: all of them for operators, the own one for others.
    List,
    /// Show one account.
    Show {
        /// The account, by name or id.
        account: AccountRef,
    },
    /// Disable an account: its users cannot sign in. What runs for them goes on.
    Disable {
        /// The account, by name or id.
        account: AccountRef,
    },
    /// Enable an account again.
    Enable {
        /// The account, by name or id.
        account: AccountRef,
    },
}
