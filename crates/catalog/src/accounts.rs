//! Accounts and their access keys, in a small file of their own beside the regions'. Each call is one transaction.

use std::path::Path;

use model::{AccessKeyId, AccountId, Timestamp};
use sqlx::query;
use sqlx::sqlite::SqliteRow;

use crate::database::Database;
use crate::fault::CatalogFault;
use crate::migration::{self, migrate};
use crate::outcome::Deleted;
use crate::stored::Stored;

/// The accounts of a deployment. Cloning gives another handle to the same file.
#[derive(Clone, Debug)]
pub struct AccountsCatalog {
    database: Database,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// Its id.
    pub id: AccountId,
    /// What its people call it.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
}

/// An access key.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKeyRow {
    /// Its id.
    pub id: AccessKeyId,
    /// Whose it is.
    pub account: AccountId,
    /// Its secret, sealed (`docs/formats.md` 7).
    pub sealed_secret: Vec<u8>,
    /// When it was made.
    pub created: Timestamp,
}

impl std::fmt::Debug for AccessKeyRow {
    /// Without the secret, sealed as it is (I13).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("AccessKeyRow");
        shown.field("id", &self.id).field("account", &self.account).field("created", &self.created);
        shown.finish_non_exhaustive()
    }
}

const LIST_ACCOUNTS: &str = "SELECT * FROM account ORDER BY created, id";
const LIST_KEYS: &str = "SELECT * FROM access_key WHERE account = ? ORDER BY created, id";

impl AccountsCatalog {
    /// Opens or creates the file, with the settings and refusals of [`crate::Catalog::open`].
    pub async fn open(path: &Path) -> Result<AccountsCatalog, CatalogFault> {
        let database = Database::open(path).await?;
        migrate(&database, migration::ACCOUNTS).await?;
        Ok(AccountsCatalog { database })
    }

    /// Records a new account.
    pub async fn insert_account(&self, account: &AccountRow) -> Result<(), CatalogFault> {
        let insert = query("INSERT INTO account (id, name, created) VALUES (?, ?, ?)")
            .bind(account.id.as_str())
            .bind(account.name.as_str())
            .bind(account.created.0);
        let mut tx = self.database.begin().await?;
        tx.run("record an account", insert).await?;
        tx.commit().await
    }

    /// An account.
    pub async fn account(&self, id: &AccountId) -> Result<Option<AccountRow>, CatalogFault> {
        let find = query("SELECT * FROM account WHERE id = ?").bind(id.as_str());
        let mut tx = self.database.read().await?;
        tx.one("find an account", find).await?.as_ref().map(account_from).transpose()
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

    /// All accounts, the oldest first.
    pub async fn accounts(&self) -> Result<Vec<AccountRow>, CatalogFault> {
        let mut tx = self.database.read().await?;
        tx.all("list accounts", query(LIST_ACCOUNTS)).await?.iter().map(account_from).collect()
    }

    /// Records a new access key of an account that is there.
    pub async fn insert_key(&self, key: &AccessKeyRow) -> Result<(), CatalogFault> {
        let sql =
            "INSERT INTO access_key (id, account, sealed_secret, created) VALUES (?, ?, ?, ?)";
        let insert = query(sql)
            .bind(key.id.as_str())
            .bind(key.account.as_str())
            .bind(key.sealed_secret.as_slice())
            .bind(key.created.0);
        let mut tx = self.database.begin().await?;
        tx.run("record an access key", insert).await?;
        tx.commit().await
    }

    /// An access key.
    pub async fn key(&self, id: &AccessKeyId) -> Result<Option<AccessKeyRow>, CatalogFault> {
        let find = query("SELECT * FROM access_key WHERE id = ?").bind(id.as_str());
        let mut tx = self.database.read().await?;
        tx.one("find an access key", find).await?.as_ref().map(key_from).transpose()
    }

    /// An account's access keys, the oldest first.
    pub async fn list_keys(&self, account: &AccountId) -> Result<Vec<AccessKeyRow>, CatalogFault> {
        let list = query(LIST_KEYS).bind(account.as_str());
        let mut tx = self.database.read().await?;
        tx.all("list access keys", list).await?.iter().map(key_from).collect()
    }

    /// Removes an access key.
    pub async fn delete_key(&self, id: &AccessKeyId) -> Result<Deleted, CatalogFault> {
        let delete = query("DELETE FROM access_key WHERE id = ?").bind(id.as_str());
        let mut tx = self.database.begin().await?;
        let deleted = tx.run("delete an access key", delete).await.map(Deleted::from_rows)?;
        tx.commit().await?;
        Ok(deleted)
    }

    /// Lets go of the file once the calls that run have ended. Nothing is lost without it.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

fn account_from(row: &SqliteRow) -> Result<AccountRow, CatalogFault> {
    let stored = Stored { table: "account", row };
    let (id, name) = (stored.word("id")?, stored.text("name")?);
    Ok(AccountRow { id, name, created: stored.time("created")? })
}

fn key_from(row: &SqliteRow) -> Result<AccessKeyRow, CatalogFault> {
    let stored = Stored { table: "access_key", row };
    Ok(AccessKeyRow {
        id: stored.word("id")?,
        account: stored.word("account")?,
        sealed_secret: stored.get("sealed_secret")?,
        created: stored.time("created")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn catalog() -> (tempfile::TempDir, AccountsCatalog) {
        let folder = tempfile::tempdir().unwrap();
        let catalog = AccountsCatalog::open(&folder.path().join("accounts.db")).await.unwrap();
        (folder, catalog)
    }

    fn account(n: u8) -> AccountRow {
        let id = AccountId::from_random(|| n);
        AccountRow { id, name: "default".into(), created: Timestamp(i64::from(n)) }
    }

    #[tokio::test]
    async fn accounts_read_back_as_written_after_opening_again() {
        let (folder, catalog) = catalog().await;
        for n in [2, 1] {
            catalog.insert_account(&account(n)).await.unwrap();
        }
        catalog.close().await;
        let catalog = AccountsCatalog::open(&folder.path().join("accounts.db")).await.unwrap();
        assert_eq!(catalog.accounts().await.unwrap(), [account(1), account(2)]);
        assert_eq!(catalog.account(&account(1).id).await.unwrap(), Some(account(1)));
        assert_eq!(catalog.account(&account(3).id).await.unwrap(), None);
    }

    #[tokio::test]
    async fn keys_read_back_as_written_and_are_found_by_account() {
        let (_folder, catalog) = catalog().await;
        let key = |n: u8, of: u8| AccessKeyRow {
            id: AccessKeyId::from_random(|| n),
            account: account(of).id,
            sealed_secret: vec![0, n, 255],
            created: Timestamp(5),
        };
        catalog.insert_account(&account(1)).await.unwrap();
        catalog.insert_account(&account(2)).await.unwrap();
        for (n, of) in [(7, 1), (8, 1), (9, 2)] {
            catalog.insert_key(&key(n, of)).await.unwrap();
        }
        assert_eq!(catalog.key(&key(8, 1).id).await.unwrap(), Some(key(8, 1)));
        assert_eq!(catalog.list_keys(&account(1).id).await.unwrap(), [key(7, 1), key(8, 1)]);
        assert_eq!(catalog.delete_key(&key(7, 1).id).await.unwrap(), Deleted::Yes);
        assert_eq!(catalog.delete_key(&key(7, 1).id).await.unwrap(), Deleted::No);
        assert_eq!(catalog.key(&key(7, 1).id).await.unwrap(), None);
        catalog.insert_key(&key(6, 5)).await.unwrap_err();
    }

    #[test]
    fn i13_a_key_is_shown_without_its_secret() {
        let id = AccessKeyId::from_random(|| 1);
        let sealed_secret = vec![211; 40];
        let account = account(1).id;
        let key = AccessKeyRow { id, account, sealed_secret, created: Timestamp(1) };
        assert!(!format!("{key:?}").contains("211"));
    }
}
