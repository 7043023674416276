//! Accounts: made, listed, shown, disabled and enabled.

use std::collections::HashMap;

use catalog::{AccountRow, AuditEntry, Inserted, Page, UserRow};
use model::{
    AccountId, AccountNumber, AccountRejection, Act, Admittance, Name, Rejection, Role, Timestamp,
    UserId, keep_an_admin,
};

use crate::audit::facts;
use crate::commands::{Caller, Cursor, Listed};
use crate::deployment::Accounts;
use crate::entropy::new_id;
use crate::images::{next_cursor, page};
use crate::keys::KeyCreated;
use crate::refused::{Refused, RegionFault};

/// An account, as operators and its own people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountView {
    /// Its id.
    pub id: AccountId,
    /// Its name.
    pub name: Name,
    /// Its number, unique in the deployment.
    pub number: AccountNumber,
    /// Whether its users may sign in.
    pub state: Admittance,
    /// When it was made.
    pub created: Timestamp,
}

/// A page of a listing that has no filter.
#[derive(Clone, Debug, Default)]
pub struct PageQuery {
    /// Behind this row.
    pub after: Option<Cursor>,
    /// At most so many.
    pub limit: u32,
}

impl Accounts {
    /// Makes an account without users.
    pub async fn create_account(
        &self,
        caller: &Caller,
        name: Name,
    ) -> Result<AccountView, Refused> {
        caller.must(Act::Administer)?;
        let id = new_id(&*self.entropy, |random| AccountId::from_random(random))?;
        let (state, created) = (Admittance::Active, self.clock.now());
        let mut tx = self.catalog.begin().await?;
        let number = tx.free_account_number(&id).await?;
        let row = AccountRow { id, name, number, state, created };
        if tx.insert_account(&row).await? == Inserted::Clash {
            return Err(Rejection::Account(AccountRejection::NameInUse { name: row.name }).into());
        }
        let entry = self.audit_entry(caller, "account.create", row.id.as_str());
        tx.record_audit(&AuditEntry { after: told(&row), ..entry }).await?;
        caller.commit(tx).await?;
        Ok(view(row))
    }

    /// The accounts, newest first: all of them for operators, the own one for others.
    pub async fn accounts(
        &self,
        caller: &Caller,
        query: PageQuery,
    ) -> Result<Listed<AccountView>, Refused> {
        caller.must(Act::Read)?;
        if !caller.role.may(Act::Operate) {
            let own = self.account(caller, &caller.account).await?;
            return Ok(Listed { items: vec![own], next: None });
        }
        let mut tx = self.catalog.read().await?;
        let rows = tx.list_accounts(&page(&query.after, query.limit)).await?;
        let next = next_cursor(&rows, query.limit, |row| Cursor {
            created: row.created,
            id: row.id.to_string(),
        });
        Ok(Listed { items: rows.into_iter().map(view).collect(), next })
    }

    /// One account. Another than the caller's is there for operators alone (I12).
    pub async fn account(
        &self,
        caller: &Caller,
        account: &AccountId,
    ) -> Result<AccountView, Refused> {
        caller.must(Act::Read)?;
        let row = self.catalog.read().await?.account(account).await?;
        let row = row.filter(|row| caller.sees(&row.id)).ok_or_else(|| no_account(account))?;
        Ok(view(row))
    }

    /// Lets an account's users sign in, or no longer. What runs for them goes on.
    pub async fn set_account_state(
        &self,
        caller: &Caller,
        account: &AccountId,
        state: Admittance,
    ) -> Result<AccountView, Refused> {
        caller.must(Act::Administer)?;
        let mut tx = self.catalog.begin().await?;
        let old = tx.account(account).await?.ok_or_else(|| no_account(account))?;
        if old.state == state {
            return Ok(view(old));
        }
        if state == Admittance::Disabled {
            keep_an_admin(&tx.admin_keys().await?, |key| key.account == *account).map_err(
                |last| Rejection::Account(AccountRejection::LastAdmin { user: last.user.clone() }),
            )?;
        }
        let new = AccountRow { state, ..old.clone() };
        let _there = tx.set_account_state(account, state).await?;
        let entry = self.audit_entry(caller, account_action(state), account.as_str());
        tx.record_audit(&AuditEntry { before: told(&old), after: told(&new), ..entry }).await?;
        caller.commit(tx).await?;
        Ok(view(new))
    }

    /// The numbers of accounts; none of one that only another process knows.
    pub async fn numbers_of(
        &self,
        accounts: impl IntoIterator<Item = &AccountId>,
    ) -> Result<HashMap<AccountId, AccountNumber>, Refused> {
        Ok(self.catalog.read().await?.account_numbers(accounts).await?)
    }

    /// The account of a number.
    pub async fn account_numbered(
        &self,
        number: AccountNumber,
    ) -> Result<Option<AccountId>, Refused> {
        Ok(self.catalog.read().await?.account_numbered(number).await?)
    }

    /// The names of accounts; none of one that only another process knows.
    pub async fn names_of(
        &self,
        accounts: impl IntoIterator<Item = &AccountId>,
    ) -> Result<HashMap<AccountId, Name>, Refused> {
        Ok(self.catalog.read().await?.account_names(accounts).await?)
    }

    /// The account of a name.
    pub async fn account_named(&self, name: &Name) -> Result<Option<AccountId>, Refused> {
        Ok(self.catalog.read().await?.account_named(name).await?)
    }

    /// Whether an account is one of this deployment's.
    pub(crate) async fn knows(&self, account: &AccountId) -> Result<bool, RegionFault> {
        Ok(self.catalog.read().await?.account(account).await?.is_some())
    }

    /// Makes the first account with its first user, an admin, and that one's first access key; none where there is an account
    /// already. Deployments of several processes give the id, so that all of them mean the same account and user.
    pub async fn ensure_first(
        &self,
        given: Option<AccountId>,
    ) -> Result<Option<KeyCreated>, Refused> {
        let mut tx = self.catalog.begin().await?;
        if !tx.list_accounts(&Page::first(1)).await?.is_empty() {
            return Ok(None);
        }
        let id = match given {
            Some(id) => id,
            None => new_id(&*self.entropy, |random| AccountId::from_random(random))?,
        };
        let created = self.clock.now();
        let legal = |name| Name::new(name).expect("a name of letters is legal");
        let state = Admittance::Active;
        let (number, name) = (tx.free_account_number(&id).await?, legal("default"));
        let account = AccountRow { id: id.clone(), name, number, state, created };
        let user = UserRow {
            id: UserId::first_of(&id),
            account: id,
            name: legal("admin"),
            role: Role::Admin,
            state,
            created,
        };
        let clash = RegionFault::Contradiction { what: "an account in an empty table clashes" };
        if (tx.insert_account(&account).await?, tx.insert_user(&user).await?)
            != (Inserted::Yes, Inserted::Yes)
        {
            return Err(clash.into());
        }
        let (row, secret) = self.new_key(&user)?;
        tx.insert_access_key(&row).await?;
        let begun = AuditEntry {
            at: created,
            account: None,
            actor: String::new(),
            action: "deployment.begin".to_owned(),
            subject: account.id.to_string(),
            request_id: "begin".to_owned(),
            detail: String::new(),
            before: String::new(),
            after: facts(&[
                ("account", account.name.to_string()),
                ("user", user.id.to_string()),
                ("role", user.role.to_string()),
                ("key", row.id.to_string()),
            ]),
        };
        tx.record_audit(&begun).await?;
        tx.commit().await?;
        Ok(Some(KeyCreated { id: row.id, secret }))
    }
}

/// The answer for an account that is absent, or that the caller does not see (I12).
pub(crate) fn no_account(account: &AccountId) -> Rejection {
    Rejection::Account(AccountRejection::AccountNotFound { account: account.clone() })
}

fn account_action(state: Admittance) -> &'static str {
    match state {
        Admittance::Active => "account.enable",
        Admittance::Disabled => "account.disable",
    }
}

fn told(row: &AccountRow) -> String {
    facts(&[
        ("name", row.name.to_string()),
        ("number", row.number.to_string()),
        ("state", row.state.to_string()),
    ])
}

fn view(row: AccountRow) -> AccountView {
    let AccountRow { id, name, number, state, created } = row;
    AccountView { id, name, number, state, created }
}
