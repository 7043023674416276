//! Users of accounts.

use crate::statement::Row;
use crate::statement::query;
use model::{AccountId, Admittance, Name, Role, Timestamp, UserId};

use crate::fault::CatalogFault;
use crate::outcome::{Deleted, Inserted, Updated};
use crate::page::Page;
use crate::stored::Stored;
use crate::tx::Tx;

/// A user of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    /// Its id.
    pub id: UserId,
    /// Whose it is.
    pub account: AccountId,
    /// What its people call it; unique in the account.
    pub name: Name,
    /// What it may do.
    pub role: Role,
    /// Whether it may sign in.
    pub state: Admittance,
    /// When it was made.
    pub created: Timestamp,
}

pub(crate) const LIST: &str = "SELECT * FROM user WHERE account = ? AND (created, id) < (?, ?) \
    ORDER BY created DESC, id DESC LIMIT ?";

impl Tx {
    /// Records a new user of an account that is there. [`Inserted::Clash`] where the id is taken, or the name in the account.
    pub async fn insert_user(&mut self, user: &UserRow) -> Result<Inserted, CatalogFault> {
        let sql = "INSERT INTO user (id, account, name, role, state, created) VALUES (?, ?, ?, ?, ?, ?) \
            ON CONFLICT DO NOTHING";
        let insert = query(sql)
            .bind(user.id.as_str())
            .bind(user.account.as_str())
            .bind(user.name.as_str())
            .bind(user.role.as_str())
            .bind(user.state.as_str())
            .bind(user.created.0);
        match self.run("record a user", insert).await? {
            0 => Ok(Inserted::Clash),
            _ => Ok(Inserted::Yes),
        }
    }

    /// A user, of whatever account.
    pub async fn user(&mut self, id: &UserId) -> Result<Option<UserRow>, CatalogFault> {
        let find = query("SELECT * FROM user WHERE id = ?").bind(id.as_str());
        self.one("find a user", find).await?.as_ref().map(user_from).transpose()
    }

    /// The users of an account, the newest first.
    pub async fn list_users(
        &mut self,
        account: &AccountId,
        page: &Page,
    ) -> Result<Vec<UserRow>, CatalogFault> {
        let (created, id) = page.below();
        let list = query(LIST).bind(account.as_str()).bind(created).bind(id).bind(page.limit);
        self.all("list users", list).await?.iter().map(user_from).collect()
    }

    /// Changes a user's role and state.
    pub async fn update_user(&mut self, user: &UserRow) -> Result<Updated, CatalogFault> {
        let update = query("UPDATE user SET role = ?, state = ? WHERE id = ?")
            .bind(user.role.as_str())
            .bind(user.state.as_str())
            .bind(user.id.as_str());
        self.run("change a user", update).await.map(Updated::from_rows)
    }

    /// Removes a user with its access keys.
    pub async fn delete_user(&mut self, id: &UserId) -> Result<Deleted, CatalogFault> {
        let keys = query("DELETE FROM access_key WHERE user = ?").bind(id.as_str());
        self.run("delete a user's access keys", keys).await?;
        let delete = query("DELETE FROM user WHERE id = ?").bind(id.as_str());
        self.run("delete a user", delete).await.map(Deleted::from_rows)
    }
}

fn user_from(row: &Row) -> Result<UserRow, CatalogFault> {
    let stored = Stored { table: "user", row };
    Ok(UserRow {
        id: stored.word("id")?,
        account: stored.word("account")?,
        name: stored.checked("name", Name::new)?,
        role: stored.word("role")?,
        state: stored.word("state")?,
        created: stored.time("created")?,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::accounts::tests::{account, accounts};

    pub(crate) fn user(n: u8, of: u8) -> UserRow {
        UserRow {
            id: UserId::from_random(|| n),
            account: account(of).id,
            name: Name::new(&format!("user-{n}")).unwrap(),
            role: Role::Owner,
            state: Admittance::Active,
            created: Timestamp(i64::from(n)),
        }
    }

    #[tokio::test]
    async fn users_read_back_as_written_and_change() {
        let (_folder, catalog) = accounts().await;
        let mut tx = catalog.begin().await.unwrap();
        for n in [1, 2] {
            assert_eq!(tx.insert_account(&account(n)).await.unwrap(), Inserted::Yes);
        }
        for row in [user(7, 1), user(8, 1), user(9, 2)] {
            assert_eq!(tx.insert_user(&row).await.unwrap(), Inserted::Yes);
        }
        let twin = UserRow { name: user(7, 1).name, ..user(10, 1) };
        assert_eq!(tx.insert_user(&twin).await.unwrap(), Inserted::Clash);
        let elsewhere = UserRow { account: account(2).id, ..twin };
        assert_eq!(tx.insert_user(&elsewhere).await.unwrap(), Inserted::Yes);
        let all = tx.list_users(&account(1).id, &Page::first(9)).await.unwrap();
        assert_eq!(all, [user(8, 1), user(7, 1)]);

        let changed = UserRow { role: Role::Admin, state: Admittance::Disabled, ..user(7, 1) };
        assert_eq!(tx.update_user(&changed).await.unwrap(), Updated::Yes);
        assert_eq!(tx.user(&changed.id).await.unwrap(), Some(changed.clone()));
        assert_eq!(tx.delete_user(&changed.id).await.unwrap(), Deleted::Yes);
        assert_eq!(tx.delete_user(&changed.id).await.unwrap(), Deleted::No);
        assert_eq!(tx.update_user(&changed).await.unwrap(), Updated::No);
        tx.insert_user(&user(11, 5)).await.unwrap_err();
    }
}
