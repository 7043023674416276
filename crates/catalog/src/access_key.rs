//! Access keys of users, and what decides whether one signs in.

use crate::statement::Row;
use crate::statement::query;
use model::{AccessKeyId, AccountId, AdminKey, Admittance, Role, Timestamp, UserId};

use crate::fault::CatalogFault;
use crate::outcome::{Deleted, Updated};
use crate::stored::Stored;
use crate::tx::Tx;

/// An access key.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKeyRow {
    /// Its id.
    pub id: AccessKeyId,
    /// The account of its user.
    pub account: AccountId,
    /// Whose it is.
    pub user: UserId,
    /// Whether one may sign in with it.
    pub state: Admittance,
    /// Its secret, sealed (`docs/formats.md` 7).
    pub sealed_secret: Vec<u8>,
    /// When it was made.
    pub created: Timestamp,
}

impl std::fmt::Debug for AccessKeyRow {
    /// Without the secret, sealed as it is (I13).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("AccessKeyRow");
        shown.field("id", &self.id).field("user", &self.user).field("state", &self.state);
        shown.finish_non_exhaustive()
    }
}

/// All that decides whether a key signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInRow {
    /// The key.
    pub key: AccessKeyRow,
    /// What its user may do.
    pub role: Role,
    /// Whether its user may sign in.
    pub user_state: Admittance,
    /// Whether its account's users may sign in.
    pub account_state: Admittance,
}

pub(crate) const LIST: &str = "SELECT * FROM access_key WHERE user = ? ORDER BY created, id";
pub(crate) const SIGN_IN: &str = "SELECT access_key.*, user.role, user.state AS user_state, account.state AS account_state \
    FROM access_key JOIN user ON user.id = access_key.user JOIN account ON account.id = user.account WHERE access_key.id = ?";
// `CROSS JOIN` keeps the order: first the admins, who are few.
pub(crate) const ADMIN_KEYS: &str = "SELECT access_key.id, access_key.user, user.account \
    FROM user CROSS JOIN account CROSS JOIN access_key \
    WHERE account.id = user.account AND access_key.user = user.id AND user.role = 'admin' \
    AND user.state = 'active' AND account.state = 'active' AND access_key.state = 'active'";

impl Tx {
    /// Records a new access key of a user that is there.
    pub async fn insert_access_key(&mut self, key: &AccessKeyRow) -> Result<(), CatalogFault> {
        let sql = "INSERT INTO access_key (id, account, user, state, sealed_secret, created) VALUES (?, ?, ?, ?, ?, ?)";
        let insert = query(sql)
            .bind(key.id.as_str())
            .bind(key.account.as_str())
            .bind(key.user.as_str())
            .bind(key.state.as_str())
            .bind(key.sealed_secret.as_slice())
            .bind(key.created.0);
        self.run("record an access key", insert).await.map(|_| ())
    }

    /// An access key, of whatever user.
    pub async fn access_key(
        &mut self,
        id: &AccessKeyId,
    ) -> Result<Option<AccessKeyRow>, CatalogFault> {
        let find = query("SELECT * FROM access_key WHERE id = ?").bind(id.as_str());
        self.one("find an access key", find).await?.as_ref().map(key_from).transpose()
    }

    /// A user's access keys, the oldest first; two at most.
    pub async fn list_access_keys(
        &mut self,
        user: &UserId,
    ) -> Result<Vec<AccessKeyRow>, CatalogFault> {
        let list = query(LIST).bind(user.as_str());
        self.all("list access keys", list).await?.iter().map(key_from).collect()
    }

    /// A key with all that decides whether it signs in.
    pub async fn sign_in_row(
        &mut self,
        id: &AccessKeyId,
    ) -> Result<Option<SignInRow>, CatalogFault> {
        let find = query(SIGN_IN).bind(id.as_str());
        let found = self.one("find who signs in", find).await?;
        let read = |row: Row| {
            let stored = Stored { table: "access_key", row: &row };
            Ok(SignInRow {
                key: key_from(&row)?,
                role: stored.word("role")?,
                user_state: stored.word("user_state")?,
                account_state: stored.word("account_state")?,
            })
        };
        found.map(read).transpose()
    }

    /// Every key with which an admin can sign in just now.
    pub async fn admin_keys(&mut self) -> Result<Vec<AdminKey>, CatalogFault> {
        let rows = self.all("list the keys of admins", query(ADMIN_KEYS)).await?;
        let read = |row| {
            let stored = Stored { table: "access_key", row };
            Ok(AdminKey {
                key: stored.word("id")?,
                user: stored.word("user")?,
                account: stored.word("account")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Lets somebody sign in with a key, or no longer.
    pub async fn set_access_key_state(
        &mut self,
        id: &AccessKeyId,
        state: Admittance,
    ) -> Result<Updated, CatalogFault> {
        let update = query("UPDATE access_key SET state = ? WHERE id = ?");
        let update = update.bind(state.as_str()).bind(id.as_str());
        self.run("change an access key", update).await.map(Updated::from_rows)
    }

    /// Removes an access key.
    pub async fn delete_access_key(&mut self, id: &AccessKeyId) -> Result<Deleted, CatalogFault> {
        let delete = query("DELETE FROM access_key WHERE id = ?").bind(id.as_str());
        self.run("delete an access key", delete).await.map(Deleted::from_rows)
    }
}

fn key_from(row: &Row) -> Result<AccessKeyRow, CatalogFault> {
    let stored = Stored { table: "access_key", row };
    Ok(AccessKeyRow {
        id: stored.word("id")?,
        account: stored.word("account")?,
        user: stored.word("user")?,
        state: stored.word("state")?,
        sealed_secret: stored.get("sealed_secret")?,
        created: stored.time("created")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UserRow;
    use crate::accounts::tests::{account, accounts};
    use crate::outcome::Inserted;
    use crate::user::tests::user;

    fn key(n: u8, owner: &UserRow) -> AccessKeyRow {
        AccessKeyRow {
            id: AccessKeyId::from_random(|| n),
            account: owner.account.clone(),
            user: owner.id.clone(),
            state: Admittance::Active,
            sealed_secret: vec![0, n, 255],
            created: Timestamp(5),
        }
    }

    fn admin(n: u8, of: u8) -> UserRow {
        UserRow { role: Role::Admin, ..user(n, of) }
    }

    /// Two accounts; an admin in each, and an owner in the first.
    async fn peopled() -> (tempfile::TempDir, Tx) {
        let (folder, catalog) = accounts().await;
        let mut tx = catalog.begin().await.unwrap();
        for n in [1, 2] {
            assert_eq!(tx.insert_account(&account(n)).await.unwrap(), Inserted::Yes);
        }
        for row in [admin(1, 1), admin(2, 2), user(3, 1)] {
            assert_eq!(tx.insert_user(&row).await.unwrap(), Inserted::Yes);
        }
        (folder, tx)
    }

    #[tokio::test]
    async fn keys_read_back_as_written_and_are_found_by_user() {
        let (_folder, mut tx) = peopled().await;
        let off = AccessKeyRow { state: Admittance::Disabled, ..key(8, &user(3, 1)) };
        for row in [&key(7, &user(3, 1)), &off, &key(9, &admin(2, 2))] {
            tx.insert_access_key(row).await.unwrap();
        }
        assert_eq!(tx.access_key(&off.id).await.unwrap(), Some(off.clone()));
        let mine = tx.list_access_keys(&user(3, 1).id).await.unwrap();
        assert_eq!(mine, [key(7, &user(3, 1)), off.clone()]);
        let on = Admittance::Active;
        assert_eq!(tx.set_access_key_state(&off.id, on).await.unwrap(), Updated::Yes);
        assert_eq!(tx.access_key(&off.id).await.unwrap().unwrap().state, on);
        assert_eq!(tx.delete_access_key(&off.id).await.unwrap(), Deleted::Yes);
        assert_eq!(tx.delete_access_key(&off.id).await.unwrap(), Deleted::No);
        assert_eq!(tx.set_access_key_state(&off.id, on).await.unwrap(), Updated::No);
        assert_eq!(tx.delete_user(&user(3, 1).id).await.unwrap(), Deleted::Yes);
        assert_eq!(tx.access_key(&key(7, &user(3, 1)).id).await.unwrap(), None);
        tx.insert_access_key(&key(6, &user(6, 9))).await.unwrap_err();
    }

    #[tokio::test]
    async fn who_signs_in_is_known_with_role_and_states() {
        let (_folder, mut tx) = peopled().await;
        let row = key(7, &user(3, 1));
        tx.insert_access_key(&row).await.unwrap();
        let off = Admittance::Disabled;
        assert_eq!(tx.set_account_state(&account(1).id, off).await.unwrap(), Updated::Yes);
        let found = tx.sign_in_row(&row.id).await.unwrap().unwrap();
        let wanted = SignInRow {
            key: row,
            role: Role::Owner,
            user_state: Admittance::Active,
            account_state: Admittance::Disabled,
        };
        assert_eq!(found, wanted);
        assert_eq!(tx.sign_in_row(&key(9, &user(3, 1)).id).await.unwrap(), None);
    }

    #[tokio::test]
    async fn only_keys_that_open_for_an_admin_are_an_admins() {
        let (_folder, mut tx) = peopled().await;
        let off = AccessKeyRow { state: Admittance::Disabled, ..key(8, &admin(1, 1)) };
        for row in [&key(7, &admin(1, 1)), &off, &key(9, &admin(2, 2)), &key(10, &user(3, 1))] {
            tx.insert_access_key(row).await.unwrap();
        }
        let admin_key =
            |n: u8, of: UserRow| AdminKey { key: key(n, &of).id, user: of.id, account: of.account };
        let mut all = tx.admin_keys().await.unwrap();
        all.sort_by(|a, b| a.key.cmp(&b.key));
        let mut wanted = [admin_key(7, admin(1, 1)), admin_key(9, admin(2, 2))];
        wanted.sort_by(|a, b| a.key.cmp(&b.key));
        assert_eq!(all, wanted);
        let off = Admittance::Disabled;
        assert_eq!(tx.set_account_state(&account(1).id, off).await.unwrap(), Updated::Yes);
        assert_eq!(tx.admin_keys().await.unwrap(), [admin_key(9, admin(2, 2))]);
        let off = UserRow { state: Admittance::Disabled, ..admin(2, 2) };
        assert_eq!(tx.update_user(&off).await.unwrap(), Updated::Yes);
        assert!(tx.admin_keys().await.unwrap().is_empty());
    }

    #[test]
    fn i13_a_key_is_shown_without_its_secret() {
        let row = AccessKeyRow { sealed_secret: vec![211; 40], ..key(1, &user(1, 1)) };
        assert!(!format!("{row:?}").contains("211"));
    }
}
