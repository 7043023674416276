//! Users of accounts: made, listed, shown, given roles, disabled, enabled and deleted.

use catalog::{AuditEntry, Inserted, Tx, Updated, UserRow};
use model::{
    AccountId, AccountRejection, Act, Admittance, Name, Rejection, Role, Timestamp, UserId,
    keep_an_admin,
};

use crate::accounts::{PageQuery, no_account};
use crate::audit::facts;
use crate::commands::{Caller, Cursor, Listed};
use crate::deployment::Accounts;
use crate::entropy::new_id;
use crate::images::{next_cursor, page};
use crate::refused::{Refused, RegionFault};

/// Make a user.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Of which account; none for the caller's own.
    pub account: Option<AccountId>,
    /// Its name, new in the account.
    pub name: Name,
    /// What it may do.
    pub role: Role,
}

/// What is changed of a user.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum UserChange {
    /// What it may do.
    Role(Role),
    /// Whether it may sign in.
    State(Admittance),
}

/// A user, as operators and the people of its account see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserView {
    /// Its id.
    pub id: UserId,
    /// Its account.
    pub account: AccountId,
    /// Its name.
    pub name: Name,
    /// What it may do.
    pub role: Role,
    /// Whether it may sign in.
    pub state: Admittance,
    /// When it was made.
    pub created: Timestamp,
}

impl Accounts {
    /// Makes a user without access keys.
    pub async fn create_user(&self, caller: &Caller, user: NewUser) -> Result<UserView, Refused> {
        caller.must(Act::Administer)?;
        let account = user.account.unwrap_or_else(|| caller.account.clone());
        let row = UserRow {
            id: new_id(&*self.entropy, |random| UserId::from_random(random))?,
            account,
            name: user.name,
            role: user.role,
            state: Admittance::Active,
            created: self.clock.now(),
        };
        let mut tx = self.catalog.begin().await?;
        if tx.account(&row.account).await?.is_none() {
            return Err(no_account(&row.account).into());
        }
        if tx.insert_user(&row).await? == Inserted::Clash {
            return Err(Rejection::Account(AccountRejection::NameInUse { name: row.name }).into());
        }
        let entry = self.audit_entry(caller, "user.create", row.id.as_str());
        tx.record_audit(&AuditEntry { after: told(&row), ..entry }).await?;
        caller.commit(tx).await?;
        Ok(view(row))
    }

    /// The users of an account, newest first; of the caller's own where none is named.
    pub async fn users(
        &self,
        caller: &Caller,
        account: Option<&AccountId>,
        query: PageQuery,
    ) -> Result<Listed<UserView>, Refused> {
        caller.must(Act::Read)?;
        let account = account.unwrap_or(&caller.account);
        let mut tx = self.catalog.read().await?;
        if !caller.sees(account) || tx.account(account).await?.is_none() {
            return Err(no_account(account).into());
        }
        let rows = tx.list_users(account, &page(&query.after, query.limit)).await?;
        let next = next_cursor(&rows, query.limit, |row| Cursor {
            created: row.created,
            id: row.id.to_string(),
        });
        Ok(Listed { items: rows.into_iter().map(view).collect(), next })
    }

    /// One user. Another account's is there for operators alone (I12).
    pub async fn user(&self, caller: &Caller, user: &UserId) -> Result<UserView, Refused> {
        caller.must(Act::Read)?;
        let row = self.catalog.read().await?.user(user).await?;
        let row = row.filter(|row| caller.sees(&row.account)).ok_or_else(|| no_user(user))?;
        Ok(view(row))
    }

    /// Gives a user another role, or lets it sign in or no longer, which ends its sessions. The last admin stays one.
    pub async fn change_user(
        &self,
        caller: &Caller,
        user: &UserId,
        change: UserChange,
    ) -> Result<UserView, Refused> {
        caller.must(Act::Administer)?;
        let mut tx = self.catalog.begin().await?;
        let old = tx.user(user).await?.ok_or_else(|| no_user(user))?;
        let new = match change {
            UserChange::Role(role) => UserRow { role, ..old.clone() },
            UserChange::State(state) => UserRow { state, ..old.clone() },
        };
        if old == new {
            return Ok(view(old));
        }
        if (new.role, new.state) != (Role::Admin, Admittance::Active) {
            keep_another_admin(&mut tx, user).await?;
        }
        if tx.update_user(&new).await? == Updated::No {
            return Err(
                RegionFault::Contradiction { what: "a user changed within a transaction" }.into()
            );
        }
        if new.state == Admittance::Disabled {
            tx.delete_sessions_of(user).await?;
            tx.delete_sign_in_links_of(user).await?;
        }
        let entry = self.audit_entry(caller, action(change), user.as_str());
        tx.record_audit(&AuditEntry { before: told(&old), after: told(&new), ..entry }).await?;
        caller.commit(tx).await?;
        Ok(view(new))
    }

    /// Deletes a user with its access keys and sessions. The last admin stays.
    pub async fn delete_user(&self, caller: &Caller, user: &UserId) -> Result<(), Refused> {
        caller.must(Act::Administer)?;
        let mut tx = self.catalog.begin().await?;
        let old = tx.user(user).await?.ok_or_else(|| no_user(user))?;
        keep_another_admin(&mut tx, user).await?;
        tx.delete_user(user).await?;
        let entry = self.audit_entry(caller, "user.delete", user.as_str());
        tx.record_audit(&AuditEntry { before: told(&old), ..entry }).await?;
        caller.commit(tx).await?;
        Ok(())
    }
}

/// Refuses where nobody else could sign in and administer the deployment.
async fn keep_another_admin(tx: &mut Tx, user: &UserId) -> Result<(), Refused> {
    keep_an_admin(&tx.admin_keys().await?, |key| key.user == *user).map_err(|last| {
        Rejection::Account(AccountRejection::LastAdmin { user: last.user.clone() })
    })?;
    Ok(())
}

/// The answer for a user that is absent, or that the caller does not see (I12).
pub(crate) fn no_user(user: &UserId) -> Rejection {
    Rejection::Account(AccountRejection::UserNotFound { user: user.clone() })
}

fn action(change: UserChange) -> &'static str {
    match change {
        UserChange::Role(_) => "user.role",
        UserChange::State(Admittance::Active) => "user.enable",
        UserChange::State(Admittance::Disabled) => "user.disable",
    }
}

fn told(row: &UserRow) -> String {
    facts(&[
        ("account", row.account.to_string()),
        ("name", row.name.to_string()),
        ("role", row.role.to_string()),
        ("state", row.state.to_string()),
    ])
}

fn view(row: UserRow) -> UserView {
    let UserRow { id, account, name, role, state, created } = row;
    UserView { id, account, name, role, state, created }
}
