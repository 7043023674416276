//! Who may do what: users of accounts, and their roles.

use crate::UnknownWord;
use crate::attributes::words;
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

#[cfg(test)]
mod tests {
    use super::*;

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
