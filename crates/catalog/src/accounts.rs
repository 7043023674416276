//! The accounts of a deployment, with their users and access keys, in a small file of their own beside the regions'. It has an
//! audit trail of its own.

use std::path::Path;

use crate::statement::Row;
use crate::statement::query;
use model::{AccountId, AccountNumber, Admittance, Name, Timestamp};

use crate::database::Database;
use crate::fault::CatalogFault;
use crate::migration::{self, migrate};
use crate::outcome::{Inserted, Updated};
use crate::page::Page;
use crate::stored::{Stored, signed};
use crate::tx::Tx;

/// The accounts of a deployment. Cloning gives another handle to the same file.
///
/// Of a [`Tx`] that it begins, the methods on accounts, users, access keys and the audit trail have tables to work on.
#[derive(Clone, Debug)]
pub struct AccountsCatalog {
    database: Database,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// Its id.
    pub id: AccountId,
    /// What its people call it; unique in the deployment.
    pub name: Name,
    /// Its number; unique in the deployment.
    pub number: AccountNumber,
    /// Whether its users may sign in.
    pub state: Admittance,
    /// When it was made.
    pub created: Timestamp,
}

pub(crate) const LIST: &str =
    "SELECT * FROM account WHERE (created, id) < (?, ?) ORDER BY created DESC, id DESC LIMIT ?";

impl AccountsCatalog {
    /// Opens or creates the file, with the settings and refusals of [`crate::Catalog::open`].
    pub async fn open(path: &Path) -> Result<AccountsCatalog, CatalogFault> {
        let database = Database::open(path).await?;
        migrate(&database, migration::ACCOUNTS).await?;
        let mut tx = database.begin().await?;
        if tx.number_accounts().await? > 0 {
            tx.commit().await?;
        }
        Ok(AccountsCatalog { database })
    }

    /// A transaction that may write. There is one at a time: waits up to 5 s, then [`CatalogFault::Busy`].
    pub async fn begin(&self) -> Result<Tx, CatalogFault> {
        self.database.begin().await
    }

    /// A transaction that sees one state of the rows and cannot write.
    pub async fn read(&self) -> Result<Tx, CatalogFault> {
        self.database.read().await
    }

    /// The sealed id key of an account.
    pub async fn id_key(&self, account: &AccountId) -> Result<Option<Vec<u8>>, CatalogFault> {
        let find = query("SELECT sealed FROM id_key WHERE account = ?").bind(account.as_str());
        let found = self.database.read().await?.one("find an id key", find).await?;
        found.map(|row| Stored { table: "id_key", row: &row }.get("sealed")).transpose()
    }

    /// Records the sealed id key of an account, unless it has one: the first one stays.
    pub async fn ensure_id_key(
        &self,
        account: &AccountId,
        sealed: &[u8],
    ) -> Result<(), CatalogFault> {
        let sql = "INSERT INTO id_key (account, sealed) VALUES (?, ?) ON CONFLICT DO NOTHING";
        let mut tx = self.database.begin().await?;
        tx.run("record an id key", query(sql).bind(account.as_str()).bind(sealed)).await?;
        tx.commit().await
    }

    /// Lets go of the file once the calls that run have ended. Nothing is lost without it.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

impl Tx {
    /// Records a new account. [`Inserted::Clash`] where the id, the name or the number is taken.
    pub async fn insert_account(&mut self, account: &AccountRow) -> Result<Inserted, CatalogFault> {
        let sql = "INSERT INTO account (id, name, number, state, created) \
            VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
        let insert = query(sql)
            .bind(account.id.as_str())
            .bind(account.name.as_str())
            .bind(signed("number", account.number.number())?)
            .bind(account.state.as_str())
            .bind(account.created.0);
        match self.run("record an account", insert).await? {
            0 => Ok(Inserted::Clash),
            _ => Ok(Inserted::Yes),
        }
    }

    /// An account.
    pub async fn account(&mut self, id: &AccountId) -> Result<Option<AccountRow>, CatalogFault> {
        let find = query("SELECT * FROM account WHERE id = ?").bind(id.as_str());
        self.one("find an account", find).await?.as_ref().map(account_from).transpose()
    }

    /// The accounts, the newest first.
    pub async fn list_accounts(&mut self, page: &Page) -> Result<Vec<AccountRow>, CatalogFault> {
        let (created, id) = page.below();
        let list = query(LIST).bind(created).bind(id).bind(page.limit);
        self.all("list accounts", list).await?.iter().map(account_from).collect()
    }

    /// Lets an account's users sign in, or no longer.
    pub async fn set_account_state(
        &mut self,
        id: &AccountId,
        state: Admittance,
    ) -> Result<Updated, CatalogFault> {
        let update = query("UPDATE account SET state = ? WHERE id = ?");
        let update = update.bind(state.as_str()).bind(id.as_str());
        self.run("change an account", update).await.map(Updated::from_rows)
    }
}

fn account_from(row: &Row) -> Result<AccountRow, CatalogFault> {
    let stored = Stored { table: "account", row };
    Ok(AccountRow {
        id: stored.word("id")?,
        name: stored.checked("name", Name::new)?,
        number: account_number_from(&stored)?,
        state: stored.word("state")?,
        created: stored.time("created")?,
    })
}

pub(crate) fn account_number_from(stored: &Stored<'_>) -> Result<AccountNumber, CatalogFault> {
    let number: u64 = stored.number("number")?;
    AccountNumber::new(number).ok_or_else(|| stored.corrupt("number", &number.to_string()))
}

#[cfg(test)]
pub(crate) mod tests {
    use model::{AccessKeyId, Role, UserId};

    use super::*;
    use crate::account_number::first_choice;
    use crate::audit::{AuditChain, AuditEntry};

    pub(crate) async fn accounts() -> (tempfile::TempDir, AccountsCatalog) {
        let folder = tempfile::tempdir().unwrap();
        let catalog = AccountsCatalog::open(&folder.path().join("accounts.db")).await.unwrap();
        (folder, catalog)
    }

    pub(crate) fn account(n: u8) -> AccountRow {
        let id = AccountId::from_random(|| n);
        AccountRow {
            number: first_choice(&id),
            id,
            name: Name::new(&format!("account-{n}")).unwrap(),
            state: Admittance::Active,
            created: Timestamp(i64::from(n)),
        }
    }

    #[tokio::test]
    async fn accounts_read_back_as_written_after_opening_again() {
        let (folder, catalog) = accounts().await;
        let mut tx = catalog.begin().await.unwrap();
        for n in [2, 1, 3] {
            assert_eq!(tx.insert_account(&account(n)).await.unwrap(), Inserted::Yes);
        }
        let same_name = AccountRow { id: account(9).id, ..account(1) };
        assert_eq!(tx.insert_account(&same_name).await.unwrap(), Inserted::Clash);
        let off = Admittance::Disabled;
        assert_eq!(tx.set_account_state(&account(2).id, off).await.unwrap(), Updated::Yes);
        assert_eq!(tx.set_account_state(&account(9).id, off).await.unwrap(), Updated::No);
        tx.commit().await.unwrap();
        catalog.close().await;

        let catalog = AccountsCatalog::open(&folder.path().join("accounts.db")).await.unwrap();
        let mut tx = catalog.read().await.unwrap();
        let second = AccountRow { state: off, ..account(2) };
        let all = tx.list_accounts(&Page::first(2)).await.unwrap();
        assert_eq!(all, [account(3), second.clone()]);
        let after = Some((second.created, second.id.to_string()));
        let rest = tx.list_accounts(&Page { after, limit: 2 }).await.unwrap();
        assert_eq!(rest, [account(1)]);
        assert_eq!(tx.account(&second.id).await.unwrap(), Some(second));
        assert_eq!(tx.account(&account(9).id).await.unwrap(), None);
    }

    /// `0002_users`: accounts from before there were users get the one whom their keys belonged to in all but name.
    #[tokio::test]
    async fn keys_from_before_there_were_users_sign_in_as_admins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accounts.db");
        let old = Database::open(&path).await.unwrap();
        migrate(&old, &migration::ACCOUNTS[..1]).await.unwrap();
        let (id, key) = (account(1).id, AccessKeyId::from_random(|| 2));
        let mut tx = old.begin().await.unwrap();
        let insert = query("INSERT INTO account VALUES (?, 'default', 5)").bind(id.as_str());
        tx.run("record", insert).await.unwrap();
        let insert = query("INSERT INTO access_key VALUES (?, ?, x'01', 6)");
        tx.run("record", insert.bind(key.as_str()).bind(id.as_str())).await.unwrap();
        tx.commit().await.unwrap();
        old.close().await;

        let catalog = AccountsCatalog::open(&path).await.unwrap();
        let mut tx = catalog.read().await.unwrap();
        let found = tx.sign_in_row(&key).await.unwrap().unwrap();
        assert_eq!((found.role, &found.key.user), (Role::Admin, &UserId::first_of(&id)));
        let active = [found.key.state, found.user_state, found.account_state];
        assert_eq!(active, [Admittance::Active; 3]);
        let users = tx.list_users(&id, &Page::first(9)).await.unwrap();
        assert_eq!(users.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["admin"]);
        assert_eq!(tx.admin_keys().await.unwrap().len(), 1);
    }

    /// One implementation serves both trails (`audit.rs`).
    #[tokio::test]
    async fn the_accounts_have_an_audit_trail_of_their_own() {
        let (_folder, catalog) = accounts().await;
        let entry = AuditEntry {
            at: Timestamp(1),
            account: None,
            actor: String::new(),
            action: "account.create".into(),
            subject: account(1).id.to_string(),
            request_id: "r".into(),
            detail: String::new(),
            before: String::new(),
            after: "name=web".into(),
        };
        for n in 1..=3 {
            let mut tx = catalog.begin().await.unwrap();
            assert_eq!(tx.record_audit(&entry).await.unwrap(), n);
            tx.commit().await.unwrap();
        }
        let mut tx = catalog.begin().await.unwrap();
        assert_eq!(tx.verify_audit().await.unwrap(), AuditChain::Whole { rows: 3 });
        tx.run("bend", query("UPDATE audit SET after = 'name=other' WHERE seq = 2")).await.unwrap();
        assert_eq!(tx.verify_audit().await.unwrap(), AuditChain::Broken { seq: 2 });
    }
}
