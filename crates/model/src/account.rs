//! Who may do what: users of accounts, and their roles.

use crate::UnknownWord;
use crate::attributes::words;
use crate::ids::{AccessKeyId, AccountId, UserId};
use std::fmt;
use std::str::FromStr;

words!(
    /// What a user may do. Each role may do all that the one before it may.
    Role, "`reader`, `owner`, `operator`, `admin`",
    /// Looks at the account's own things.
    Reader = "reader",
    /// Changes the account's own things.
    Owner = "owner",
    /// Runs the deployment: decides tickets, publishes images, sets limits and rates, reads the audit trail.
    Operator = "operator",
    /// Makes accounts and users.
    Admin = "admin",
);
words!(
    /// What a command is, as far as roles go.
    Act, "`read`, `change`, `operate`, `administer`",
    /// Shows the account's own things.
    Read = "read",
    /// Changes the account's own things.
    Change = "change",
    /// Concerns every account of the deployment.
    Operate = "operate",
    /// Makes and unmakes accounts and users.
    Administer = "administer",
);
words!(
    /// Whether an account, a user or an access key may sign in.
    Admittance, "`active`, `disabled`",
    /// It may.
    Active = "active",
    /// It may not, until it is enabled again.
    Disabled = "disabled",
);

impl Role {
    /// Whether the role allows the act.
    pub fn may(self, act: Act) -> bool {
        let allowed: &[Act] = match self {
            Role::Reader => &[Act::Read],
            Role::Owner => &[Act::Read, Act::Change],
            Role::Operator => &[Act::Read, Act::Change, Act::Operate],
            Role::Admin => &[Act::Read, Act::Change, Act::Operate, Act::Administer],
        };
        allowed.contains(&act)
    }
}

/// An access key with which somebody can sign in and administer the deployment: it, its user and the account are active, and
/// the user is an admin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminKey {
    /// The key.
    pub key: AccessKeyId,
    /// Whose it is.
    pub user: UserId,
    /// The user's account.
    pub account: AccountId,
}

/// Whether a change leaves somebody who can sign in and administer the deployment: `lost` says which of the keys it takes.
/// The error is the last that would go.
pub fn keep_an_admin(keys: &[AdminKey], lost: impl Fn(&AdminKey) -> bool) -> Result<(), &AdminKey> {
    match keys.iter().find(|key| lost(key)) {
        Some(last) if keys.iter().all(&lost) => Err(last),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_key_of_the_last_admin_stays() {
        let key = |n: u8, of: u8| AdminKey {
            key: AccessKeyId::from_random(|| n),
            user: UserId::from_random(|| of),
            account: AccountId::from_random(|| 1),
        };
        let two = [key(1, 1), key(2, 1)];
        assert_eq!(keep_an_admin(&two, |admin| admin.key == two[0].key), Ok(()));
        assert_eq!(keep_an_admin(&two, |admin| admin.user == two[0].user), Err(&two[0]));
        let others = [key(1, 1), key(2, 2)];
        assert_eq!(keep_an_admin(&others, |admin| admin.user == others[1].user), Ok(()));
        assert_eq!(keep_an_admin(&others, |_| true), Err(&others[0]));
        assert_eq!(keep_an_admin(&others, |_| false), Ok(()), "it takes nothing away");
        assert_eq!(keep_an_admin(&[], |_| true), Ok(()), "there is nothing to take away");
    }

    #[test]
    fn each_role_may_do_what_the_one_before_it_may() {
        for pair in Role::ALL.windows(2) {
            let all = |role: Role| Act::ALL.iter().filter(move |act| role.may(**act)).count();
            assert_eq!(all(pair[1]), all(pair[0]) + 1, "{}", pair[1]);
            assert!(Act::ALL.iter().all(|act| !pair[0].may(*act) || pair[1].may(*act)));
        }
        assert!(!Role::Reader.may(Act::Change));
        assert!(!Role::Owner.may(Act::Operate));
        assert!(!Role::Operator.may(Act::Administer));
    }
}
