//! Commands on users.

use std::fmt;
use std::str::FromStr;

use clap::{Args, Subcommand};
use model::{Name, Rejection, Role, UserId};

use super::account::AccountRef;
use super::values::name;

/// Names a user: by its id, or by its name in its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserRef {
    /// By id.
    Id(UserId),
    /// By name, which is unique in its account.
    Name(Name),
}

impl FromStr for UserRef {
    type Err = Rejection;

    fn from_str(text: &str) -> Result<Self, Rejection> {
        match text.parse() {
            Ok(id) => Ok(UserRef::Id(id)),
            Err(_) => Name::new(text).map(UserRef::Name),
        }
    }
}

impl fmt::Display for UserRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UserRef::Id(id) => id.fmt(f),
            UserRef::Name(name) => name.fmt(f),
        }
    }
}

/// One user.
#[derive(Args, Clone, Debug)]
pub struct OneUser {
    /// The user, by id, or by its name in its account.
    pub user: UserRef,
    /// The account in which a name is looked for; else the own one.
    #[arg(long)]
    pub account: Option<AccountRef>,
}

/// Commands on users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make a user. It has no access key yet: `ferry key create --user` makes one.
    Create {
        /// Its name, new in the account.
        #[arg(value_parser = name)]
        name: Name,
        /// What it may do: `reader`, `owner`, `operator` or `admin`.
        #[arg(long, default_value = "owner")]
        role: Role,
        /// Its account; else the own one.
        #[arg(long)]
        account: Option<AccountRef>,
    },
    /// List the users of an account.
    List {
        /// The account; else the own one.
        #[arg(long)]
        account: Option<AccountRef>,
    },
    /// Show one user.
    Show(OneUser),
    /// Give a user another role.
    Role {
        /// The user.
        #[command(flatten)]
        one: OneUser,
        /// What it may do: `reader`, `owner`, `operator` or `admin`.
        role: Role,
    },
    /// Disable a user: it cannot sign in.
    Disable(OneUser),
    /// Enable a user again.
    Enable(OneUser),
    /// Delete a user with its access keys. What it made stays.
    Delete(OneUser),
}
