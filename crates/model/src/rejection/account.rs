//! Refusals about accounts, users and access keys. No dialect manages those; each answers them as one kind.

use crate::ids::{AccessKeyId, AccountId, UserId};
use crate::text::Name;

/// Understood and refused, about who may use the deployment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountRejection {
    /// No such account.
    #[error("account `{account}` does not exist")]
    AccountNotFound {
        /// What was asked for.
        account: AccountId,
    },
    /// No such user of this account.
    #[error("user `{user}` does not exist")]
    UserNotFound {
        /// What was asked for.
        user: UserId,
    },
    /// No such access key of this account.
    #[error("access key `{key}` does not exist")]
    KeyNotFound {
        /// What was asked for.
        key: AccessKeyId,
    },
    /// A user has at most two access keys.
    #[error("the user has {limit} access keys already; delete one first")]
    TooManyKeys {
        /// The most.
        limit: usize,
    },
    /// Without the access key nobody could administer the deployment.
    #[error("access key `{key}` is the last with which an admin can sign in; create another first")]
    LastKey {
        /// The key.
        key: AccessKeyId,
    },
    /// An account or user of this name is there already.
    #[error("the name `{name}` is taken")]
    NameInUse {
        /// The name.
        name: Name,
    },
    /// Without the user nobody could administer the deployment.
    #[error("user `{user}` is the last admin who can sign in; make another, with a key, first")]
    LastAdmin {
        /// The user.
        user: UserId,
    },
}
